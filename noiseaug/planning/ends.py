"""Where a run reads and writes: SOURCE and DEST as the user gave them, made sense of and found safe."""

from __future__ import annotations

import os
from typing import NamedTuple

from noiseaug.errors import Misplaced
from noiseaug.storage import disk


class Ends(NamedTuple):
    """Where a run reads and writes.

    Attributes:
        source_root: the directory that source paths are relative to.
        source_file: the one file meant, relative to it; None for all below it.
        dest_root: the directory that file names are relative to.
        dest_file: the name there of the one output; None where names mirror SOURCE.
    """

    source_root: str
    source_file: str | None
    dest_root: str
    dest_file: str | None


def locate(source: str, dest: str, root: str | None = None) -> Ends:
    """Return the place that SOURCE, DEST and --root name.

    Raises:
        Misplaced: if SOURCE is missing, or one of SOURCE and DEST is or holds the other, or DEST is a file where it has
            to be a directory.
    """
    source_root, name = located(source, root)
    if name is None:
        _refuse_overlap(source, dest)
        return Ends(source_root, None, dest, None)
    if disk.is_directory(dest) or dest.endswith("/"):
        _refuse_overlap(source_root, dest, only_same=True)
        return Ends(source_root, name, dest, None)
    if disk.exists(dest) and disk.is_same(source, dest):
        raise Misplaced(f"DEST {dest} is SOURCE; name another file")
    return Ends(source_root, name, os.path.dirname(dest) or ".", os.path.basename(dest))


def located(source: str, root: str | None = None) -> tuple[str, str | None]:
    """Return the directory that source paths are relative to, and the one file meant; None for all below it.

    Raises:
        Misplaced: if SOURCE is missing, is neither a directory nor a file, or is not below --root.
    """
    if disk.is_directory(source):
        if root is not None:
            raise Misplaced("--root goes with a SOURCE that is one file")
        return source, None
    if not disk.exists(source):
        raise Misplaced(f"SOURCE {source} does not exist")
    if not disk.is_file(source):
        raise Misplaced(f"SOURCE {source} is neither a directory nor a regular file")
    source_root = root if root is not None else os.path.dirname(source) or "."
    name = os.path.basename(source)
    if root is not None:  # the file may be a link; what leads to it must not make a difference
        directory = os.path.relpath(disk.real_path(os.path.dirname(source) or "."), disk.real_path(root))
        name = os.path.normpath(os.path.join(directory, name))
    if name.startswith("../"):
        raise Misplaced(f"SOURCE {source} is not below --root {source_root}")
    return source_root, name


def _refuse_overlap(source: str, dest: str, only_same: bool = False) -> None:
    if disk.exists(dest) and not disk.is_directory(dest):
        raise Misplaced(f"DEST {dest} is a file; expected a directory, or a name for a new one")
    inner, outer = disk.real_path(source), disk.real_path(dest)
    if inner == outer:
        raise Misplaced(f"DEST {dest} is SOURCE; the sources are never written to, so name another directory")
    if only_same:
        return
    above = os.path.commonpath([inner, outer])
    if above == outer:
        raise Misplaced(f"SOURCE {source} is inside DEST {dest}; name another directory")
    if above == inner:
        raise Misplaced(f"DEST {dest} is inside SOURCE {source}; name a directory beside it, such as {_beside(source)}")


def _beside(directory: str) -> str:
    """Return a name for a directory beside this one, in the way that this one is named.

    >>> _beside("photos/")
    'photos-noisy'
    """
    plain = os.path.normpath(directory)
    name = os.path.basename(disk.real_path(plain)) + "-noisy"
    is_named = os.path.basename(plain) not in ("", os.curdir, os.pardir)
    return os.path.join(os.path.dirname(plain) if is_named else os.path.normpath(os.path.join(plain, "..")), name)
