"""What there is to do: the walk over the sources, merged with what earlier runs left in DEST."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from noiseaug import media, plan
from noiseaug.files import inside, sha256_of_file
from noiseaug.manifest import Group, Record, failure_line, fragment, is_pending, record_of
from noiseaug.pool import Item
from noiseaug.recipe import Recipe
from noiseaug.running import Running
from noiseaug.sources import Listing, Source, Unreadable, walk_order
from noiseaug.task import Job, Task

# Sources in a row that are up to date and are passed on together, which halves what it costs to find nothing to do.
_TOGETHER = 64
_NONE: Mapping[str, bytes] = MappingProxyType({})


class Note(NamedTuple):
    """What is known of a source before its task is done; or of several that are up to date.

    Attributes:
        paths: the source's path, or those of the several.
        size: its size in bytes.
        kind: its kind.
        file_names: the names of its targets, in the order of the manifest.
        kept: the rows of targets that are up to date, by name, in the order of the manifest.
        former: the rows of those that are so if the source's hash turns out to be as before.
        failures: lines for failures.jsonl.
    """

    paths: tuple[str, ...]
    size: int = 0
    kind: str = ""
    file_names: tuple[str, ...] = ()
    kept: Mapping[str, bytes] = _NONE
    former: Mapping[str, bytes] = _NONE
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
        self._recipes = {
            (kind, level): fragment("recipe", recipe.fingerprint(level, kind))
            for kind in media.KINDS
            for level in recipe.levels_of(kind)
        }
        self._unreadable: list[str] = []
        self._folds_names = folds_names
        self._found_any = False
        self.pruned = 0

    def items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Notes on the sources, in walk order, each with a task where something is to be made."""
        paths: list[str] = []
        kept: dict[str, bytes] = {}
        for found in walk:
            orphans = list(self._orphans_before(found.path))
            item = self._decided(found, walk) if isinstance(found, Source) else self._unlisted(found)
            note, task = item
            if task is None and not note.failures and not orphans and len(paths) < _TOGETHER:
                paths += note.paths
                kept |= note.kept
                continue
            if paths:
                yield Note(tuple(paths), kept=kept), None
                paths, kept = [], {}
            yield from orphans
            yield item
        if paths:
            yield Note(tuple(paths), kept=kept), None
        # An empty SOURCE may be a disk that is not mounted: nothing is concluded from it.
        if self._found_any or walk.elsewhere:
            yield from self._orphans_before(None)

    def _unlisted(self, found: Unreadable) -> Item[Note]:
        self._unreadable.append(found.path)
        return _failed(found.path, found.reason)

    def _decided(self, source: Source, walk: Listing) -> Item[Note]:
        if source.path in walk.twins and self._folds_names():
            twin = walk.twins[source.path]
            return _failed(source.path, f"would overwrite {twin}, as the file system of DEST folds names; rename one")
        self._found_any = True
        if source.path in walk.rivals:
            rival = walk.rivals[source.path]
            return _failed(source.path, f"would be written as {rival}, which is another source; rename one")
        return self._item(source, self._take(source.path))

    def _take(self, path: str) -> dict[str, bytes]:
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
                rows = {name: line for name, line in group.rows.items() if not is_pending(line)}
                yield Note((), kept=rows), None
            elif self._running.prune and not os.path.lexists(os.path.join(self._job.source_root, group.source_path)):
                for line in group.rows.values():
                    self.pruned += self._prune(record_of(line))

    def _prune(self, record: Record) -> bool:
        """Deletes an output whose source is gone, if it is certain that a run wrote it and nobody changed it."""
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

    def _item(self, source: Source, rows: dict[str, bytes]) -> Item[Note]:
        targets = plan.targets(source.path, source.kind, self._recipe)
        current: dict[str, bytes] = {}
        if rows and not self._running.force:
            for target in targets:
                line = rows.get(target.file_name)
                if line and self._is_current(source, target, line):
                    current[target.file_name] = line
        by_hash, all_current = self._running.checksum, len(current) == len(targets)
        if all_current and not by_hash:
            return Note((source.path,), kept=current), None
        names = tuple(target.file_name for target in targets)
        known = None
        if all_current:
            hashes = {record_of(rows[name]).get("source_sha256") for name in names}
            known = hashes.pop() if len(hashes) == 1 else None
        kept: dict[str, bytes] = {} if by_hash else current
        todo = tuple(target for target in targets if target.file_name not in kept)
        note = Note((source.path,), source.size, source.kind, names, kept, current if by_hash else {})
        return note, Task(source, self._recipe, todo, frozenset(rows), known)

    def _is_current(self, source: Source, target: plan.Target, line: bytes) -> bool:
        """Whether the output stands as recorded, and was made by this recipe from the source as it is."""
        if (
            self._recipes[source.kind, target.level] not in line
            or fragment("copy", target.copy) not in line
            or fragment("source_bytes", source.size) not in line
        ):
            return False
        try:
            info = os.lstat(f"{self._job.dest_root}/{target.file_name}")
        except OSError:
            return False
        return (
            fragment("bytes", info.st_size) in line
            and stat.S_ISREG(info.st_mode)
            and (self._running.checksum or source.mtime_ns <= info.st_mtime_ns)
        )


def _failed(path: str, reason: str) -> Item[Note]:
    return Note((path,), failures=(failure_line(path, reason),)), None
