"""Pictures that any browser or viewer shows, of images of any depth, size and number of channels."""

from __future__ import annotations

import base64
from typing import NamedTuple

import cv2
import numpy as np

from noiseaug.media.image.decode import decode
from noiseaug.noise.scale import Array, full_scale
from noiseaug.settings.running import MAX_PIXELS
from noiseaug.storage.source_file import Refused, SourceFile

_LOSSLESS = 101  # of WebP, to OpenCV
_ORIENTATION = 0x0112  # the tag of EXIF
_BRIGHT = 99.5  # the percentile that becomes white, of floats that go beyond full scale


class Shown(NamedTuple):
    """The first page of an image as people see it.

    Attributes:
        pixels: uint8, shape (height, width, 3), or 4 with alpha, in the order BGR or BGRA.
        pages: how many pages or frames the file has.
        white: what became white, as a fraction of full scale: 1, or more for floats beyond it.
        orientation: how it was turned, as EXIF counts that: 1 for not at all.
    """

    pixels: Array
    pages: int
    white: float
    orientation: int = 1


class Box(NamedTuple):
    """A part of a picture: where it begins and how large it is, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, pixels: Array) -> Array:
        """Return this part of the pixels."""
        part: Array = pixels[self.top : self.top + self.height, self.left : self.left + self.width]
        return part


def shown(path: str, like: Shown | None = None, max_pixels: int = MAX_PIXELS) -> Shown:
    """Return the first page of the image file at `path`, in 8 bits, turned as its EXIF says.

    Args:
        path: of the file; it may be damaged.
        like: a picture that it is to be compared with: what is white is so in both, and both are turned alike.
        max_pixels: larger images are refused before they are decoded.

    Raises:
        Refused: if it cannot be decoded.
        OSError: if it cannot be read.
    """
    with SourceFile(path) as file:
        picture = decode(file.read(), max_pixels)
    first = picture.frames[0]
    white = like.white if like else white_of(first)
    orientation = like.orientation if like else orientation_of(picture.header.metadata.exif)
    pixels = in_8_bits(first, white, with_alpha=picture.header.last_is_alpha)
    return Shown(turned(pixels, orientation), len(picture.frames), white, orientation)


def orientation_of(exif: bytes) -> int:
    """Return the orientation that EXIF, as a TIFF file, tells of: 1 to 8, and 1 where it tells none."""
    if not exif:
        return 1
    from PIL import Image  # not for what has no EXIF

    tags = Image.Exif()
    try:
        tags.load(exif)
        found = tags.get(_ORIENTATION, 1)
    except Exception:  # it is damaged, in one of the many ways that Pillow tells apart
        return 1
    return found if found in range(1, 9) else 1


def turned(pixels: Array, orientation: int) -> Array:
    """Return pixels as they are to be seen, by their orientation as EXIF counts it.

    >>> turned(np.array([[1, 2, 3]]), 6).tolist(), turned(np.array([[1, 2, 3]]), 2).tolist()
    ([[1], [2], [3]], [[3, 2, 1]])
    """
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def white_of(samples: Array) -> float:
    """Return the sample that is to become white, as a fraction of full scale: 1, unless floats go beyond it.

    >>> white_of(np.array([0, 255], np.uint8)), white_of(np.array([0.0, 4.0], np.float32))
    (1.0, 4.0)
    """
    if samples.dtype.kind != "f":
        return 1.0
    finite = samples[np.isfinite(samples)]
    if not finite.size or finite.max() <= 2:  # noise that is not clipped goes a little beyond 1
        return 1.0
    return max(float(np.percentile(finite, _BRIGHT, method="higher")), 1.0)


def in_8_bits(samples: Array, white: float = 1.0, *, with_alpha: bool = True) -> Array:
    """Return samples as uint8 in BGR, or BGRA.

    Args:
        samples: shape (height, width) or (height, width, channels), of any dtype; two channels are grey and alpha. Of
            more than four, the first three are taken.
        white: what becomes 255, as a fraction of full scale.
        with_alpha: whether the last of two or four channels is alpha.

    >>> in_8_bits(np.array([[0, 32768, 65535]], np.uint16))[..., 0]
    array([[  0, 128, 255]], dtype=uint8)
    """
    planes = samples.reshape(*samples.shape[:2], -1)
    if planes.dtype != np.uint8 or white != 1:
        scaled = np.nan_to_num(planes.astype(np.float32) / np.float32(full_scale(planes.dtype) * white))
        planes = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    channels = planes.shape[2]
    if channels in (2, 4) and with_alpha:
        colours = planes[..., :-1] if channels == 4 else planes[..., [0, 0, 0]]
        return np.ascontiguousarray(np.concatenate([colours, planes[..., -1:]], axis=2))
    return np.ascontiguousarray(planes[..., :3] if channels >= 3 else planes[..., [0, 0, 0]])


def fitted(pixels: Array, longest: int) -> Array:
    """Return the pixels scaled down, each the mean of those that it stands for, so that no side is above `longest`."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Array = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return small


def detail(pixels: Array, width: int, height: int) -> Box:
    """Return the box of this size, or of the whole picture if that is smaller, in which the picture has most detail.

    Boxes at half of their size from each other are compared by the mean contrast of neighbouring pixels.
    """
    whole_height, whole_width = pixels.shape[:2]
    width, height = min(width, whole_width), min(height, whole_height)
    shrink = max(1, int((whole_width * whole_height / 1e6) ** 0.5))  # contrast is looked for in about a megapixel
    grey = cv2.cvtColor(pixels[::shrink, ::shrink, :3], cv2.COLOR_BGR2GRAY)
    contrast = cv2.integral(np.abs(cv2.Laplacian(grey, cv2.CV_32F)))
    best, found = -1.0, Box(0, 0, width, height)
    for top in _steps(whole_height, height):
        for left in _steps(whole_width, width):
            rows = min(top // shrink, grey.shape[0]), min((top + height) // shrink, grey.shape[0])
            columns = min(left // shrink, grey.shape[1]), min((left + width) // shrink, grey.shape[1])
            corners = contrast[np.ix_(rows, columns)]
            value = float(corners[1, 1] - corners[0, 1] - corners[1, 0] + corners[0, 0])
            if value > best:
                best, found = value, Box(left, top, width, height)
    return found


def _steps(whole: int, part: int) -> list[int]:
    """Return where parts begin that cover the whole, half of a part from each other, and few where it is large."""
    step = max(part // 2, (whole - part) // 40, 1)
    return [*range(0, whole - part, step), whole - part]


def as_webp(pixels: Array, quality: int | None = None) -> bytes:
    """Return a WebP file of uint8 pixels, BGR or BGRA: of this quality (1 to 100), or without loss."""
    _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality or _LOSSLESS])
    return encoded.tobytes()


def data_uri(content: bytes, media_type: str) -> str:
    """Return a URI that holds the content of a file.

    >>> data_uri(b"noise", "image/webp")
    'data:image/webp;base64,bm9pc2U='
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def check_size(shown: Shown, other: Shown) -> None:
    """Raise Refused if two pictures that are to lie on each other have different sizes."""
    if shown.pixels.shape[:2] != other.pixels.shape[:2]:
        sizes = (f"{one.pixels.shape[1]} x {one.pixels.shape[0]}" for one in (shown, other))
        raise Refused("has {} pixels, and its original has {}".format(*sizes))
