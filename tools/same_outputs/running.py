"""Runs the lines of a group in a directory, and keeps how each ended."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

PATIENCE = 300  # seconds that a line may take

# How long a run took and its rate, in its summary and in JSON: they differ each time.
_TIMES = re.compile(rb"""(?<= in )[\d,.]+ s \([^()\n]+ files/s\)|(?<="seconds": )[\d.e+-]+""")


class Ended(NamedTuple):
    """How a line ended: its exit status, or None if it had to be stopped; and what it printed."""

    status: int | None
    stdout: bytes
    stderr: bytes


def transcript(lines: Iterable[str], ends: Iterable[Ended]) -> bytes:
    """Returns what a terminal would have shown, with exit statuses; stdout before stderr."""
    pairs = zip(lines, ends, strict=True)
    return b"".join(b"$ %b\n%b%b[%r]\n" % (line.encode(), end.stdout, end.stderr, end.status) for line, end in pairs)


class Shell:
    """Runs lines of shell, in several threads at once, in which `noiseaug` and `python` are of this interpreter.

    Args:
        folder: where the two commands are put; must not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopped = False
        self._under_way: set[subprocess.Popen[bytes]] = set()
        folder.mkdir()
        for name, rest in (("noiseaug", "-m noiseaug "), ("python", "")):
            program = folder / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {rest}"$@"\n')
            program.chmod(0o755)

    def run(self, lines: Iterable[str], place: Path, code: Path) -> list[Ended]:
        """Runs lines in `place`, one after the other, with the noiseaug in `code`."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NOISEAUG_")}
        environment |= {
            "PATH": f"{self._folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(code),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "100",
        }
        return [Ended(None, b"", b"") if self._stopped else self._run(line, place, environment) for line in lines]

    def _run(self, line: str, place: Path, environment: dict[str, str]) -> Ended:
        process = subprocess.Popen(
            ["sh", "-c", line],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that it can be stopped with all that it started
        )
        self._under_way.add(process)
        try:
            printed = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            _kill(process)
            printed = process.communicate()
            return Ended(None, *map(_without_times, printed))
        finally:
            self._under_way.discard(process)
        return Ended(process.returncode, *map(_without_times, printed))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the lines that are under way, after an interruption, and runs no further ones."""
        self._stopped = True
        for process in list(self._under_way):
            _kill(process)


def _without_times(printed: bytes) -> bytes:
    return _TIMES.sub(b"0", printed)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
