"""How a run and a worker process talk: messages go to the worker over one socket, answers come back over another.

Small files are done by the thousand a second, and to wake the run for each costs as much as the file. So the worker
sends an answer as soon as it has one, but over a socket that the run does not wait for. The run waits for a signal on
the other socket, which the worker gives when answers have been there for a while.

Answers that were sent stay in the socket when the worker dies. So the run knows exactly which file it died over.
"""

from __future__ import annotations

import contextlib
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


class Answering:
    """The worker's side of its answers."""

    def __init__(self, answers: socket.socket, signals: socket.socket) -> None:
        self._answers, self._signals = answers, signals
        answers.setblocking(False)
        self._last_signal = time.monotonic()
        self._untold = False

    def put(self, answer: object) -> None:
        """Send an answer, and a signal if the last one was some time ago. Raise ConnectionError."""
        content = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        rest = memoryview(_LENGTH.pack(len(content)) + content)
        while rest:
            try:
                rest = rest[self._answers.send(rest) :]
            except BlockingIOError:
                signal(self._signals)  # the run reads what is there, which makes room
                select.select([], [self._answers], [])
        self._untold = True
        if time.monotonic() - self._last_signal >= PERIOD:
            self.tell()

    def tell(self) -> None:
        """Give a signal if there are answers without one."""
        if self._untold:
            signal(self._signals)
            self._last_signal, self._untold = time.monotonic(), False


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
        taken, at = [], 0
        while at + _LENGTH.size <= len(self._unread):
            begin = at + _LENGTH.size
            end = begin + _LENGTH.unpack_from(self._unread, at)[0]
            if end > len(self._unread):
                break
            taken.append(pickle.loads(memoryview(self._unread)[begin:end]))
            at = end
        del self._unread[:at]
        return taken
