"""Files of the Core Audio Format."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.media.audio.containers.chunks import chunks, unknown_chunks
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_KNOWN = frozenset({b"desc", b"data", b"info", b"pakt", b"kuki", b"free", b"peak"})


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of chunks that no output will have."""
    return unknown_chunks(source, _KNOWN)


def declared_size(source: SourceFile) -> int:
    """Return where the last chunk ends, or 0 if one reaches to the end of the file, wherever that is."""
    end = 8
    for chunk in chunks(source):
        if chunk.length < 0:
            return 0
        end = chunk.start + chunk.length
    return end


def closed(source: SourceFile) -> list[Piece]:
    """Return the pieces of a file that ends within its samples, with their true length before them."""
    for chunk in chunks(source):
        rest = source.size - chunk.start
        if chunk.name == b"data" and 0 < rest < chunk.length:
            head = source.read_at(chunk.start - 8, 0)
            return [head + rest.to_bytes(8, "big"), (chunk.start, rest)]
    return []
