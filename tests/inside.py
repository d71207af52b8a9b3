"""The command line within the test process, for the tests that try many variants of it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from pathlib import Path
from typing import NamedTuple

from noiseaug.cli import main


class Ended(NamedTuple):
    """How a command ended: its exit status, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def within(*arguments: str | Path) -> Ended:
    """What `noiseaug ARGUMENTS` does in a process of its own, here; runs use threads unless told otherwise."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", newline="") for _ in range(2)]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with _threads_by_default(), contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            main([os.fspath(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    assert isinstance(status, int)
    for stream in streams:
        stream.flush()
    stdout, stderr = (stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in streams)
    return Ended(status, stdout, stderr)


@contextlib.contextmanager
def _threads_by_default():
    given = os.environ.get("NOISEAUG_RUN_ENGINE")
    os.environ["NOISEAUG_RUN_ENGINE"] = given or "threads"
    try:
        yield
    finally:
        if given is None:
            del os.environ["NOISEAUG_RUN_ENGINE"]
