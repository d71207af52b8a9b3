"""The counts of what a run did."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from noiseaug.manifest.index import Block
from noiseaug.planning.reconcile import Note
from noiseaug.planning.task import Outcome, Strength

FAILURES_SHOWN = 3
# Messages that differ in more than names and numbers are few; should one not be so, memory stays bounded all the same.
_MOST_GROUPS = 50
_OTHER_REASONS = "other reasons"
_OTHER_LABELS = "other arrays"
_BYTES = re.compile(rb'"bytes": ([0-9]+)')


@dataclass
class Summary:
    """The counts of what a run did.

    Attributes:
        manifest: the manifest's path, or "" where none is kept (one file to one file).
        sources: sources that were selected, and directories that could not be listed: the sum of the next four.
        sources_written: sources with outputs that were made, and no failure.
        sources_up_to_date: sources with nothing to do.
        sources_failed: sources with a failure.
        sources_skipped: sources that get no output (silent ones, if so asked).
        written: outputs made.
        up_to_date: outputs that were so already.
        failed: failures recorded.
        damaged: outputs made of sources of which a part is missing or corrupt.
        pruned: outputs deleted as their source is gone.
        sidecars: files written that go along with outputs.
        unlabelled: sources without any file that was to go along.
        left_over: files of earlier runs that this one was not asked for, and that stay.
        others: files of other kinds, left alone.
        specials: special files, left alone.
        links: links to directories, not followed.
        hidden: hidden files and directories, left out.
        outputs: directories of SOURCE that hold outputs of other runs, left out.
        kinds: outputs written, by kind.
        source_bytes: size of the sources of what was written.
        bytes_written: size of the outputs made.
        seconds: how long the run took.
        clipped: the mean fraction of samples that clipped, over the outputs with noise that were made; 0 if none were.
        noise_std_ratio: the std that was measured on the samples before encoding, relative to what was asked for: the
            root of the ratio of mean variances over these outputs; None if there are none.
        noise_std_ratio_decoded: likewise, of what was measured after encoding, with `--measure decoded`.
        not_kept: what could not be carried over from sources, with their format, and from how many.
        labels: arrays that were kept as labels, without noise, and in how many files.
        failures: the first failures, as in failures.jsonl.
        failure_groups: failures by reason: the `reason`, which is their message with N and NAME in place of numbers and
            names; the message itself as `error`, if all have the same; their `count`; the first paths as `examples`.
        remarks: what a person would be surprised that the run left out of SOURCE, a line each.
        notes: what of the files that go with the outputs is not as one might think.
    """

    manifest: str = ""
    sources: int = 0
    sources_written: int = 0
    sources_up_to_date: int = 0
    sources_failed: int = 0
    sources_skipped: int = 0
    written: int = 0
    up_to_date: int = 0
    failed: int = 0
    damaged: int = 0
    pruned: int = 0
    left_over: int = 0
    sidecars: int = 0
    unlabelled: int = 0
    others: int = 0
    specials: int = 0
    links: int = 0
    hidden: int = 0
    source_bytes: int = 0
    bytes_written: int = 0
    seconds: float = 0.0
    clipped: float = 0.0
    noise_std_ratio: float | None = None
    noise_std_ratio_decoded: float | None = None
    kinds: dict[str, int] = field(default_factory=dict)
    not_kept: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    failure_groups: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        return asdict(self)

    def conclude(self, strength: Strength, seconds: float) -> None:
        """Say how strong the noise of the outputs is that were made, and how long that took."""
        self.seconds = round(seconds, 3)
        if strength.outputs:
            self.clipped = round(strength.clipped / strength.outputs, 6)
        if strength.asked:
            self.noise_std_ratio = round((strength.measured / strength.asked) ** 0.5, 4)
            if strength.decoded:
                self.noise_std_ratio_decoded = round((strength.decoded / strength.asked) ** 0.5, 4)

    def count(self, note: Note, written: Collection[str], outcome: Outcome) -> None:
        """Add what came of one source."""
        current = note.kept.keys() | note.former.keys() if outcome.unchanged else note.kept.keys()
        failed = bool(outcome.failures)
        self._count_sources(len(note.paths), failed=failed, written=bool(written), current=bool(current))
        self.up_to_date += len(current)
        if written:
            self.written += len(written)
            self.kinds[note.kind] = self.kinds.get(note.kind, 0) + len(written)
            self.source_bytes += note.size
        self.bytes_written += outcome.bytes_written
        self.damaged += outcome.damaged
        self.sidecars += outcome.sidecars
        self.unlabelled += note.unlabelled
        for what, source_format in outcome.not_kept:
            lost = f"{what} ({source_format})"
            self.not_kept[lost] = self.not_kept.get(lost, 0) + 1
        for label in outcome.labels:
            name = label if label in self.labels or len(self.labels) < _MOST_GROUPS else _OTHER_LABELS
            self.labels[name] = self.labels.get(name, 0) + 1
        for failure in map(json.loads, outcome.failures):
            self.failed += 1
            group_failure(self.failure_groups, failure)
            if len(self.failures) < FAILURES_SHOWN:
                self.failures.append(failure)

    def count_settled(self, block: Block) -> None:
        """Add the sources of a block, which are up to date."""
        self._count_sources(block.sources, failed=False, written=False, current=True)
        self.up_to_date += block.outputs

    def _count_sources(self, count: int, *, failed: bool, written: bool, current: bool) -> None:
        self.sources += count
        if failed:
            self.sources_failed += count
        elif written:
            self.sources_written += count
        elif current:
            self.sources_up_to_date += count
        else:
            self.sources_skipped += count


def group_failure(groups: list[dict[str, Any]], failure: dict[str, str]) -> None:
    """Count a failure among those of the same reason; see `Summary.failure_groups`."""
    reason, error = reason_of(failure), failure["error"]
    found = next((group for group in groups if group["reason"] == reason), None)
    if found is None and len(groups) >= _MOST_GROUPS:
        reason = error = _OTHER_REASONS
        found = next((group for group in groups if group["reason"] == reason), None)
    if found is None:
        found = {"reason": reason, "error": error, "count": 0, "examples": []}
        groups.append(found)
    found["count"] += 1
    found["error"] = found["error"] if found["error"] == error else reason
    if len(found["examples"]) < FAILURES_SHOWN and failure["source_path"] not in found["examples"]:
        found["examples"].append(failure["source_path"])


def reason_of(failure: dict[str, str]) -> str:
    """Return the message of a failure without the names and numbers that tell it from others of the same reason.

    >>> reason_of({"source_path": "cats/a.png", "file_name": "", "error": "cats/a.png has 12 pixels"})
    'NAME has N pixels'
    """
    names = {failure["source_path"], failure.get("file_name") or failure["source_path"]}
    stems = "|".join(re.escape(os.path.splitext(os.path.basename(name))[0]) for name in sorted(names))
    text = re.sub(rf"[^\s:;,()']*({stems})[^\s:;,()']*\.\w+", "NAME", failure["error"])
    return re.sub(r"\d[\d,.]*(?<![,.])", "N", text)


class Progress(NamedTuple):
    """A source is dealt with, or several that were up to date: their paths, the size of the one in bytes, the outputs
    written, lines of failures.jsonl, and the traceback of an exception that nobody expected."""

    source_paths: tuple[str, ...]
    size: int = 0
    written: tuple[str, ...] = ()
    failures: tuple[bytes, ...] = ()
    traceback: str | None = None
