"""What there is to do: the walk over the sources, merged with what earlier runs left in DEST."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from noiseaug import plan
from noiseaug.files import inside, sha256_of_file
from noiseaug.manifest import Entry, Group, failure_line, is_pending
from noiseaug.pool import Item
from noiseaug.recipe import Recipe
from noiseaug.running import Running
from noiseaug.sources import Listing, Source, Unreadable, walk_order
from noiseaug.task import Job, Task


class Note(NamedTuple):
    """What is known of a source before its task is done.

    Attributes:
        path: the source's path.
        size: its size in bytes.
        kind: its kind, or "" if it is none of this walk.
        file_names: the names of its targets, in the order of the manifest.
        kept: the rows of those that are up to date, by name.
        former: the rows of those that are so if the source's hash turns out to be as before.
        failures: lines for failures.jsonl.
    """

    path: str
    size: int
    kind: str
    file_names: tuple[str, ...]
    kept: dict[str, bytes]
    former: dict[str, bytes]
    failures: tuple[bytes, ...] = ()


class Reconciliation:
    """Decides for each source what of it is up to date and what is to be made.

    Attributes:
        pruned: outputs deleted so far as their source is gone.
    """

    def __init__(
        self, job: Job, recipe: Recipe, running: Running, old: Iterator[Group], folds_names: Callable[[], bool]
    ) -> None:
        """`folds_names` tells whether DEST takes names for the same that differ in case."""
        self._job, self._recipe, self._running = job, recipe, running
        self._old = old
        self._next = next(old, None)
        self._fingerprints = {level: recipe.fingerprint(level) for level in recipe.levels}
        self._unreadable: list[str] = []
        self._folds_names = folds_names
        self.pruned = 0

    def items(self, walk: Listing) -> Iterator[Item[Note]]:
        """A note for each source, in walk order, and a task where something is to be made."""
        found_any = False
        for found in walk:
            yield from self._orphans_before(found.path)
            if isinstance(found, Unreadable):
                self._unreadable.append(found.path)
                yield _failed(found.path, found.reason)
            elif found.path in walk.twins and self._folds_names():
                twin = walk.twins[found.path]
                yield _failed(found.path, f"would overwrite {twin}, as the file system of DEST folds names; rename one")
            else:
                found_any = True
                yield self._item(found, self._take(found.path))
        if found_any:  # an empty SOURCE may be a disk that is not mounted: nothing is concluded from it
            yield from self._orphans_before(None)

    def _take(self, path: str) -> dict[str, Entry]:
        """What earlier runs left of this source."""
        group = self._next
        if group is None or group.source_path != path:
            return {}
        self._next = next(self._old, None)
        return group.rows

    def _orphans_before(self, path: str | None) -> Iterator[Item[Note]]:
        """Passes over the sources before `path` that the walk did not find; those it could not look at stay."""
        if self._next is None or self._next.source_path == path:
            return
        order = None if path is None else walk_order(path)
        while self._next and (order is None or walk_order(self._next.source_path) < order):
            group, self._next = self._next, next(self._old, None)
            if any(group.source_path.startswith(place + "/") for place in self._unreadable):
                rows = {name: entry.line for name, entry in group.rows.items() if not is_pending(entry)}
                yield Note(group.source_path, 0, "", tuple(rows), rows, {}), None
            elif self._running.prune and not os.path.lexists(os.path.join(self._job.source_root, group.source_path)):
                for entry in group.rows.values():
                    self.pruned += self._prune(entry)

    def _prune(self, entry: Entry) -> bool:
        """Deletes an output whose source is gone, if it is certain that a run wrote it and nobody changed it."""
        record = entry.record or {}
        path = inside(self._job.dest_root, record["file_name"])
        try:
            if path is None or sha256_of_file(path) != record.get("sha256"):
                return False
            os.unlink(path)
            directory = os.path.dirname(path)
            while not os.path.samefile(directory, self._job.dest_root):
                os.rmdir(directory)
                directory = os.path.dirname(directory)
        except OSError:
            return path is not None and not os.path.lexists(path)  # a directory that is not empty stays
        return True

    def _item(self, source: Source, rows: dict[str, Entry]) -> Item[Note]:
        targets = plan.targets(source.path, self._recipe)
        current: dict[str, bytes] = {}
        if rows and not self._running.force:
            for target in targets:
                entry = rows.get(target.file_name)
                if entry and self._is_current(source, target, entry):
                    current[target.file_name] = entry.line
        names = tuple([target.file_name for target in targets])
        by_hash, all_current = self._running.checksum, len(current) == len(targets)
        if all_current and not by_hash:
            return Note(source.path, source.size, source.kind, names, current, {}), None
        known = None
        if all_current:
            hashes = {(rows[name].record or {}).get("source_sha256") for name in names}
            known = hashes.pop() if len(hashes) == 1 else None
        kept: dict[str, bytes] = {} if by_hash else current
        todo = tuple(target for target in targets if target.file_name not in kept)
        note = Note(source.path, source.size, source.kind, names, kept, current if by_hash else {})
        return note, Task(source, self._recipe, todo, frozenset(rows), known)

    def _is_current(self, source: Source, target: plan.Target, entry: Entry) -> bool:
        """Whether the output stands as recorded, and was made by this recipe from the source as it is."""
        record = entry.record or {}
        if (
            record.get("source_bytes") != source.size
            or record.get("recipe") != self._fingerprints[target.level]
            or record.get("copy") != target.copy
        ):
            return False
        try:
            info = os.lstat(f"{self._job.dest_root}/{target.file_name}")
        except OSError:
            return False
        return (
            info.st_size == record.get("bytes")
            and stat.S_ISREG(info.st_mode)
            and (self._running.checksum or source.mtime_ns <= info.st_mtime_ns)
        )


def _failed(path: str, reason: str) -> Item[Note]:
    return Note(path, 0, "", (), {}, {}, (failure_line(path, reason),)), None
