"""Files as a run reads and writes them: sources that must stay as they are, outputs that appear whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import itertools
import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from noiseaug.layout import Link
from noiseaug.sources import STATE_PREFIX

# A source of up to so many bytes is read once: what is hashed is what is decoded.
_HELD = 1 << 24
# Below the 128 KiB from which the allocator asks the system for each buffer, which costs more than a small file.
_CHUNK = 1 << 16


_FICLONE = 0x40049409  # ioctl_ficlonerange(2), of Btrfs, XFS and others


class Refused(Exception):
    """One file cannot be done; the message says what was expected, what was found and what to do."""


class OutOfSpace(Exception):
    """The file system of DEST takes no more; going on with other files is no use."""


class SourceFile:
    """A regular file, open for reading, of which one can tell whether it changed meanwhile.

    Attributes:
        fd: the open file descriptor.
        size: its size in bytes.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # Not blocking, should a FIFO have taken the file's place since the walk.
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        self._info = os.fstat(self.fd)
        self._content: bytes | None = None
        self.size = self._info.st_size
        self.mtime_ns = self._info.st_mtime_ns
        if not stat.S_ISREG(self._info.st_mode):
            os.close(self.fd)
            raise Refused("is not a regular file; noiseaug reads regular files only")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self.fd)

    def read(self) -> bytes:
        """All of its bytes."""
        if self._content is None:
            os.lseek(self.fd, 0, os.SEEK_SET)
            parts = []
            left = self.size
            while left and (part := os.read(self.fd, left)):
                parts.append(part)
                left -= len(part)
            self._content = parts[0] if len(parts) == 1 else b"".join(parts)
        return self._content

    def sha256(self) -> str:
        """The SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self.read()).hexdigest() if self.size <= _HELD else _sha256_of(self.fd)

    def check_unchanged(self) -> None:
        """Raises Refused if the file was written to, replaced or removed since it was opened."""
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            raise Refused("changed while reading: it was removed; run again") from None
        seen = self._info
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (seen.st_ino, seen.st_size, seen.st_mtime_ns):
            raise Refused("changed while reading; run again when nothing writes to it")


class OutputFile:
    """A file in the making: a temporary beside its final name, which it takes only when it is whole.

    The temporary's name begins with `tag`, for `remove_temporaries`.
    """

    def __init__(self, path: str, tag: str = "") -> None:
        self.path = path
        directory = os.path.dirname(path)
        self.temporary = os.path.join(directory, f"{STATE_PREFIX}-{tag}{_unique_name()}.tmp")
        try:
            self.fd = self._create()
        except FileNotFoundError:
            os.makedirs(directory, exist_ok=True)
            self.fd = self._create()
        self._sha256: str | None = None
        self._size: int | None = None
        self._linked = self._gone = False

    def _create(self) -> int:
        return os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, content: memoryview) -> None:
        """Writes the whole content at once."""
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._size = content.nbytes
        _write_all(self.fd, content)

    def fill(self, content: memoryview) -> None:
        """Writes content that may still be changed through `fd`. (A codec may also write there by itself.)"""
        _write_all(self.fd, content)

    def take(self, source: SourceFile, link: Link) -> None:
        """Makes the source itself the content: a copy of it, or a link to it, which is never written to.

        Raises:
            Refused: if it cannot be linked to as asked.
        """
        if link in ("auto", "copy") and self._clone(source):
            return None
        if link != "copy":
            try:
                return self._link(source, "hardlink" if link == "auto" else link)
            except OSError as error:
                if link != "auto":
                    raise Refused(f"cannot have a {link} in DEST ({error.strerror}); use --link copy") from None
        os.lseek(source.fd, 0, os.SEEK_SET)
        while data := os.read(source.fd, _CHUNK):
            _write_all(self.fd, memoryview(data))
        return None

    def _clone(self, source: SourceFile) -> bool:
        """Shares the source's blocks, where the file system can; whether it could."""
        try:
            fcntl.ioctl(self.fd, _FICLONE, source.fd)
        except OSError:
            return False
        return True

    def _link(self, source: SourceFile, link: str) -> None:
        """Puts a link to the source in the place of the temporary."""
        name, real = f"{self.temporary[:-4]}-link.tmp", os.path.realpath(source.path)
        if link == "hardlink":
            os.link(real, name)
        else:
            os.symlink(os.path.relpath(real, os.path.realpath(os.path.dirname(self.path))), name)
        os.replace(name, self.temporary)
        self._linked = True
        os.close(self.fd)
        self.fd = os.dup(source.fd)

    def sha256(self) -> str:
        """The SHA-256 of the content, in hex."""
        return self._sha256 or _sha256_of(self.fd)

    def size(self) -> int:
        """The size of the content, in bytes."""
        return os.fstat(self.fd).st_size if self._size is None else self._size

    def publish(self, newer_than_ns: int) -> None:
        """Puts the whole file under its final name, in place of what is there, no older than the source."""
        if os.fstat(self.fd).st_mtime_ns < newer_than_ns:  # a source from the future would be done again for ever
            os.utime(self.fd, ns=(newer_than_ns, newer_than_ns))
        os.close(self.fd)
        self.fd = -1
        os.replace(self.temporary, self.path)
        self._gone = not self._linked  # of two links to one file, none is (rename(2))

    def discard(self) -> None:
        """Removes what was written; nothing if it is published."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if not self._gone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.temporary)


@functools.cache
def _names_of(process: int) -> Iterator[str]:
    """Names that no other process takes; asking the system for each costs more than to count."""
    return map(f"{os.urandom(8).hex()}{{:x}}".format, itertools.count())


def _unique_name() -> str:
    return next(_names_of(os.getpid()))


def _write_all(fd: int, content: memoryview) -> None:
    while content:
        content = content[os.write(fd, content) :]


def remove_temporaries(directory: str, tag: str = "") -> None:
    """Removes unfinished outputs with this tag (all, by default) from a directory, if there is one."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(f"{STATE_PREFIX}-{tag}") and entry.name.endswith(".tmp"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)


def write_if_changed(path: str, content: bytes) -> None:
    """Puts `content` under `path`, whole or not at all, unless that is what is there."""
    try:
        with open(path, "rb") as file:
            if file.read(len(content) + 1) == content:
                return
    except FileNotFoundError:
        pass
    output = OutputFile(path)
    try:
        output.write(memoryview(content))
        output.publish(0)
    finally:
        output.discard()


def sha256_of_file(path: str) -> str:
    """The SHA-256 of the file's bytes, in hex."""
    with SourceFile(path) as file:
        return file.sha256()


def _sha256_of(fd: int) -> str:
    digest = hashlib.sha256()
    left = os.lseek(fd, 0, os.SEEK_END)
    os.lseek(fd, 0, os.SEEK_SET)
    while data := os.read(fd, min(max(left, 1), _CHUNK)):  # a buffer no larger than it need be
        digest.update(data)
        left -= len(data)
    return digest.hexdigest()


def inside(root: str, name: str) -> str | None:
    """Where the file `name` stands below `root`, or None if the name, or a link on its way, leads out of there."""
    if not name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
        return None
    path = os.path.join(root, name)
    top = os.path.realpath(root)
    try:
        return path if os.path.commonpath([top, os.path.realpath(os.path.dirname(path))]) == top else None
    except (OSError, ValueError):
        return None
