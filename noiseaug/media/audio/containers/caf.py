"""Files of the Core Audio Format."""

from __future__ import annotations

from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.storage.source_file import SourceFile


def declared_size(source: SourceFile) -> int:
    """Return where the last chunk ends, or 0 if one reaches to the end of the file, wherever that is."""
    end = 8
    for chunk in chunks(source):
        if chunk.length < 0:
            return 0
        end = chunk.start + chunk.length
    return end
