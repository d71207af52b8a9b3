"""A run from end to end: walk, plan, map, record."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from noiseaug.companions.companion_files import Finishing
from noiseaug.engines import pool
from noiseaug.engines.choice import engine_for
from noiseaug.errors import FailedFast, Misplaced, NothingToDo, Stopped, Unfit
from noiseaug.manifest.state import State
from noiseaug.pipeline.summary import Progress, Summary
from noiseaug.planning import sidecars
from noiseaug.planning.ends import Place, locate
from noiseaug.planning.reconcile import Reconciliation
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Job, Note, Outcome, Task
from noiseaug.planning.walk import Listing, Source, Walk
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import Layout
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.running import Running
from noiseaug.settings.selection import Selection
from noiseaug.storage.output_file import remove_temporaries


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
    """Writes noisy copies of SOURCE to DEST, with a manifest; what is up to date is left as it is.

    Args:
        source: a directory, or one file.
        dest: a directory, made if missing; or a file name, if `source` is a file.
        recipe: what noise is wanted.
        selection: which of the files are meant; all by default.
        running: how to go about it.
        layout: what is written besides noisy samples, and under what names.
        companions: what to write besides the outputs; `manifest.jsonl` by default.
        on_progress: called after each source, in walk order.

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
    selection, running, companions = selection or Selection(), running or Running(), companions or Companions()
    plan = Plan(recipe, layout or Layout())
    companions.check_seed(recipe.seed)
    place = locate(os.fspath(source), os.fspath(dest), selection.root)
    _refuse_parts(place, selection, companions)
    job = Job(place.source_root, place.dest_root, running.overwrite_foreign, plan.layout.link, running.max_pixels)
    if place.source_file is not None and place.dest_file is not None:
        found = next(iter(_walk(place, selection, recipe)), None)
        if not isinstance(found, Source):
            name = place.source_file
            raise NothingToDo(f"{name} is neither an image nor an audio file, by its suffix, or not selected")
        if companions != Companions():
            raise Misplaced(f"a manifest and what goes with it need a directory as DEST; {place.dest_file} is a file")
        return _run_file(job, found, place.dest_file, plan, running, on_progress)
    existed = os.path.isdir(place.dest_root)
    os.makedirs(place.dest_root, exist_ok=True)
    state = State(
        place.dest_root, companions.rows, selection.shard, _command(plan, selection) if selection.shard else b""
    )
    job = replace(job, tag=state.tag)
    finishing = Finishing(companions, place, state)
    try:
        state.lock()
        walk, whole = _walk(place, selection, recipe), _walk(place, replace(selection, shard=None), recipe)
        _refuse_unusable(whole, plan, place.source_root)
        finishing.prepare(walk, overwrite_foreign=running.overwrite_foreign)
        state.adopt()
        return _Run(job, plan, running, state, finishing).go(walk, on_progress)
    except (NothingToDo, Misplaced, Unfit):
        state.abandon()
        if not existed:
            with contextlib.suppress(OSError):  # another shard may be at work there
                os.rmdir(place.dest_root)
        raise
    finally:
        finishing.close()
        state.close()


def planned(
    source: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    recipe: Recipe,
    selection: Selection | None = None,
    running: Running | None = None,
    layout: Layout | None = None,
    companions: Companions | None = None,
) -> Iterator[tuple[str, str]]:
    """What `run` with the same arguments would make, as (source path, file name), in order. Nothing is written."""
    selection, running = selection or Selection(), running or Running()
    plan = Plan(recipe, layout or Layout())
    place = locate(os.fspath(source), os.fspath(dest), selection.root)
    walk = _walk(place, selection, recipe)
    _refuse_unusable(_walk(place, replace(selection, shard=None), recipe), plan, place.source_root)
    if place.dest_file is not None:
        yield from ((found.path, place.dest_file) for found in walk if isinstance(found, Source))
        return
    job = Job(place.source_root, place.dest_root)
    old = State(place.dest_root, (companions or Companions()).rows, selection.shard).old_groups()
    reconciliation = Reconciliation(job, plan, replace(running, prune=False), old, lambda: False)
    for _, task in reconciliation.items(walk):
        if task:
            yield from ((task.source.path, target.file_name) for target in task.targets)


def _walk(place: Place, selection: Selection, recipe: Recipe) -> Listing:
    selection = replace(selection, kinds=frozenset(kind for kind in selection.kinds if recipe.levels_of(kind)))
    if place.source_file is not None:
        return Listing(place.source_root, [place.source_file], selection)
    if selection.names is not None:
        return Listing(place.source_root, selection.names, selection)
    return Walk(place.source_root, selection, os.stat(place.dest_root) if os.path.exists(place.dest_root) else None)


def _refuse_parts(place: Place, selection: Selection, companions: Companions) -> None:
    """Refuses what cannot be done for a part of the sources."""
    if selection.shard is None:
        return
    if place.source_file is not None:
        raise Misplaced(f"--shard divides a directory, and SOURCE {place.source_file} is one file")
    if selection.limit is not None:
        raise Misplaced("--limit counts sources from the first, which shards cannot; use one of --limit and --shard")
    if companions != Companions():
        raise Misplaced(
            "a shard has a manifest of its own part: leave out --manifest, --annotations and --label-smoothing, merge, "
            "and run again with them and without --shard, which then writes nothing else"
        )


def _command(plan: Plan, selection: Selection) -> bytes:
    """What shards must have in common to be merged, as JSON; a list of names stands as its hash."""
    names = None if selection.names is None else hashlib.sha256(json.dumps(selection.names).encode()).hexdigest()
    chosen = asdict(replace(selection, shard=None, names=None)) | {"kinds": sorted(selection.kinds), "names": names}
    return json.dumps(asdict(plan.recipe) | asdict(plan.layout) | chosen, indent=1).encode() + b"\n"


def _refuse_unusable(walk: Listing, plan: Plan, source_root: str) -> None:
    """Goes through the walk before any work, where names may meet."""

    def paths() -> Iterator[str]:
        return (found.path for found in walk if isinstance(found, Source))

    found = plan.unusable(paths, lambda path: bool(sidecars.find(source_root, path, plan.layout.sidecars)))
    if found and len(found.source_paths) > 1:
        one, other = found.source_paths
        raise Misplaced(f"{one} and {other} would both become {found.file_name}; leave one out with --exclude")
    if found:
        raise Misplaced(f"{found.source_paths[0]} would become {found.file_name}, which {found.reason}; change --name")


class _Run:
    """One run over a directory."""

    def __init__(self, job: Job, plan: Plan, running: Running, state: State, finishing: Finishing) -> None:
        self._job, self._plan, self._running, self._state = job, plan, running, state
        self._finishing = finishing
        self._manifest, self._failures = state.begin()
        self._under_way: dict[str, set[str]] = {}  # directories that are written to, by source
        self._summary = Summary(manifest=state.manifest_path, notes=finishing.notes)

    def go(self, walk: Listing, on_progress: Callable[[Progress], None]) -> Summary:
        summary = self._summary
        reconciliation = Reconciliation(
            self._job, self._plan, self._running, self._state.recover(), self._state.folds_names
        )
        engine = engine_for(self._job, self._running)
        try:
            for note, outcome in pool.in_order(engine, reconciliation.items(walk), self._announce):
                on_progress(self._record(note, outcome))
            engine.close()
            summary.others, summary.specials, summary.pruned = walk.others, walk.specials, reconciliation.pruned
            if not summary.sources and not summary.failed and not walk.elsewhere:
                raise NothingToDo(_nothing_in(self._job.source_root, walk))
            self._state.remove_temporaries(_directories(engine.lost))
            self._manifest.settle()
            self._finishing.draft(self._manifest.content)
            self._state.finish(
                self._manifest, self._failures, failed=bool(summary.failed), worked=bool(summary.written)
            )
        except BaseException as error:
            engine.close()
            self._state.remove_temporaries(set().union(*self._under_way.values()))
            if isinstance(error, FailedFast):
                self._state.publish_failures(self._failures)
            if isinstance(error, OSError):  # of the files that the run itself keeps in DEST
                reason = f"{error.strerror}; mend that and run again"
                raise Stopped(f"cannot write to {self._job.dest_root}: {reason}") from None
            raise
        return summary

    def _announce(self, tasks: Sequence[Task]) -> None:
        self._under_way.update((task.source.path, _directories([task])) for task in tasks)
        self._state.announce(
            (task.source.path, name)
            for task in tasks
            for name in task.file_names
            # What is there and not ours is not going to be written, and does not become ours by being announced.
            if name in task.ours or not os.path.lexists(f"{self._job.dest_root}/{name}")
        )

    def _record(self, note: Note, outcome: Outcome | None) -> Progress:
        """Writes down what came of a source."""
        if outcome is None and not note.failures:  # all is up to date
            self._write_rows(note.kept.values())
            self._summary.count(note, {}, Outcome())
            return Progress(note.paths)
        outcome = outcome or Outcome(failures=note.failures)
        self._under_way.pop(note.paths[0], None)
        if outcome.stop:
            raise Stopped(outcome.stop)
        made = {row.file_name: row.line for row in outcome.rows}
        rows = {**note.kept, **(note.former if outcome.unchanged else {}), **made}
        self._write_rows(rows[name] for name in note.file_names if name in rows)
        self._failures.write(b"".join(outcome.failures))
        self._summary.count(note, made, outcome)
        if outcome.failures and self._running.fail_fast:
            first = json.loads(outcome.failures[0])
            raise FailedFast(f"{first['source_path']}: {first['error']}")
        return Progress(note.paths, note.size, tuple(made), outcome.failures, outcome.traceback)

    def _write_rows(self, lines: Iterable[bytes]) -> None:
        self._manifest.write(self._finishing.labelled(b"".join(lines)))


def _directories(tasks: Iterable[Task]) -> set[str]:
    return {os.path.dirname(name) for task in tasks for name in task.file_names}


def _nothing_in(source_root: str, walk: Listing) -> str:
    left = walk.others + walk.specials
    rest = f" ({left:,} other file{'s' if left > 1 else ''} there)" if left else ""
    return f"no image or audio files to work on in {source_root}{rest}"


def _run_file(
    job: Job,
    found: Source,
    file_name: str,
    plan: Plan,
    running: Running,
    on_progress: Callable[[Progress], None],
) -> Summary:
    """One file to one file, as `cp` does it: with no manifest, and beside others that write to the same directory."""
    strengths = plan.recipe.strengths(found.kind)
    if len(strengths) > 1 or plan.layout.with_clean or plan.layout.sidecars or plan.layout.name:
        raise Misplaced(
            f"several outputs of one file, or names for them, need a directory as DEST; {file_name} is a file"
        )
    job = replace(job, tag=os.urandom(4).hex())
    engine = engine_for(job, replace(running, workers=1))
    task = Task(found, plan.recipe, (Target(file_name, strengths[0][0], 0),), frozenset())
    try:
        ((_, outcome),) = pool.in_order(engine, [(None, task)], lambda _: None)
    finally:
        engine.close()
        remove_temporaries(os.path.dirname(os.path.join(job.dest_root, file_name)), job.tag)
    assert outcome is not None
    if outcome.stop:
        raise Stopped(outcome.stop)
    written = {row.file_name: row.line for row in outcome.rows}
    summary = Summary()
    summary.count(Note((found.path,), found.size, found.kind, (file_name,)), written, outcome)
    on_progress(Progress((found.path,), found.size, tuple(written), outcome.failures, outcome.traceback))
    return summary
