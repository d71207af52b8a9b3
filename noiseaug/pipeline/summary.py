"""The counts of what a run did."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from noiseaug.planning.reconcile import Note
from noiseaug.planning.task import Outcome

FAILURES_SHOWN = 3
# Messages that differ in more than names and numbers are few; should one not be so, memory stays bounded all the same.
_MOST_GROUPS = 50
_OTHER_REASONS = "other reasons"
_MUCH_CLIPPED, _OFF = 0.05, 0.1
_FEW = 1000  # samples, whose standard deviation may be off by chance: a tenth is 4.5 times what is usual of 1000
# What a row of noise says of its strength. To read all of each row would cost a run ten times as much.
_STRENGTH = re.compile(
    rb'"role": "noisy", .*?"std": ([0-9.e-]+), .*?"noise_std": ([0-9.e-]+), (?:"noise_std_decoded": ([0-9.e-]+), )?'
    rb'.*?"clipped": ([0-9.e-]+), '
)


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
        clipped_much: outputs made of which more than 5 % of the samples were limited, so that their noise is weaker.
        most_clipped: the greatest fraction of samples that were limited in one of these.
        off: other outputs made whose noise is more than 10 % stronger or weaker than was asked for, as measured on at
            least 1000 samples.
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
        not_kept: what could not be carried over from sources, with their format, and from how many.
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
    clipped_much: int = 0
    most_clipped: float = 0.0
    off: int = 0
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
    kinds: dict[str, int] = field(default_factory=dict)
    not_kept: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    failure_groups: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        return asdict(self)

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
        for _, line in outcome.rows:
            self._count_strength(line)
        self.bytes_written += outcome.bytes_written
        self.damaged += outcome.damaged
        self.sidecars += outcome.sidecars
        self.unlabelled += note.unlabelled
        for what, source_format in outcome.not_kept:
            lost = f"{what} ({source_format})"
            self.not_kept[lost] = self.not_kept.get(lost, 0) + 1
        for failure in map(json.loads, outcome.failures):
            self.failed += 1
            group_failure(self.failure_groups, failure)
            if len(self.failures) < FAILURES_SHOWN:
                self.failures.append(failure)

    def _count_strength(self, line: bytes) -> None:
        """Count an output whose noise is not as strong as was asked for."""
        found = _STRENGTH.search(line)
        if not found:
            return
        std, measured, clipped = float(found[1]), float(found[3] or found[2]), float(found[4])
        if clipped > _MUCH_CLIPPED:
            self.clipped_much += 1
            self.most_clipped = max(self.most_clipped, clipped)
        elif std and abs(measured - std) > _OFF * std:
            row = json.loads(line)
            sizes = [row[key] for key in ("width", "height", "num_samples", "channels") if row.get(key)]
            self.off += not sizes or math.prod(sizes) >= _FEW

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
