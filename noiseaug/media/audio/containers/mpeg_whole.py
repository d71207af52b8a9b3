"""The frames of MPEG audio (ISO/IEC 11172-3 and 13818-3), one after the other: which of them are whole."""

from __future__ import annotations

import mmap
import re
from typing import NamedTuple

from noiseaug.media.audio.containers.mpeg import end_of_tags
from noiseaug.media.audio.containers.mpeg_frames import parsed
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_SYNC = re.compile(rb"\xff[\xe2-\xff]")
# Tags behind the frames, and zeros, are no audio and no damage. So is what stands before the first frame.
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")
_FIXED = 0xFFFE0C00  # the bits of a header that are the same in all frames: sync, version, layer and rate


class Frames(NamedTuple):
    """The frames of a file: the pieces of it in which they stand, with all before them, and what is not whole."""

    pieces: list[Piece]
    damage: str


def frames_of(source: SourceFile) -> Frames:
    """Return the frames of a file. Damage is what is no frame between them, or a last one that is cut short."""
    with mmap.mmap(source.fd, 0, access=mmap.ACCESS_READ) as data:
        at = first = _next_frame(data, -1, end_of_tags(source, 0))
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
    frame = parsed(data[at : at + 4])
    return frame.length if frame else 0
