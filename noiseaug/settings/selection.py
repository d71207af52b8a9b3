"""Which of the files below SOURCE are meant."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from noiseaug import kinds
from noiseaug.settings.checks import check_types, misfit
from noiseaug.settings.shard import Shard


@dataclass(frozen=True)
class Selection:
    """Which of the files below SOURCE are meant.

    Attributes:
        include: gitignore-like patterns on the relative path; if there are any, a file must match one.
        exclude: such patterns; a file that matches one is left out, and a directory with all that is in it.
        keep: such patterns; a file of any type that matches one is copied as it is, in the same place.
        masks: names of folders, such as `masks`, that hold images which go along with sources unchanged, and are none.
        kinds: the kinds of files worked on. One array file as SOURCE is, too, where these are the default ones.
        videos: whether the sound of videos is worked on, too, if audio is. One file as SOURCE is, whatever this says.
        hidden: whether files and directories are walked whose names begin with a dot.
        follow_symlinks: whether links to directories are walked.
        names: if not None, the only files meant, as paths relative to SOURCE; no directory is listed.
        limit: at most so many files, the first in walk order.
        root: where SOURCE is one file, the directory that its path is relative to (as if that directory were SOURCE).
        shard: only the files of this part of them.

    Raises:
        TypeError: where one of them is of another type. A text alone stands for one of several, a text such as `"3/16"`
            for a shard.
        ValueError: if a name in `masks` is not that of a folder, a kind is none, or `names` lead out of SOURCE.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    kinds: frozenset[str] = field(default=kinds.DEFAULT_KINDS)
    videos: bool = False
    hidden: bool = False
    follow_symlinks: bool = False
    names: tuple[str, ...] | None = None
    limit: int | None = None
    root: str | None = None
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if isinstance(self.shard, str):
            object.__setattr__(self, "shard", Shard.parse(self.shard))
        elif self.shard is not None and not isinstance(self.shard, Shard):
            raise misfit("shard", "a text such as '3/16', or a Shard", self.shard)
        if isinstance(self.root, os.PathLike):
            object.__setattr__(self, "root", os.fspath(self.root))
        check_types(self)
        if not self.kinds:
            raise ValueError(f"no kind of files is given: there are {', '.join(kinds.KINDS)}")
        if unknown := self.kinds - kinds.KINDS.keys():
            raise ValueError(f"{min(unknown)!r} is no kind of files: there are {', '.join(kinds.KINDS)}")
        if self.shard is not None:
            Shard.parse(str(self.shard))
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"{self.limit} is no limit on files: it must be 1 or more")
        if self.names is not None:
            object.__setattr__(self, "names", tuple(map(_checked_name, self.names)))
        for name in self.masks:
            if not name or any(part in ("", ".", "..") for part in name.split("/")) or "\0" in name:
                raise ValueError(f"{name!r} is no name of a folder with masks: write it as masks, or labels/masks")

    def takes(self, path: str) -> bool:
        """Tell whether files with the suffix of `path` are worked on."""
        kind = kinds.kind_of(path)
        return kind in self.kinds and (self.videos or kind != "audio" or not kinds.is_video(path))


def parse_names(content: bytes, *, null: bool) -> tuple[str, ...]:
    r"""Return the paths relative to SOURCE in a list: one a line or, with `null`, each ended by a NUL byte.

    Raises:
        ValueError: if one leads out of SOURCE.

    >>> parse_names(b"./cats/a.png\nb.png\n", null=False)
    ('cats/a.png', 'b.png')
    """
    names = [os.fsdecode(name) for name in content.split(b"\0" if null else b"\n") if name]
    return tuple(map(_checked_name, names))


def _checked_name(name: str) -> str:
    path = os.path.normpath(name)
    if os.path.isabs(name) or path.split("/")[0] == "..":
        raise ValueError(f"{name!r} is not a path relative to SOURCE and below it")
    return path
