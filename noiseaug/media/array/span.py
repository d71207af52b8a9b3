"""Bytes of a source, read one after the other."""

from __future__ import annotations

import errno
import io
import os

from noiseaug.storage.source_file import OpenFile

_MOST = 1 << 20  # bytes read at a time


class Span:
    """The bytes of a source from `start` to `stop`, to be read in order."""

    def __init__(self, source: OpenFile, start: int, stop: int) -> None:
        self._source, self._at, self._stop = source, start, stop

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or as many as there are."""
        wanted = min(size, self._stop - self._at)
        parts = []
        while wanted > 0 and (part := self._source.read_at(min(wanted, _MOST), self._at)):
            parts.append(part)
            self._at += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Seekable(io.RawIOBase):
    """A source as a file that can be read at any place, for libraries that want one."""

    def __init__(self, source: OpenFile, size: int) -> None:
        self._source, self._size, self._at = source, size, 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read at any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; return it."""
        place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if place < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # as the system does, which zipfile looks for
        self._at = place
        return place

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader gives
        """Fill the buffer as far as there are bytes; return how many."""
        data = self._source.read_at(min(len(buffer), _MOST), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
