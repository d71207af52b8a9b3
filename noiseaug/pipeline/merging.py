"""One manifest of those of the shards: what a single run would have written, byte for byte.

Views of the manifest that an earlier run left in DEST are written anew with it.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.companions.coco import is_annotations
from noiseaug.companions.soft_labels import is_soft
from noiseaug.companions.tables import can_render, render, views_in
from noiseaug.errors import Misplaced, Unmerged
from noiseaug.manifest.former import sweep
from noiseaug.manifest.home import Home
from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import Group, find, read_entries, read_groups
from noiseaug.manifest.shards import COMMAND, VERSIONS, directory_of, is_finished, named, remove_shards, shards_in
from noiseaug.manifest.state import State
from noiseaug.pipeline.left_over import LeftOver
from noiseaug.settings.shard import Shard
from noiseaug.storage import disk
from noiseaug.storage.paths import ANNOTATIONS, CLASSES, FAILURES, KEPT, MANIFEST, walk_order
from noiseaug.version import EXTRAS


class Merged(NamedTuple):
    """The result of a merge.

    Attributes:
        shards: how many were merged; none if that was done before.
        rows: rows of the manifest, one for each output.
        sources: the sources that these were made of.
        failures: failures of the shards.
        failed_sources: the sources, or directories that cannot be listed, that these are of.
        manifest: its path.
        views: views of the manifest that an earlier run left in DEST, and that say now what it says.
        notes: other files of an earlier run, each with what became of it.
    """

    shards: int
    rows: int
    sources: int
    failures: int
    failed_sources: int
    manifest: str
    views: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def merge(dest: str | os.PathLike[str]) -> Merged:
    """Make one manifest (and failures.jsonl) of those that the shards left in DEST, and remove those.

    Killed at any instant, it can be repeated: what the shards know goes last.

    Args:
        dest: the directory that runs over shards wrote.

    Raises:
        Misplaced: if there is nothing to merge and no manifest either.
        Unmerged: if shards are missing, unfinished, of different commands or made by different versions; nothing is
            changed then.
        Stopped: if a row holds what a view of the manifest cannot.
        Busy: if a run is writing to dest.

    >>> merge("no/such/folder")
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: there is nothing to merge in no/such/folder; name the DEST of runs with --shard
    """
    dest = os.fspath(dest)
    manifest = os.path.join(dest, find(dest))
    if not shards_in(dest) and not disk.is_file(manifest):
        raise Misplaced(f"there is nothing to merge in {dest}; name the DEST of runs with --shard")
    lock = Lock(dest)
    try:
        lock.take()
        shards = shards_in(dest)
        if not shards:
            return Merged(0, 0, 0, 0, 0, manifest)
        _refuse_incomplete(dest, shards)
        _refuse_mixture(dest, shards)
        _refuse_other_versions(dest, shards)
        return _merged(dest, shards)
    finally:
        lock.release()


def _refuse_incomplete(dest: str, found: list[Shard]) -> None:
    of = found[0].of
    if any(shard.of != of for shard in found):
        raise Unmerged(f"{dest} holds shards of different divisions ({named(found)}); a run without --shard ends that")
    present = set(found)
    missing = [shard for number in range(1, of + 1) if (shard := Shard(number, of)) not in present]
    unfinished = [shard for shard in found if not is_finished(shard, dest)]
    parts = [f"{what} {named(which)}" for what, which in (("missing", missing), ("unfinished", unfinished)) if which]
    if parts:
        raise Unmerged(f"nothing is merged, as not all shards of {dest} are done: {'; '.join(parts)}; run these again")


def _refuse_mixture(dest: str, shards: list[Shard]) -> None:
    """Refuse shards of different commands: what they did is not what any single run would do."""
    first = _object_in(dest, shards[0], COMMAND)
    for shard in shards[1:]:
        command = _object_in(dest, shard, COMMAND)
        if command != first:
            other = sorted(key for key in first.keys() | command.keys() if first.get(key) != command.get(key))
            raise Unmerged(
                f"nothing is merged, as shards of {dest} were run with different options: {', '.join(other)} "
                f"of {shard} is not as of {shards[0]}; run all with the same options"
            )


def _refuse_other_versions(dest: str, shards: list[Shard]) -> None:
    """Refuse shards whose outputs were made by different versions of the packages that decide bytes."""
    made_by = {shard: _object_in(dest, shard, VERSIONS) for shard in shards}
    for package in sorted(set().union(*made_by.values())):
        found = {shard: versions.get(package, "none") for shard, versions in made_by.items()}
        if package in EXTRAS and len(set(found.values())) > 1:
            found = {shard: version for shard, version in found.items() if _made_with(dest, shard, package)}
        first, *others = found or shards[:1]
        for shard in others:
            if found.get(shard) != found.get(first):
                raise Unmerged(
                    f"nothing is merged, as shards of {dest} were made by different versions: {package} {found[shard]} "
                    f"of {shard} is not {found[first]} as of {first}, and may write other bytes; make one of them "
                    "again with --force, in the environment of the other"
                )


def _made_with(dest: str, shard: Shard, package: str) -> bool:
    """Tell whether a package of an extra had to do with any output of a shard."""
    entries = read_entries(os.path.join(directory_of(shard, dest), MANIFEST))
    return any(f", {package} " in str(entry.record.get("made_with")) for entry in entries if entry.record)


def _object_in(dest: str, shard: Shard, name: str) -> dict[str, object]:
    """Return the JSON object in a file of a shard; an empty one if it holds none."""
    with contextlib.suppress(ValueError, FileNotFoundError):
        with disk.open_for_reading(os.path.join(directory_of(shard, dest), name)) as file:
            found = json.load(file)
        return found if isinstance(found, dict) else {}
    return {}


def _merged(dest: str, shards: list[Shard]) -> Merged:
    home = Home(dest, find(dest))
    with contextlib.closing(State(home)) as state:
        state.begin()
        rows = sources = failures = failed_sources = 0
        for group in _groups(dest, shards):
            state.manifest.write(b"".join(group.rows.values()))
            rows, sources = rows + len(group.rows), sources + 1
        for group in _groups(dest, shards, KEPT):
            state.kept.write(b"".join(group.rows.values()))
            rows, sources = rows + len(group.rows), sources + 1
        for lines in _failures(dest, shards):
            state.failures.write(b"".join(lines))
            failures, failed_sources = failures + len(lines), failed_sources + 1
        sweep(home)
        notes = _retired(state)
        state.manifest.settle()
        views = _drafted_views(state, notes)
        left_over = LeftOver(state, prune=False)
        for line in _leftovers(home, shards):
            left_over.list(line)
        left_over.settle(worked=True)
        state.commit(worked=_is_newer(dest, shards, home.manifest))
    remove_shards(dest)
    return Merged(len(shards), rows, sources, failures, failed_sources, home.manifest, views, tuple(notes))


def _leftovers(home: Home, shards: list[Shard]) -> Iterator[bytes]:
    """Yield the rows of what is left over: files that go with the manifest, then what all shards found."""
    first = next(read_groups(home.leftovers), None)
    if first and not first.source_path:
        yield from first.rows.values()
    streams = (read_groups(Home(home.dest, shard=shard).leftovers) for shard in shards)
    for group in heapq.merge(*streams, key=lambda group: walk_order(group.source_path)):
        yield from group.rows.values()


def _drafted_views(state: State, notes: list[str]) -> tuple[str, ...]:
    """Write each view of the manifest that stands in DEST anew, for `State.commit` to put in place; or note why not."""
    dest, rows = state.home.dest, state.manifest.content
    names = []
    for name in views_in(dest):
        if can_render(name):
            render(rows, name, state.views.open(os.path.join(dest, name)).write)
            names.append(name)
        else:
            notes.append(f"{name} is of an earlier run and is left as it was; to write it anew needs pyarrow")
    return tuple(names)


def _retired(state: State) -> list[str]:
    """Return a line for each file of an earlier run that is of all sources, and that no shard can have kept true."""
    dest, notes = state.home.dest, []
    annotations, classes = os.path.join(dest, ANNOTATIONS), os.path.join(dest, CLASSES)
    if disk.is_file(annotations) and is_annotations(annotations):
        notes.append(
            f"{ANNOTATIONS} is of an earlier run and is left as it was; run with --annotations and without --shard, "
            "which writes it anew and makes no output again, or remove it"
        )
    former = next(read_groups(state.home.manifest), None)
    if disk.is_file(classes) and former and any(map(is_soft, former.rows.values())):
        state.companions.remove(classes)
        notes.append(
            f"{CLASSES} is removed, as no row has a soft label now; run with --label-smoothing and without --shard, "
            "which writes both and makes no output again"
        )
    return notes


def _groups(dest: str, shards: list[Shard], name: str = MANIFEST) -> Iterator[Group]:
    """Yield the rows of all shards by source, in walk order."""
    streams = (read_groups(os.path.join(directory_of(shard, dest), name)) for shard in shards)
    return heapq.merge(*streams, key=lambda group: walk_order(group.source_path))


def _failures(dest: str, shards: list[Shard]) -> Iterator[list[bytes]]:
    """Yield the failures of all shards by source, in walk order. What each of them says of a directory comes once."""
    streams = (_failures_of(os.path.join(directory_of(shard, dest), FAILURES)) for shard in shards)
    for _, group in itertools.groupby(heapq.merge(*streams, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        yield list(dict.fromkeys(line for _, line in group))


def _failures_of(path: str) -> Iterator[tuple[list[bytes], bytes]]:
    for entry in read_entries(path):
        if entry.record:
            yield walk_order(entry.record["source_path"]), entry.line


def _is_newer(dest: str, shards: list[Shard], manifest: str) -> bool:
    """Tell whether a shard has worked since `manifest` was written, though its text may be the same."""
    with contextlib.suppress(FileNotFoundError):
        last = disk.stat(manifest).st_mtime_ns
        return any(disk.stat(os.path.join(directory_of(shard, dest), MANIFEST)).st_mtime_ns > last for shard in shards)
    return False
