"""The walk: which files below SOURCE are worked on, lazily and in one fixed order."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from noiseaug import kinds
from noiseaug.manifest.index import Settled
from noiseaug.manifest.reading import is_dest
from noiseaug.planning.mask_folders import MaskFolders, directories_above
from noiseaug.planning.settled import SettledSources
from noiseaug.planning.twins import Twins
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk
from noiseaug.storage.paths import STATE_PREFIX, walk_order


class Source(NamedTuple):
    """One input file.

    Attributes:
        path: relative to SOURCE, with `/`.
        kind: the kind of media, or FILE for a file that is kept and is of no kind that is worked on.
        size: in bytes.
        mtime_ns: the time of its last change, in nanoseconds.
        kept: whether it is only copied, as it is.
    """

    path: str
    kind: str
    size: int
    mtime_ns: int
    kept: bool = False


class Unreadable(NamedTuple):
    """A file or directory of SOURCE that cannot be looked at, and why."""

    path: str
    reason: str


@dataclass
class LeftAlone:
    """What a walk came across and did not take.

    Attributes:
        others: files of no kind that is worked on.
        videos: those among them that are videos, if audio is worked on.
        arrays: those among them that are arrays, if no kind was named.
        specials: special files (FIFOs, sockets, devices), which are never opened.
        links: links to directories that were not followed.
        hidden: files and directories whose names begin with a dot.
        outputs: directories that are the DEST of a run.
    """

    others: int = 0
    videos: int = 0
    arrays: int = 0
    specials: int = 0
    links: int = 0
    hidden: int = 0
    outputs: tuple[str, ...] = ()


class Listing:
    """The sources of given names below a directory, in walk order, each once.

    Attributes:
        left: what was not taken.
        elsewhere: files that belong to other shards.
        mask_folders: folders whose images get noise, though their names say that these are masks or labels.
        twins: files whose outputs would meet.
    """

    def __init__(self, root: str, names: Iterable[str], selection: Selection) -> None:
        self._root = root
        self._names = names
        self._takes, self._takes_audio = selection.takes, "audio" in selection.kinds
        self._expects_arrays = selection.kinds >= kinds.DEFAULT_KINDS
        self._limit = selection.limit
        self._included = matcher(selection.include) if selection.include else None
        self._excluded = matcher(selection.exclude) if selection.exclude else None
        self._kept = matcher(selection.keep) if selection.keep else None
        self._masks = selection.masks
        self._shard, self._follow = selection.shard, selection.follow_symlinks
        self.left = LeftAlone()
        self.elsewhere = 0
        self.mask_folders = MaskFolders()
        self.twins = Twins()

    def __iter__(self) -> Iterator[Source | Unreadable]:
        return (found for found in self.beside(None) if not isinstance(found, Settled))

    def beside(self, settled: SettledSources | None) -> Iterator[Source | Unreadable | Settled]:
        """Yield the sources; those that `settled` finds to be settled are not looked at singly."""
        self.left, self.elsewhere, self.mask_folders = LeftAlone(), 0, MaskFolders()
        return itertools.islice(self._found(settled), self._limit)

    def _found(self, settled: SettledSources | None) -> Iterator[Source | Unreadable | Settled]:
        names = sorted(set(self._names), key=walk_order)
        self.twins.note(names + sorted({f"{directory}/" for name in names for directory in directories_above(name)}))
        for name in names:
            if self._wanted_file(name):
                self.mask_folders.note(os.path.dirname(name), [self._gets_noise(name)])
                found = self.look_at(name)
                if found is not None:
                    yield found

    def remarks(self) -> list[str]:
        """Return what a person would be surprised that the walk did not take, a line each."""
        left, lines = self.left, []
        if left.hidden:
            what = "hidden file or directory" if left.hidden == 1 else "hidden files or directories"
            lines.append(f"{left.hidden:,} {what} left out; --hidden takes {'it' if left.hidden == 1 else 'them'}")
        if left.videos:
            one = left.videos == 1
            what, their = ("video", "its") if one else ("videos", "their")
            lines.append(f"{left.videos:,} {what} left out; --kind audio takes {their} sound")
        if left.arrays:
            what, them = ("array file", "it") if left.arrays == 1 else ("array files", "them")
            lines.append(f"{left.arrays:,} {what} left out; --kind array takes {them}")
        if left.links:
            what, it = ("link to a directory", "it") if left.links == 1 else ("links to directories", "them")
            why = ", as the walk would go round in circles" if self._follow else f"; --follow-symlinks walks {it}"
            lines.append(f"{left.links:,} {what} not followed{why}")
        advice = "holds outputs of noiseaug and is left out; name it as SOURCE to work on them"
        return lines + [f"{name}/ {advice}" for name in left.outputs]

    def is_kept(self, path: str) -> bool:
        """Tell whether a file is only copied, as it is."""
        return self._kept is not None and self._kept(path)

    def _is_mask(self, path: str) -> bool:
        return bool(self._masks) and any(f"/{folder}/" in f"/{path}" for folder in self._masks)

    def _gets_noise(self, path: str) -> bool:
        return kinds.kind_of(path) == "image" and not self.is_kept(path)

    def _wanted_file(self, path: str) -> bool:
        if self.is_kept(path):
            return not (self._excluded and self._excluded(path))
        if not self._takes(path):
            self.left.others += 1
            self.left.videos += self._takes_audio and kinds.is_video(path)
            self.left.arrays += self._expects_arrays and kinds.kind_of(path) == "array"
            return False
        if self._is_mask(path):
            return False
        return not (self._excluded and self._excluded(path)) and not (self._included and not self._included(path))

    def look_at(self, path: str) -> Source | Unreadable | None:
        """Return a file that is wanted, or None if it is none of this shard or no regular file."""
        if self._shard and not self._shard.holds(path):  # before it is looked at, which a network makes slow
            self.elsewhere += 1
            return None
        try:
            info = disk.stat(f"{self._root}/{path}")
        except OSError as error:
            return Unreadable(path, f"cannot be looked at: {error.strerror}")
        if not stat.S_ISREG(info.st_mode):
            if stat.S_ISDIR(info.st_mode) and disk.is_link(f"{self._root}/{path}"):
                self.left.links += 1
            else:
                self.left.specials += 1
            return None
        kind, kept = kinds.kind_of(path), self.is_kept(path)
        # What is only copied needs no codec: its row does not depend on which extras are installed.
        if kind is None or (kept and (not self._takes(path) or kinds.why_unreadable(path) or kinds.extra_of(path))):
            kind = kinds.FILE
        return Source(path, kind, info.st_size, info.st_mtime_ns, kept)


class Walk(Listing):
    """The sources below a directory, in walk order; each directory is listed when it is come to.

    Links to files are followed; links to directories are if the selection says so, but not into a directory that the
    walk is in already. A directory below that is the DEST of a run is left alone: noise on noise is not what anybody
    asks for without naming it.
    """

    def __init__(self, root: str, selection: Selection) -> None:
        super().__init__(root, (), selection)
        self._hidden = selection.hidden

    def _found(self, settled: SettledSources | None) -> Iterator[Source | Unreadable | Settled]:
        pending = [("", self._entries(""))]
        while pending:
            paths = next(pending[-1][1], None)
            if paths is None:
                pending.pop()
            elif isinstance(paths, Unreadable):
                yield paths
            elif isinstance(paths, str):
                if self._follow and self._is_loop(paths, [directory for directory, _ in pending]):
                    self.left.links += 1
                else:
                    pending.append((paths, self._entries(paths)))
            else:
                yield from self._of_files(paths, settled)

    def _of_files(self, paths: list[str], settled: SettledSources | None) -> Iterator[Source | Unreadable | Settled]:
        """Yield the sources among the files of a directory that no subdirectory comes between."""
        place = 0
        while place < len(paths):
            block = settled.at(paths, place) if settled and not self.twins else None
            found = block or self.look_at(paths[place])
            place += block.block.sources if block else 1
            if found is not None:
                yield found

    def _entries(self, directory: str) -> Iterator[str | list[str] | Unreadable]:
        """Yield what matters in `directory` ("" or ending in /), sorted: directories, whose paths end in /, and lists
        of the files between them."""
        names, marks, before = [], [], replace(self.left)
        subdirectories: set[str] = set()
        try:
            with disk.entries(os.path.join(self._root, directory)) as entries:
                for entry in entries:
                    name = entry.name
                    if name.endswith(".jsonl") or name.startswith(STATE_PREFIX):
                        marks.append(name)
                    if self._wanted(directory, entry, subdirectories):
                        names.append(name)
        except OSError as error:
            yield Unreadable(directory.rstrip("/"), f"directory cannot be listed: {error.strerror}")
        if directory and marks and is_dest(os.path.join(self._root, directory), marks):
            self.left = replace(before, outputs=(*before.outputs, directory.rstrip("/")))
            return
        names.sort(key=None if "".join(names).isascii() else os.fsencode)
        paths = [f"{directory}{name}/" if name in subdirectories else directory + name for name in names]
        self.twins.note(paths)
        self.mask_folders.note(directory.rstrip("/"), map(self._gets_noise, paths))
        if not subdirectories:
            yield paths
            return
        for is_directory, several in itertools.groupby(paths, key=lambda path: path.endswith("/")):
            if is_directory:
                yield from several
            else:
                yield list(several)

    def _wanted(self, directory: str, entry: os.DirEntry[str], subdirectories: set[str]) -> bool:
        """Tell whether an entry of a directory matters; add it to the subdirectories if it is one."""
        name, path = entry.name, directory + entry.name
        if name.startswith(STATE_PREFIX):
            return False
        if not entry.is_file(follow_symlinks=False):
            if entry.is_dir(follow_symlinks=self._follow):
                if (self._excluded and self._excluded(path + "/")) or self._is_left_as_hidden(name):
                    return False
                if self._kept is None and self._is_mask(path + "/"):
                    return False
                subdirectories.add(name)
                return True
            if not entry.is_symlink():
                self.left.specials += 1
                return False
            if not self._takes(path) and disk.is_directory(f"{self._root}/{path}"):
                self.left.links += 1
                return False
        return self._wanted_file(path) and not self._is_left_as_hidden(name)

    def _is_left_as_hidden(self, name: str) -> bool:
        if self._hidden or not name.startswith("."):
            return False
        self.left.hidden += 1
        return True

    def _is_loop(self, directory: str, above: list[str]) -> bool:
        here = os.path.join(self._root, directory)
        return disk.is_link(here.rstrip("/")) and any(
            disk.is_same(here, os.path.join(self._root, path)) for path in above
        )


def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a test of paths against gitignore-like patterns."""
    from pathspec import GitIgnoreSpec  # only the runs that select need it

    return GitIgnoreSpec.from_lines(patterns).match_file
