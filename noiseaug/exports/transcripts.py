"""What stands beside an output under the same stem: transcripts and annotations."""

from __future__ import annotations

import codecs
import os
import stat
from typing import IO

from noiseaug.storage.source_file import Refused

# Of transcripts and labels, and of annotations as labelling tools write them.
SUFFIXES = (".txt", ".json", ".xml", ".lab", ".TextGrid")
# Of a transcript, which is held in memory: an hour of speech has some 60 KB.
_LONGEST_TEXT = 1 << 20


def sidecars_of(path: str) -> dict[str, str]:
    """The sidecars of an output, by suffix."""
    stem = os.path.splitext(path)[0]
    return {suffix: stem + suffix for suffix in SUFFIXES if os.path.lexists(stem + suffix)}


def transcript_of(path: str) -> str | None:
    """The transcript of a recording, on one line, or None if it has none.

    Raises:
        Refused: if it cannot be read, or is not UTF-8.
    """
    beside = os.path.splitext(path)[0] + ".txt"
    if not os.path.lexists(beside):
        return None
    with open_regular(beside) as file:
        content = read(file, _LONGEST_TEXT + 1, beside)
    if len(content) > _LONGEST_TEXT:
        raise Refused(f"its transcript {os.path.basename(beside)} is longer than 1 MiB; expected what is said in it")
    check_utf8(content, beside)
    lines = content.decode("utf-8-sig").splitlines()
    return " ".join(line.strip() for line in lines if line.strip())


def check_utf8(content: bytes, path: str, decoder: codecs.IncrementalDecoder | None = None) -> None:
    """Raises Refused if `content` is not UTF-8; of a part, as `decoder` sees it after the parts before."""
    try:
        if decoder:
            decoder.decode(content, final=not content)
        else:
            content.decode()
    except UnicodeDecodeError as error:
        name = os.path.basename(path)
        raise Refused(f"its text {name} is not UTF-8 ({error.reason}); convert it, as with iconv -t UTF-8") from None


def open_regular(path: str) -> IO[bytes]:
    """Opens a file of DEST for reading; links are not followed, as they may lead out of it.

    Raises:
        Refused: if it is not a regular file, or cannot be opened.
    """
    name = os.path.basename(path)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        if os.path.islink(path):
            raise Refused(f"{name} is a link, and only regular files in DEST are packed; use --link copy") from None
        raise Refused(f"{name} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Refused(f"{name} is not a regular file; replace or remove it")
    return open(fd, "rb", buffering=0)


def read(file: IO[bytes], size: int, path: str) -> bytes:
    """At most `size` bytes of an open file; fewer only at its end, or from 2 GiB on. Raises Refused if it fails."""
    try:
        return file.read(size)
    except OSError as error:
        raise Refused(f"{os.path.basename(path)} cannot be read: {error.strerror}") from None
