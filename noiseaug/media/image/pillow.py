"""Pillow's codecs for images, for the formats that OpenCV reads wrongly. It is imported when such a file is met.

Its classes for the formats are called themselves, as `Image.open` warns of large images, which `max_pixels` refused
already, and loads the plugins of further formats.
"""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from noiseaug.media.image.header import Undecodable
from noiseaug.noise.scale import Array

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_CLASSES = {
    "avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "dib": ("PIL.BmpImagePlugin", "DibImageFile"),
    "gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
}
# What Pillow calls the layouts that files of these formats are decoded to, and the order of our samples.
_ORDERS = {"L": "L", "LA": "LA", "RGB": "BGR", "RGBA": "BGRA"}


class Said(NamedTuple):
    """What Pillow finds in a file beside the samples: EXIF and XMP."""

    exif: bytes
    xmp: bytes


def version(name: str) -> str:
    """Return the version of Pillow, and of its codec if it is that of another library, for a format."""
    import PIL
    from PIL import features

    codec = f" (libavif {features.version('avif')})" if name == "avif" else ""
    return f"pillow {PIL.__version__}{codec}"


def decode(name: str, data: bytes) -> Array:
    """Return the samples of a still image: grey, or colour in the order BGR, with alpha if it has that.

    Raises:
        Undecodable: if it cannot be decoded; so do all functions here.
    """
    return _frames(name, data)[0][0]


def decode_with_alpha(name: str, data: bytes) -> Array:
    """Return the samples of a still image as colour with alpha, whatever it has."""
    return _frames(name, data, "RGBA")[0][0]


def decode_frames(name: str, data: bytes, mode: str = "") -> tuple[list[Array], Said]:
    """Return the samples of each frame, in a mode of Pillow or as is best, and what is said beside them."""
    return _frames(name, data, mode)


def _frames(name: str, data: bytes, mode: str = "") -> tuple[list[Array], Said]:
    try:
        with _opened(name, data) as image:
            count = getattr(image, "n_frames", 1) if name in ("avif", "tiff") else 1
            frames = []
            for index in range(count):
                image.seek(index)
                image.load()
                frames.append(_samples(image, mode))
            said = Said(image.info.get("exif", b""), image.info.get("xmp", b""))
            return frames, said
    except MemoryError:
        raise
    except Exception:  # of many types, and with Pillow's words
        raise Undecodable from None


def _opened(name: str, data: bytes) -> ImageFile:
    module_name, class_name = _CLASSES[name]
    module: Any = importlib.import_module(module_name)
    if name == "avif":
        module.DEFAULT_MAX_THREADS = 1  # runs are parallel over files
    opened: ImageFile = getattr(module, class_name)(io.BytesIO(data))
    return opened


def _samples(image: ImageFile, mode: str) -> Array:
    mode = mode or _mode(image)
    converted = image if image.mode == mode else image.convert(mode)
    shape = (image.height, image.width, *([len(mode)] if len(mode) > 1 else []))
    return np.frombuffer(converted.tobytes("raw", _ORDERS[mode]), np.uint8).reshape(shape)


def _mode(image: ImageFile) -> str:
    """Return the layout that keeps what an image shows: colours of a palette are grey where all of them are."""
    if image.mode in _ORDERS:
        return image.mode
    if image.mode == "P":
        colours = np.frombuffer(bytes(image.getpalette() or ()), np.uint8).reshape(-1, 3)
        return "L" if (colours == colours[:, :1]).all() else "RGB"
    return "L"  # of 1 bit
