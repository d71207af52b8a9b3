"""What the header of an image file says, read before anything is decoded or allocated."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_PHOTOMETRIC, _TIFF_CMYK = 256, 257, 262, 5


@dataclass(frozen=True)
class Header:
    """What was found; the defaults where the format is not known or the header is damaged, as the decoder will say.

    Attributes:
        width, height: in pixels.
        several_frames: whether it is animated or has several pages.
        grey_with_alpha: whether it has the two channels grey and alpha.
        cmyk: whether it is a TIFF of four colour channels.
        lossless: whether it is a lossless WebP.
    """

    width: int = 0
    height: int = 0
    several_frames: bool = False
    grey_with_alpha: bool = False
    cmyk: bool = False
    lossless: bool = False


def read_header(data: bytes) -> Header:
    """The header of the image file that consists of `data`, or begins with it.

    >>> read_header(b"GIF89a")
    Header(width=0, height=0, several_frames=False, grey_with_alpha=False, cmyk=False, lossless=False)
    """
    readers = {b"\x89PNG": _png, b"\xff\xd8": _jpeg, b"BM": _bmp, b"RIFF": _webp, b"II": _tiff, b"MM": _tiff}
    try:
        return next((read(data) for magic, read in readers.items() if data.startswith(magic)), Header())
    except (struct.error, IndexError):
        return Header()


def _png(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 16)
    animated = data.find(b"acTL", 33, max(data.find(b"IDAT"), 0)) > 0
    return Header(width, height, several_frames=animated, grey_with_alpha=data[25] == 4)


def _jpeg(data: bytes) -> Header:
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        if data[at] != 0xFF:
            return Header()
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Header(width, height)
        at += 2 + length


def _bmp(data: bytes) -> Header:
    width, height = struct.unpack_from("<ii", data, 18)
    return Header(abs(width), abs(height))


def _webp(data: bytes) -> Header:
    lossless = b"VP8L" in data[12:64]
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return Header(width, height, several_frames=bool(data[20] & 2), lossless=lossless)
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, lossless=True)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(width & 0x3FFF, height & 0x3FFF)


def _tiff(data: bytes) -> Header:
    """The first directory of a TIFF (TIFF 6.0, section 2) or BigTIFF file."""
    order = "<" if data[:2] == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", data, 2)
    start, count_form, entry_form = (4, "I", "HHI4s") if version == 42 else (8, "Q", "HHQ8s")
    (at,) = struct.unpack_from(order + count_form, data, start)
    number = "H" if version == 42 else "Q"
    (entries,) = struct.unpack_from(order + number, data, at)
    at += struct.calcsize(order + number)
    tags: dict[int, int] = {}
    for _ in range(entries):
        tag, kind, _, value = struct.unpack_from(order + entry_form, data, at)
        at += struct.calcsize(order + entry_form)
        if kind in (3, 4):  # SHORT, LONG
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), value)
    (following,) = struct.unpack_from(order + count_form, data, at)
    return Header(
        tags.get(_TIFF_WIDTH, 0),
        tags.get(_TIFF_HEIGHT, 0),
        several_frames=following != 0,
        cmyk=tags.get(_TIFF_PHOTOMETRIC) == _TIFF_CMYK,
    )
