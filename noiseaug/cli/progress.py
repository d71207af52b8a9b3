"""Progress on stderr while a command is at work: a bar if that is a terminal, and else a line now and then."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

import click

from noiseaug.cli.pace import Pace
from noiseaug.cli.wording import describe, printable
from noiseaug.pipeline.summary import Progress
from noiseaug.planning.walk import Source, Walk
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk

SECONDS_BETWEEN_LINES = 30
_COUNTING = "{n_fmt} files [{elapsed}{postfix}]"
_COUNTED = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Bar:
    """Progress on stderr, unless `quiet` is set: a bar on a terminal that can draw one, or a line each 30 s."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar: Any = None
        self._quiet = quiet or sys.stderr is None  # a standard stream may have been closed before the start
        self._pace = Pace(time.monotonic())
        self._said = time.monotonic()
        if not self._quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm  # not for runs in scripts

            self._bar = tqdm(bar_format=_COUNTING, unit=" files", dynamic_ncols=True, file=sys.stderr)

    def advance(self, files: int) -> None:
        """Count files that are dealt with."""
        self._pace.done += files
        self._show(files)

    def say(self, line: str) -> None:
        """Print a line on stderr, above the bar."""
        if self._bar is None:
            click.echo(line, err=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def _show(self, files: int) -> None:
        now = time.monotonic()
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(self._pace.parts(now)), refresh=False)
            self._bar.update(files)
        elif not self._quiet and now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            self._find_total()
            click.echo(f"noiseaug: {self._pace.line(now)}", err=True)

    def _find_total(self) -> None:
        """Find out in the background how much there is, where that can be found out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()


class RunBar(Bar):
    """The progress of a run: with its rate and its failures, and a line for each file if `verbose`."""

    def __init__(self, source: str, selection: Selection, *, quiet: bool, verbose: bool) -> None:
        super().__init__(quiet=quiet)
        self._verbose = verbose
        self._walk, self._counting = (source, selection), False
        if self._bar is not None:
            self._find_total()

    def _find_total(self) -> None:
        """Count the files and their bytes, once, beside the run: for the time that is left."""
        source, _ = self._walk
        if not self._counting and disk.is_directory(source):
            self._counting = True
            threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        files = size = 0
        with contextlib.suppress(Exception):  # the run meets the same, and says so
            for found in Walk(*self._walk):
                if isinstance(found, Source):
                    files, size = files + 1, size + found.size
            self._pace.files, self._pace.size = files, size
            if self._bar is not None and files:
                self._bar.total, self._bar.bar_format = files, _COUNTED

    def note(self, text: str) -> None:
        """Say something that the user would not expect, unless less is to be printed."""
        if not self._quiet:
            self.say(f"noiseaug: {printable(text)}")

    def record(self, progress: Progress) -> None:
        """Show that sources are dealt with."""
        if self._verbose:
            self._name_files(progress)
        worked = bool(progress.written or progress.failures)
        self._pace.add(progress.size if worked else None, len(progress.failures), time.monotonic())
        self.advance(len(progress.source_paths))

    def _name_files(self, progress: Progress) -> None:
        for name in progress.written:
            self.say(printable(name))
        for failure in progress.failures:
            self.say(f"failed: {describe(json.loads(failure))}")
        if progress.traceback:
            self.say(progress.traceback)
