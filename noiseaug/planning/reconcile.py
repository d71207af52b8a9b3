"""What there is to do: the walk over the sources, merged with what earlier runs left in DEST."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from noiseaug.manifest.reading import Group, record_of
from noiseaug.manifest.records import Record, failure_line, fragment, is_pending, sidecar_names
from noiseaug.planning import sidecars
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Item, Job, Note, Task
from noiseaug.planning.walk import Listing, Source, Unreadable
from noiseaug.settings.level import CLEAN, Level
from noiseaug.settings.running import Running
from noiseaug.storage.paths import inside, walk_order
from noiseaug.storage.source_file import sha256_of_file

# Sources in a row that are up to date and are passed on together, which halves what it costs to find nothing to do.
_TOGETHER = 64
_SIDECARS = b', "sidecars": ['


class _Marks(NamedTuple):
    """What tells of a row that it is up to date: two pieces of it, and how its output is looked at."""

    recipe: bytes
    level_and_copy: bytes
    look: Callable[[str], os.stat_result]


class Reconciliation:
    """Decides for each source what of it is up to date and what is to be made.

    Attributes:
        pruned: outputs deleted so far as their source is gone.
    """

    def __init__(
        self, job: Job, plan: Plan, running: Running, old: Iterator[Group], folds_names: Callable[[], bool]
    ) -> None:
        """`folds_names` tells whether DEST takes names for the same that differ in case."""
        self._job, self._plan, self._running = job, plan, running
        self._old = old
        self._next = next(old, None)
        self._clean = fragment("level", CLEAN.label)
        self._marks: dict[tuple[str, Level, int], _Marks] = {}
        self._unreadable: list[str] = []
        self._folds_names = folds_names
        self._found_any = False
        self.pruned = 0

    def items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Notes on the sources, in walk order, each with a task where something is to be made."""
        paths: list[str] = []
        kept: dict[str, bytes] = {}
        for found in walk:
            expected = self._next is None or self._next.source_path == found.path
            orphans = [] if expected else list(self._orphans_before(found.path))
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
        """Deletes an output whose source is gone, and what went along with it, if it is certain that a run wrote it and
        nobody changed it."""
        hashes = record.get("sidecars_sha256")
        if isinstance(hashes, list):
            for name, sha256 in zip(sidecar_names(record), hashes, strict=False):
                self._prune_file(name, sha256)
        return self._prune_file(record["file_name"], record.get("sha256"))

    def _prune_file(self, name: str, sha256: object) -> bool:
        path = inside(self._job.dest_root, name)
        try:
            dangles = path is not None and os.path.islink(path) and not os.path.exists(path)  # a link to the source
            if path is None or not (dangles or sha256_of_file(path) == sha256):
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
        targets = self._plan.targets(source.path, source.kind)
        suffixes = self._plan.layout.sidecars
        beside = sidecars.find(self._job.source_root, source.path, suffixes) if suffixes else ()
        current: dict[str, bytes] = {}
        if rows and not self._running.force:
            for target in targets:
                line = rows.get(target.file_name)
                if line and self._is_current(source, target, line) and self._go_along(source, beside, target, line):
                    current[target.file_name] = line
            if len(current) < len(targets):  # a hard link to the source is as new as the source is, and not as recorded
                current = {name: line for name, line in current.items() if self._clean not in line}
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
        former = {name for line in rows.values() for name in _sidecars_in(line)}
        expected = {sidecars.name_for(one.path, source.path, name) for one in beside for name in names}
        ours, stale = frozenset(rows) | former, tuple(sorted(former - expected))
        return note, Task(source, self._plan.recipe, todo, ours, known, beside if suffixes else None, stale)

    def _marks_of(self, kind: str, target: Target) -> _Marks:
        """What the row of such a target made by this recipe holds."""
        key = kind, target.level, target.copy
        marks = self._marks.get(key)
        if marks is None:
            recipe = fragment("recipe", self._plan.recipe.fingerprint(target.level, kind))
            level_and_copy = fragment("level", target.level.label) + fragment("copy", target.copy)
            look = os.stat if target.level == CLEAN else os.lstat  # an original may be a link to SOURCE
            marks = self._marks[key] = _Marks(recipe, level_and_copy, look)
        return marks

    def _is_current(self, source: Source, target: Target, line: bytes) -> bool:
        """Whether the output stands as recorded, and was made by this recipe from the source as it is."""
        recipe, level_and_copy, look = self._marks_of(source.kind, target)
        if recipe not in line or level_and_copy not in line or fragment("source_bytes", source.size) not in line:
            return False
        try:
            info = look(f"{self._job.dest_root}/{target.file_name}")
        except OSError:
            return False
        return (
            fragment("bytes", info.st_size) in line
            and stat.S_ISREG(info.st_mode)
            and (self._running.checksum or source.mtime_ns <= info.st_mtime_ns)
        )

    def _go_along(self, source: Source, beside: tuple[sidecars.Sidecar, ...], target: Target, line: bytes) -> bool:
        """Whether the files that are to go along with a target stand as recorded, and no others."""
        if not self._plan.layout.sidecars:
            return _SIDECARS not in line
        recorded = _sidecars_in(line)
        if _SIDECARS not in line:
            return False
        if recorded != [sidecars.name_for(one.path, source.path, target.file_name) for one in beside]:
            return False
        try:
            infos = [os.lstat(f"{self._job.dest_root}/{name}") for name in recorded]
        except OSError:
            return False
        return all(one.mtime_ns <= info.st_mtime_ns for one, info in zip(beside, infos, strict=True))


def _sidecars_in(line: bytes) -> list[str]:
    """The names of the files that went along with the target of a row."""
    return sidecar_names(record_of(line)) if _SIDECARS in line else []


def _failed(path: str, reason: str) -> Item[Note]:
    return Note((path,), failures=(failure_line(path, reason),)), None
