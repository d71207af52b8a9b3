"""Which independent readers agree with what a run makes of some files, for the tables of formats."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from differential.runs import jobs, judge


def agreeing(files: Iterable[Path], scratch: Path) -> dict[str, set[str]]:
    """Return, by the name of each file, the libraries that see in its output at `--std 0` what they see in it."""
    copies = scratch / "copies"
    for path in files:
        folder = copies / path.suffix[1:]  # two files of one stem would have one name in a lossless format
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)
    found: dict[str, set[str]] = defaultdict(set)
    for job in jobs(copies, scratch / "compared"):
        verdict = judge(job._replace(programs=False))
        if verdict.verdict in ("equal", "named"):
            found[verdict.name].add(verdict.reader)
    return found


def cell(found: dict[str, set[str]], names: Iterable[str]) -> str:
    """Return the cell of a table for files of these names."""
    return ", ".join(sorted(set().union(*(found[name] for name in names if name in found)))) or "none"
