"""Animated PNG: taken apart into still images. `png_writer` writes them.

OpenCV 5.0.0 is not used for it: it reads 16 bits a sample as 8, writes one frame for several that are equal and frames
with alpha so that they come back otherwise, and crashes on some damaged files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from noiseaug.media.image.containers.png import SIGNATURE, chunk, chunks
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused

_DISPOSE_BACKGROUND, _DISPOSE_PREVIOUS, _BLEND_OVER = 1, 2, 1


class _Frame(NamedTuple):
    """A frame as stored: its place on the canvas, what becomes of it, and the still image that it is."""

    left: int
    top: int
    width: int
    height: int
    dispose: int
    blend: int
    still: bytes


def canvases(data: bytes, decode: Callable[[bytes], Array]) -> list[Array]:
    """Return the frames of an animation as they are shown, with the poster if there is one.

    `decode` decodes still images.

    Raises:
        Refused: if they do not fit the canvas.
    """
    width, height = struct.unpack_from(">II", data, 16)
    shown: list[Array] = []
    canvas: Array | None = None
    for frame in _frames(data, width, height):
        samples = decode(frame.still)
        if samples.shape[:2] != (frame.height, frame.width):
            raise _damaged("a frame has another size than it says")
        if canvas is None or canvas.shape[2:] != samples.shape[2:]:
            canvas = np.zeros((height, width, *samples.shape[2:]), samples.dtype)
        before = canvas.copy() if frame.dispose == _DISPOSE_PREVIOUS else canvas
        region = canvas[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
        region[...] = _over(samples, region) if frame.blend == _BLEND_OVER else samples
        shown.append(canvas.copy())
        canvas = before
        if frame.dispose == _DISPOSE_BACKGROUND:
            region[...] = 0
    return shown


def _damaged(how: str) -> Refused:
    return Refused(f"cannot be decoded as an image: {how}")


def _over(front: Array, back: Array) -> Array:
    """Return pixels in front of others (PNG 3rd edition, section 13.16); without alpha, those in front alone."""
    if front.ndim != 3 or front.shape[2] not in (2, 4):
        return front
    top = np.iinfo(front.dtype).max
    alpha = front[..., -1:] / top
    below = back[..., -1:] / top * (1 - alpha)
    whole = np.maximum(alpha + below, np.finfo(float).tiny)
    colour = (front[..., :-1] * alpha + back[..., :-1] * below) / whole
    mixed: Array = np.rint(np.concatenate([colour, (alpha + below) * top], axis=-1)).astype(front.dtype)
    covered = (alpha == 1) | (back[..., -1:] == 0)  # exactly what is in front, colours under no alpha too
    return np.where(covered, front, np.where(alpha == 0, back, mixed))


def _frames(data: bytes, width: int, height: int) -> Iterator[_Frame]:
    shared, control, content = [], b"", []
    for part in chunks(data):
        if part.kind in (b"PLTE", b"tRNS"):
            shared.append(data[part.start - 8 : part.end + 4])
        elif part.kind in (b"IDAT", b"fdAT"):
            content.append(data[part.start + (4 if part.kind == b"fdAT" else 0) : part.end])
        elif part.kind in (b"fcTL", b"IEND"):
            if content:
                place = _place(control, width, height)
                ihdr = struct.pack(">II", *place[2:4]) + data[24:29]
                parts = [chunk(b"IHDR", ihdr), *shared, chunk(b"IDAT", b"".join(content)), chunk(b"IEND", b"")]
                yield _Frame(*place, SIGNATURE + b"".join(parts))
            elif control:
                raise _damaged("a frame is empty")
            control, content = data[part.start : part.end], []


def _place(control: bytes, width: int, height: int) -> tuple[int, int, int, int, int, int]:
    """Return the first fields of a frame, by its control if it has one."""
    if not control:
        return 0, 0, width, height, 0, 0
    if len(control) != 26:
        raise _damaged("a frame control has no 26 bytes")
    across, down, left, top, dispose, blend = struct.unpack(">4x4I4x2B", control)
    if not (0 < across <= width - left and 0 < down <= height - top):
        raise _damaged(f"a frame of {across} x {down} at {left}, {top} is outside of {width} x {height}")
    return left, top, across, down, dispose, blend
