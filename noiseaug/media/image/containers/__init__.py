"""Containers of images, one module each: their headers, read before anything is decoded, and their metadata."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from noiseaug.media.image.containers import avif, gif, heif, jpeg, png, rasters, tiff, webp
from noiseaug.media.image.header import DAMAGED, Header

_READERS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Header]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), png.header),
    (re.compile(rb"\xff\xd8"), jpeg.header),
    (re.compile(rb"(?:II|MM)(?:[*+]\0|\0[*+])"), tiff.header),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), webp.header),
    (re.compile(rb"GIF8[79]a"), gif.header),
    (re.compile(rb".{4}ftyp.*avi[fs]", re.DOTALL), avif.header),
    (heif.MAGIC, heif.header),
    (re.compile(rb"BM"), rasters.bmp),
    (re.compile(rb"P[1-6]\s"), rasters.pnm),
    (re.compile(rb"P7\n"), rasters.pam),
    (re.compile(rb"P[Ff]\s"), rasters.pfm),
    (re.compile(rb"#\?(?:RADIANCE|RGBE)"), rasters.hdr),
    (re.compile(rb"\x59\xa6\x6a\x95"), rasters.sun_raster),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"), rasters.jp2),
    (re.compile(rb"\xff\x4f\xff\x51"), rasters.codestream),
)


def read_header(data: bytes) -> Header:
    """Return the header of the image file that consists of `data`, or begins with it.

    >>> read_header(b"P5 3 2 255 ......").format
    'pgm'
    """
    for magic, read in _READERS:
        if magic.match(data[:64]):
            try:
                return read(data)
            except (struct.error, IndexError, KeyError, ValueError, OverflowError):
                return Header(refusal=DAMAGED)
    return Header()  # the decoder says that it is no image
