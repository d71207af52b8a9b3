"""The rows that earlier runs left in DEST, finished or not: read as one stream, tidied up after an interruption."""

from __future__ import annotations

import functools
import heapq
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator

from noiseaug.manifest.home import Home
from noiseaug.manifest.reading import Group, find, merged, read_groups, record_of
from noiseaug.manifest.records import SIDECARS, is_pending, is_taken, sidecar_names
from noiseaug.manifest.shards import remove_shards, shards_in
from noiseaug.storage import disk
from noiseaug.storage.name_counts import Names
from noiseaug.storage.output_file import remove_temporaries
from noiseaug.storage.paths import KEPT, walk_order


def known_groups(home: Home) -> Iterator[Group]:
    """Yield all rows that earlier runs left, by source in walk order.

    A run over all of DEST takes over what shards have done, and a shard what runs over all of DEST have done.
    """
    shard = home.shard
    if shard is None:
        shards = (_own_groups(Home(home.dest, shard=other)) for other in shards_in(home.dest))
        return merged(heapq.merge(*shards, key=lambda group: walk_order(group.source_path)), _own_groups(home))
    if disk.exists(home.manifest) or disk.exists(home.in_state("base.jsonl")):
        return _own_groups(home)
    before = _own_groups(Home(home.dest))
    return merged(_own_groups(home), (group for group in before if shard.holds(group.source_path)))


def _own_groups(home: Home) -> Iterator[Group]:
    base = home.in_state("base.jsonl")
    manifest = os.path.join(home.directory, find(home.directory, home.name))
    lists = (read_groups(path) for path in (manifest, home.kept, home.leftovers))
    known = read_groups(base) if disk.exists(base) else functools.reduce(merged, lists)
    announced = merged(read_groups(home.in_state("pending.jsonl")), known)
    journals = (read_groups(home.in_state(name)) for name in (KEPT, "journal.jsonl"))
    return merged(merged(*journals), announced)


def recover(home: Home) -> Iterator[Group]:
    """Tidy up what an interrupted run left, so that this run can be interrupted too; then yield `known_groups`."""
    shards = [] if home.shard else shards_in(home.dest)
    if disk.is_directory(home.state) or shards:
        directories = _write_base(home)
        for name in ("journal.jsonl", KEPT, "pending.jsonl"):
            disk.remove(home.in_state(name))
        if shards:
            remove_shards(home.dest)
        if home.shard:
            remove_temporaries(home.directory)
        remove_unfinished(home, directories)
    return known_groups(home)


def _write_base(home: Home) -> set[str]:
    """Write down all that is known; return the directories in which an interrupted run may have left temporaries."""
    disk.make_directories(home.state)
    directories = {""}
    pending = read_groups(home.in_state("pending.jsonl"))
    taken = {name: group.source_path for group in pending for name, line in group.rows.items() if is_taken(line)}

    def lines() -> Iterator[bytes]:
        for group in known_groups(home):
            for file_name, line in group.rows.items():
                if is_pending(line):
                    directories.add(posixpath.dirname(file_name))
                if taken.get(file_name, group.source_path) == group.source_path:  # else, it may be so no longer
                    yield line

    disk.write_durably(home.in_state("base.new"), lines())
    disk.rename(home.in_state("base.new"), home.in_state("base.jsonl"))
    return directories


def names_in(groups: Iterable[Group]) -> Iterator[str]:
    """Yield the names of all files that rows account for: outputs, and what goes along with them."""
    for group in groups:
        for file_name, line in group.rows.items():
            yield file_name
            if SIDECARS in line:
                yield from sidecar_names(record_of(line))


class NamesWritten:
    """The names of all files that earlier runs are known to have written, whatever source they made them of.

    The rows are read when the first name is looked up: most runs never ask.

    Args:
        known: returns the rows, by source.
    """

    def __init__(self, known: Callable[[], Iterable[Group]]) -> None:
        self._known = known

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._names

    @functools.cached_property
    def _names(self) -> Names:
        names = Names()
        for name in names_in(self._known()):
            names.add(name)
        return names


def remove_unfinished(home: Home, directories: Iterable[str]) -> None:
    """Remove unfinished outputs of this home from directories of DEST (relative to it)."""
    for directory in directories:
        remove_temporaries(os.path.join(home.dest, directory), home.tag)


def sweep(home: Home) -> None:
    """Remove the temporaries of an interrupted run whose work others have done."""
    if disk.is_directory(home.state):
        rows = ((name, line) for group in _own_groups(home) for name, line in group.rows.items())
        remove_unfinished(home, {posixpath.dirname(name) for name, line in rows if is_pending(line)})
