"""What earlier runs left over in DEST: how it is recorded, and how it is removed.

A file is removed only if it is certain that a run wrote it and nobody changed it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.errors import Misplaced, Stopped
from noiseaug.manifest.home import Home
from noiseaug.manifest.lock import Lock
from noiseaug.manifest.reading import find, read_entries, record_of
from noiseaug.manifest.records import Record, is_pending, record_line, recorded_sidecars
from noiseaug.storage import disk
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import LEFTOVERS, STATE_PREFIX, inside
from noiseaug.storage.settled_file import SettledFile
from noiseaug.storage.source_file import Refused, sha256_of_file


class Removal(NamedTuple):
    """One file that is left over, and what became of it.

    Attributes:
        file_name: its name, relative to DEST.
        size: its bytes.
        kept: why it stays; an empty text if it does not.
    """

    file_name: str
    size: int
    kept: str = ""


def as_left_over(dest: str, line: bytes) -> bytes | None:
    """Return the row of an output that is left over, or None if there is no such file any more.

    Of an output that was announced and not finished, only the name is known: its row holds what is found there.
    """
    record = record_of(line)
    path = inside(dest, record["file_name"])
    if path is None or not disk.lexists(path):
        return None
    if not is_pending(line):
        return line
    try:
        found = {"bytes": disk.stat(path).st_size, "sha256": sha256_of_file(path)}
    except (OSError, Refused):
        return None
    return record_line({"file_name": record["file_name"], "source_path": record["source_path"], **found})


def remove_recorded(dest: str, record: Record) -> bool:
    """Remove the output that a row names, and what went along with it; tell whether the output is gone.

    Only what still is as recorded is removed, and a link to a source that is no more.
    """
    for name, sha256 in _files_of(record):
        gone = remove_as_recorded(dest, name, sha256)
    return gone


def remove_as_recorded(dest: str, name: str, sha256: object) -> bool:
    """Remove one file of DEST if it has this hash, or is a link that leads nowhere; tell whether it is gone."""
    path = inside(dest, name)
    if path is None:
        return False
    try:
        return _is_as_recorded(path, sha256) and _remove(dest, path)
    except (OSError, Refused):
        return not disk.lexists(path)


def prune(dest: str | os.PathLike[str], *, dry_run: bool = False) -> list[Removal]:
    """Remove what earlier runs wrote to DEST and the last one was not asked for.

    Args:
        dest: the directory a run wrote.
        dry_run: only tell what would be removed.

    Returns:
        Each file that is left over, in the order of `leftovers.jsonl`, with why it stays if it does.

    Raises:
        Misplaced: if no run wrote to `dest`.
        Stopped: if a run over `dest` was interrupted.
        Busy: if a run is writing to `dest`.
    """
    dest = os.fspath(dest)
    home = Home(dest, find(dest))
    if not disk.is_file(home.manifest):
        raise Misplaced(f"there is no {home.name} in {dest}; name the DEST of a finished run")
    lock = Lock(dest)
    lock.take()
    try:
        if disk.is_directory(home.state):
            raise Stopped(f"a run over {dest} was interrupted; finish it with the same command, then prune")
        return list(_pruned(home, dry_run=dry_run))
    finally:
        lock.release()


def _pruned(home: Home, *, dry_run: bool) -> Iterator[Removal]:
    in_use = Names()
    for entry in itertools.chain(read_entries(home.manifest), read_entries(home.kept)):
        for name, _ in _files_of(entry.record or {}):
            in_use.add(name)
    rest = SettledFile(home.leftovers, os.path.join(home.directory, f"{STATE_PREFIX}-{LEFTOVERS}.tmp"))
    with contextlib.closing(rest):
        for entry in read_entries(home.leftovers):
            stays = False
            for name, sha256 in _files_of(entry.record or {}):
                if name in in_use:
                    continue
                removal = _removal(home.dest, name, sha256, dry_run=dry_run)
                stays = stays or bool(removal.kept)
                yield removal
            if stays:
                rest.write(entry.line)
        if not dry_run and rest.size:
            rest.settle()
            rest.publish()
        elif not dry_run:
            disk.remove(home.leftovers)


def _removal(dest: str, name: str, sha256: object, *, dry_run: bool) -> Removal:
    path = inside(dest, name)
    if path is None:
        return Removal(name, 0, "its name leads out of DEST")
    if not disk.lexists(path):
        return Removal(name, 0)
    size = disk.lstat(path).st_size
    try:
        is_ours = _is_as_recorded(path, sha256)
    except (OSError, Refused) as error:
        return Removal(name, size, f"it cannot be read: {getattr(error, 'strerror', None) or error}")
    if not is_ours:
        return Removal(name, size, "it was changed since noiseaug wrote it; remove it yourself if nobody needs it")
    if not dry_run and not _remove(dest, path):
        return Removal(name, size, "it cannot be removed")
    return Removal(name, size)


def _remove(dest: str, path: str) -> bool:
    """Remove a file of DEST, and the directories above it that are empty then; tell whether it is gone."""
    try:
        disk.remove(path)
    except OSError:
        return not disk.lexists(path)
    disk.remove_empty_directories(os.path.dirname(path), dest)
    return True


def _is_as_recorded(path: str, sha256: object) -> bool:
    """Tell whether a file has this hash, or is a link to a source that is no more."""
    return (disk.is_link(path) and not disk.exists(path)) or sha256_of_file(path) == sha256


def _files_of(record: Record) -> Iterator[tuple[str, object]]:
    """Yield the name and the hash of each file that a row accounts for, the output last."""
    yield from recorded_sidecars(record)
    if "file_name" in record:
        yield record["file_name"], record.get("sha256")
