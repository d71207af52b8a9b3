"""AVIF files: their boxes (ISO/IEC 14496-12 and 23008-12), for what decoder and encoder do not say or keep.

OpenCV 5.0.0 decodes grey of limited range (16 to 235) as if it were full, and no grey with alpha; Pillow decodes.
OpenCV encodes; it writes an endless loop whatever is asked for, and the time of writing into animations.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.image.header import Header, Metadata, Timing

# The boxes that hold other boxes, and how many bytes stand before those.
_CONTAINERS = dict.fromkeys((b"iprp", b"ipco", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"), 0) | {b"meta": 4}
_CLOCKED = frozenset({b"mvhd", b"tkhd", b"mdhd"})
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
_MOST_FRAMES = 1 << 16
_IDENTITY_MATRIX = b"\0\0"


class Box(NamedTuple):
    """A box: its type, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes, at: int = 0, stop: int | None = None) -> Iterator[Box]:
    """Yield all boxes, those inside of others after them."""
    stop = len(data) if stop is None else stop
    while at + 8 <= stop:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        start = at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = at + length if length else stop
        if end < start or end > stop:
            return
        yield Box(kind, start, end)
        if kind in _CONTAINERS:
            yield from boxes(data, start + _CONTAINERS[kind], end)
        at = end


def header(data: bytes) -> Header:
    """Return the header of an AVIF file."""
    found: dict[bytes, list[bytes]] = {}
    for kind, start, end in boxes(data):
        if kind != b"mdat":
            found.setdefault(kind, []).append(data[start:end])
    width, height = struct.unpack_from(">4xII", found.get(b"ispe", [bytes(12)])[0])
    depth, channels = _samples(found)
    timing = _timing(found)
    lost = [f"{depth}-bit depth"] if depth > 8 else []
    lost += ["crop"] if b"clap" in found else []
    lost += [] if not timing or _loops_for_ever(found) else ["loop count"]
    colours = found.get(b"colr", [])
    return Header(
        "avif",
        width,
        height,
        len(timing.delays) if timing else 1,
        channels=channels,
        dtype="uint8",
        layout=f"{depth} bits a sample",
        timing=timing,
        lossless=any(colour[:4] == b"nclx" and colour[8:10] == _IDENTITY_MATRIX for colour in colours),
        metadata=Metadata(icc=next((colour[4:] for colour in colours if colour[:4] in (b"prof", b"rICC")), b"")),
        lost=tuple(lost),
    )


def _samples(found: dict[bytes, list[bytes]]) -> tuple[int, int]:
    """Return the bits a sample, and how many channels are decoded, by the codec's flags (AV1-ISOBMFF, section 2.3).

    Alpha is an image of its own, which is grey; grey with alpha is decoded as colour.
    """
    flags = [content[2] for content in found.get(b"av1C", [])]
    depth = max((12 if flag & 0x60 == 0x60 else 10 if flag & 0x40 else 8 for flag in flags), default=8)
    if any(_ALPHA in content for content in found.get(b"auxC", [])):
        return depth, 4
    return depth, 0 if not flags else 1 if all(flag & 0x10 for flag in flags) else 3


def _timing(found: dict[bytes, list[bytes]]) -> Timing | None:
    """Return the durations of the first track, if it has several frames."""
    if b"stts" not in found or b"mdhd" not in found:
        return None
    media = found[b"mdhd"][0]
    scale = int.from_bytes(media[20:24] if media[0] else media[12:16], "big") or 1
    runs = struct.iter_unpack(">II", found[b"stts"][0][8:])
    delays = ((duration, scale) for count, duration in runs for _ in range(count))
    kept = tuple(itertools.islice(delays, _MOST_FRAMES))
    return Timing(kept) if len(kept) > 1 else None


def _loops_for_ever(found: dict[bytes, list[bytes]]) -> bool:
    """Tell whether the edit list repeats and the track has no end."""
    edits, track = found.get(b"elst", [bytes(4)])[0], found.get(b"tkhd", [bytes(36)])[0]
    duration = track[28:36] if track[0] else track[20:24]
    return bool(edits[3] & 1) and set(duration) == {0xFF}


def without_clock(encoded: bytes) -> bytes:
    """Return the file without the times of its making and change, so that its bytes are the same on every run."""
    changed = bytearray(encoded)
    for kind, start, _ in boxes(encoded):
        if kind in _CLOCKED:
            size = 16 if encoded[start] else 8
            changed[start + 4 : start + 4 + size] = bytes(size)
    return bytes(changed)
