"""Animated PNG: taken apart into still images. `png_writer` writes them.

OpenCV 5.0.0 is not used for it: it reads 16 bits a sample as 8, writes one frame for several that are equal and frames
with alpha so that they come back otherwise, and crashes on some damaged files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from noiseaug.media.image.containers import canvas
from noiseaug.media.image.containers.png import SIGNATURE, chunk, chunks
from noiseaug.media.image.header import Undecodable
from noiseaug.noise.scale import Array

_BLEND_OVER = 1


def canvases(data: bytes, decode: Callable[[bytes], Array]) -> list[Array]:
    """Return the frames of an animation as they are shown, with the poster if there is one.

    `decode` decodes still images.

    Raises:
        Undecodable: if they do not fit the canvas.
    """
    width, height = struct.unpack_from(">II", data, 16)
    return canvas.shown(_frames(data, width, height), (width, height), decode)


def _frames(data: bytes, width: int, height: int) -> Iterator[canvas.Frame]:
    shared, control, content = [], b"", []
    for part in chunks(data):
        if part.kind in (b"PLTE", b"tRNS"):
            shared.append(data[part.start - 8 : part.end + 4])
        elif part.kind in (b"IDAT", b"fdAT"):
            content.append(data[part.start + (4 if part.kind == b"fdAT" else 0) : part.end])
        elif part.kind in (b"fcTL", b"IEND"):
            if content:
                left, top, across, down, dispose, blend = _place(control, width, height)
                ihdr = struct.pack(">II", across, down) + data[24:29]
                parts = [chunk(b"IHDR", ihdr), *shared, chunk(b"IDAT", b"".join(content)), chunk(b"IEND", b"")]
                still = SIGNATURE + b"".join(parts)
                yield canvas.Frame(left, top, across, down, dispose, blend == _BLEND_OVER, still)
            elif control:
                raise Undecodable("a frame is empty")
            control, content = data[part.start : part.end], []


def _place(control: bytes, width: int, height: int) -> tuple[int, int, int, int, int, int]:
    """Return the first fields of a frame, by its control if it has one."""
    if not control:
        return 0, 0, width, height, 0, 0
    if len(control) != 26:
        raise Undecodable("a frame control has no 26 bytes")
    across, down, left, top, dispose, blend = struct.unpack(">4x4I4x2B", control)
    if not (0 < across <= width - left and 0 < down <= height - top):
        raise Undecodable(f"a frame of {across} x {down} at {left}, {top} is outside of {width} x {height}")
    return left, top, across, down, dispose, blend
