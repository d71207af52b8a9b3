"""The version of noiseaug and of the libraries that decide bytes, as a leaf that everything may import."""

__version__ = "0.2.0"

_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "simplejpeg", "soundfile", "zlib-ng")
# Those that decide the bytes of a few sources only, and need not be there. `made_with` names them where they did.
EXTRAS = ("av", "imagecodecs", "pillow-heif", "tifffile")


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide the bytes of outputs, by name; `none` for one that is missing."""
    import importlib.metadata  # takes 30 ms, and few commands need it

    found = dict.fromkeys(("noiseaug", *_LIBRARIES, *EXTRAS), "none")
    found["noiseaug"] = __version__  # it may run without being installed
    for package in found:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
