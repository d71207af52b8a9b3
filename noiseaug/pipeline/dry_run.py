"""A run that is only looked at: for each output, whether it would be made, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.manifest.former import NamesWritten, known_groups
from noiseaug.manifest.reading import read_entries, record_of
from noiseaug.pipeline.preparing import as_meant, home_of, sidecars_of, survey, walk_of
from noiseaug.planning.ends import locate
from noiseaug.planning.reconcile import Note, Reconciliation
from noiseaug.planning.settled import FormerRows
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Task
from noiseaug.settings.request import Request
from noiseaug.storage import disk


class Planned(NamedTuple):
    """What a run would do with one output.

    Attributes:
        file_name: the output, relative to DEST; empty where a source cannot be worked on at all.
        source_path: its source, relative to SOURCE.
        state: `new`, `outdated`, `failed before` (all of which are made), `up to date`, `left over`, `pruned` or
            `failed`.
        reason: why it is outdated, or why it fails.
    """

    file_name: str
    source_path: str
    state: str
    reason: str = ""


def planned(source: str, dest: str, request: Request) -> Iterator[Planned]:
    """Yield what a run would do with each output, in the order of the run. Nothing is written."""
    ends = locate(source, dest, request.selection.root)
    request = as_meant(request, ends)
    plan = Plan(request.recipe, request.layout, ends.dest_file)
    survey(request, ends, plan)
    home = home_of(request, ends)
    old = iter(()) if ends.dest_file else known_groups(home)
    written = NamesWritten(lambda: known_groups(home))
    failed = {entry.record["source_path"] for entry in read_entries(home.failures) if entry.record}
    roots, sidecars = (ends.source_root, ends.dest_root), sidecars_of(request, ends)
    reconciliation = Reconciliation(roots, plan, request.running, FormerRows(old), sidecars, written)
    for note, task in reconciliation.items(walk_of(request.selected, ends)):
        yield from _outputs(note, task, failed)
        gone = "pruned" if request.running.prune else "left over"
        for rows, state in ((note.left_over, "left over"), (note.orphans, gone)):
            for name, line in rows.items():
                if disk.lexists(f"{ends.dest_root}/{name}"):
                    yield Planned(name, record_of(line)["source_path"], state)


def _outputs(note: Note, task: Task | None, failed: set[str]) -> Iterator[Planned]:
    for name, line in note.kept.items():
        yield Planned(name, record_of(line)["source_path"], "up to date")
    for line in note.failures:
        record = record_of(line)
        yield Planned("", record["source_path"], "failed", record["error"])
    for target in task.targets if task else ():
        path, why = note.paths[0], note.why.get(target.file_name)
        state = "outdated" if why else "failed before" if path in failed else "new"
        yield Planned(target.file_name, path, state, why or "")
