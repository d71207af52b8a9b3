"""Tells whether two versions of noiseaug print and write the same; see `__main__`."""
