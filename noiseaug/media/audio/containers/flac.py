"""FLAC files."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.media.audio.containers.ogg import lost_comments
from noiseaug.storage.source_file import SourceFile

_COMMENTS = 4
_NAMES = {2: "FLAC application block", 5: "FLAC cue sheet", 6: "picture"}


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of metadata blocks and of comments that no output will have."""
    at, last = 4, False
    while not last and len(head := source.read_at(4, at)) == 4:
        last, kind, length = bool(head[0] & 128), head[0] & 127, int.from_bytes(head[1:], "big")
        if kind == _COMMENTS:
            yield from lost_comments(source.read_at(length, at + 4))
        elif kind in _NAMES:
            yield _NAMES[kind]
        at += 4 + length
