"""Which library decodes a page of a TIFF file, by its tags: the one that independent readers agree with.

Measured over some 1,500 files of nine encoders. OpenCV 5.0.0 decodes one to four channels in the compressions
that it knows. Of others it returns black or nothing, and of palettes of 1 bit grey. Pillow decodes those of up to 8
bits. The rest takes tifffile with imagecodecs, which are an extra.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from noiseaug.kinds import lacks
from noiseaug.media.image.containers import ifd
from noiseaug.media.image.header import Tags

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
SAMPLES, PLANAR, TILE_WIDTH, TILE_HEIGHT, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 284, 322, 323, 338, 339
PREDICTOR, UNCOMPRESSED, DEFLATE = 317, 1, 8
WHITE_IS_0, RGB, PALETTE, YCBCR = 0, 2, 3, 6
OPENCV, PILLOW, TIFFFILE = "opencv", "pillow", "tifffile"
_COMPRESSIONS = dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000") | {
    1: "no",
    2: "CCITT RLE",
    3: "CCITT Group 3",
    4: "CCITT Group 4",
    5: "LZW",
    6: "old-style JPEG",
    7: "JPEG",
    8: "deflate",
    22610: "JPEG XR",
    32773: "PackBits",
    32946: "deflate",
    34887: "LERC",
    34925: "LZMA",
    34933: "PNG",
    34934: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_OF_OPENCV = frozenset((1, 2, 3, 4, 5, 7, 8, 32773, 32946))
_OF_PILLOW = _OF_OPENCV | {6, 34925, 50000}
_FAX, _JPEG = frozenset((2, 3, 4)), 7
_OF_TIFFFILE = (_OF_PILLOW - _FAX - {6}) | {33003, 33004, 33005, 34712, 34887, 50001}
_KEPT = frozenset((UNCOMPRESSED, 5, DEFLATE, 32773))
_KINDS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
# Bits a sample, by sample format (1 unsigned, 2 signed, 3 floating), of what each library decodes and can get noise.
_DEPTHS_OF_OPENCV = {1: (1, 8, 10, 12, 14, 16, 32), 2: (16, 32), 3: (32, 64)}
_DEPTHS_OF_TIFFFILE = {1: (8, 16, 32), 2: (16, 32), 3: (16, 32, 64)}
# Compressions whose data say a size of their own.
IMAGES, LERC = frozenset((33003, 33004, 33005, 34712, 50001)), 34887
ROWS_PER_STRIP = 278
_OTHER_COLOURS = (
    {5: "CMYK", 32803: "raw sensor"} | dict.fromkeys((8, 9, 10), "L*a*b*") | dict.fromkeys((32844, 32845), "LogLuv")
)
_MOST_CHANNELS = 1024
_LARGEST_TILE = 1 << 24


def first(tags: Tags, number: int, default: int) -> int:
    """Return the first value of a tag of whole numbers."""
    return next(iter(ifd.whole(tags.get(number))), default)


def compression_for(compression: int, dtype: np.dtype[Any]) -> int:
    """Return the compression of a TIFF that is written from one with this compression, or from no TIFF (0).

    It is the same if it loses nothing. Else, floats get none, as their noise cannot be compressed. The rest gets
    deflate, as LZW makes noise larger.
    """
    if compression in _KEPT:
        return compression
    return UNCOMPRESSED if dtype.kind == "f" else DEFLATE


class Page:
    """The layout of the samples of a page, by its tags.

    Attributes:
        bits: a sample, the most if channels differ.
        kind: of the samples: 1 unsigned, 2 signed, 3 floating-point.
        channels, photometric, compression: as the tags say.
    """

    def __init__(self, tags: Tags) -> None:
        self._tags = tags
        depths = set(ifd.whole(tags.get(BITS)) or (1,))
        self._is_even = len(depths) == 1
        self.bits, self.kind = max(depths), first(tags, SAMPLE_FORMAT, 1)
        self.channels, self.photometric = first(tags, SAMPLES, 1), first(tags, PHOTOMETRIC, 1)
        self.compression = first(tags, COMPRESSION, 1)
        self._planes = first(tags, PLANAR, 1) == 2 and self.channels > 1
        self._tiled = TILE_WIDTH in tags

    def __str__(self) -> str:
        """Return what it is, for people."""
        name = _COMPRESSIONS.get(self.compression, f"unknown ({self.compression})")
        several = f"{self.channels} channels of " if self.channels > 1 else ""
        planes = ", in planes" if self._planes else ""
        colours = ", palette" if self.photometric == PALETTE else ""
        kind = _KINDS.get(self.kind, "unknown")
        return f"{several}{self.bits}-bit {kind} samples, {name} compression{colours}{planes}"

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha. Of four colours, one that is not described is taken for it."""
        extra = ifd.whole(self._tags.get(EXTRA_SAMPLES))
        return extra[-1:] in ((1,), (2,)) or (self.photometric == RGB and self.channels == 4 and extra != (0,))

    def library(self) -> tuple[str, str]:
        """Return the library that decodes the page, and why it cannot be worked on, if that is so."""
        if self.photometric in _OTHER_COLOURS:
            return "", f"is a {_OTHER_COLOURS[self.photometric]} TIFF, which is not supported; convert it to RGB"
        if self._fits_opencv():
            return OPENCV, ""
        if self._fits_pillow():
            return PILLOW, ""
        if not self._fits_tifffile():
            return "", f"is a TIFF of {self}, which is not supported; convert it to a plain TIFF, grey or RGB"
        if lacks("tiff"):
            return "", f"is a TIFF of {self}, which needs the extra: pip install 'noiseaug[tiff]'"
        return TIFFFILE, ""

    def _fits_opencv(self) -> bool:
        photometric, channels = self.photometric, self.channels
        # Of grey with more channels, OpenCV decodes the grey alone. Of a palette of 1 bit, grey.
        if channels not in ((3, 4) if photometric == RGB else (3,) if photometric == YCBCR else (1,)):
            return False
        if self.compression not in _OF_OPENCV or not self._is_even:
            return False
        if photometric == PALETTE:
            return self.bits in (4, 8) and self.kind == 1
        if self.bits == 1 and (self.channels > 1 or self._tiled):
            return False
        if (self.compression in _FAX and self.bits > 1) or (self.compression == _JPEG and self.bits != 8):
            return False
        if self._tiled and self.bits == 8 and self.compression == 1:
            return False
        # OpenCV 5.0.0 takes deep planes for rows.
        return self.bits in _DEPTHS_OF_OPENCV.get(self.kind, ()) and not (self._planes and self.bits > 8)

    def _fits_pillow(self) -> bool:
        coloured = self.photometric in (RGB, YCBCR)
        if self.compression in _FAX and self.bits > 1:
            return False
        fits = self.channels == 3 and self.bits == 8 if coloured else self.channels == 1 and self.bits in (1, 2, 4, 8)
        return fits and self._is_even and self.kind == 1 and not self._planes and self.compression in _OF_PILLOW

    def _fits_tifffile(self) -> bool:
        width, height = first(self._tags, WIDTH, 0), first(self._tags, HEIGHT, 0)
        tile = first(self._tags, TILE_WIDTH, 0) * first(self._tags, TILE_HEIGHT, 0)
        extra = ifd.whole(self._tags.get(EXTRA_SAMPLES))
        return (
            self._is_even
            and self.photometric in (WHITE_IS_0, 1, RGB)
            and self.compression in _OF_TIFFFILE
            and self.bits in _DEPTHS_OF_TIFFFILE.get(self.kind, ())
            and self.channels <= _MOST_CHANNELS
            and not any(self.channels > 4 or one in (1, 2) for one in extra[:-1] if one)
            and not (self.channels > 4 and self.has_alpha)
            and tile <= max(_LARGEST_TILE, 4 * width * height)
        )
