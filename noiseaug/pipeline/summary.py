"""The counts of what a run did."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from noiseaug.planning.reconcile import Note
from noiseaug.planning.task import Outcome

FAILURES_SHOWN = 3


@dataclass
class Summary:
    """The counts of what a run did.

    Attributes:
        manifest: the manifest's path, or "" where none is kept (one file to one file).
        sources: sources that were selected.
        written: outputs made.
        up_to_date: outputs that were so already.
        failed: failures recorded.
        pruned: outputs deleted as their source is gone.
        others: files of other kinds, left alone.
        specials: special files, left alone.
        links: links to directories, not followed.
        hidden: hidden files and directories, left out.
        outputs: directories of SOURCE that hold outputs of other runs, left out.
        kinds: outputs written, by kind.
        source_bytes: size of the sources of what was written.
        not_kept: what could not be carried over from sources, with their format, and from how many.
        failures: the first failures, as in failures.jsonl.
        remarks: what a person would be surprised that the run left out of SOURCE, a line each.
        notes: what of the files that go with the outputs is not as one might think.
    """

    manifest: str = ""
    sources: int = 0
    written: int = 0
    up_to_date: int = 0
    failed: int = 0
    pruned: int = 0
    others: int = 0
    specials: int = 0
    links: int = 0
    hidden: int = 0
    source_bytes: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    not_kept: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        return asdict(self)

    def count(self, note: Note, written: Collection[str], outcome: Outcome) -> None:
        """Add what came of one source."""
        failures = outcome.failures
        self.sources += len(note.paths) if not note.failures else 0
        self.up_to_date += (len(note.file_names) or len(note.kept)) - len(written) if not failures else 0
        if written:
            self.written += len(written)
            self.kinds[note.kind] = self.kinds.get(note.kind, 0) + len(written)
            self.source_bytes += note.size
        for what, source_format in outcome.not_kept:
            lost = f"{what} ({source_format})"
            self.not_kept[lost] = self.not_kept.get(lost, 0) + 1
        if failures:
            self.failed += len(failures)
            self.failures.extend(json.loads(line) for line in failures[: FAILURES_SHOWN - len(self.failures)])


class Progress(NamedTuple):
    """A source is dealt with, or several that were up to date: their paths, the size of the one in bytes, the outputs
    written, lines of failures.jsonl, and the traceback of an exception that nobody expected."""

    source_paths: tuple[str, ...]
    size: int = 0
    written: tuple[str, ...] = ()
    failures: tuple[bytes, ...] = ()
    traceback: str | None = None
