"""The tasks that are left to do: the walk over the sources, merged with what earlier runs left in DEST.

Nothing is written or deleted here. A dry run goes through the same items as a run, and drops them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from noiseaug.kinds import FILE
from noiseaug.manifest.index import Settled
from noiseaug.manifest.reading import record_of
from noiseaug.manifest.records import SIDECARS, failure_line, is_pending, recorded_sidecars, sidecar_names
from noiseaug.planning.labels_along import LabelsAlong, left_over_of, told_alone
from noiseaug.planning.settled import FormerRows, SettledSources
from noiseaug.planning.sidecars import Sidecars, name_for
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Item, Task
from noiseaug.planning.up_to_date import UpToDate
from noiseaug.planning.walk import Listing, Source, Unreadable
from noiseaug.settings.running import Running
from noiseaug.storage import disk
from noiseaug.storage.paths import walk_order, why_unusable

# Sources in a row that are up to date and are passed on together, which halves what it costs to find nothing to do.
_TOGETHER = 64
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
        left_over: the rows of targets that are not asked for.
        failures: lines for failures.jsonl.
        unlabelled: sources without the sidecars that are to go along.
        settled: sources that are so; their rows are not among the others here.
        why: for each target that is to be made, why it is outdated; nothing for a new one.
    """

    paths: tuple[str, ...]
    size: int = 0
    kind: str = ""
    file_names: tuple[str, ...] = ()
    kept: Mapping[str, bytes] = _NONE
    former: Mapping[str, bytes] = _NONE
    orphans: Mapping[str, bytes] = _NONE
    left_over: Mapping[str, bytes] = _NONE
    failures: tuple[bytes, ...] = ()
    unlabelled: int = 0
    settled: Settled | None = None
    why: Mapping[str, str] = MappingProxyType({})

    @property
    def is_plain(self) -> bool:
        """Whether all that is to be said is that targets of sources that were looked at are up to date."""
        return bool(self.paths) and not (self.failures or self.orphans or self.left_over or self.settled)


class Reconciliation:
    """Decides for each source what of it is up to date and what is to be made.

    Args:
        roots: the directories SOURCE and DEST.
        plan: what each source becomes.
        running: how a run is carried out: whether all is made again, and how a changed source is told.
        old: what earlier runs left.
        sidecars: the files that go along with sources.
        written: the names of all files that earlier runs wrote, whatever source they made them of.
        folds_names: tells whether DEST takes names for the same that differ in case.
        settled: finds sources of which no row needs to be looked at.
    """

    def __init__(
        self,
        roots: tuple[str, str],
        plan: Plan,
        running: Running,
        old: FormerRows,
        sidecars: Sidecars,
        written: Container[str] = (),
        folds_names: Callable[[], bool] = lambda: False,
        settled: SettledSources | None = None,
    ) -> None:
        self._source_root, self._dest_root = roots
        self._plan, self._running, self._folds_names = plan, running, folds_names
        self._old, self._sidecars, self._written = old, sidecars, written
        self._settled = settled
        self._up_to_date = UpToDate(self._dest_root, plan, running)
        self._unreadable: list[str] = []
        self._found_any = False

    def items(self, walk: Listing) -> Iterator[Item[Note]]:
        """Yield notes on the sources, in walk order, each with a task where something is to be made."""
        paths: list[str] = []
        kept: dict[str, bytes] = {}
        unlabelled = 0
        for item in self._singly(walk):
            note, task = item
            if task is None and note.is_plain and len(paths) < _TOGETHER:
                paths += note.paths
                kept |= note.kept
                unlabelled += note.unlabelled
                continue
            if paths or kept:
                yield Note(tuple(paths), kept=kept, unlabelled=unlabelled), None
                paths, kept, unlabelled = [], {}, 0
            yield item
        if paths or kept:
            yield Note(tuple(paths), kept=kept, unlabelled=unlabelled), None

    def _singly(self, walk: Listing) -> Iterator[Item[Note]]:
        for found in walk.beside(self._settled):
            if isinstance(found, Settled):
                yield from self._of_settled(found, walk)
            else:
                yield from self._of_one(found, walk)
        if self._found_any or walk.elsewhere:
            yield from self._gone_before(None)
            return
        while group := self._old.take():  # an empty SOURCE may be a disk that is not mounted: nothing is concluded
            yield _as_it_was(group.rows)

    def _of_settled(self, found: Settled, walk: Listing) -> Iterator[Item[Note]]:
        self._found_any = True
        is_next = self._old.pass_over(found)
        if not is_next:
            yield from self._gone_before(found.paths[0])
            is_next = self._old.pass_over(found)
        if is_next:
            yield Note(tuple(found.paths), settled=found._replace(rows=b"")), None  # it may wait for a while
            return
        for source in map(walk.look_at, found.paths):
            if source is not None:
                yield from self._of_one(source, walk)

    def _of_one(self, found: Source | Unreadable, walk: Listing) -> Iterator[Item[Note]]:
        upcoming = self._old.next
        if upcoming is not None and upcoming.source_path != found.path:
            yield from self._gone_before(found.path)
        yield self._decided(found, walk) if isinstance(found, Source) else self._unlisted(found)

    def _unlisted(self, found: Unreadable) -> Item[Note]:
        self._unreadable.append(found.path)
        return _failed(found.path, found.reason)

    def _decided(self, source: Source, walk: Listing) -> Item[Note]:
        if (twin := walk.twins.of(source.path)) and self._folds_names():
            name, other = twin
            where = "overwrite" if name == source.path else "come into"
            return _failed(source.path, f"would {where} {other}, as the file system of DEST folds names; rename one")
        self._found_any = True
        if source.kept and (why := why_unusable(source.path)):
            return _failed(source.path, f"cannot be kept under its name, which {why}; leave it out with --exclude")
        if source.path in walk.twins.rivals:
            rival = walk.twins.rivals[source.path]
            return _failed(source.path, f"would be written as {rival}, which is another source; rename one")
        return self._item(source, self._take(source.path))

    def _take(self, path: str) -> dict[str, bytes]:
        """Return what earlier runs left of this source."""
        group = self._old.next
        if group is None or group.source_path != path:
            return {}
        self._old.take()
        return group.rows

    def _gone_before(self, path: str | None) -> Iterator[Item[Note]]:
        """Yield the sources before `path` that the walk did not find. Those in a place it could not list stay."""
        order = None if path is None else walk_order(path)
        while (group := self._old.next) and (order is None or walk_order(group.source_path) < order):
            source_path, rows = group
            self._old.take()
            if not source_path:  # of files that go with the manifest; `CompanionFiles` sees to them
                continue
            if any(source_path.startswith(place + "/") for place in self._unreadable):
                yield _as_it_was(rows)
            elif disk.lexists(f"{self._source_root}/{source_path}"):
                yield Note((), left_over=rows), None
            else:
                yield Note((), orphans=rows), None

    def _item(self, source: Source, rows: dict[str, bytes]) -> Item[Note]:
        targets = self._plan.targets(source.path, source.kind, kept=source.kept)
        if not rows and self._old.are_none and not self._sidecars.are_wanted:
            return self._new(source, targets)
        names = tuple(target.file_name for target in targets)
        current, why = self._up_to_date.among(source, targets, rows) if rows else ({}, {})
        labels = self._labels_of(source, names, rows)
        to_label = [(target, current[target.file_name]) for target in targets if target.file_name in current]
        to_label = [(target, line) for target, line in to_label if not self._go_along(source, labels, target, line)]
        kept = current if labels.asked else {name: told_alone(line) for name, line in current.items()}
        left_over = left_over_of(rows, names, labels) if len(rows) > len(current) or labels.former else {}
        by_hash, all_current = self._running.checksum, len(current) == len(targets)
        note = Note(
            paths=(source.path,),
            size=source.size,
            kind="kept" if source.kept else source.kind,
            file_names=names,
            kept=kept,
            left_over=left_over,
            unlabelled=int(labels.asked and not labels.beside and not source.kept),
            why=why,
        )
        if all_current and not by_hash and not to_label:
            return note._replace(file_names=()), None
        if by_hash:
            note = note._replace(kept={}, former=kept)
        todo = tuple(target for target in targets if target.file_name not in note.kept)
        known = _known_hash(rows, names) if all_current else None
        ours = frozenset(rows) | labels.former.keys()
        taken = self._taken({*names, *labels.expected} - ours)
        note = note._replace(why=why | dict.fromkeys(taken.intersection(names), "it was made of another source"))
        task = Task(source, self._plan.recipe, todo, ours, known, labels.asked_for)
        label = self._plan.layout.label_of(source.path)
        return note, task._replace(stale=labels.stale, label=label, labelled=tuple(to_label), taken=taken)

    def _new(self, source: Source, targets: list[Target]) -> Item[Note]:
        """Return what `_item` does of a source where nothing is known of earlier runs, in half the time."""
        kind, names = "kept" if source.kept else source.kind, tuple([target.file_name for target in targets])
        label = self._plan.layout.label_of(source.path)
        task = Task(source, self._plan.recipe, tuple(targets), frozenset(), label=label)
        return Note((source.path,), source.size, kind, names), task

    def _taken(self, names: Iterable[str]) -> frozenset[str]:
        """Return those of the names under which there is a file that an earlier run made of another source."""
        if self._old.are_none:
            return frozenset()
        return frozenset(name for name in names if disk.lexists(f"{self._dest_root}/{name}") and name in self._written)

    def _labels_of(self, source: Source, names: tuple[str, ...], rows: dict[str, bytes]) -> LabelsAlong:
        """Return what is to go along with the targets of a source, and what earlier runs let go along."""
        asked = self._sidecars.are_wanted and source.kind != FILE
        beside = self._sidecars.of(source.path) if asked and not source.kept else ()
        records = [record_of(line) for line in rows.values() if SIDECARS in line]
        former = {name: sha256 for record in records for name, sha256 in recorded_sidecars(record)}
        expected = frozenset(name_for(one, source.path, name) for one in beside for name in names)
        return LabelsAlong(asked, beside, former, expected)

    def _go_along(self, source: Source, labels: LabelsAlong, target: Target, line: bytes) -> bool:
        """Tell whether the files that are to go along with a target stand as recorded, and no others."""
        if not labels.asked:
            return True
        recorded = sidecar_names(record_of(line)) if SIDECARS in line else []
        expected = [name_for(one, source.path, target.file_name) for one in labels.beside]
        if SIDECARS not in line or recorded != expected:
            return False
        try:
            infos = [disk.lstat(f"{self._dest_root}/{name}") for name in recorded]
        except OSError:
            return False
        return all(one.mtime_ns <= info.st_mtime_ns for one, info in zip(labels.beside, infos, strict=True))


def _known_hash(rows: dict[str, bytes], names: tuple[str, ...]) -> str | None:
    """Return the hash of the source that all its rows agree on."""
    hashes = {record_of(rows[name]).get("source_sha256") for name in names}
    return hashes.pop() if len(hashes) == 1 else None


def _as_it_was(rows: Mapping[str, bytes]) -> Item[Note]:
    """Return an item that keeps the rows of a source that could not be looked at."""
    return Note((), kept={name: line for name, line in rows.items() if not is_pending(line)}), None


def _failed(path: str, reason: str) -> Item[Note]:
    return Note((path,), failures=(failure_line(path, reason),)), None
