"""Transcripts and annotations: the sidecars that the row of an output lists, wherever they stand.

Where the run was not asked for sidecars, they are the files that somebody put beside the output under the same stem.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator

from noiseaug.exports.samples import Sample
from noiseaug.storage import disk
from noiseaug.storage.source_file import Refused, SourceFile

# Of transcripts and labels, and of annotations as labelling tools write them.
SUFFIXES = (".txt", ".json", ".xml", ".lab", ".TextGrid")
# Of a transcript, which is held in memory: an hour of speech has some 60 KB.
_LONGEST_TEXT = 1 << 20
_CHUNK = 1 << 18


def files_of(sample: Sample) -> list[str]:
    """Return where the transcript, the annotations and other sidecars of an output are."""
    if sample.sidecars is not None:
        return list(sample.sidecars)
    stem = os.path.splitext(sample.path)[0]
    return [stem + suffix for suffix in SUFFIXES if disk.lexists(stem + suffix)]


def transcript_of(sample: Sample) -> str | None:
    """Return the transcript of a recording, on one line, or None if it has none.

    Raises:
        Refused: if it cannot be read, or is not UTF-8.
    """
    text = next((path for path in files_of(sample) if path.endswith(".txt")), None)
    if text is None:
        return None
    with open_regular(text) as file:
        if file.size > _LONGEST_TEXT:
            raise Refused(f"its transcript {os.path.basename(text)} is longer than 1 MiB; expected what is said in it")
        check_text(file)
        lines = b"".join(chunks(file)).decode("utf-8-sig").splitlines()
    return " ".join(line.strip() for line in lines if line.strip())


def check_text(file: SourceFile) -> None:
    """Raise Refused if the file is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        name = os.path.basename(file.path)
        raise Refused(f"its text {name} is not UTF-8 ({error.reason}); convert it, as with iconv -t UTF-8") from None


def open_regular(path: str) -> SourceFile:
    """Open a file of DEST for reading; links are not followed, as they may lead out of it.

    Raises:
        Refused: if it is not a regular file, or cannot be opened.
    """
    name = os.path.basename(path)
    try:
        return SourceFile(path, follow=False)
    except Refused:
        raise Refused(f"{name} is not a regular file; replace or remove it") from None
    except OSError as error:
        if disk.is_link(path):
            raise Refused(f"{name} is a link, and only regular files in DEST are packed; use --link copy") from None
        raise Refused(f"{name} cannot be read: {error.strerror}") from None


def chunks(file: SourceFile) -> Iterator[bytes]:
    """Yield the content of a file: as many bytes as it had when it was opened, unless it is cut meanwhile.

    Raises:
        Refused: if it cannot be read.
    """
    offset = 0
    while offset < file.size:
        try:
            chunk = file.read_at(min(_CHUNK, file.size - offset), offset)
        except OSError as error:
            raise Refused(f"{os.path.basename(file.path)} cannot be read: {error.strerror}") from None
        if not chunk:
            return
        yield chunk
        offset += len(chunk)
