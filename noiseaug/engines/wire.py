"""How a run and a worker process talk: messages go to the worker over one socket, answers come back over another.

Small files are done by the thousand a second, and to wake the run for each costs as much as the file. So the worker
sends the answers of some time together, over a socket that the run does not wait for. The run waits for a signal on the
other socket, which the worker gives then.

The number of the task that the worker is at stands in memory that both share. So the run knows exactly which file it
died over. Answers that were sent stay in the socket; tasks whose answers were not are done again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

# Seconds between two signals while a worker is at work. With one after each file, 4,000 PNG of 32x32 took 1.15 times as
# long (CPU time).
PERIOD = 0.01
_LONGEST_WAIT = 1e6  # seconds; poll(2) counts milliseconds in 32 bits
_LENGTH = struct.Struct("<I")


def send(to: socket.socket, message: object) -> None:
    """Send a message. Raise ConnectionError if the other side is gone."""
    to.sendall(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def messages(source: socket.socket) -> Iterator[Any]:
    """Yield the messages that come, until the other side is gone."""
    with source.makefile("rb") as stream, contextlib.suppress(EOFError, ConnectionError, pickle.UnpicklingError):
        while True:
            yield pickle.load(stream)


def signal(to: socket.socket) -> None:
    """Wake the other side up. Raise ConnectionError if it is gone."""
    to.sendall(b"!")


def wait(source: socket.socket, timeout: float | None = None) -> None:
    """Wait for a signal, or for several that were given since the last time.

    Raises:
        TimeoutError: after so many seconds without one.
        EOFError: if the other side is gone, and all its signals were heard.
    """
    source.settimeout(None if timeout is None else min(timeout, _LONGEST_WAIT))
    try:
        if not source.recv(1 << 12):
            raise EOFError
    finally:
        source.settimeout(None)


class Place:
    """The number of the task that a worker is at, in memory that it shares with the run: to tell costs 0.1 us.

    Args:
        fd: the memory, as the run made it; by default, it is made.

    Attributes:
        fd: the open file descriptor of the memory.
    """

    def __init__(self, fd: int | None = None) -> None:
        self.fd = _shared_memory() if fd is None else fd
        self._memory = mmap.mmap(self.fd, _LENGTH.size)

    def tell(self, number: int) -> None:
        """Tell the number of the task that comes next."""
        _LENGTH.pack_into(self._memory, 0, number)

    def told(self) -> int:
        """Return the number that was told last."""
        number: int = _LENGTH.unpack_from(self._memory)[0]
        return number

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.fd)


def _shared_memory() -> int:
    """Return the descriptor of a file in memory (Linux), or of one without a name, of one number."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("noiseaug", os.MFD_CLOEXEC)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.truncate(fd, _LENGTH.size)
    return fd


class Answering:
    """The worker's side of its answers."""

    def __init__(self, answers: socket.socket, signals: socket.socket, place: Place) -> None:
        self._answers, self._signals, self._place = answers, signals, place
        answers.setblocking(False)
        self._last_signal = time.monotonic()
        self._unsent: list[object] = []

    def begin(self, number: int) -> None:
        """Tell which task of the batch comes next, or goes on. Raise ConnectionError, as all others do."""
        self._place.tell(number)
        if time.monotonic() - self._last_signal >= PERIOD:
            self.tell()

    def put(self, answer: object) -> None:
        """Send an answer, by the next time that something is told."""
        self._unsent.append(answer)

    def tell(self) -> None:
        """Send the answers that there are, and a signal."""
        if self._unsent:
            self._send(self._unsent)
            self._unsent = []
        signal(self._signals)
        self._last_signal = time.monotonic()

    def _send(self, answers: list[object]) -> None:
        content = pickle.dumps(answers, pickle.HIGHEST_PROTOCOL)
        rest = memoryview(_LENGTH.pack(len(content)) + content)
        while rest:
            try:
                rest = rest[self._answers.send(rest) :]
            except BlockingIOError:
                signal(self._signals)  # the run reads what is there, which makes room
                select.select([], [self._answers], [])


class Answers:
    """The run's side of the answers."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        answers.setblocking(False)
        self._unread = bytearray()

    def take(self) -> list[Any]:
        """Return the answers that came since the last time, without waiting for any."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while part := self._answers.recv(1 << 18):
                self._unread += part
        taken: list[Any] = []
        at = 0
        while at + _LENGTH.size <= len(self._unread):
            begin = at + _LENGTH.size
            end = begin + _LENGTH.unpack_from(self._unread, at)[0]
            if end > len(self._unread):
                break
            taken += pickle.loads(memoryview(self._unread)[begin:end])
            at = end
        del self._unread[:at]
        return taken
