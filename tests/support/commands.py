"""The command line of noiseaug, as a process of its own, or within the test process, where many variants are tried."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from noiseaug.cli import main
from support.faults import injected
from support.trees import failures, manifest

STRENGTH = ["--std", "25/255", "--seed", "7"]


def command(*arguments: str | Path) -> list[str]:
    """The command line that runs noiseaug with these arguments."""
    return [sys.executable, "-m", "noiseaug", *map(str, arguments)]


def noiseaug(*arguments: str | Path, fault: dict | None = None, **settings) -> subprocess.CompletedProcess[str]:
    """Runs noiseaug to its end, in a process group of its own, with a fault from `support.faults` if one is given."""
    environment = os.environ | settings.pop("env", {}) | (injected(fault) if fault else {})
    settings = {"capture_output": True, "text": True, "timeout": 120, "start_new_session": True} | settings
    return subprocess.run(command(*arguments), env=environment, **settings)


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


def to_make(stdout: str) -> list[str]:
    """The outputs that a dry run would make for the first time."""
    return [line.removeprefix("new: ") for line in stdout.splitlines() if line.startswith("new: ")]


def run_one(source: Path, dest: Path, name: str, data: bytes, *options: str) -> dict:
    """The row of a file after noise of std 0, or of `options`."""
    (source / name).write_bytes(data)
    result = within("run", source, dest, *(options or ("--std", "0")))
    assert result.returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    return row


@contextlib.contextmanager
def _threads_by_default():
    given = os.environ.get("NOISEAUG_RUN_ENGINE")
    os.environ["NOISEAUG_RUN_ENGINE"] = given or "threads"
    try:
        yield
    finally:
        if given is None:
            del os.environ["NOISEAUG_RUN_ENGINE"]
