"""Large pieces of a file are hashed and written on a thread, beside what makes the next ones."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Piece = bytes | memoryview

# To hand a piece to the thread costs as much as to hash 40 KB.
_LARGE = 1 << 18
_AHEAD = 4  # pieces that wait for the thread, and are held in memory until then


class Sha256:
    """The SHA-256 of pieces that are given one after the other, which may also be written to a file.

    From the first large piece on, it is done on a thread: neither to hash nor to write needs the interpreter lock.

    Args:
        fd: an open file that the pieces are written to, if any. It must stay open until `wait` or `stop` returns.
    """

    def __init__(self, fd: int | None = None) -> None:
        self._fd, self._digest = fd, hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def _take(self, piece: Piece) -> None:
        self._digest.update(piece)
        if self._fd is not None:
            write_all(self._fd, memoryview(piece))

    def give(self, piece: Piece) -> None:
        """Take the next piece, which is not to be changed after this.

        Raises:
            OSError: if this piece or an earlier one cannot be written.
        """
        if self._thread is None and len(piece) < _LARGE:
            self._take(piece)
            return
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor  # small files do without it

            self._thread = ThreadPoolExecutor(1)
        self._waiting.append(self._thread.submit(self._take, piece))
        if len(self._waiting) > _AHEAD:
            self._waiting.popleft().result()

    def wait(self) -> None:
        """Wait until all pieces are taken.

        Raises:
            OSError: if one cannot be written.
        """
        if error := next(filter(None, self.stop()), None):
            raise error

    def stop(self) -> list[BaseException | None]:
        """Wait until nothing is under way. Return what was raised over each piece that nobody waited for before."""
        return [self._waiting.popleft().exception() for _ in range(len(self._waiting))]

    def hexdigest(self) -> str:
        """Return the SHA-256 of all pieces so far, in hex."""
        self.wait()
        return self._digest.hexdigest()


def write_all(fd: int, content: memoryview) -> None:
    """Write all of it where the file is at."""
    while content:
        content = content[os.write(fd, content) :]
