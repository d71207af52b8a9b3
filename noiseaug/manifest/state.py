"""What a run keeps in DEST so that it can be killed at any instant and taken up again.

While outputs are being made, `DEST/.noiseaug/` holds

- `journal.jsonl`: the new manifest as far as it has come, in its final order;
- `pending.jsonl`: the targets that were handed to workers, each announced before it can appear in DEST;
- `failures.jsonl`: the failures so far;
- `base.jsonl`: after an interruption, all that is known from the manifest and the journals of runs before this one.

At the end the journal takes the place of the manifest, and the directory goes. What goes with the manifest is drafted
here too, and put in place before it; or after it, if it is a view of the manifest that the run was asked for, which is
then the last thing to change. A run that finds nothing to do creates none of this: a file is written only from where it
differs from the one before.

A run over a shard keeps the same in the shard's own directory (see `shard`), and beside its manifest the command that
it is the work of. What shards have done, finished or not, is taken over by the next run over all of DEST.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import os
import posixpath
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from typing import IO

from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import Group, find, merged, read_groups
from noiseaug.manifest.records import is_pending, pending_line
from noiseaug.manifest.shards import COMMAND, directory_of, remove_shards, shards_in
from noiseaug.settings.shard import Shard
from noiseaug.storage.output_file import remove_temporaries, write_if_changed
from noiseaug.storage.paths import FAILURES, MANIFEST, STATE_PREFIX, walk_order
from noiseaug.storage.settled_file import SettledFile


class State:
    """The lock on DEST, what earlier runs left there, and the manifest in the making.

    Args:
        dest: the directory DEST.
        name: what the manifest is called there; one of another name is taken to be it until this one is there.
        shard: if given, only of that part of DEST, which keeps its own manifest.
        command: tells runs over shards apart that cannot be merged.

    Attributes:
        manifest_path: where the manifest is published.
        failures_path: where the failures are.
        tag: begins the names of temporaries; those of shards are told apart, as they are at work at once.
    """

    def __init__(self, dest: str, name: str = MANIFEST, shard: Shard | None = None, command: bytes = b"") -> None:
        self._dest, self._name, self._shard, self._command = dest, name, shard, command
        self._home = directory_of(shard, dest) if shard else dest
        self._directory = os.path.join(self._home, "state" if shard else STATE_PREFIX)
        self._lock = Lock(dest)
        self._pending: IO[bytes] | None = None
        self._open: list[SettledFile] = []
        self._companions: list[SettledFile] = []
        self._views: list[SettledFile] = []
        self._retired: list[str] = []
        self.manifest_path = os.path.join(self._home, name)
        self.failures_path = os.path.join(self._home, FAILURES)
        self.tag = f"{shard.number}of{shard.of}-" if shard else ""

    def _file(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def lock(self) -> None:
        """Takes DEST, or the shard, for this process until it ends in whatever way. Raises Busy if another has it."""
        self._lock.take(self._shard)

    @property
    def is_part(self) -> bool:
        """Whether this is of a shard only."""
        return self._shard is not None

    def abandon(self) -> None:
        """Removes what taking a shard left in DEST, after a run that could not begin."""
        if self._shard:
            self._lock.abandon(self._shard)

    def adopt(self) -> None:
        """Gives a manifest that earlier runs wrote under another name the name it has now."""
        former = find(self._home, self._name)
        if former != self._name:
            os.rename(os.path.join(self._home, former), self.manifest_path)

    def old_groups(self) -> Iterator[Group]:
        """All rows that earlier runs left, finished or not, by source in walk order."""
        own, shard = self._own_groups(), self._shard
        if shard is None:
            shards = (State(self._dest, shard=other)._own_groups() for other in shards_in(self._dest))
            return merged(heapq.merge(*shards, key=lambda group: walk_order(group.source_path)), own)
        if os.path.exists(self.manifest_path) or os.path.exists(self._file("base.jsonl")):
            return own
        before = State(self._dest)._own_groups()
        return merged(own, (group for group in before if shard.holds(group.source_path)))

    def _own_groups(self) -> Iterator[Group]:
        base = self._file("base.jsonl")
        manifest = os.path.join(self._home, find(self._home, self._name))
        known = read_groups(base if os.path.exists(base) else manifest)
        announced = merged(read_groups(self._file("pending.jsonl")), known)
        return merged(read_groups(self._file("journal.jsonl")), announced)

    def recover(self) -> Iterator[Group]:
        """`old_groups`, after tidying up what an interrupted run left, so that this run can be interrupted too."""
        shards = [] if self._shard else shards_in(self._dest)
        if os.path.isdir(self._directory) or shards:
            os.makedirs(self._directory, exist_ok=True)
            draft, directories = self._file("base.new"), {""}
            with open(draft, "wb") as file:
                for group in self.old_groups():
                    for file_name, line in group.rows.items():
                        file.write(line)
                        if is_pending(line):
                            directories.add(posixpath.dirname(file_name))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._file("base.jsonl"))
            for name in ("journal.jsonl", "pending.jsonl"):
                _remove(self._file(name))
            if shards:
                remove_shards(self._dest)
            if self._shard:
                remove_temporaries(directory_of(self._shard, self._dest))
            self.remove_temporaries(directories)
        return self.old_groups()

    def begin(self) -> tuple[SettledFile, SettledFile]:
        """The manifest and the failures of this run, to be written in walk order."""
        manifest = SettledFile(self.manifest_path, self._file("journal.jsonl"))
        failures = SettledFile(self.failures_path, self._file("failures.jsonl"))
        self._open += [manifest, failures]
        return manifest, failures

    def announce(self, targets: Iterable[tuple[str, str]]) -> None:
        """Notes (source path, file name) pairs that are about to be made; must come before their making."""
        if self._pending is None:
            os.makedirs(self._directory, exist_ok=True)
            self._pending = open(self._file("pending.jsonl"), "wb", buffering=0)  # noqa: SIM115 - held for the run
        self._pending.write(b"".join(pending_line(*target) for target in targets))

    def companion(self, name: str, *, is_view: bool = False) -> SettledFile:
        """A file that goes with the manifest, to be written and settled; `finish` puts it in place.

        Args:
            name: what it is called in DEST.
            is_view: whether it is a view of the manifest, and must not be older.
        """
        file = SettledFile(os.path.join(self._dest, name), self._file(f"new-{name}"))
        self._open.append(file)
        (self._views if is_view else self._companions).append(file)
        return file

    def retire(self, name: str) -> None:
        """Lets `finish` remove a file of this name from DEST, which goes with a manifest that is no more."""
        self._retired.append(os.path.join(self._dest, name))

    def finish(self, manifest: SettledFile, failures: SettledFile, *, failed: bool, worked: bool) -> None:
        """Publishes what is new, the manifest (settled before) and its view last, and leaves nothing else behind.

        They are what Make looks at, so they are no older than any output even where their text stays the same.
        """
        if failed:
            self.publish_failures(failures)
        else:
            _remove(self.failures_path)
        for file in self._companions:
            if file.differs:
                file.publish()
        for path in self._retired:
            _remove(path)
        if self._shard:
            write_if_changed(os.path.join(directory_of(self._shard, self._dest), COMMAND), self._command)
        _remove(self._file("pending.jsonl"))
        _remove(self._file("base.jsonl"))
        if manifest.differs:
            manifest.publish()
        elif worked:
            os.utime(self.manifest_path)
        for file in self._views:
            if file.differs:
                file.publish()
            elif os.stat(file.path).st_mtime_ns < os.stat(self.manifest_path).st_mtime_ns:
                os.utime(file.path)
        shutil.rmtree(self._directory, ignore_errors=True)

    def publish_failures(self, failures: SettledFile) -> None:
        """Puts the failures so far in place of those of the last run."""
        if failures.settle():
            failures.publish()

    @functools.cache  # noqa: B019 - one a run
    def folds_names(self) -> bool:
        """Whether DEST takes names for the same that differ in case, or in how accents are composed."""
        probe = f"{STATE_PREFIX}-{self.tag}\u00e9.tmp"
        path = os.path.join(self._dest, probe)
        with open(path, "wb"):
            pass
        others = (probe.upper(), unicodedata.normalize("NFD", probe))
        folds = any(os.path.exists(os.path.join(self._dest, other)) for other in others)
        os.unlink(path)
        return folds

    def remove_temporaries(self, directories: Iterable[str]) -> None:
        """Removes unfinished outputs from directories of DEST (relative to it)."""
        for directory in directories:
            remove_temporaries(os.path.join(self._dest, directory), self.tag)

    def sweep(self) -> None:
        """Removes the temporaries of an interrupted run whose work others have done."""
        if os.path.isdir(self._directory):
            rows = ((name, line) for group in self._own_groups() for name, line in group.rows.items())
            self.remove_temporaries({posixpath.dirname(name) for name, line in rows if is_pending(line)})

    def close(self) -> None:
        """Gives DEST free."""
        for file in self._open:
            file.close()
        if self._pending:
            self._pending.close()
        self._lock.release()


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
