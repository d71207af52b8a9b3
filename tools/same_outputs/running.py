"""Runs the lines of a group in a directory, and keeps how each ended."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PATIENCE = 300  # seconds that a line may take


class Ended(NamedTuple):
    """How a line ended: its exit status, or None if it had to be stopped; and what it printed."""

    status: int | None
    stdout: bytes
    stderr: bytes


def transcript(lines: Iterable[str], ends: Iterable[Ended]) -> bytes:
    """Returns what a terminal would have shown, with exit statuses; stdout before stderr."""
    pairs = zip(lines, ends, strict=True)
    return b"".join(b"$ %b\n%b%b[%r]\n" % (line.encode(), end.stdout, end.stderr, end.status) for line, end in pairs)


def make_command(folder: Path) -> None:
    """Puts `noiseaug` and `python` into `folder`: programs that use this interpreter."""
    folder.mkdir()
    for name, rest in (("noiseaug", "-m noiseaug "), ("python", "")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {rest}"$@"\n')
        program.chmod(0o755)


def run_lines(lines: Iterable[str], place: Path, commands: Path, code: Path) -> list[Ended]:
    """Runs lines of shell in `place`, with the programs in `commands` and the noiseaug in `code`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NOISEAUG_")}
    environment |= {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(code),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
    }
    return [_run_line(line, place, environment) for line in lines]


def _run_line(line: str, place: Path, environment: dict[str, str]) -> Ended:
    process = subprocess.Popen(
        ["sh", "-c", line],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed = process.communicate()
    return Ended(process.returncode, *printed)
