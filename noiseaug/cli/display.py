"""What a run shows: a progress bar on a terminal, names with -v, and the summary."""

from __future__ import annotations

import json
import os
import sys
import threading
from types import TracebackType
from typing import Any, Self, TextIO

import click

from noiseaug.pipeline.summary import FAILURES_SHOWN, Progress, Summary
from noiseaug.planning.walk import Source, Walk
from noiseaug.settings.selection import Selection


class Display:
    """The progress of a run on stderr: a bar where that is a terminal, a line for each file with -v."""

    def __init__(self, source: str, selection: Selection, *, quiet: bool, verbose: bool) -> None:
        self._verbose = verbose
        self._bar: Any = None
        self._failed = self._bytes = 0
        if is_terminal(sys.stderr) and not quiet:
            from tqdm import tqdm  # not for runs in scripts

            self._bar = tqdm(unit=" files", dynamic_ncols=True, smoothing=0.05, file=sys.stderr)
            threading.Thread(target=self._count, args=(source, selection), daemon=True).start()

    def _count(self, source: str, selection: Selection) -> None:
        """Finds out how many files there are, beside the run, for the time that is left."""
        if os.path.isdir(source):
            total = sum(isinstance(found, Source) for found in Walk(source, selection))
            if self._bar is not None:
                self._bar.total = total

    def advance(self, progress: Progress) -> None:
        """One or several sources are dealt with."""
        self._failed += len(progress.failures)
        self._bytes += progress.size if progress.written else 0
        if self._verbose:
            self._tell(progress)
        if self._bar is not None:
            seconds = self._bar.format_dict["elapsed"] or 1
            rate = f"{self._bytes / seconds / 1e6:.1f} MB/s"
            self._bar.set_postfix_str(f"{rate}, {self._failed} failed" if self._failed else rate, refresh=False)
            self._bar.update(len(progress.source_paths))

    def _tell(self, progress: Progress) -> None:
        lines = [f"{printable(name)}" for name in progress.written]
        lines += [f"failed: {describe(json.loads(failure))}" for failure in progress.failures]
        lines += [progress.traceback] if progress.traceback else []
        for line in lines:
            if self._bar is None:
                click.echo(line, err=True)
            else:
                self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is one; it may have been closed before the start."""
    return stream is not None and stream.isatty()


def show_summary(summary: Summary, dest: str) -> None:
    """Prints what a run did."""
    failed = summary.failed
    if not summary.written and not failed and not summary.pruned:
        click.echo(f"nothing to do, {summary.up_to_date:,} up to date" + _rest(summary))
        return
    parts = [f"{summary.written:,} {_plural(summary.written, 'file')} written to {printable(dest)}"]
    if summary.written:
        parts[0] += f" ({', '.join(f'{count:,} {kind}' for kind, count in sorted(summary.kinds.items()))})"
    if summary.up_to_date:
        parts.append(f"{summary.up_to_date:,} up to date")
    if summary.pruned:
        parts.append(f"{summary.pruned:,} deleted as their source is gone")
    click.echo(", ".join(parts) + _rest(summary))
    for what, count in summary.not_kept.items():
        click.echo(f"not kept from {count:,} {_plural(count, 'file')}: {what}")
    if failed:
        click.echo(f"{failed:,} failed:", err=True)
        for failure in summary.failures[:FAILURES_SHOWN]:
            click.echo(f"  {describe(failure)}", err=True)
        if summary.manifest:
            listing = os.path.join(os.path.dirname(summary.manifest), "failures.jsonl")
            click.echo(f"  all are listed in {printable(listing)}; the same command tries them again", err=True)
    if summary.manifest:
        click.echo(f"manifest: {printable(summary.manifest)}")


def _rest(summary: Summary) -> str:
    others = f", {summary.others:,} other {_plural(summary.others, 'file')} left alone" if summary.others else ""
    specials = summary.specials
    return others + (f", {specials:,} special {_plural(specials, 'file')} skipped" if specials else "")


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"


def describe(failure: dict[str, str]) -> str:
    """A failure on one line.

    >>> describe({"source_path": "a.png", "error": "is empty; expected an image"})
    'a.png: is empty; expected an image'
    """
    return printable(f"{failure['source_path']}: {failure['error']}")


def printable(text: str) -> str:
    r"""`text` such that any terminal can show it on one line.

    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
