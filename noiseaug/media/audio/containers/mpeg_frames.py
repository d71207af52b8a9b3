"""The frames of MPEG audio (ISO/IEC 11172-3 and 13818-3), one after the other: which of them are whole."""

from __future__ import annotations

import mmap
import re
from typing import NamedTuple

from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_SYNC = re.compile(rb"\xff[\xe2-\xff]")
_ID3, _ID3_HEADER = b"ID3", 10
# Tags behind the frames, and zeros, are no audio and no damage. So is what stands before the first frame.
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version
# In kbit/s, by index: of version 1 in layers I, II and III, and of the others in layer I, and in II and III.
_1_I = (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)
_1_II = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_1_III = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_2_I = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_2_II = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_BIT_RATES = {
    (True, 3): _1_I,
    (True, 2): _1_II,
    (True, 1): _1_III,
    (False, 3): _2_I,
    (False, 2): _2_II,
    (False, 1): _2_II,
}
_FIXED = 0xFFFE0C00  # the bits of a header that are the same in all frames: sync, version, layer and rate


class Frames(NamedTuple):
    """The frames of a file: the pieces of it in which they stand, with all before them, and what is not whole."""

    pieces: list[Piece]
    damage: str


def frames_of(source: SourceFile) -> Frames:
    """Return the frames of a file. Damage is what is no frame between them, or a last one that is cut short."""
    with mmap.mmap(source.fd, 0, access=mmap.ACCESS_READ) as data:
        at = first = _first_frame(data)
        if at < 0:
            return Frames([], "")  # the decoder tells
        begin = 0
        runs: list[Piece] = []
        while at + 4 <= len(data):
            length = _length(data, at)
            if length and _is_alike(data, first, at):
                if at + length > len(data):
                    return Frames([*runs, (begin, at - begin)], "its last frame is cut short")
                at += length
                continue
            following = -1 if data[at : at + 11].startswith(_TAGS) else _next_frame(data, first, at)
            if following < 0:
                break
            runs.append((begin, at - begin))
            begin = at = following
    what = f"between its frames is something else in {len(runs):,} place{'s' if len(runs) > 1 else ''}" if runs else ""
    return Frames([*runs, (begin, at - begin)], what)


def _first_frame(data: mmap.mmap) -> int:
    at = 0
    while data[at : at + 3] == _ID3 and at + _ID3_HEADER <= len(data):
        at += _ID3_HEADER + sum(
            (byte & 127) << shift for byte, shift in zip(data[at + 6 : at + 10], (21, 14, 7, 0), strict=True)
        )
    return _next_frame(data, -1, at)


def _next_frame(data: mmap.mmap, first: int, at: int) -> int:
    """Return where the next frame begins that is like the first and has another behind it, or -1."""
    for found in _SYNC.finditer(data, at):
        start = found.start()
        length = _length(data, start)
        if length and (first < 0 or _is_alike(data, first, start)):
            behind = start + length
            if behind + 4 <= len(data) and _length(data, behind) and _is_alike(data, start, behind):
                return start
    return -1


def _is_alike(data: mmap.mmap, first: int, at: int) -> bool:
    one, other = (int.from_bytes(data[start : start + 4], "big") for start in (first, at))
    return one & _FIXED == other & _FIXED


def _length(data: mmap.mmap, at: int) -> int:
    """Return how many bytes the frame has whose header is here; 0 if that is none, or does not tell."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] < 0xE0:
        return 0
    version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    index, rate_index, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or not layer or rate_index == 3 or not 0 < index < 15:
        return 0
    bits = 1000 * _BIT_RATES[version == 3, layer][index - 1]
    rate = _RATES[version][rate_index]
    if layer == 3:
        return (12 * bits // rate + padding) * 4
    return (72 if layer == 1 and version != 3 else 144) * bits // rate + padding
