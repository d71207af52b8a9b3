"""AIFF files, and others that are IFF files: AIFF-C and 8SVX. Their sizes and clocks are as those of RIFF files."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.media.audio.containers.chunks import HEAD, chunks, unknown_chunks
from noiseaug.media.audio.containers.riff import PLAIN
from noiseaug.storage.source_file import SourceFile

_TEXT_TAGS = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL"})


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of chunks that no output will have."""
    return unknown_chunks(source, PLAIN | _TEXT_TAGS)


def software(source: SourceFile) -> str:
    """Return the text that libsndfile gives as the tag `software`.

    libsndfile reads it beyond its end: up to four bytes of what stood in memory before.
    """
    for chunk in chunks(source):
        if chunk.name == b"APPL":
            return source.read_at(min(chunk.length, HEAD) - 4, chunk.start + 4).split(b"\0")[0].decode(errors="replace")
    return ""
