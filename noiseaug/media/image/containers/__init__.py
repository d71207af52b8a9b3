"""Containers of images, one module each: their headers, read before anything is decoded, and their metadata."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from noiseaug.media.image.containers import avif, bmp, gif, heif, jpeg, png, rasters, sun, tiff, webp
from noiseaug.media.image.header import Header

_READERS: tuple[tuple[re.Pattern[bytes], str, Callable[[bytes], Header]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG", png.header),
    (re.compile(rb"\xff\xd8"), "JPEG", jpeg.header),
    (re.compile(rb"(?:II|MM)(?:[*+]\0|\0[*+])"), "TIFF", tiff.header),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WebP", webp.header),
    (re.compile(rb"GIF8[79]a"), "GIF", gif.header),
    (re.compile(rb".{4}ftyp.*avi[fs]", re.DOTALL), "AVIF", avif.header),
    (heif.MAGIC, "HEIC", heif.header),
    (re.compile(rb"BM"), "BMP", bmp.header),
    (re.compile(rb"(?:\x0c\0\0\0.{4}|[\x28\x34\x38\x40\x6c\x7c]\0\0\0.{8})\x01\0", re.DOTALL), "DIB", bmp.header),
    (re.compile(rb"P[1-6]\s"), "PNM", rasters.pnm),
    (re.compile(rb"P7\n"), "PAM", rasters.pam),
    (re.compile(rb"P[Ff]\s"), "PFM", rasters.pfm),
    (re.compile(rb"#\?(?:RADIANCE|RGBE)"), "Radiance HDR", rasters.hdr),
    (re.compile(rb"\x59\xa6\x6a\x95"), "Sun raster", sun.header),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000", rasters.jp2),
    (re.compile(rb"\xff\x4f\xff\x51"), "JPEG 2000", rasters.codestream),
)


def read_header(data: bytes) -> Header:
    """Return the header of the image file that consists of `data`, or begins with it.

    >>> read_header(b"P5 3 2 255 ......").format
    'pgm'
    """
    for magic, name, read in _READERS:
        if magic.match(data[:64]):
            try:
                return read(data)
            except (struct.error, IndexError, KeyError, ValueError, OverflowError):
                why = f"the header of this {name} is damaged or cut off; replace or remove it"
                return Header(refusal=f"cannot be decoded as an image: {why}")
    return Header(refusal=_unknown(data))


def _unknown(data: bytes) -> str:
    start = data[:8].decode("latin-1")
    return (
        f"cannot be decoded as an image: it begins with {start!r}, as no format does that is read here; "
        "convert it to PNG or TIFF, or remove it"
    )
