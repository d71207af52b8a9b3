"""The lists beside the manifest: what failed, by cause, what is left over, and files that were kept as they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from noiseaug.manifest.reading import read_entries
from noiseaug.manifest.untrusted import read_kept
from noiseaug.pipeline.summary import group_failure
from noiseaug.reports.rows import number, shortened, text
from noiseaug.storage.paths import FAILURES, KEPT, LEFTOVERS

_EXAMPLES = 5
_LONGEST = 500  # characters of a message or a name; to group longer ones by reason takes seconds each


@dataclass(frozen=True)
class Failed:
    """What failed: how much, and groups of one reason as in `Summary.failure_groups`, the largest first."""

    count: int
    groups: list[dict[str, Any]]


@dataclass(frozen=True)
class Listed:
    """What a list names: how many files, of how many bytes, and the first of them."""

    count: int
    bytes: int
    examples: list[str]


def failed(dest: str, on_progress: Callable[[int], None]) -> Failed:
    """Return what failed in the last run over DEST."""
    groups: list[dict[str, Any]] = []
    count = 0
    for entry in read_entries(os.path.join(dest, FAILURES)):
        record = entry.record or {"source_path": f"{FAILURES} line {entry.number}", "error": entry.problem}
        failure = {key: shortened(text(record, key), _LONGEST) for key in ("source_path", "file_name", "error")}
        group_failure(groups, failure)
        count += 1
        on_progress(1)
    return Failed(count, sorted(groups, key=lambda group: -int(group["count"])))


def left_over(dest: str) -> Listed:
    """Return what earlier runs wrote to DEST and the last one was not asked for."""
    rows = (entry.record for entry in read_entries(os.path.join(dest, LEFTOVERS)) if entry.record)
    return _listed((row["file_name"], number(row, "bytes")) for row in rows)


def kept(dest: str) -> Listed:
    """Return the files in DEST that were kept as they are and get no noise."""
    rows = (entry.record for entry in read_kept(os.path.join(dest, KEPT)) if entry.record)
    return _listed((row["file_name"], number(row, "bytes")) for row in rows)


def _listed(rows: Iterable[tuple[str, float | None]]) -> Listed:
    count = size = 0
    examples: list[str] = []
    for name, found in rows:
        count += 1
        size += int(found or 0)
        if len(examples) < _EXAMPLES:
            examples.append(name)
    return Listed(count, size, examples)
