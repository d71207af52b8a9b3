"""Progress on stderr while a command is at work: a bar if that is a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from types import TracebackType
from typing import Any, Self

import click

from noiseaug.cli.wording import describe, printable
from noiseaug.pipeline.summary import Progress
from noiseaug.planning.walk import Source, Walk
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk


class Bar:
    """A progress bar on stderr, if that is a terminal that can draw one and `quiet` is not set."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar: Any = None
        # A standard stream may have been closed before the start.
        if not quiet and sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm  # not for runs in scripts

            self._bar = tqdm(unit=" files", dynamic_ncols=True, smoothing=0.05, file=sys.stderr)

    def advance(self, files: int) -> None:
        """Count files that are dealt with."""
        if self._bar is not None:
            self._bar.update(files)

    def say(self, line: str) -> None:
        """Print a line on stderr, above the bar."""
        if self._bar is None:
            click.echo(line, err=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()


class RunBar(Bar):
    """The progress of a run: with its rate and its failures, and a line for each file if `verbose`."""

    def __init__(self, source: str, selection: Selection, *, quiet: bool, verbose: bool) -> None:
        super().__init__(quiet=quiet)
        self._verbose, self._quiet = verbose, quiet
        self._failed = self._bytes = 0
        if self._bar is not None and disk.is_directory(source):
            threading.Thread(target=self._count, args=(source, selection), daemon=True).start()

    def _count(self, source: str, selection: Selection) -> None:
        """Find out how many files there are, beside the run, for the time that is left."""
        with contextlib.suppress(Exception):  # the run meets the same, and says so
            self._bar.total = sum(isinstance(found, Source) for found in Walk(source, selection))

    def note(self, text: str) -> None:
        """Say something that the user would not expect, unless less is to be printed."""
        if not self._quiet:
            self.say(f"noiseaug: {printable(text)}")

    def record(self, progress: Progress) -> None:
        """Show that sources are dealt with."""
        if self._verbose:
            self._name_files(progress)
        if self._bar is not None:
            self._failed += len(progress.failures)
            self._bytes += progress.size if progress.written else 0
            seconds = self._bar.format_dict["elapsed"] or 1
            rate = f"{self._bytes / seconds / 1e6:.1f} MB/s"
            self._bar.set_postfix_str(f"{rate}, {self._failed} failed" if self._failed else rate, refresh=False)
        self.advance(len(progress.source_paths))

    def _name_files(self, progress: Progress) -> None:
        for name in progress.written:
            self.say(printable(name))
        for failure in progress.failures:
            self.say(f"failed: {describe(json.loads(failure))}")
        if progress.traceback:
            self.say(progress.traceback)
