"""Files of the Core Audio Format."""

from __future__ import annotations

from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import OpenFile, SourceFile


def declared_size(source: OpenFile) -> int:
    """Return where the last chunk ends, or 0 if one reaches to the end of the file, wherever that is."""
    end = 8
    for chunk in chunks(source):
        if chunk.length < 0:
            return 0
        end = chunk.start + chunk.length
    return end


def corrections(source: SourceFile) -> dict[int, bytes]:
    """Return the length of samples that a recorder, which wrote to a pipe, did not know; libsndfile wants one."""
    for chunk in chunks(source):
        if chunk.name == b"data" and chunk.length == -1:
            return {chunk.start - 8: (source.size - chunk.start).to_bytes(8)}
    return {}


def closed(source: SourceFile) -> list[Piece]:
    """Return the pieces of a file that ends within its samples, with their true length before them."""
    for chunk in chunks(source):
        rest = source.size - chunk.start
        if chunk.name == b"data" and 0 < rest < chunk.length:
            head = source.read_at(chunk.start - 8, 0)
            return [head + rest.to_bytes(8, "big"), (chunk.start, rest)]
    return []
