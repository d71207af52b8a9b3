"""Sources: files that are read, and must stay as they are."""

from __future__ import annotations

import hashlib
import os
import stat
from types import TracebackType
from typing import Self

from noiseaug.storage.beside import Sha256

# A source of up to so many bytes is read once: the bytes that are hashed are those that are decoded.
HELD = 1 << 24
# Below the 128 KiB from which the allocator asks the system for each buffer, which costs more than a small file.
CHUNK = 1 << 16
# Not blocking, should a FIFO have taken the file's place since the walk.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Refused(Exception):
    """One file cannot be done. The message says what was expected, what was found and what to do."""


class OpenFile:
    """A file that is open, and can be read at any place.

    Attributes:
        path: its path; of a file in the making, the one that it will have.
        fd: the open file descriptor.
    """

    path: str
    fd: int

    def read_at(self, size: int, offset: int) -> bytes:
        """Return `size` bytes from `offset` on, or as many as there are up to the end of the file."""
        return os.pread(self.fd, size, offset)

    def length(self) -> int:
        """Return how many bytes it has now."""
        return os.fstat(self.fd).st_size

    def rewound(self) -> int:
        """Return the file descriptor, at the beginning of the file, for a codec that reads by itself."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        return self.fd


class SourceFile(OpenFile):
    """A regular file, open for reading, of which one can tell whether it changed meanwhile.

    Args:
        path: where it is.
        follow: open the file that a link leads to; otherwise a link is an error (ELOOP).

    Attributes:
        size: its size in bytes.
        mtime_ns: when it was last written to, in nanoseconds.
    """

    def __init__(self, path: str, *, follow: bool = True) -> None:
        self.path = path
        self.fd = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
        self._info = os.fstat(self.fd)
        self._content: bytes | None = None
        self.size = self._info.st_size
        self.mtime_ns = self._info.st_mtime_ns
        self._digest = Sha256() if self.is_large else None
        self._hashed = 0  # bytes, from the first on, that were read in order
        if not stat.S_ISREG(self._info.st_mode):
            os.close(self.fd)
            raise Refused("is not a regular file; noiseaug reads regular files only")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. What was read of it stays."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read(self) -> bytes:
        """Return all of its bytes."""
        if self._content is None:
            os.lseek(self.fd, 0, os.SEEK_SET)
            parts = []
            left = self.size
            while left and (part := os.read(self.fd, left)):
                parts.append(part)
                left -= len(part)
            self._content = parts[0] if len(parts) == 1 else b"".join(parts)
        return self._content

    def read_at(self, size: int, offset: int) -> bytes:
        """Return up to `size` bytes from `offset` on; fewer at the end, or from 2 GiB on."""
        if self._content is not None and offset >= 0:
            return self._content[offset : offset + size]
        data = os.pread(self.fd, size, offset)
        if self._digest is not None and offset == self._hashed:
            self._digest.give(data)
            self._hashed += len(data)
        return data

    @property
    def is_large(self) -> bool:
        """Whether it is not held in memory. It is best hashed last: what was read in order by then is hashed."""
        return self.size > HELD

    def sha256(self) -> str:
        """Return the SHA-256 of its bytes, in hex."""
        if self._digest is None or self._content is not None:
            return hashlib.sha256(self.read()).hexdigest()
        while self.read_at(CHUNK, self._hashed):
            pass
        return self._digest.hexdigest()

    def check_unchanged(self) -> None:
        """Raise Refused if the file was written to, replaced or removed since it was opened."""
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            raise Refused("changed while reading: it was removed; run again") from None
        seen = self._info
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (seen.st_ino, seen.st_size, seen.st_mtime_ns):
            raise Refused("changed while reading; run again when nothing writes to it")


def sha256_of_file(path: str) -> str:
    """Return the SHA-256 of the bytes of the file at `path`, in hex."""
    with SourceFile(path) as file:
        return file.sha256()


def sha256_of_fd(fd: int) -> str:
    """Return the SHA-256 of all bytes of an open file, in hex."""
    digest = hashlib.sha256()
    left = os.lseek(fd, 0, os.SEEK_END)
    os.lseek(fd, 0, os.SEEK_SET)
    while data := os.read(fd, min(max(left, 1), CHUNK)):  # a buffer no larger than it need be
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()
