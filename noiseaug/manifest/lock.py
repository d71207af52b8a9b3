"""Who may write to DEST: a run over all of it, or any number of runs over different shards of it."""

from __future__ import annotations

import contextlib
import fcntl
import os

from noiseaug.errors import Busy
from noiseaug.manifest.shards import allow_open_files, directory_of, refuse_other_division, shards_in, sweep
from noiseaug.settings.shard import Shard


class Lock:
    """What this process holds of DEST, until it ends in whatever way.

    A run over all of DEST holds the directory alone; those over shards hold it together, and each its shard. As some
    network file systems lock files but no directories, a run over all of it holds the lock of every shard too.
    """

    def __init__(self, dest: str) -> None:
        self._dest = dest
        self._held: list[int] = []

    def take(self, shard: Shard | None = None) -> None:
        """Takes DEST, or a shard of it.

        Raises:
            Busy: if another process has it.
            Misplaced: if DEST holds shards of a division into another number.
        """
        directory = os.open(self._dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._take(directory, fcntl.LOCK_SH if shard else fcntl.LOCK_EX, self._dest)
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
        path = self._path(shard)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._take(file, fcntl.LOCK_EX, f"shard {shard} of {self._dest}")

    def _take(self, fd: int, how: int, what: str) -> None:
        self._held.append(fd)
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(os.fstat(fd).st_ino)
            who = f"process {holder}" if holder else "another process"
            raise Busy(f"{what} is being written by {who}; wait for it, or stop it") from None
        except OSError:
            return  # a file system without locks: nothing to be had

    def abandon(self, shard: Shard) -> None:
        """Removes what `take` made for a shard, if nothing else is there."""
        with contextlib.suppress(OSError):
            directory = directory_of(shard, self._dest)
            if os.listdir(directory) == [os.path.basename(self._path(shard))]:
                os.unlink(self._path(shard))
            os.rmdir(directory)
            os.rmdir(os.path.dirname(directory))

    def release(self) -> None:
        """Gives free what is held."""
        while self._held:
            os.close(self._held.pop())

    def _path(self, shard: Shard) -> str:
        return os.path.join(directory_of(shard, self._dest), "lock")


def _holder(inode: int) -> str | None:
    """The process that holds a lock on the file with this inode, as far as Linux tells (proc(5), /proc/locks)."""
    with contextlib.suppress(OSError), open("/proc/locks") as locks:
        for fields in map(str.split, locks):
            if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(f":{inode}"):
                return fields[4]
    return None
