"""A run from end to end: walk, plan, map, record."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Unpack

from noiseaug.companions.companion_files import CompanionFiles
from noiseaug.engines import pool
from noiseaug.engines.choice import engine_for
from noiseaug.errors import FailedFast, Misplaced, NothingToDo, Stopped, Unfit
from noiseaug.kinds import FILE
from noiseaug.manifest.index import read_index
from noiseaug.manifest.records import pending_line
from noiseaug.manifest.state import State, Unrecorded
from noiseaug.pipeline.left_over import LeftOver
from noiseaug.pipeline.preparing import (
    as_meant,
    home_of,
    index_key,
    nothing_in,
    refuse_parts,
    sidecars_of,
    survey,
    walk_of,
)
from noiseaug.pipeline.rows_written import RowsWritten
from noiseaug.pipeline.summary import Progress, Summary
from noiseaug.planning.changes import changes
from noiseaug.planning.ends import Ends, locate
from noiseaug.planning.reconcile import Note, Reconciliation
from noiseaug.planning.settled import FormerRows, SettledSources
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Item, Job, Outcome, Strength, Task
from noiseaug.planning.walk import Listing
from noiseaug.settings.checks import path_of
from noiseaug.settings.companions import Companions
from noiseaug.settings.keywords import RunKeywords, request_of
from noiseaug.settings.layout import Layout
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.request import Request
from noiseaug.settings.running import Running
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk


def run(
    source: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    recipe: Recipe | None = None,
    selection: Selection | None = None,
    running: Running | None = None,
    layout: Layout | None = None,
    companions: Companions | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    **keywords: Unpack[RunKeywords],
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
        keywords: those of `Recipe.of` and the attributes of the other classes, given directly in place of objects:
            `run("photos", "noisy", std="25/255", seed=7, include="*.png", workers=2)`.

    Returns:
        What was done.

    Raises:
        Misplaced: if source and dest do not go together, or outputs would have names that they cannot have.
        TypeError: if there is no such keyword, or a value is of another type; the message says what is expected.
        ValueError: where a value is outside its domain, or the layout does not go with the recipe.
        NothingToDo: if the source holds no file to work on.
        Unfit: if one of the companions cannot be written.
        Busy: if another run is writing to dest.
        Stopped: if the run cannot go on (no space is left, say).
        FailedFast: at the first failure, with `running.fail_fast`.
        WorkerUnfit: if a worker cannot be started, or cannot do the work.
        EngineUnavailable: if Dask is not installed, or its scheduler does not answer.

    >>> run("no/such/folder", "out", std="25/255", seed=7)
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: SOURCE no/such/folder does not exist
    """
    given = {Recipe: recipe, Selection: selection, Running: running, Layout: layout, Companions: companions}
    request = request_of("run", given, keywords)
    return carried_out(path_of("source", source), path_of("dest", dest), request, on_progress)


def carried_out(
    source: str,
    dest: str,
    request: Request,
    on_progress: Callable[[Progress], None],
    on_note: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Carry out what is asked for; see `run`. `on_note` is told, before any work, what is not as one might think."""
    ends = locate(source, dest, request.selection.root)
    request = as_meant(request, ends)
    refuse_parts(request, ends)
    state = Unrecorded(ends.dest_root) if ends.dest_file else State(home_of(request, ends), request.command())
    try:
        state.lock()
        with contextlib.closing(_Run(request, ends, state)) as this:
            this.prepare(on_note)
            return this.go(on_progress)
    except (NothingToDo, Misplaced, Unfit):
        state.abandon()
        raise
    finally:
        state.close()


class _Run:
    """One run: what it needs, what is under way, and what it did so far."""

    def __init__(self, request: Request, ends: Ends, state: State) -> None:
        self._request, self._ends, self._state = request, ends, state
        self._running = replace(request.running, workers=1) if ends.dest_file else request.running
        self._plan = Plan(request.recipe, request.layout, ends.dest_file)
        self._companions = CompanionFiles(request.companions, ends, state, request.layout)
        self._sidecars = sidecars_of(request, ends)
        self._on_note: Callable[[str], None] = lambda _: None
        self._under_way: dict[str, Task] = {}  # by source
        self._left_over = LeftOver(state, prune=self._running.prune)
        self._summary, self._strength = Summary(manifest=state.manifest_path), Strength()
        self._index_key = index_key(request, ends)
        self._rows = RowsWritten(state, self._companions, self._index_key)
        self._settled: SettledSources | None = None

    def prepare(self, on_note: Callable[[str], None]) -> None:
        """Make sure, before any work, that all can be written; say what is not as one might think."""
        self._companions.check()
        survey(self._request, self._ends, self._plan, self._companions)
        if not self._running.overwrite:
            self._companions.refuse_foreign()
        self._on_note = on_note
        self._tell(*self._companions.notes, *changes(self._state.last(), self._plan, self._ends.source_root))

    def go(self, on_progress: Callable[[Progress], None]) -> Summary:
        """Make all that is to be made, and put the record of it in place."""
        ends, state, running, began = self._ends, self._state, self._running, time.monotonic()
        state.begin()
        told = len(self._companions.notes)
        for line in self._companions.left_over():
            self._left_over.list(line)
        self._tell(*self._companions.notes[told:])
        walk = walk_of(self._request.selected, ends)
        job = Job(
            ends.source_root,
            ends.dest_root,
            overwrite=running.overwrite,
            link=self._request.layout.link,
            max_pixels=running.max_pixels,
            accept_damaged=running.accept_damaged,
            tag=state.tag,
            manifest=self._request.companions.manifest,
            recorded=ends.dest_file is None,
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
            state.remove_temporaries(_directories(self._under_way.values()))
            if isinstance(error, FailedFast):
                state.publish_failures()
            if isinstance(error, OSError):  # of the files that the run itself keeps in DEST
                reason = f"{error.strerror}; mend that and run again"
                raise Stopped(f"cannot write to {ends.dest_root}: {reason}") from None
            raise
        self._summary.conclude(self._strength, time.monotonic() - began)
        return self._summary

    def _tell(self, *notes: str) -> None:
        """Tell the user what is not as one might think."""
        for note in notes:
            self._summary.notes.append(note)
            self._on_note(note)

    def close(self) -> None:
        """Let go of all files."""
        self._companions.close()
        if self._settled:
            self._settled.close()

    def _items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Yield what there is to do, with the labels that rows are to have."""
        state, roots = self._state, (self._ends.source_root, self._ends.dest_root)
        running, written = self._running, state.names_written()
        manifest = ""
        if self._index_key and state.are_rows_in_manifest and not (running.force or running.checksum):
            manifest, blocks = state.home.manifest, read_index(state.home.index_path)
            self._settled = SettledSources(roots, self._plan, self._index_key, blocks, manifest)
        old = FormerRows(state.recover(), manifest)
        reconciliation = Reconciliation(
            roots, self._plan, running, old, self._sidecars, written, state.folds_names, self._settled
        )
        for note, task in reconciliation.items(walk):
            if task and task.source.kind != FILE and (label := self._companions.soft_label(task.source.path)):
                task = task._replace(soft_label=label)
            yield note, task

    def _announce(self, tasks: Sequence[Task]) -> None:
        self._under_way.update((task.source.path, task) for task in tasks)
        self._state.announce(
            pending_line(task.source.path, name, taken=name in task.taken)
            for task in tasks
            for name in task.file_names
            # What is there and not ours is not going to be written, and does not become ours by being announced.
            if name in task.ours or name in task.taken or not disk.lexists(f"{self._ends.dest_root}/{name}")
        )

    def _record(self, note: Note, outcome: Outcome | None) -> Progress:
        """Write down what came of a source."""
        self._left_over.add(note)
        if note.settled:
            self._rows.of_settled(note.settled)
            self._summary.count_settled(note.settled.block)
            return Progress(note.paths)
        if outcome is None and not note.failures:  # all is up to date
            self._rows.of_former(note.kept.values(), settled=bool(note.paths))
            self._summary.count(note, (), Outcome())
            return Progress(note.paths)
        outcome = outcome or Outcome(failures=note.failures)
        self._under_way.pop(note.paths[0], None)
        if outcome.stop:
            raise Stopped(outcome.stop)
        made, labelled = dict(outcome.rows), dict(outcome.labelled)
        former = {**note.kept, **note.former} if outcome.unchanged else note.kept
        settled = not outcome.failures and all(name in made or name in former for name in note.file_names)
        if not settled:
            self._rows.end_block()
        for name in note.file_names:
            if name in made:
                self._rows.of_new(made[name], settled=settled)
            elif name in labelled:
                self._rows.of_former([labelled[name]], settled=False)
            elif name in former:
                self._rows.of_former([former[name]], settled=settled)
        self._state.failures.write(b"".join(outcome.failures))
        self._summary.count(note, tuple(made), outcome)
        self._strength = self._strength.plus(outcome.strength) if outcome.strength.outputs else self._strength
        self._tell(*outcome.notes)
        if outcome.failures and self._running.fail_fast:
            first = json.loads(outcome.failures[0])
            raise FailedFast(f"{first['source_path']}: {first['error']}")
        return Progress(note.paths, note.size, tuple(made), outcome.failures, outcome.traceback)

    def _conclude(self, walk: Listing) -> None:
        summary, left = self._summary, walk.left
        summary.others, summary.specials = left.others, left.specials
        summary.links, summary.hidden = left.links, left.hidden
        summary.outputs, summary.remarks = list(left.outputs), walk.remarks()
        self._tell(*(note for note in (walk.mask_folders.warning(), self._sidecars.note()) if note))
        if not summary.sources and not summary.failed and not walk.elsewhere:
            raise NothingToDo(nothing_in(self._request, self._ends, walk))

    def _commit(self) -> None:
        state, left, summary = self._state, self._left_over, self._summary
        state.manifest.settle()
        left.settle(worked=bool(summary.written or summary.sidecars))
        summary.left_over, summary.pruned = left.count, left.pruned
        self._companions.draft()
        state.commit(worked=bool(summary.written), index=self._rows.index)


def _directories(tasks: Iterable[Task]) -> set[str]:
    return {os.path.dirname(name) for task in tasks for name in task.file_names}
