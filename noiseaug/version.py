"""The version of noiseaug, as a leaf that everything may import."""

__version__ = "0.2.0"
