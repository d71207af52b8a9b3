"""A file made of pieces of another and of bytes given: a damaged recording without what does not decode."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from noiseaug.storage.source_file import OpenFile

Piece = tuple[int, int] | bytes  # where it begins and how long it is, or what stands in its place


def with_bytes(replaced: Mapping[int, bytes], size: int) -> list[Piece]:
    """Return the pieces of a file of this size with other bytes at some offsets.

    >>> with_bytes({4: b"ab"}, 10)
    [(0, 4), b'ab', (6, 4)]
    """
    pieces: list[Piece] = []
    at = 0
    for offset, content in sorted(replaced.items()):
        pieces += [(at, offset - at), content]
        at = offset + len(content)
    return [*pieces, (at, size - at)]


class Excerpt(io.RawIOBase):
    """A file that can be read and is nowhere on disk.

    Args:
        source: the file that pieces are taken from.
        pieces: what it consists of, one after the other.
    """

    def __init__(self, source: OpenFile, pieces: Sequence[Piece]) -> None:
        self._source, self._pieces = source, pieces
        lengths = (len(piece) if isinstance(piece, bytes) else piece[1] for piece in pieces)
        self._ends = list(accumulate(lengths, initial=0))
        self._at = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read at any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here or from the end."""
        at = offset + (0, self._at, self._ends[-1])[whence]
        self._at = at if at >= 0 else self._at  # as lseek(2) does
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as fit, or as there are, and return how many."""
        view, done = memoryview(buffer), 0
        while done < len(view) and self._at < self._ends[-1]:
            number = bisect_right(self._ends, self._at) - 1
            piece, skipped = self._pieces[number], self._at - self._ends[number]
            size = min(self._ends[number + 1] - self._at, len(view) - done)
            if isinstance(piece, bytes):
                part = piece[skipped : skipped + size]
            else:
                part = self._source.read_at(size, piece[0] + skipped)
            if not part:
                break
            view[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done
