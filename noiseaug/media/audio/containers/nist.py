"""NIST SPHERE files: a text header of fields, each a line of a name, a type and a value."""

from __future__ import annotations

import math
from collections.abc import Iterator

from noiseaug.media.audio.containers.chunks import label
from noiseaug.storage.source_file import SourceFile

_OF_THE_SAMPLES = (b"sample", b"channel", b"database_version")


def _lines(source: SourceFile, size: int) -> list[bytes]:
    """Return the lines of the header in so many bytes. The second is the length of the header."""
    lines = source.read_at(size, 0).split(b"\n")
    return lines[: next((at for at, line in enumerate(lines) if line.startswith(b"end_head")), len(lines))]


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of fields that do not describe the samples: speaker, prompt, recording date and the like."""
    for line in _lines(source, 1024)[2:]:
        name = line.partition(b" ")[0]
        if name and not name.startswith(_OF_THE_SAMPLES):
            yield f"header field {label(name)}"


def declared_size(source: SourceFile) -> int:
    """Return the size that the number of samples makes, if they are not compressed."""
    lines = _lines(source, 4096)
    fields = {words[0]: words[2] for line in lines[2:] if len(words := line.split()) == 3}
    try:
        shape = [int(fields[name]) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
        return int(lines[1]) + math.prod(shape) if b"shorten" not in fields.get(b"sample_coding", b"") else 0
    except (KeyError, IndexError, ValueError):
        return 0
