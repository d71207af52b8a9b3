"""What happens in a run as JSON lines, for other programs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import IO, Any

import click

from noiseaug.pipeline.summary import Progress, Summary

STDOUT = "-"


@contextlib.contextmanager
def events_to(path: str | None) -> Iterator[Events]:
    """Yield a stream of events to a file, to stdout (`-`), or to nowhere (None)."""
    file = open(path, "w", encoding="utf-8") if path not in (None, STDOUT) else None  # noqa: SIM115, closed below
    try:
        yield Events(file, wanted=path is not None)
    finally:
        if file:
            with contextlib.suppress(OSError):  # each line was flushed, and what failed then was said
                file.close()


class Events:
    """A stream of JSON objects, a line each, with the kind of each under `event`.

    - `started`, with `source`, `dest` and `seed`;
    - for each source, in walk order: `done`, with its `source_path` and the outputs that were `written` (none if all
      was up to date), or `failed`, with `source_path`, `file_name` where one output failed, and `error`;
    - `finished`, with the summary that `--json` prints.

    A stream that ends without `finished` is of a run that could not go on. Nobody needs to read on: a reader that goes
    away does not end the run.
    """

    def __init__(self, file: IO[str] | None, *, wanted: bool) -> None:
        self._file, self._wanted = file, wanted

    def started(self, source: str, dest: str, seed: int) -> None:
        """Say what the run is."""
        self._write("started", {"source": source, "dest": dest, "seed": seed})

    def record(self, progress: Progress) -> None:
        """Say that sources are dealt with."""
        if not self._wanted:
            return
        failed = [json.loads(line) for line in progress.failures]
        for failure in failed:
            self._write("failed", failure)
        if progress.written or not failed:
            for path in progress.source_paths:
                self._write("done", {"source_path": path, "written": list(progress.written)})

    def finished(self, summary: Summary, seed: int) -> None:
        """Say what the run did."""
        self._write("finished", summary.as_dict() | {"seed": seed})

    def _write(self, event: str, facts: dict[str, Any]) -> None:
        if self._wanted:
            try:
                click.echo(json.dumps({"event": event} | facts), file=self._file)  # which flushes it
            except BrokenPipeError:
                pass
            except OSError as error:
                raise OSError(error.errno, error.strerror, self._file.name if self._file else "stdout") from None
