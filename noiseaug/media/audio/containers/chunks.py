"""Chunks, of which RIFF, AIFF and CAF files consist: a name and a length each, and then the content."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.storage.source_file import OpenFile

# So many bytes are read at most of content that may be long.
HEAD = 1 << 18

_HEADS = {b"RIFF": "<4sI", b"RF64": "<4sI", b"RIFX": ">4sI", b"FORM": ">4sI", b"caff": ">4sq"}
_UNKNOWN = 0xFFFFFFFF
_MOST = 1 << 62


class Chunk(NamedTuple):
    """A chunk: its name, where its content begins, and the length of that; a negative one if it has no known end."""

    name: bytes
    start: int
    length: int


def chunks(file: OpenFile) -> Iterator[Chunk]:
    """Yield the chunks of a RIFF, RF64, RIFX, AIFF or CAF file; none of any other."""
    magic = file.read_at(4, 0)
    if magic not in _HEADS:
        return
    head = struct.Struct(_HEADS[magic])
    at, pads = (8, False) if magic == b"caff" else (12, True)
    long_data = -1  # the length of more than 32 bits that the chunk `ds64` tells of `data`
    while len(found := file.read_at(head.size, at)) == head.size:
        name, length = head.unpack(found)
        at += head.size
        if name == b"ds64":
            long_data = int.from_bytes(file.read_at(8, at + 8), "little") or -1
        if name == b"data" and length == _UNKNOWN and pads:
            length = long_data
        yield Chunk(name, at, length)
        if not 0 <= length < _MOST:
            return
        at += length + (length % 2 if pads else 0)


def label(name: bytes) -> str:
    """Return the name of a chunk or field as it can be told to people, in lists with commas."""
    text = name.decode("latin-1").strip()
    return text if text.isprintable() and text.isascii() and text and "," not in text else "unnamed"


def unknown_chunks(file: OpenFile, known: frozenset[bytes]) -> Iterator[str]:
    """Yield names of the chunks that are not among the known ones."""
    return (f"{label(chunk.name)} chunk" for chunk in chunks(file) if chunk.name not in known)
