"""One manifest of those of the shards: what a single run would have written, byte for byte."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import os
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.errors import Misplaced, Unmerged
from noiseaug.manifest.former import sweep
from noiseaug.manifest.home import Home
from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import Group, find, read_entries, read_groups
from noiseaug.manifest.shards import COMMAND, directory_of, is_finished, named, remove_shards, shards_in
from noiseaug.manifest.state import State
from noiseaug.settings.shard import Shard
from noiseaug.storage import disk
from noiseaug.storage.paths import FAILURES, KEPT, MANIFEST, walk_order


class Merged(NamedTuple):
    """The result of a merge: how many shards (none if it was done before), their rows and failures; the manifest."""

    shards: int
    rows: int
    failures: int
    manifest: str


def merge(dest: str | os.PathLike[str]) -> Merged:
    """Make one manifest (and failures.jsonl) of those that the shards left in DEST, and remove those.

    Killed at any instant, it can be repeated: what the shards know goes last.

    Args:
        dest: the directory that runs over shards wrote.

    Raises:
        Misplaced: if there is nothing to merge and no manifest either.
        Unmerged: if shards are missing, unfinished or of different commands; nothing is changed then.
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
            return Merged(0, 0, 0, manifest)
        _refuse_incomplete(dest, shards)
        _refuse_mixture(dest, shards)
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
    first = _command_of(dest, shards[0])
    for shard in shards[1:]:
        command = _command_of(dest, shard)
        if command != first:
            other = sorted(key for key in first.keys() | command.keys() if first.get(key) != command.get(key))
            raise Unmerged(
                f"nothing is merged, as shards of {dest} were run with different options: {', '.join(other)} "
                f"of {shard} is not as of {shards[0]}; run all with the same options"
            )


def _command_of(dest: str, shard: Shard) -> dict[str, object]:
    with (
        disk.open_for_reading(os.path.join(directory_of(shard, dest), COMMAND)) as file,
        contextlib.suppress(ValueError),
    ):
        command = json.load(file)
        return command if isinstance(command, dict) else {}
    return {}


def _merged(dest: str, shards: list[Shard]) -> Merged:
    home = Home(dest, find(dest))
    with contextlib.closing(State(home)) as state:
        state.begin()
        rows = failed = 0
        for group in _groups(dest, shards):
            state.manifest.write(b"".join(group.rows.values()))
            rows += len(group.rows)
        for group in _groups(dest, shards, KEPT):
            state.write_kept(b"".join(group.rows.values()))
            rows += len(group.rows)
        for line in _failures(dest, shards):
            state.failures.write(line)
            failed += 1
        sweep(home)
        state.manifest.settle()
        state.commit(failed=bool(failed), worked=_is_newer(dest, shards, home.manifest))
    remove_shards(dest)
    return Merged(len(shards), rows, failed, home.manifest)


def _groups(dest: str, shards: list[Shard], name: str = MANIFEST) -> Iterator[Group]:
    """Yield the rows of all shards by source, in walk order."""
    streams = (read_groups(os.path.join(directory_of(shard, dest), name)) for shard in shards)
    return heapq.merge(*streams, key=lambda group: walk_order(group.source_path))


def _failures(dest: str, shards: list[Shard]) -> Iterator[bytes]:
    """Yield the failures of all shards, in walk order. That a directory cannot be listed, each of them says."""
    streams = (_failures_of(os.path.join(directory_of(shard, dest), FAILURES)) for shard in shards)
    for _, group in itertools.groupby(heapq.merge(*streams, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        yield from dict.fromkeys(line for _, line in group)


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
