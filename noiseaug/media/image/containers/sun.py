"""Sun raster files, read and written here.

OpenCV 5.0.0 shows 1 bit a pixel inverted, does not know most that ImageMagick writes, and writes bytes that it has not
set behind rows of odd length. Pillow 13 shifts compressed rows of odd length, and 32 bits a pixel.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

import numpy as np

from noiseaug.media.image.header import Header, Undecodable
from noiseaug.noise.scale import Array

_MAGIC = 0x59A66A95
_SIZE = 32
_OLD, _STANDARD, _RLE, _RGB = 0, 1, 2, 3
_TYPES = {_OLD: "", _STANDARD: "", _RLE: ", RLE", _RGB: ", RGB"}
_GREY = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
# What stands for a run of bytes (0x80, how many more than one, which), or for the byte 0x80 itself (0x80, 0).
_RUN = re.compile(rb"\x80(?:\0|([^\0])(.))", re.DOTALL)


class _Info(NamedTuple):
    """The fields of a header: the size, bits a pixel, how they are stored, and how the map of colours is stored."""

    width: int
    height: int
    depth: int
    length: int
    form: int
    map_form: int
    map_length: int


def header(data: bytes) -> Header:
    """Return the header of a Sun raster file."""
    info = _Info(*struct.unpack_from(">7I", data, 4))
    layout = f"{info.depth} bit{'s' * (info.depth > 1)} a pixel{_TYPES.get(info.form, f', type {info.form}')}"
    readable = info.depth in (1, 8, 24, 32) and info.form in _TYPES and info.map_form in (0, 1)
    grey = info.depth <= 8 and (info.map_form == 0 or _is_grey(_map(data, info)))
    return Header(
        "sunraster",
        info.width,
        info.height,
        channels=1 if grey else 3,
        dtype="uint8",
        layout=layout,
        refusal="" if readable else f"is a Sun raster that is not supported ({layout}); convert it to PNG",
        lost=_lost(data, info),
    )


def _map(data: bytes, info: _Info) -> Array:
    """Return the colours of the map, one a row, red first."""
    entries = data[_SIZE : _SIZE + info.map_length]
    return np.frombuffer(entries[: len(entries) // 3 * 3], np.uint8).reshape(3, -1).T


def _is_grey(colours: Array) -> bool:
    return bool((colours == colours[:, :1]).all())


def _lost(data: bytes, info: _Info) -> tuple[str, ...]:
    if info.depth == 1:
        return ("1-bit depth",)
    if info.depth == 8 and info.map_form and not np.array_equal(_map(data, info), _GREY):
        return ("palette",)
    if info.depth == 32 and info.form != _RLE:
        unused = np.frombuffer(data, np.uint8, offset=_SIZE + info.map_length)[::4]
        if unused.any() and (unused != 255).any():  # some programs write alpha there
            return ("undeclared alpha",)
    return ()


def decode(data: bytes) -> Array:
    """Return the samples of a file that was not refused, in the order BGR.

    Raises:
        Undecodable: if it is cut off.
    """
    info = _Info(*struct.unpack_from(">7I", data, 4))
    stored = data[_SIZE + info.map_length :]
    stride = (info.width * info.depth + 15) // 16 * 2
    if info.form == _RLE:
        stored = _RUN.sub(_run, stored)
    if len(stored) < stride * info.height:
        raise Undecodable("its pixels end early")
    rows = np.frombuffer(stored, np.uint8, stride * info.height).reshape(info.height, stride)
    if info.depth <= 8:
        return _looked_up(rows, data, info)
    step = info.depth // 8
    pixels = rows[:, : info.width * step].reshape(info.height, info.width, step)[..., step - 3 :]
    return np.ascontiguousarray(pixels[..., ::-1] if info.form == _RGB else pixels)


def _run(match: re.Match[bytes]) -> bytes:
    return match[2] * (match[1][0] + 1) if match[1] else b"\x80"


def _looked_up(rows: Array, data: bytes, info: _Info) -> Array:
    """Return the samples that pixels of 1 or 8 bits stand for."""
    pixels = (np.unpackbits(rows, axis=1) if info.depth == 1 else rows)[:, : info.width]
    if not info.map_form:
        return (1 - pixels) * np.uint8(255) if info.depth == 1 else pixels.copy()
    colours = _map(data, info)
    if pixels.max(initial=0) >= len(colours):
        raise Undecodable(f"its pixels have colours beyond the {len(colours)} of its map")
    samples: Array = colours[:, ::-1][pixels]
    return np.ascontiguousarray(samples[..., 0] if _is_grey(colours) else samples)


def encode(samples: Array) -> bytes:
    """Return a Sun raster file of grey samples, or of colour in the order BGR."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    depth = 8 * rows.shape[1] // width
    return struct.pack(">8I", _MAGIC, width, height, depth, padded.size, _STANDARD, 0, 0) + padded.tobytes()
