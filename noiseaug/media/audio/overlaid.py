"""A source as libsndfile is to see it: with some bytes of its header replaced, or from some place on."""

from __future__ import annotations

import io
from collections.abc import Mapping

from noiseaug.storage.source_file import SourceFile


class Overlaid:
    """A source as a file object, as much of one as soundfile asks for.

    Args:
        source: the file. It stays open.
        corrections: bytes to be read in place of those at these offsets.
        start: where it begins.
    """

    def __init__(self, source: SourceFile, corrections: Mapping[int, bytes], start: int = 0) -> None:
        self._source, self._corrections, self._start = source, corrections, start
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset, unless that is before the beginning, as lseek(2) does; return where it is then."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size - self._start}[whence]
        self._at = base + offset if base + offset >= 0 else self._at
        return self._at

    def tell(self) -> int:
        """Return where it is."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return up to so many bytes, and go behind them."""
        begin = self._start + self._at
        data = self._source.read_at(size, begin)
        for offset, right in self._corrections.items():
            if begin < offset + len(right) and offset < begin + len(data):
                data = _replaced(data, offset - begin, right)
        self._at += len(data)
        return data


def _replaced(data: bytes, at: int, right: bytes) -> bytes:
    """Return `data` with what it has of `right`, which begins at `at`, or before it where that is negative."""
    right = right[max(-at, 0) :][: len(data) - max(at, 0)]
    at = max(at, 0)
    return data[:at] + right + data[at + len(right) :]
