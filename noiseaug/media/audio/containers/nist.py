"""NIST SPHERE files: a text header of fields, each a line of a name, a type and a value."""

from __future__ import annotations

import math
from collections.abc import Iterator

from noiseaug.media.audio.containers.chunks import label
from noiseaug.storage.source_file import OpenFile, SourceFile

_OF_THE_SAMPLES = (b"sample", b"channel", b"database_version")


def _lines(source: OpenFile, size: int) -> list[bytes]:
    """Return the lines of the header in so many bytes. The second is the length of the header."""
    lines = source.read_at(size, 0).split(b"\n")
    return lines[: next((at for at, line in enumerate(lines) if line.startswith(b"end_head")), len(lines))]


def lost(source: SourceFile) -> Iterator[str]:
    """Yield names of fields that do not describe the samples: speaker, prompt, recording date and the like."""
    for line in _lines(source, 1024)[2:]:
        name = line.partition(b" ")[0]
        if name and not name.startswith(_OF_THE_SAMPLES):
            yield f"header field {label(name)}"


def fields(file: OpenFile) -> dict[str, str]:
    """Return the fields of the header, each with its value."""
    words = (line.decode("latin-1").split(None, 2) for line in _lines(file, 4096)[2:])
    return {line[0]: line[2] for line in words if len(line) == 3}


def declared_size(source: OpenFile) -> int:
    """Return the size that the number of samples makes, if they are not compressed."""
    found = fields(source)
    try:
        shape = [int(found[name]) for name in ("sample_count", "channel_count", "sample_n_bytes")]
        return int(_lines(source, 4096)[1]) + math.prod(shape) if "shorten" not in found.get("sample_coding", "") else 0
    except (KeyError, IndexError, ValueError):
        return 0
