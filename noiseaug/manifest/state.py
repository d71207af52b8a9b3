"""The record of a run in the making: what was announced and done, and how it is put in place at the end."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from noiseaug.manifest.former import NamesWritten, known_groups, recover
from noiseaug.manifest.home import Home
from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import Group, find, read_entries, read_groups
from noiseaug.manifest.records import Record
from noiseaug.manifest.shards import COMMAND, VERSIONS, shards_in
from noiseaug.storage import disk
from noiseaug.storage.drafts import Drafts
from noiseaug.storage.output_file import remove_temporaries, write_if_changed
from noiseaug.storage.paths import KEPT, STATE_PREFIX
from noiseaug.storage.settled_file import SettledFile
from noiseaug.version import versions


class State:
    """The lock on DEST, and the manifest in the making.

    A run that finds nothing to do changes nothing on disk: a file is written only from where it differs from the one
    before.

    Args:
        home: where the run keeps what it knows.
        command: tells runs over shards apart that cannot be merged.

    Attributes:
        home: as given.
        manifest: the rows of this run, to be written in walk order.
        failures: the failures of this run, likewise.
        leftovers: the rows of what earlier runs wrote and this one was not asked for, likewise.
        kept: the rows of files that are kept and are neither image nor audio, likewise.
        companions: files that go with the manifest, to be put in place before it.
        views: files that say what the manifest says, to be put in place after it, and never older.
    """

    def __init__(self, home: Home, command: bytes = b"") -> None:
        self.home = home
        self._command = command
        self._lock = Lock(home.dest)
        self._closing = contextlib.ExitStack()
        self._closing.callback(self._lock.release)
        self._made_dest = False
        self._pending: BinaryIO | None = None
        self.companions = Drafts(home.state, "new-")
        self.views = Drafts(home.state, "view-")
        for drafts in (self.companions, self.views):
            self._closing.callback(drafts.close)

    @property
    def manifest_path(self) -> str:
        """Where the manifest is put, or "" if none is kept."""
        return self.home.manifest

    @property
    def tag(self) -> str:
        """The beginning of the names of temporaries."""
        return self.home.tag

    @property
    def is_part(self) -> bool:
        """Whether this is of a shard only."""
        return self.home.shard is not None

    def known(self) -> Iterator[Group]:
        """Yield all rows that earlier runs left, by source in walk order."""
        return known_groups(self.home)

    def last(self) -> Iterator[Group]:
        """Yield the rows of the manifest as the last run left it."""
        return read_groups(os.path.join(self.home.directory, find(self.home.directory, self.home.name)))

    def recover(self) -> Iterator[Group]:
        """Tidy up what an interrupted run left, then yield all rows that are known."""
        return recover(self.home)

    @property
    def are_rows_in_manifest(self) -> bool:
        """Whether all rows that earlier runs left stand in the manifest, and none in another file."""
        home = self.home
        others = (home.state, home.kept, home.leftovers)
        is_there = disk.is_file(home.manifest) and not self.is_part
        return is_there and not any(map(disk.exists, others)) and not shards_in(home.dest)

    def remove_temporaries(self, directories: Iterable[str]) -> None:
        """Remove unfinished outputs from directories of DEST (relative to it)."""
        for directory in directories:
            remove_temporaries(os.path.join(self.home.dest, directory), self.tag)

    def lock(self) -> None:
        """Take DEST, or the shard, for this process until it ends in whatever way.

        Raises:
            Busy: if another process has it.
        """
        self._made_dest = not disk.is_directory(self.home.dest)
        disk.make_directories(self.home.dest)
        self._lock.take(self.home.shard)

    def abandon(self) -> None:
        """Remove what `lock` made in DEST, and DEST if it was made, after a run that could not begin."""
        if self.home.shard:
            self._lock.abandon(self.home.shard)
        if self._made_dest:
            with contextlib.suppress(OSError):  # another shard may be at work there
                disk.remove_directory(self.home.dest)

    def begin(self) -> None:
        """Open the manifest and the failures of this run.

        A manifest that earlier runs wrote under another name gets the name that it has now.
        """
        former = find(self.home.directory, self.home.name)
        if former != self.home.name:
            disk.rename(os.path.join(self.home.directory, former), self.home.manifest)
        self.manifest = SettledFile(self.home.manifest, self.home.in_state("journal.jsonl"))
        self.failures = SettledFile(self.home.failures, self.home.in_state("failures.jsonl"))
        self.leftovers = SettledFile(self.home.leftovers, self.home.in_state("leftovers.jsonl"))
        self.kept = SettledFile(self.home.kept, self.home.in_state(KEPT))
        for file in (self.manifest, self.failures, self.leftovers, self.kept):
            self._closing.callback(file.close)

    def announce(self, lines: Iterable[bytes]) -> None:
        """Note targets that are about to be made, a pending line each; must come before their making."""
        if self._pending is None:
            disk.make_directories(self.home.state)
            self._pending = self._closing.enter_context(disk.open_new(self.home.in_state("pending.jsonl")))
        self._pending.write(b"".join(lines))

    def commit(self, *, worked: bool, index: bytes = b"") -> None:
        """Put everything in place that was written and settled, the manifest and its views last.

        A kill before the manifest is renamed leaves the journal, from which the next run goes on. A kill after it
        leaves a finished DEST, but perhaps a view or a state directory that is old, which the next run mends. Make
        looks at the manifest and its views, so they are no older than any output even where their text stays the same.

        Args:
            worked: whether outputs were written.
            index: that of the manifest; nothing for none.
        """
        failures_differ = _publish_list(self.failures)
        _publish_list(self.leftovers)
        _publish_list(self.kept)
        if worked or failures_differ or self.manifest.differs:
            self._put_index(index)
        self.companions.publish()
        if self.home.shard:
            write_if_changed(os.path.join(self.home.directory, COMMAND), self._command)
            made_by = os.path.join(self.home.directory, VERSIONS)
            if worked or not disk.exists(made_by):  # outputs that stay were made by the versions that are recorded
                write_if_changed(made_by, json.dumps(versions()).encode() + b"\n")
        for name in ("pending.jsonl", "base.jsonl"):
            disk.remove(self.home.in_state(name))
        if not self.manifest.publish() and worked:  # written last
            disk.touch(self.home.manifest)
        published = self.views.publish()
        for path in published.files:
            if disk.stat(path).st_mtime_ns < disk.stat(self.home.manifest).st_mtime_ns:
                disk.touch(path)
        disk.remove_tree(self.home.state)

    def _put_index(self, content: bytes) -> None:
        if content:
            write_if_changed(self.home.index_path, content)
        else:
            disk.remove(self.home.index_path)

    def filter_leftovers(self, stays: Callable[[Record], bool]) -> None:
        """Take the rows off the list of what is left over that do not stay."""
        settled = SettledFile(self.home.leftovers, self.home.in_state("leftovers-settled.jsonl"))
        self._closing.callback(settled.close)
        for entry in read_entries(self.leftovers.content):
            if entry.record and stays(entry.record):
                settled.write(entry.line)
        self.leftovers = settled

    def names_written(self) -> NamesWritten:
        """Return the names of all files that earlier runs are known to have written to DEST."""
        return NamesWritten(lambda: known_groups(self.home._replace(shard=None)))

    def publish_failures(self) -> None:
        """Put the failures so far in place of those of the last run."""
        _publish_list(self.failures)

    def folds_names(self) -> bool:
        """Tell whether DEST takes names for the same that differ in case, or in how accents are composed."""
        return self._folds_names

    @functools.cached_property
    def _folds_names(self) -> bool:
        name = f"{STATE_PREFIX}-{self.home.tag}\u00e9.tmp"
        others = (name.upper(), unicodedata.normalize("NFD", name))
        return disk.answers_to(self.home.dest, name, others)

    def close(self) -> None:
        """Give DEST free."""
        self._closing.close()


def _publish_list(file: SettledFile) -> bool:
    """Put a list in place of the one before; a list of nothing is no file. Tell whether that changed anything."""
    if file.size:
        file.settle()
        return file.publish()
    return disk.remove(file.path)


class _Nowhere(SettledFile):
    """A file of which nothing is kept."""

    def __init__(self) -> None:
        """Open no file."""

    def write(self, lines: bytes) -> None:
        """Drop the lines."""

    def settle(self) -> bool:
        """Tell that nothing differs."""
        return False


class Unrecorded(State):
    """The state of a run that keeps no record: one file to one file, as `cp` does it.

    Other runs may write to the same directory meanwhile: nothing is locked, and temporaries have a tag of their own.
    """

    manifest_path = ""
    tag = ""
    is_part = True

    def __init__(self, dest: str) -> None:
        super().__init__(Home(dest))
        self.tag = os.urandom(4).hex()
        self.manifest = self.failures = self.leftovers = self.kept = _Nowhere()

    def known(self) -> Iterator[Group]:
        """Yield nothing: no run is known to have written anything."""
        return iter(())

    recover = last = known

    def folds_names(self) -> bool:
        """Tell that it does not matter: there is one name."""
        return False

    def _do_nothing(self, *_: object, **__: object) -> None:
        """Keep no record."""

    lock = abandon = begin = announce = publish_failures = commit = _do_nothing
