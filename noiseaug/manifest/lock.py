"""Who may write to DEST: a run over all of it, or any number of runs over different shards of it."""

from __future__ import annotations

import contextlib
import os

from noiseaug.errors import Busy
from noiseaug.manifest.shards import allow_open_files, directory_of, refuse_other_division, shards_in, sweep
from noiseaug.settings.shard import Shard
from noiseaug.storage import disk


class Lock:
    """The locks that this process holds on DEST, until it ends in whatever way.

    A run over all of DEST holds the directory alone; those over shards hold it together, and each its shard. As some
    network file systems lock files but no directories, a run over all of it holds the lock of every shard too.
    """

    def __init__(self, dest: str) -> None:
        self._dest = dest
        self._held: list[int] = []

    def take(self, shard: Shard | None = None) -> None:
        """Take DEST, or a shard of it.

        Raises:
            Busy: if another process has it.
            Misplaced: if DEST holds shards of a division into another number.
        """
        self._take(self._dest, self._dest, shared=shard is not None)
        if shard:
            self._take_shard(shard)
            refuse_other_division(self._dest, shard)
            return
        sweep(self._dest)
        others = shards_in(self._dest)
        allow_open_files(len(others))
        for other in others:
            self._take_shard(other)

    def _take_shard(self, shard: Shard) -> None:
        disk.make_directories(directory_of(shard, self._dest))
        self._take(self._path(shard), f"shard {shard} of {self._dest}")

    def _take(self, path: str, what: str, *, shared: bool = False) -> None:
        try:
            self._held.append(disk.lock(path, shared=shared))
        except BlockingIOError:
            holder = _holder(disk.stat(path).st_ino)
            who = f"process {holder}" if holder else "another process"
            raise Busy(f"{what} is being written by {who}; wait for it, or stop it") from None

    def abandon(self, shard: Shard) -> None:
        """Remove what `take` made for a shard, if nothing else is there."""
        directory = directory_of(shard, self._dest)
        with contextlib.suppress(OSError), disk.entries(directory) as entries:
            if [entry.name for entry in entries] == ["lock"]:
                disk.remove(self._path(shard))
        disk.remove_empty_directories(directory, self._dest)

    def release(self) -> None:
        """Give free what is held."""
        while self._held:
            disk.unlock(self._held.pop())

    def _path(self, shard: Shard) -> str:
        return os.path.join(directory_of(shard, self._dest), "lock")


def _holder(inode: int) -> str | None:
    """Return the process that holds a lock on the file with this inode, as far as Linux tells (proc(5))."""
    with contextlib.suppress(OSError), disk.open_for_reading("/proc/locks") as locks:
        for fields in map(bytes.split, locks):
            if len(fields) > 5 and fields[1] == b"FLOCK" and fields[5].endswith(b":%d" % inode):
                return fields[4].decode()
    return None
