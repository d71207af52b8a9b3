"""Pages that show commands with what they print, and files to save: read, and done again in a directory."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"(?:Save this as `(?P<file>[\w.]+)`:\n\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
_COMMAND = r"(?m)^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)"  # lines that end with a backslash go on
_MAY_DIFFER = (
    (r" in \S+ s \(\S+ files/s\)", " in TIME (RATE)"),
    (r"SHA-256 [0-9a-f]{64}", "SHA-256 ..."),
    (r"\b(\d[\d,.]*) bytes, SHA-256", "BYTES, SHA-256"),
    (r"(?m)^made with .*$", "made with ..."),
)
_OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # by these a make tells those below it, which then print other lines


class Step(NamedTuple):
    """One step of a page: a file to save with its content, or a command with what the page says that it prints."""

    file: str
    command: str
    text: str


def steps(page: str) -> Iterator[Step]:
    """Yields the files and the commands of a page in their order."""
    for block in _BLOCK.finditer(page):
        if block["file"]:
            yield Step(block["file"], "", block["text"])
        elif block["language"] == "console":
            for command, printed in re.findall(_COMMAND, block["text"]):
                yield Step("", command, printed)


class Reader:
    """Somebody who does what a page says, in a directory where `noiseaug` and `python` are installed."""

    def __init__(self, place: Path, programs: Path) -> None:
        self._place = place
        for name, arguments in (("noiseaug", " -m noiseaug"), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{arguments} "$@"\n')
            program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
        self._environment = kept | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C"}

    def does(self, step: Step) -> str:
        """Saves the file of a step, or runs its command, which must succeed; returns what it prints."""
        if step.file:
            (self._place / step.file).write_text(step.text)
            return step.text
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        ended = subprocess.run(
            ["/bin/sh", "-c", step.command], cwd=self._place, env=self._environment, text=True, **streams
        )
        assert ended.returncode == 0, f"{step.command}\n{ended.stdout}"
        return ended.stdout


def comparable(printed: str, place: Path) -> str:
    """Returns what was printed without what may differ from machine to machine."""
    printed = printed.replace(str(place), "/home/you/noiseaug")
    for pattern, instead in _MAY_DIFFER:
        printed = re.sub(pattern, instead, printed)
    return printed
