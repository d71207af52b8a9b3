"""What a run and a worker process say to each other: messages over one socket, answers over another.

Small files are done by the thousand a second, and to wake the parent for each costs as much as the file. So an answer
is sent as soon as it is there, but over a socket that nobody waits for. What the parent waits for is a signal on the
other one, given when answers have been there for a while. Answers that were sent stay in the socket when the worker
dies, so that it is known to the file which one it died over.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
import time
from typing import Any

# Seconds between two signals while a worker is at work. With one after each file, 4,000 PNG of 32x32 took 1.15 times as
# long (CPU time).
PERIOD = 0.01
_LONGEST_WAIT = 1e6  # seconds; poll(2) counts milliseconds in 32 bits
_LENGTH = struct.Struct("<I")
_SIGNAL = b"!"


def send(to: socket.socket, message: object) -> None:
    """Sends a message. Raises ConnectionError if the other side is gone."""
    to.sendall(_framed(message))


def receive(source: socket.socket) -> Any:
    """The next message. Raises EOFError if the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(source, _LENGTH.size))
    return pickle.loads(_exactly(source, length))


def signal(to: socket.socket) -> None:
    """Wakes the other side up."""
    to.sendall(_SIGNAL)


def wait(source: socket.socket, timeout: float | None = None) -> None:
    """Waits for a signal, or for several that were given since the last time.

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


def _framed(message: object) -> bytes:
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(content)) + content


def _exactly(source: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = source.recv(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class Answering:
    """The worker's side of its answers."""

    def __init__(self, answers: socket.socket, signals: socket.socket) -> None:
        self._answers, self._signals = answers, signals
        answers.setblocking(False)
        self._last_signal = time.monotonic()
        self._untold = False

    def put(self, answer: object) -> None:
        """Sends an answer, with a signal if the last one was some time ago. Raises ConnectionError."""
        rest = memoryview(_framed(answer))
        while rest:
            try:
                rest = rest[self._answers.send(rest) :]
            except BlockingIOError:
                signal(self._signals)  # to read what is there, which makes room
                select.select([], [self._answers], [])
        self._untold = True
        if time.monotonic() - self._last_signal >= PERIOD:
            self.tell()

    def tell(self) -> None:
        """Gives a signal if there are answers without one."""
        if self._untold:
            signal(self._signals)
            self._last_signal, self._untold = time.monotonic(), False


class Answers:
    """The parent's side."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        answers.setblocking(False)
        self._unread = bytearray()

    def take(self) -> list[Any]:
        """The answers that came since the last time, without waiting for any."""
        try:
            while part := self._answers.recv(1 << 18):
                self._unread += part
        except (BlockingIOError, ConnectionError):
            pass
        taken, at, size = [], 0, _LENGTH.size
        while at + size <= len(self._unread):
            (length,) = _LENGTH.unpack_from(self._unread, at)
            if at + size + length > len(self._unread):
                break
            taken.append(pickle.loads(memoryview(self._unread)[at + size : at + size + length]))
            at += size + length
        del self._unread[:at]
        return taken
