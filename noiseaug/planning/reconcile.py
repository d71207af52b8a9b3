"""The tasks that are left to do: the walk over the sources, merged with what earlier runs left in DEST.

Nothing is written or deleted here. A dry run goes through the same items as a run, and drops them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from noiseaug.kinds import FILE
from noiseaug.manifest.reading import Group, record_of
from noiseaug.manifest.records import failure_line, fragment, is_of_file, is_pending, sidecar_names
from noiseaug.planning.sidecars import Sidecar, Sidecars, name_for
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Item, Task
from noiseaug.planning.walk import Listing, Source, Unreadable
from noiseaug.settings.level import CLEAN, Level
from noiseaug.settings.running import Running
from noiseaug.storage import disk
from noiseaug.storage.paths import walk_order, why_unusable

# Sources in a row that are up to date and are passed on together, which halves what it costs to find nothing to do.
_TOGETHER = 64
_SIDECARS = b', "sidecars": ['
_LABEL = re.compile(rb'"label": "(?:[^"\\]|\\.)*", ')
_NONE: Mapping[str, bytes] = MappingProxyType({})


class Note(NamedTuple):
    """All that is known of a source before its task is done; or of several that are up to date.

    Attributes:
        paths: the source's path, or those of the several.
        size: its size in bytes.
        kind: its kind, or `kept`.
        file_names: the names of its targets, in the order of the manifest.
        kept: the rows of targets that are up to date, by name, in the order of the manifest.
        former: the rows of those that are so if the source's hash turns out to be as before.
        orphans: the rows of a source that is gone.
        failures: lines for failures.jsonl.
        is_file: its rows stand in kept.jsonl, as it is of no kind that is worked on.
    """

    paths: tuple[str, ...]
    size: int = 0
    kind: str = ""
    file_names: tuple[str, ...] = ()
    kept: Mapping[str, bytes] = _NONE
    former: Mapping[str, bytes] = _NONE
    orphans: Mapping[str, bytes] = _NONE
    failures: tuple[bytes, ...] = ()
    is_file: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether all that is to be said is that targets are up to date."""
        return not self.failures and not self.orphans and not self.is_file


class _Marks(NamedTuple):
    """The marks of a row that is up to date: two pieces of its line, and how its output is looked at."""

    recipe: bytes
    level_and_copy: bytes
    look: Callable[[str], os.stat_result]


class Reconciliation:
    """Decides for each source what of it is up to date and what is to be made.

    Args:
        roots: the directories SOURCE and DEST.
        plan: what each source becomes.
        running: how a run is carried out: whether all is made again, and how a changed source is told.
        old: what earlier runs left, by source in walk order.
        sidecars: the files that go along with sources.
        folds_names: tells whether DEST takes names for the same that differ in case.
    """

    def __init__(
        self,
        roots: tuple[str, str],
        plan: Plan,
        running: Running,
        old: Iterator[Group],
        sidecars: Sidecars,
        folds_names: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source_root, self._dest_root = roots
        self._plan, self._running, self._folds_names = plan, running, folds_names
        self._old, self._sidecars = old, sidecars
        self._next = next(old, None)
        self._clean = fragment("level", CLEAN.label)
        self._marks: dict[tuple[str, Level, int], _Marks] = {}
        self._unreadable: list[str] = []
        self._found_any = False

    def items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Yield notes on the sources, in walk order, each with a task where something is to be made."""
        paths: list[str] = []
        kept: dict[str, bytes] = {}
        for item in self._singly(walk):
            note, task = item
            if task is None and note.is_plain and len(paths) < _TOGETHER:
                paths += note.paths
                kept |= note.kept
                continue
            if paths or kept:
                yield Note(tuple(paths), kept=kept), None
                paths, kept = [], {}
            yield item
        if paths or kept:
            yield Note(tuple(paths), kept=kept), None

    def _singly(self, walk: Listing) -> Iterator[Item[Note]]:
        for found in walk:
            if self._next is not None and self._next.source_path != found.path:
                yield from self._gone_before(found.path)
            yield self._decided(found, walk) if isinstance(found, Source) else self._unlisted(found)
        # An empty SOURCE may be a disk that is not mounted: nothing is concluded from it.
        if self._found_any or walk.elsewhere:
            yield from self._gone_before(None)

    def _unlisted(self, found: Unreadable) -> Item[Note]:
        self._unreadable.append(found.path)
        return _failed(found.path, found.reason)

    def _decided(self, source: Source, walk: Listing) -> Item[Note]:
        if (twin := walk.twin_of(source.path)) and self._folds_names():
            name, other = twin
            where = "overwrite" if name == source.path else "come into"
            return _failed(source.path, f"would {where} {other}, as the file system of DEST folds names; rename one")
        self._found_any = True
        if source.kept and (why := why_unusable(source.path)):
            return _failed(source.path, f"cannot be kept under its name, which {why}; leave it out with --exclude")
        if source.path in walk.rivals:
            rival = walk.rivals[source.path]
            return _failed(source.path, f"would be written as {rival}, which is another source; rename one")
        return self._item(source, self._take(source.path))

    def _take(self, path: str) -> dict[str, bytes]:
        """Return what earlier runs left of this source."""
        group = self._next
        if group is None or group.source_path != path:
            return {}
        self._next = next(self._old, None)
        return group.rows

    def _gone_before(self, path: str | None) -> Iterator[Item[Note]]:
        """Yield the sources before `path` that the walk did not find. Those in a place it could not list stay."""
        order = None if path is None else walk_order(path)
        while self._next and (order is None or walk_order(self._next.source_path) < order):
            (source_path, rows), self._next = self._next, next(self._old, None)
            if any(source_path.startswith(place + "/") for place in self._unreadable):
                kept = {name: line for name, line in rows.items() if not is_pending(line)}
                yield Note((), kept=kept, is_file=any(map(is_of_file, kept.values()))), None
            elif not disk.lexists(f"{self._source_root}/{source_path}"):
                yield Note((), orphans=rows), None

    def _item(self, source: Source, rows: dict[str, bytes]) -> Item[Note]:
        targets = self._plan.targets(source.path, source.kind, kept=source.kept)
        go_along = self._sidecars.are_wanted and source.kind != FILE
        beside = self._sidecars.of(source.path) if go_along and not source.kept else ()
        current = self._current(source, targets, rows, beside) if rows and not self._running.force else {}
        by_hash, all_current = self._running.checksum, len(current) == len(targets)
        if all_current and not by_hash:
            return Note((source.path,), kept=current, is_file=source.kind == FILE), None
        names = tuple(target.file_name for target in targets)
        kept, former = ({}, current) if by_hash else (current, {})
        kind = "kept" if source.kept else source.kind
        note = Note((source.path,), source.size, kind, names, kept, former, is_file=source.kind == FILE)
        ours, stale = _ours_and_stale(source, names, rows, beside)
        todo = tuple(target for target in targets if target.file_name not in kept)
        known = _known_hash(rows, names) if all_current else None
        label = self._plan.layout.label_of(source.path)
        return note, Task(source, self._plan.recipe, todo, ours, known, beside if go_along else None, stale, label)

    def _current(
        self, source: Source, targets: list[Target], rows: dict[str, bytes], beside: tuple[Sidecar, ...]
    ) -> dict[str, bytes]:
        """Return the rows of the targets that are up to date."""
        current: dict[str, bytes] = {}
        label = fragment("label", self._plan.layout.label_of(source.path))
        for target in targets:
            line = rows.get(target.file_name)
            if line and self._is_current(source, target, line) and self._go_along(source, beside, target, line):
                current[target.file_name] = line if label in line else _LABEL.sub(lambda _: label, line, count=1)
        if len(current) < len(targets):  # a hard link to the source is as new as the source is, and not as recorded
            return {name: line for name, line in current.items() if self._clean not in line}
        return current

    def _marks_of(self, kind: str, target: Target) -> _Marks:
        """Return what the row of such a target made by this recipe holds."""
        key = kind, target.level, target.copy
        marks = self._marks.get(key)
        if marks is None:
            if kind == FILE:
                recipe = level_and_copy = fragment("kind", FILE)
            else:
                recipe = fragment("recipe", self._plan.recipe.fingerprint(target.level, kind))
                level_and_copy = fragment("level", target.level.label) + fragment("copy", target.copy)
            look = disk.stat if target.level == CLEAN else disk.lstat  # an original may be a link to SOURCE
            marks = self._marks[key] = _Marks(recipe, level_and_copy, look)
        return marks

    def _is_current(self, source: Source, target: Target, line: bytes) -> bool:
        """Tell whether the output stands as recorded, and was made by this recipe from the source as it is."""
        recipe, level_and_copy, look = self._marks_of(source.kind, target)
        if recipe not in line or level_and_copy not in line or fragment("source_bytes", source.size) not in line:
            return False
        try:
            info = look(f"{self._dest_root}/{target.file_name}")
        except OSError:
            return False
        return (
            fragment("bytes", info.st_size) in line
            and stat.S_ISREG(info.st_mode)
            and (self._running.checksum or source.mtime_ns <= info.st_mtime_ns)
        )

    def _go_along(self, source: Source, beside: tuple[Sidecar, ...], target: Target, line: bytes) -> bool:
        """Tell whether the files that are to go along with a target stand as recorded, and no others."""
        if not self._sidecars.are_wanted or source.kind == FILE:
            return _SIDECARS not in line
        recorded = _sidecars_in(line)
        expected = [name_for(one, source.path, target.file_name) for one in beside]
        if _SIDECARS not in line or recorded != expected:
            return False
        try:
            infos = [disk.lstat(f"{self._dest_root}/{name}") for name in recorded]
        except OSError:
            return False
        return all(one.mtime_ns <= info.st_mtime_ns for one, info in zip(beside, infos, strict=True))


def _ours_and_stale(
    source: Source, names: tuple[str, ...], rows: dict[str, bytes], beside: tuple[Sidecar, ...]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names of files that earlier runs wrote, and those among them that no longer go along with a target."""
    former = {name for line in rows.values() for name in _sidecars_in(line)}
    expected = {name_for(one, source.path, name) for one in beside for name in names}
    return frozenset(rows) | former, tuple(sorted(former - expected))


def _known_hash(rows: dict[str, bytes], names: tuple[str, ...]) -> str | None:
    """Return the hash of the source that all its rows agree on."""
    hashes = {record_of(rows[name]).get("source_sha256") for name in names}
    return hashes.pop() if len(hashes) == 1 else None


def _sidecars_in(line: bytes) -> list[str]:
    """Return the names of the files that went along with the target of a row."""
    return sidecar_names(record_of(line)) if _SIDECARS in line else []


def _failed(path: str, reason: str) -> Item[Note]:
    return Note((path,), failures=(failure_line(path, reason),)), None
