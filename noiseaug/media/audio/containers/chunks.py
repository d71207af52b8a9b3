"""Chunks, of which RIFF, AIFF, CAF and Sony Wave64 files consist: a name and a length each, and then the content."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.storage.source_file import OpenFile

_HEADS = {b"RIFF": "<4sI", b"RF64": "<4sI", b"RIFX": ">4sI", b"FORM": ">4sI", b"caff": ">4sq", b"riff": "<16sQ"}
_UNKNOWN = 0xFFFFFFFF
_MOST = 1 << 62


class Chunk(NamedTuple):
    """A chunk: its name, where its content begins, and the length of that; a negative one if it has no known end."""

    name: bytes
    start: int
    length: int


def chunks(file: OpenFile) -> Iterator[Chunk]:
    """Yield the chunks of a RIFF, RF64, RIFX, AIFF, CAF or Sony Wave64 file; none of any other."""
    magic = file.read_at(4, 0)
    if magic not in _HEADS:
        return
    head = struct.Struct(_HEADS[magic])
    at, align = {b"caff": (8, 1), b"riff": (40, 8)}.get(magic, (12, 2))
    long_data = -1  # the length of more than 32 bits that the chunk `ds64` tells of `data`
    while len(found := file.read_at(head.size, at)) == head.size:
        name, length = head.unpack(found)
        at += head.size
        if name == b"ds64":
            long_data = int.from_bytes(file.read_at(8, at + 8), "little") or -1
        if name == b"data" and length == _UNKNOWN and align == 2:
            length = long_data
        if magic == b"riff":
            length -= head.size  # which it counts
        yield Chunk(name, at, length)
        if not 0 <= length < _MOST or (name == b"data" and not length and not is_chunk(file, at, head)):
            return  # what follows on samples of no length are these samples, where it is no chunk
        at += length + -length % align


def is_chunk(file: OpenFile, at: int, head: struct.Struct) -> bool:
    """Tell whether a chunk that ends within the file begins here; `head` is the form of its head."""
    found = file.read_at(head.size, at)
    if len(found) < head.size:
        return False
    name, length = head.unpack(found)
    return bool(label(name[:4]) != "unnamed" and 0 <= length <= file.length() - at)


def label(name: bytes) -> str:
    """Return the name of a chunk or field as it can be told to people, in lists with commas."""
    text = name.decode("latin-1").strip()
    return text if text.isprintable() and text.isascii() and text and "," not in text else "unnamed"
