"""The walk: which files below SOURCE are worked on, lazily and in one fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from noiseaug import media

STATE_PREFIX = ".noiseaug"  # of everything temporary that a run leaves in DEST; no walk picks it up


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


@dataclass(frozen=True)
class Selection:
    """Which of the files below SOURCE are meant.

    Attributes:
        include: gitignore-like patterns on the relative path; if there are any, a file must match one.
        exclude: such patterns; a file that matches one is left out, and a directory with all that is in it.
        kinds: the kinds of files worked on.
        root: where SOURCE is one file, the directory that its path is relative to (as if that directory were SOURCE).
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kinds: frozenset[str] = field(default_factory=lambda: frozenset(media.KINDS))
    root: str | None = None


def walk_order(path: str) -> list[bytes]:
    """The key by which walks are sorted: the path's components, as bytes.

    >>> sorted(["a.png", "a/b.png", "a-b/c.png"], key=walk_order)
    ['a/b.png', 'a-b/c.png', 'a.png']
    """
    return [os.fsencode(part) for part in path.split("/")]


class Walk:
    """The sources below a directory, in walk order; each directory is listed when it is come to.

    Links to files are followed and links to directories are not. Files of other kinds and special files (FIFOs,
    sockets, devices), which are never opened, are counted.

    Attributes:
        others: files of no kind that is worked on.
        specials: special files, and links to directories.
    """

    def __init__(self, root: str, selection: Selection, avoid: os.stat_result | None = None) -> None:
        """`avoid` is the directory DEST, which is not entered where it lies below `root`."""
        self._root = root
        self._kinds = selection.kinds
        self._avoid = (avoid.st_dev, avoid.st_ino) if avoid else None
        self._included = _matcher(selection.include) if selection.include else None
        self._excluded = _matcher(selection.exclude) if selection.exclude else None
        self.others = 0
        self.specials = 0

    def __iter__(self) -> Iterator[Source | Unreadable]:
        self.others = self.specials = 0
        pending = [self._entries("")]
        while pending:
            path = next(pending[-1], None)
            if path is None:
                pending.pop()
            elif isinstance(path, Unreadable):
                yield path
            elif path.endswith("/"):
                pending.append(self._entries(path))
            else:
                found = self._look_at(path)
                if found is not None:
                    yield found

    def _entries(self, directory: str) -> Iterator[str | Unreadable]:
        """The paths in `directory` ("" or ending in /) that matter, sorted; those of directories end in /."""
        names = []
        try:
            with os.scandir(os.path.join(self._root, directory)) as entries:
                names = [name for entry in entries if (name := self._wanted(directory, entry))]
        except OSError as error:
            yield Unreadable(directory.rstrip("/"), f"directory cannot be listed: {error.strerror}")
        names.sort(key=lambda name: os.fsencode(name.rstrip("/")))
        for name in names:
            yield directory + name

    def _wanted(self, directory: str, entry: os.DirEntry[str]) -> str | None:
        name, path = entry.name, directory + entry.name
        if name.startswith(STATE_PREFIX):
            return None
        if entry.is_dir(follow_symlinks=False):
            if self._excluded and self._excluded(path + "/"):
                return None
            if self._avoid and entry.inode() == self._avoid[1]:
                info = entry.stat(follow_symlinks=False)
                if (info.st_dev, info.st_ino) == self._avoid:
                    return None
            return name + "/"
        if not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
            self.specials += 1
            return None
        if media.kind_of(name) not in self._kinds:
            self.others += 1
            return None
        if (self._excluded and self._excluded(path)) or (self._included and not self._included(path)):
            return None
        return name

    def _look_at(self, path: str) -> Source | Unreadable | None:
        try:
            info = os.stat(os.path.join(self._root, path))
        except OSError as error:
            return Unreadable(path, f"cannot be looked at: {error.strerror}")
        if not stat.S_ISREG(info.st_mode):
            self.specials += 1
            return None
        return Source(path, media.kind_of(path) or "", info.st_size, info.st_mtime_ns)


class SingleFile:
    """The walk over one file that the user named, whatever its suffix is written like."""

    others = specials = 0

    def __init__(self, root: str, name: str) -> None:
        self._root, self._name = root, name

    def __iter__(self) -> Iterator[Source | Unreadable]:
        info = os.stat(os.path.join(self._root, self._name))
        kind = media.kind_of(self._name)
        if kind:
            yield Source(self._name, kind, info.st_size, info.st_mtime_ns)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec  # only the runs that select need it

    return GitIgnoreSpec.from_lines(patterns).match_file
