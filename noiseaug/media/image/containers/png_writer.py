"""PNG files and animations written from samples: grey or colour, with or without alpha, of 8 or 16 bits."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from zlib_ng import zlib_ng

from noiseaug.media.image.containers.deflate import deflated
from noiseaug.media.image.containers.png import SIGNATURE
from noiseaug.media.image.header import Timing, milliseconds
from noiseaug.noise.scale import Array

# By number of channels: grey, grey with alpha, colour, colour with alpha (PNG 3rd edition, section 11.2.1).
_COLOUR_TYPES = (0, 0, 4, 2, 6)
# Bytes of a chunk of samples at most, unless one piece is longer: a chunk cannot be longer than 2**31 - 1.
_LONGEST = 1 << 24
_IEND = b"\0\0\0\0IEND\xaeB`\x82"


def still(samples: Array, level: int, chunks: Sequence[bytes] = ()) -> bytes:
    """Return a PNG file of one image.

    Args:
        samples: shape (height, width) or (height, width, channels), in the order BGR, dtype uint8 or uint16.
        level: of compression, 0 to 9.
        chunks: what the file says about its image.
    """
    parts = [*_head(samples), *chunks]
    for pieces in _cut(deflated(samples, level)):
        parts += _chunk(b"IDAT", pieces)
    parts.append(_IEND)
    return b"".join(parts)


def animation(frames: Sequence[Array], timing: Timing, level: int, chunks: Sequence[bytes] = ()) -> bytes:
    """Return an animated PNG file of frames of one shape and dtype; the other arguments are those of `still`."""
    parts = [*_head(frames[0]), *chunks]
    parts += _chunk(b"acTL", [struct.pack(">II", len(frames) - timing.poster, timing.plays)])
    height, width = frames[0].shape[:2]
    number = 0  # of chunks that belong to the animation
    for index, frame in enumerate(frames):
        if index or not timing.poster:
            control = struct.pack(">5I2H2x", number, width, height, 0, 0, *_short(timing.delays[index]))
            parts += _chunk(b"fcTL", [control])
            number += 1
        for pieces in _cut(deflated(frame, level)):
            if index:
                parts += _chunk(b"fdAT", [number.to_bytes(4, "big"), *pieces])
                number += 1
            else:
                parts += _chunk(b"IDAT", pieces)
    parts.append(_IEND)
    return b"".join(parts)


def _head(samples: Array) -> list[bytes]:
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    layout = samples.shape[1], samples.shape[0], 8 * samples.itemsize, _COLOUR_TYPES[channels]
    return [SIGNATURE, *_chunk(b"IHDR", [struct.pack(">IIBB3x", *layout)])]


def _chunk(kind: bytes, pieces: Sequence[bytes]) -> list[bytes]:
    """Return the parts of a chunk that holds these pieces."""
    length, checksum = 0, zlib_ng.crc32(kind)
    for piece in pieces:
        length += len(piece)
        checksum = zlib_ng.crc32(piece, checksum)
    return [length.to_bytes(4, "big"), kind, *pieces, checksum.to_bytes(4, "big")]


def _cut(pieces: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the pieces in groups, one a chunk."""
    group: list[bytes] = []
    length = 0
    for piece in pieces:
        if group and length + len(piece) > _LONGEST:
            yield group
            group, length = [], 0
        group.append(piece)
        length += len(piece)
    yield group


def _short(delay: tuple[int, int]) -> tuple[int, int]:
    """Return a delay in numbers of 16 bits, exactly if it can be."""
    return delay if max(delay) < 1 << 16 else (min(milliseconds(delay), 65535), 1000)
