"""Random numbers drawn ahead: the next ones on a thread, while noise of the last is added, measured and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noiseaug.noise.scale import Array
from noiseaug.noise.streams import Stream

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


class StreamAhead(Stream):
    """A stream whose next normals are drawn while the caller works with the last ones, as many as it took then.

    To draw needs no interpreter lock, and is most of what noise on floats costs.

    Args:
        key: the name of the stream.
        count: how many normals are expected to be taken.
    """

    def __init__(self, key: str, count: int) -> None:
        super().__init__(key)
        self._left = count
        self._rest: Array = np.empty(0)  # drawn, and not yet taken
        self._buffers: list[Array] = []
        self._thread: ThreadPoolExecutor | None = None
        self._next: Future[Array] | None = None

    def normals(self, out: Array) -> Array:
        """Return the next standard normals, as many as `out` has room for. They stay until the next call."""
        drawn = self._rest if self._next is None else self._next.result()
        self._next, self._rest = None, drawn[out.size :]
        if drawn.size != out.size:
            ready = min(drawn.size, out.size)
            out[:ready] = drawn[:ready]
            super().normals(out[ready:])
            drawn = out
        self._left -= out.size
        if self._left > 0 and not self._rest.size:
            self._start(out)
        return drawn

    def _start(self, like: Array) -> None:
        """Start to draw the next ones, in memory that the last ones are not in."""
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor  # arrays of one block do without it

            self._thread = ThreadPoolExecutor(1)
        if not self._buffers or self._buffers[0].size < like.size:
            self._buffers = [np.empty_like(like), np.empty_like(like)]
        self._buffers.reverse()
        self._next = self._thread.submit(super().normals, self._buffers[0][: min(like.size, self._left)])
