"""Files that end early made decodable: what is missing becomes zeros, or is left out if it is a whole frame.

A decoder raises `Refused` at the first thing that is not as it should be. So that what is there can be used all the
same, the file is completed here, and decoded as any other.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from noiseaug.media.image.containers import bmp, gif_blocks, png_rows, tiff_strips

_TOKEN = re.compile(rb"(?:\s|#[^\n\r]*[\n\r])*([^\s#]+)")


class Mended(NamedTuple):
    """A file that can be decoded, and what is missing in it, as in `Damaged`."""

    data: bytes
    what: str


class _Raster(NamedTuple):
    """Where rows stand that are not compressed: the place of the first, the bytes of each, and how many there are."""

    start: int
    stride: int
    height: int


def mended(data: bytes) -> Mended | None:
    """Return the file as it can be decoded; None if nothing is known to be missing, or too much.

    >>> mended(b"P5 2 3 255 " + bytes(4)).what
    'its pixels end early (row 2 of 3)'
    """
    for magic, mend in _MENDERS.items():
        if data.startswith(magic):
            try:
                found = mend(data)
            except (struct.error, ArithmeticError, LookupError, ValueError, TypeError):
                return None  # it ends within its header, or that makes no sense
            return Mended(*found) if found else None
    return None


def _padded(raster_of: Callable[[bytes], _Raster]) -> Callable[[bytes], tuple[bytes, str] | None]:
    """Return a function that fills up rows that are not compressed."""

    def mend(data: bytes) -> tuple[bytes, str] | None:
        start, stride, height = raster_of(data)
        rows, lacking = max(len(data) - start, 0) // stride, start + stride * height - len(data)
        if lacking <= 0 or rows == 0:
            return None
        return data + bytes(lacking), f"its pixels end early (row {rows:,} of {height:,})"

    return mend


def _bmp(data: bytes) -> _Raster:
    info = bmp.info_of(data)
    return _Raster(info.pixels, info.row, abs(info.height))  # rows of 0 bytes are refused as any nonsense


def _pnm(data: bytes) -> _Raster:
    is_bitmap, numbers, at = data[1:2] == b"4", [], 2
    for _ in range(2 if is_bitmap else 3):
        found = _TOKEN.match(data, at)
        if found is None:
            raise ValueError("has no size")
        numbers.append(int(found[1]))
        at = found.end()
    if is_bitmap:
        return _Raster(at + 1, (numbers[0] + 7) // 8, numbers[1])
    channels, depth = 3 if data[1:2] == b"6" else 1, 2 if numbers[2] > 255 else 1
    return _Raster(at + 1, numbers[0] * channels * depth, numbers[1])


def _pam(data: bytes) -> _Raster:
    start = data.index(b"ENDHDR\n") + 7
    fields = dict(line.split(None, 1) for line in data[3 : start - 8].splitlines() if line and line[:1] != b"#")
    width, height, depth, maximum = (int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    return _Raster(start, width * depth * (2 if maximum > 255 else 1), height)


def _pfm(data: bytes) -> _Raster:
    kind, width, height, scale = data[:256].split(maxsplit=4)[:4]
    start = data.index(scale, data.index(height, 3 + len(width))) + len(scale) + 1
    return _Raster(start, int(width) * (12 if kind == b"PF" else 4), int(height))


def _sun(data: bytes) -> _Raster:
    width, height, depth, _, kind, _, colours = struct.unpack_from(">7I", data, 4)
    if kind == 2:
        raise ValueError("is compressed")
    return _Raster(32 + colours, (width * depth + 15) // 16 * 2, height)


_MENDERS: dict[bytes, Callable[[bytes], tuple[bytes, str] | None]] = {
    b"\x89PNG": png_rows.completed,
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), tiff_strips.completed),
    b"GIF8": gif_blocks.completed,
    b"BM": _padded(_bmp),
    **dict.fromkeys((b"P4", b"P5", b"P6"), _padded(_pnm)),
    b"P7": _padded(_pam),
    **dict.fromkeys((b"PF", b"Pf"), _padded(_pfm)),
    b"\x59\xa6\x6a\x95": _padded(_sun),
}
