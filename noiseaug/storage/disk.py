"""The calls into the file system on SOURCE and DEST, beside those of `SourceFile` and `OutputFile`.

All other packages go through these functions: where SOURCE or DEST is no directory one day but an object store, this is
where it is told apart. Each is one system call or a few, and raises OSError as that does unless it says otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from typing import BinaryIO


def stat(path: str) -> os.stat_result:
    """Return what is known of the file at `path`, or of the one that a link there leads to."""
    return os.stat(path)


def lstat(path: str) -> os.stat_result:
    """Return what is known of the file at `path`, or of the link itself."""
    return os.lstat(path)


def stat_each(directory: str, names: Iterable[str]) -> list[os.stat_result]:
    """Return what is known of each of the files below a directory, or of those that links there lead to."""
    return [os.stat(f"{directory}/{name}") for name in names]


def lstat_each(directory: str, names: Iterable[str]) -> list[os.stat_result]:
    """Return what is known of each of the files below a directory, or of the links themselves."""
    return [os.lstat(f"{directory}/{name}") for name in names]


def exists(path: str) -> bool:
    """Tell whether there is something at `path`; a link that leads nowhere is nothing."""
    return os.path.exists(path)


def lexists(path: str) -> bool:
    """Tell whether there is something at `path`, be it a link that leads nowhere."""
    return os.path.lexists(path)


def is_file(path: str) -> bool:
    """Tell whether there is a regular file at `path`, or a link to one."""
    return os.path.isfile(path)


def is_directory(path: str) -> bool:
    """Tell whether there is a directory at `path`, or a link to one."""
    return os.path.isdir(path)


def is_link(path: str) -> bool:
    """Tell whether there is a symbolic link at `path`."""
    return os.path.islink(path)


def is_same(path: str, other: str) -> bool:
    """Tell whether both paths lead to one file or directory."""
    return os.path.samefile(path, other)


def real_path(path: str) -> str:
    """Return the absolute path to the same place without any link on the way."""
    return os.path.realpath(path)


def entries(directory: str) -> contextlib.AbstractContextManager[Iterator[os.DirEntry[str]]]:
    """Return the entries of a directory, to be read in a `with` statement as they come: there may be millions."""
    return os.scandir(directory)


def names_in(directory: str) -> list[str]:
    """Return the names in a directory in order; none if there is no such directory."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(directory))
    return []


def files_below(directory: str) -> Iterator[str]:
    """Yield the paths, relative to it, of the files in and below a directory, in order; no link is followed."""
    for parent, subdirectories, names in os.walk(directory):
        subdirectories.sort()
        yield from (os.path.relpath(os.path.join(parent, name), directory) for name in sorted(names))


def open_for_reading(path: str) -> BinaryIO:
    """Open a file that this tool keeps for itself, such as a manifest."""
    return open(path, "rb")


def beginning(path: str, size: int) -> bytes:
    """Return the first `size` bytes of a file, or none if it cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(size)
    return b""


def create(path: str) -> None:
    """Make an empty file, if there is none."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))


def make_directories(path: str) -> None:
    """Make a directory and those above it, where they are missing."""
    os.makedirs(path, exist_ok=True)


def rename(old: str, new: str) -> None:
    """Give a file or directory another name; a file there is replaced, in one step."""
    os.replace(old, new)


def touch(path: str) -> None:
    """Set the time of change of a file to now."""
    os.utime(path)


def stamp(path: str, time_ns: int) -> None:
    """Make an empty file, and the directories above it, where they are missing; set its time of change."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "ab"):
        pass
    os.utime(path, ns=(time_ns, time_ns))


def remove(path: str) -> bool:
    """Remove a file or link; tell whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def remove_directory(path: str) -> None:
    """Remove an empty directory."""
    os.rmdir(path)


def remove_empty_directories(directory: str, top: str) -> None:
    """Remove a directory below `top` and those above it, up to the first that is not empty."""
    with contextlib.suppress(OSError):
        while not os.path.samefile(directory, top):
            os.rmdir(directory)
            directory = os.path.dirname(directory)


def remove_tree(path: str) -> None:
    """Remove a directory with all that is in it, as far as that can be done; no error if it cannot."""
    shutil.rmtree(path, ignore_errors=True)


def write_durably(path: str, lines: Iterable[bytes]) -> None:
    """Write a new file, which is on the disk when this returns."""
    with open(path, "wb") as file:
        for line in lines:
            file.write(line)
        file.flush()
        os.fsync(file.fileno())


def open_new(path: str) -> BinaryIO:
    """Open a new file of which each write is with the operating system when it returns."""
    return open(path, "wb", buffering=0)


def answers_to(directory: str, name: str, others: Iterable[str]) -> bool:
    """Tell whether a file called `name` in `directory` is found under one of the other names, too."""
    path = os.path.join(directory, name)
    with open(path, "wb"):
        pass
    found = any(os.path.exists(os.path.join(directory, other)) for other in others)
    os.unlink(path)
    return found


def lock(path: str, *, shared: bool = False) -> int:
    """Lock a directory, or a file that is made if it is missing; return the descriptor that holds the lock.

    The lock lasts until the descriptor is closed or the process ends. A file system without locks gives none.

    Raises:
        BlockingIOError: if another process holds it.
    """
    kind = os.O_RDONLY | os.O_DIRECTORY if os.path.isdir(path) else os.O_RDWR | os.O_CREAT
    fd = os.open(path, kind | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise
    except OSError:
        pass
    return fd


def unlock(fd: int) -> None:
    """Give up a lock."""
    os.close(fd)
