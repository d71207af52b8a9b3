"""A run from end to end: walk, plan, map, record."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from noiseaug.companions.companion_files import CompanionFiles
from noiseaug.engines import pool
from noiseaug.engines.choice import engine_for
from noiseaug.errors import FailedFast, Misplaced, NothingToDo, Stopped, Unfit
from noiseaug.manifest.former import known_groups
from noiseaug.manifest.home import Home
from noiseaug.manifest.reading import record_of
from noiseaug.manifest.removing import remove_recorded
from noiseaug.manifest.state import State, Unrecorded
from noiseaug.pipeline.summary import Progress, Summary
from noiseaug.planning.collisions import Collisions
from noiseaug.planning.ends import Ends, locate
from noiseaug.planning.reconcile import Note, Reconciliation
from noiseaug.planning.sidecars import Sidecars
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Item, Job, Outcome, Task
from noiseaug.planning.walk import Listing, Source, Walk
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import Layout
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.request import Request
from noiseaug.settings.running import Running
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk


def run(
    source: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    recipe: Recipe,
    selection: Selection | None = None,
    running: Running | None = None,
    layout: Layout | None = None,
    companions: Companions | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Write noisy copies of SOURCE to DEST, with a manifest; what is up to date is left as it is.

    Args:
        source: a directory, or one file.
        dest: a directory, made if missing; or a file name, if `source` is a file.
        recipe: what noise is wanted.
        selection: which of the files are meant; all by default.
        running: how to go about it.
        layout: what is written besides noisy samples, and under what names.
        companions: what to write besides the outputs; `manifest.jsonl` by default.
        on_progress: called after each source, in walk order.

    Returns:
        What was done.

    Raises:
        Misplaced: if source and dest do not go together, or outputs would have names that they cannot have.
        ValueError: if the layout does not go with the recipe.
        NothingToDo: if the source holds no file to work on.
        Unfit: if one of the companions cannot be written.
        Busy: if another run is writing to dest.
        Stopped: if the run cannot go on (no space is left, say).
        FailedFast: at the first failure, with `running.fail_fast`.
        WorkerUnfit: if a worker cannot be started, or cannot do the work.
        EngineUnavailable: if Dask is not installed, or its scheduler does not answer.

    >>> run("no/such/folder", "out", Recipe.of("25/255"))
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: SOURCE no/such/folder does not exist
    """
    given = selection or Selection(), running or Running(), layout or Layout(), companions or Companions()
    return carried_out(os.fspath(source), os.fspath(dest), Request(recipe, *given), on_progress)


def carried_out(source: str, dest: str, request: Request, on_progress: Callable[[Progress], None]) -> Summary:
    """Carry out what is asked for; see `run`."""
    ends = locate(source, dest, request.selection.root)
    _refuse_parts(request, ends)
    state = Unrecorded(ends.dest_root) if ends.dest_file else State(_home(request, ends), request.command())
    try:
        state.lock()
        with contextlib.closing(_Run(request, ends, state)) as this:
            this.prepare()
            return this.go(on_progress)
    except (NothingToDo, Misplaced, Unfit):
        state.abandon()
        raise
    finally:
        state.close()


def planned(source: str, dest: str, request: Request) -> Iterator[tuple[str, str]]:
    """Yield what a run would make, as (source path, file name), in order. Nothing is written."""
    ends = locate(source, dest, request.selection.root)
    plan = Plan(request.recipe, request.layout, ends.dest_file)
    _survey(request, ends, plan)
    old = iter(()) if ends.dest_file else known_groups(_home(request, ends))
    reconciliation = Reconciliation(
        (ends.source_root, ends.dest_root), plan, request.running, old, _sidecars(request, ends)
    )
    for _, task in reconciliation.items(_walk(request.selected, ends)):
        if task:
            yield from ((task.source.path, target.file_name) for target in task.targets)


def _refuse_parts(request: Request, ends: Ends) -> None:
    """Refuse what cannot be done for a part of the sources, or where DEST is a file."""
    selection, layout = request.selection, request.layout
    if selection.shard is not None:
        if ends.source_file is not None:
            raise Misplaced(f"--shard divides a directory, and SOURCE {ends.source_file} is one file")
        if selection.limit is not None:
            raise Misplaced(
                "--limit counts sources from the first, which shards cannot; use one of --limit and --shard"
            )
        if request.companions != Companions():
            raise Misplaced(
                "a shard has a manifest of its own part: leave out --manifest, --annotations and --label-smoothing, "
                "merge, and run again with them and without --shard, which then writes nothing else"
            )
    if ends.dest_file is not None:
        if request.companions != Companions():
            raise Misplaced(f"a manifest and what goes with it need a directory as DEST; {ends.dest_file} is a file")
        several = any(len(request.recipe.strengths(kind)) > 1 for kind in request.selected.kinds)
        if several or layout.with_clean or layout.sidecars or layout.name or selection.masks:
            raise Misplaced(
                f"several outputs of one file, or names for them, need a directory as DEST; {ends.dest_file} is a file"
            )


def _home(request: Request, ends: Ends) -> Home:
    return Home(ends.dest_root, request.companions.rows, request.selection.shard)


def _walk(selection: Selection, ends: Ends) -> Listing:
    if ends.source_file is not None:
        return Listing(ends.source_root, [ends.source_file], selection)
    if selection.names is not None:
        return Listing(ends.source_root, selection.names, selection)
    return Walk(ends.source_root, selection)


def _sidecars(request: Request, ends: Ends) -> Sidecars:
    return Sidecars(ends.source_root, request.layout.sidecars, request.selection)


def _survey(request: Request, ends: Ends, plan: Plan, companions: CompanionFiles | None = None) -> None:
    """Walk over all sources before any work, if somebody needs to know all names."""
    collisions = Collisions(plan, _sidecars(request, ends))
    walk = _walk(replace(request.selected, shard=None), ends)
    if collisions.are_possible or (companions and companions.need_sources):
        for found in walk:
            if isinstance(found, Source) and collisions.are_possible:
                collisions.meet(found)
            if companions:
                companions.meet(found)
        collisions.settle(lambda: (found for found in walk if isinstance(found, Source)))
    if companions:
        companions.settle()


class _Run:
    """One run: what it needs, what is under way, and what it did so far."""

    def __init__(self, request: Request, ends: Ends, state: State) -> None:
        self._request, self._ends, self._state = request, ends, state
        self._running = replace(request.running, workers=1) if ends.dest_file else request.running
        self._plan = Plan(request.recipe, request.layout, ends.dest_file)
        self._companions = CompanionFiles(request.companions, ends, state, request.layout)
        self._sidecars = _sidecars(request, ends)
        self._under_way: dict[str, set[str]] = {}  # directories that are written to, by source
        self._summary = Summary(manifest=state.manifest_path, notes=self._companions.notes)

    def prepare(self) -> None:
        """Make sure, before any work, that all can be written."""
        self._companions.check()
        _survey(self._request, self._ends, self._plan, self._companions)
        if not self._running.overwrite_foreign:
            self._companions.refuse_foreign()

    def go(self, on_progress: Callable[[Progress], None]) -> Summary:
        """Make all that is to be made, and put the record of it in place."""
        ends, state, running = self._ends, self._state, self._running
        state.begin()
        walk = _walk(self._request.selected, ends)
        job = Job(
            *(ends.source_root, ends.dest_root, running.overwrite_foreign, self._request.layout.link),
            *(running.max_pixels, state.tag),
        )
        engine = engine_for(job, running)
        try:
            for note, outcome in pool.in_order(engine, self._items(walk), self._announce):
                on_progress(self._record(note, outcome))
            engine.close()
            self._conclude(walk)
            state.remove_temporaries(_directories(engine.lost))
            self._commit()
        except BaseException as error:
            engine.close()
            state.remove_temporaries(set().union(*self._under_way.values()))
            if isinstance(error, FailedFast):
                state.publish_failures()
            if isinstance(error, OSError):  # of the files that the run itself keeps in DEST
                reason = f"{error.strerror}; mend that and run again"
                raise Stopped(f"cannot write to {ends.dest_root}: {reason}") from None
            raise
        return self._summary

    def close(self) -> None:
        """Let go of all files."""
        self._companions.close()

    def _items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Yield what there is to do, with the labels that rows are to have."""
        state, roots = self._state, (self._ends.source_root, self._ends.dest_root)
        old, sidecars = state.recover(), self._sidecars
        reconciliation = Reconciliation(roots, self._plan, self._running, old, sidecars, state.folds_names)
        for note, task in reconciliation.items(walk):
            if task and not note.is_file:
                task = task._replace(soft_label=self._companions.soft_label(task.source.path))
            yield note, task

    def _announce(self, tasks: Sequence[Task]) -> None:
        self._under_way.update((task.source.path, _directories([task])) for task in tasks)
        self._state.announce(
            (task.source.path, name)
            for task in tasks
            for name in task.file_names
            # What is there and not ours is not going to be written, and does not become ours by being announced.
            if name in task.ours or not disk.lexists(f"{self._ends.dest_root}/{name}")
        )

    def _record(self, note: Note, outcome: Outcome | None) -> Progress:
        """Write down what came of a source."""
        if note.orphans and self._running.prune:
            removed = (remove_recorded(self._ends.dest_root, record_of(line)) for line in note.orphans.values())
            self._summary.pruned += sum(removed)
        if outcome is None and not note.failures:  # all is up to date
            self._write_rows(note, note.kept.values())
            self._summary.count(note, (), Outcome())
            return Progress(note.paths)
        outcome = outcome or Outcome(failures=note.failures)
        self._under_way.pop(note.paths[0], None)
        if outcome.stop:
            raise Stopped(outcome.stop)
        made = {row.file_name: row.line for row in outcome.rows}
        former = {**note.kept, **(note.former if outcome.unchanged else {})}
        for name in note.file_names:
            if name in made:
                (self._state.write_kept if note.is_file else self._state.manifest.write)(made[name])
            elif name in former:
                self._write_rows(note, [former[name]])
        self._state.failures.write(b"".join(outcome.failures))
        self._summary.count(note, tuple(made), outcome)
        if outcome.failures and self._running.fail_fast:
            first = json.loads(outcome.failures[0])
            raise FailedFast(f"{first['source_path']}: {first['error']}")
        return Progress(note.paths, note.size, tuple(made), outcome.failures, outcome.traceback)

    def _write_rows(self, note: Note, lines: Iterable[bytes]) -> None:
        """Write rows of earlier runs, with the labels that they are to have now."""
        if note.is_file:
            self._state.write_kept(b"".join(lines))
            return
        self._state.manifest.write(b"".join(map(self._companions.brought_up_to_date, lines)))

    def _conclude(self, walk: Listing) -> None:
        summary = self._summary
        left = walk.left
        summary.others, summary.specials, summary.links, summary.hidden = (
            left.others,
            left.specials,
            left.links,
            left.hidden,
        )
        summary.outputs, summary.remarks = list(left.outputs), walk.remarks()
        summary.notes += [note for note in (walk.warning(), self._sidecars.note()) if note]
        if not summary.sources and not summary.failed and not walk.elsewhere:
            raise NothingToDo(_nothing_in(self._ends, walk))

    def _commit(self) -> None:
        self._state.manifest.settle()
        self._companions.draft()
        self._state.commit(failed=bool(self._summary.failed), worked=bool(self._summary.written))


def _directories(tasks: Iterable[Task]) -> set[str]:
    return {os.path.dirname(name) for task in tasks for name in task.file_names}


def _nothing_in(ends: Ends, walk: Listing) -> str:
    if ends.dest_file is not None:
        return f"{ends.source_file} is neither an image nor an audio file, by its suffix, or not selected"
    left = walk.left.others + walk.left.specials
    others = [f"{left:,} other file{'s' if left > 1 else ''} there"] if left else []
    rest = f" ({'; '.join(others + walk.remarks())})" if others or walk.remarks() else ""
    return f"no image or audio files to work on in {ends.source_root}{rest}"
