"""The walk: which files below SOURCE are worked on, lazily and in one fixed order."""

from __future__ import annotations

import itertools
import os
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from noiseaug import kinds
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk
from noiseaug.storage.paths import STATE_PREFIX, walk_order


class Source(NamedTuple):
    """One input file: its path relative to SOURCE with `/`, its kind, size in bytes and time of change in ns."""

    path: str
    kind: str
    size: int
    mtime_ns: int


class Unreadable(NamedTuple):
    """A file or directory of SOURCE that cannot be looked at, and why."""

    path: str
    reason: str


class Listing:
    """The sources of given names below a directory, in walk order, each once.

    Attributes:
        others: files of no kind that is worked on.
        specials: special files (FIFOs, sockets, devices), which are never opened, and links to directories.
        elsewhere: files that belong to other shards.
        twins: files whose names differ from that of a file before only in case or in how accents are composed, with
            that file: on some file systems they are one.
        rivals: files that are written under another suffix, where a file before has that name; with that file.
    """

    def __init__(self, root: str, names: Iterable[str], selection: Selection) -> None:
        self._root = root
        self._names = names
        self._kinds = selection.kinds
        self._limit = selection.limit
        self._included = _matcher(selection.include) if selection.include else None
        self._excluded = _matcher(selection.exclude) if selection.exclude else None
        self._shard = selection.shard
        self.others = self.specials = self.elsewhere = 0
        self.twins: dict[str, str] = {}
        self.rivals: dict[str, str] = {}

    def __iter__(self) -> Iterator[Source | Unreadable]:
        self.others = self.specials = self.elsewhere = 0
        return itertools.islice(self._found(), self._limit)

    def _found(self) -> Iterator[Source | Unreadable]:
        names = sorted(set(self._names), key=walk_order)
        self._note_twins(names)
        for name in names:
            if self._wanted_file(name):
                found = self._look_at(name)
                if found is not None:
                    yield found

    def _note_twins(self, paths: list[str]) -> None:
        present = None
        for path in filter(kinds.is_renamed, paths):
            present = present or set(paths)
            stem, suffix = os.path.splitext(path)
            rival = stem + kinds.target_suffix(suffix, None, as_float=False)
            if rival in present:
                self.rivals[path] = rival
        folded = [unicodedata.normalize("NFC", path).casefold() for path in paths]
        if len(set(folded)) < len(folded):
            first: dict[str, str] = {}
            for name, path in zip(folded, paths, strict=True):
                if first.setdefault(name, path) != path:
                    self.twins[path] = first[name]

    def _wanted_file(self, path: str) -> bool:
        if kinds.kind_of(path) not in self._kinds:
            self.others += 1
            return False
        return not (self._excluded and self._excluded(path)) and not (self._included and not self._included(path))

    def _look_at(self, path: str) -> Source | Unreadable | None:
        if self._shard and not self._shard.holds(path):  # before it is looked at, which a network makes slow
            self.elsewhere += 1
            return None
        try:
            info = disk.stat(f"{self._root}/{path}")
        except OSError as error:
            return Unreadable(path, f"cannot be looked at: {error.strerror}")
        if not stat.S_ISREG(info.st_mode):
            self.specials += 1
            return None
        return Source(path, kinds.kind_of(path) or "", info.st_size, info.st_mtime_ns)


class Walk(Listing):
    """The sources below a directory, in walk order; each directory is listed when it is come to.

    Links to files are followed; links to directories are if the selection says so, but not into a directory that the
    walk is in already.
    """

    def __init__(self, root: str, selection: Selection, avoid: os.stat_result | None = None) -> None:
        """`avoid` is the directory DEST, which is not entered where it lies below `root`."""
        super().__init__(root, (), selection)
        self._avoid = (avoid.st_dev, avoid.st_ino) if avoid else None
        self._follow = selection.follow_symlinks

    def _found(self) -> Iterator[Source | Unreadable]:
        pending = [("", self._entries(""))]
        while pending:
            path = next(pending[-1][1], None)
            if path is None:
                pending.pop()
            elif isinstance(path, Unreadable):
                yield path
            elif path.endswith("/"):
                if self._follow and self._is_loop(path, [directory for directory, _ in pending]):
                    self.specials += 1
                else:
                    pending.append((path, self._entries(path)))
            else:
                found = self._look_at(path)
                if found is not None:
                    yield found

    def _entries(self, directory: str) -> Iterator[str | Unreadable]:
        """Yield the paths in `directory` ("" or ending in /) that matter, sorted; those of directories end in /."""
        names = []
        try:
            with disk.entries(os.path.join(self._root, directory)) as entries:
                names = [name for entry in entries if (name := self._wanted(directory, entry))]
        except OSError as error:
            yield Unreadable(directory.rstrip("/"), f"directory cannot be listed: {error.strerror}")
        names.sort(key=lambda name: os.fsencode(name.rstrip("/")))
        paths = [directory + name for name in names]
        self._note_twins(paths)
        yield from paths

    def _wanted(self, directory: str, entry: os.DirEntry[str]) -> str | None:
        name, path = entry.name, directory + entry.name
        if name.startswith(STATE_PREFIX):
            return None
        if entry.is_dir(follow_symlinks=self._follow):
            if self._excluded and self._excluded(path + "/"):
                return None
            return None if self._avoid and self._is_avoided(entry) else name + "/"
        if not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
            self.specials += 1
            return None
        return name if self._wanted_file(path) else None

    def _is_avoided(self, entry: os.DirEntry[str]) -> bool:
        info = entry.stat()
        return (info.st_dev, info.st_ino) == self._avoid

    def _is_loop(self, directory: str, above: list[str]) -> bool:
        here = os.path.join(self._root, directory)
        return disk.is_link(here.rstrip("/")) and any(
            disk.is_same(here, os.path.join(self._root, path)) for path in above
        )


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec  # only the runs that select need it

    return GitIgnoreSpec.from_lines(patterns).match_file
