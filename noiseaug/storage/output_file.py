"""Outputs: files that appear under their names whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import io
import itertools
import os
import threading
from collections.abc import Iterator
from typing import Literal

from noiseaug.storage.beside import Piece, Sha256, write_all
from noiseaug.storage.paths import STATE_PREFIX
from noiseaug.storage.source_file import CHUNK, OpenFile, Refused, SourceFile, sha256_of_fd

Link = Literal["copy", "hardlink", "symlink"]

_PATIENCE = 5.0  # seconds
_MOVED = 1 << 20  # bytes moved at a time
_FICLONE = 0x40049409  # ioctl_ficlonerange(2), of Btrfs, XFS and others


class Gate:
    """Lets threads create and publish outputs until it is closed, after which a thread that goes on leaves nothing."""

    def __init__(self) -> None:
        self.closed = False
        self._changed = threading.Condition()
        self._within = 0

    @contextlib.contextmanager
    def passed(self) -> Iterator[None]:
        """Hold up `close` for the time of a call to the file system.

        Raises:
            Refused: if the gate is closed.
        """
        with self._changed:
            if self.closed:
                raise Refused("was not made, as the run is over")
            self._within += 1
        try:
            yield
        finally:
            with self._changed:
                self._within -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody pass from now on, and wait for those that do, but not for a file system that hangs."""
        with self._changed:
            self.closed = True
            self._changed.wait_for(lambda: not self._within, _PATIENCE)


_FREE = contextlib.nullcontext()


def _no_gate() -> contextlib.AbstractContextManager[None]:
    return _FREE


class OutputFile(OpenFile):
    """A file in the making: a temporary beside its final name, which it takes only when it is whole.

    The name of the temporary begins with `tag`, by which `remove_temporaries` finds it. It is made when something is
    written: of many files in the making, few are open. With a gate, nothing comes into the directory after that is
    closed.
    """

    def __init__(self, path: str, tag: str = "", gate: Gate | None = None) -> None:
        self.path, self._passed = path, gate.passed if gate else _no_gate
        directory, slash, _ = path.rpartition("/")
        self.temporary = f"{directory}{slash}{STATE_PREFIX}-{tag}{next(_names_of(os.getpid()))}.tmp"
        self._fd = -1
        self._sha256: str | None = None
        self._size: int | None = None
        self._held: io.BytesIO | None = None
        self._appending: Sha256 | None = None
        self._linked = False
        self._gone = True

    @property
    def fd(self) -> int:  # type: ignore[override] # it is made where it is first asked for
        """The open file descriptor of the temporary, which is made now if it is not there."""
        if self._appending is not None:
            self._appending.wait()
        if self._fd < 0:
            with self._passed():
                try:
                    self._fd = self._create()
                except FileNotFoundError:
                    os.makedirs(os.path.dirname(self.temporary), exist_ok=True)
                    self._fd = self._create()
            self._gone = False
        return self._fd

    def _create(self) -> int:
        return os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, content: memoryview) -> None:
        """Write the whole content at once."""
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._size = content.nbytes
        write_all(self.fd, content)

    def append(self, content: Piece) -> None:
        """Write further bytes, which are hashed on the way, and are not to be changed after this.

        A file of which some is written so is written so whole.
        """
        self._appending = self._appending or Sha256(self.fd)
        self._appending.give(content)

    def hold(self, content: io.BytesIO) -> None:
        """Take the whole content, which may still be changed at any place; it is written when it is hashed or read."""
        self._held = content

    def read_at(self, size: int, offset: int) -> bytes:
        """Return `size` bytes from `offset` on, or as many as there are up to the end of the file."""
        if self._held is None:
            return super().read_at(size, offset)
        return bytes(self._held.getbuffer()[offset : offset + size])

    def length(self) -> int:
        """Return how many bytes it has now."""
        return super().length() if self._held is None else self._held.getbuffer().nbytes

    def rewound(self) -> int:
        """Return the file descriptor, at the beginning of the file, for a codec that reads by itself."""
        self._put_down()
        return super().rewound()

    def _put_down(self) -> None:
        """Write what is held into the file."""
        if self._held is not None:
            content, self._held = self._held, None
            write_all(self.fd, content.getbuffer())

    def write_at(self, content: bytes | bytearray | memoryview, offset: int) -> None:
        """Write bytes over those that stand at `offset`, which may be the end. (A codec may write by itself, too.)"""
        if self._held is not None:
            self._held.seek(offset)
            self._held.write(content)
            return
        at = 0
        while at < len(content):
            at += os.pwrite(self.fd, content[at:], offset + at)

    def replace_at(self, content: bytes, offset: int, length: int) -> None:
        """Put bytes in the place of `length` others at `offset`. What follows moves, block by block."""
        rest, by = offset + length, len(content) - length
        if by:
            self._move(rest, by)
        self.write_at(content, offset)

    def _move(self, start: int, by: int) -> None:
        """Move what stands from `start` to the end by so many bytes, forwards or, if it is negative, back."""
        size = self.size()
        places = range(start, size, _MOVED)
        for place in reversed(places) if by > 0 else places:
            self.write_at(self.read_at(min(_MOVED, size - place), place), place + by)
        if by < 0:
            self.cut(size + by)

    def cut(self, size: int) -> None:
        """Cut the file to a size."""
        if self._held is None:
            os.ftruncate(self.fd, size)
        else:
            self._held.truncate(size)

    def check_room(self) -> None:
        """Raise OSError if the file system takes no more. The file stays as it is.

        For codecs that write by themselves, and do not say why they could not.
        """
        size = self.size()
        self.write_at(bytes(1 << 12), size)  # more than the last block of the file can have left
        self.cut(size)

    def take(self, source: SourceFile, link: Link) -> None:
        """Make the source itself the content: a copy of it, or a link to it, which is never written to.

        Raises:
            Refused: if it cannot be linked to as asked.
        """
        if link != "copy":
            try:
                return self._link(source, link)
            except OSError as error:
                raise Refused(f"cannot have a {link} in DEST ({error.strerror}); use --link copy") from None
        if self._clone(source):
            return None
        os.lseek(source.fd, 0, os.SEEK_SET)
        while data := os.read(source.fd, CHUNK):
            write_all(self.fd, memoryview(data))
        return None

    def _clone(self, source: SourceFile) -> bool:
        """Share the blocks of the source, where the file system can. Tell whether it could."""
        try:
            fcntl.ioctl(self.fd, _FICLONE, source.fd)
        except OSError:
            return False
        return True

    def _link(self, source: SourceFile, link: str) -> None:
        """Put a link to the source in the place of the temporary."""
        name, real, fd = f"{self.temporary[:-4]}-link.tmp", os.path.realpath(source.path), self.fd
        with self._passed():
            if link == "hardlink":
                os.link(real, name)
            else:
                os.symlink(os.path.relpath(real, os.path.realpath(os.path.dirname(self.path))), name)
            os.replace(name, self.temporary)
        self._linked = True
        os.close(fd)
        self._fd = os.dup(source.fd)

    def sha256(self) -> str:
        """Return the SHA-256 of the content, in hex. The content is not to be changed after this."""
        if self._held is not None:
            content, self._held = self._held, None
            self.write(content.getbuffer())
        if self._appending is not None:
            return self._appending.hexdigest()
        return self._sha256 or sha256_of_fd(self.fd)

    def size(self) -> int:
        """Return the size of the content, in bytes."""
        return self.length() if self._size is None else self._size

    def publish(self, newer_than_ns: int) -> None:
        """Put the whole file under its final name, in place of what is there, no older than the source."""
        self._put_down()
        if os.fstat(self.fd).st_mtime_ns < newer_than_ns:  # a source from the future would be done again for ever
            os.utime(self.fd, ns=(newer_than_ns, newer_than_ns))
        os.close(self.fd)
        self._fd = -1
        with self._passed():
            os.replace(self.temporary, self.path)
        self._gone = not self._linked  # of two links to one file, none is (rename(2))

    def discard(self) -> None:
        """Remove the temporary, if the file is not published."""
        if self._fd >= 0:
            if self._appending is not None:
                self._appending.stop()
            os.close(self._fd)
            self._fd = -1
        if not self._gone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.temporary)


@functools.cache
def _names_of(process: int) -> Iterator[str]:
    """Yield names that no other process takes. To count costs less than to ask the system for each."""
    return map(f"{os.urandom(8).hex()}{{:x}}".format, itertools.count())


def remove_temporaries(directory: str, tag: str = "") -> None:
    """Remove unfinished outputs with this tag (all, by default) from a directory, if there is one."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(f"{STATE_PREFIX}-{tag}") and entry.name.endswith(".tmp"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)


def write_if_changed(path: str, content: bytes) -> None:
    """Put `content` under `path`, whole or not at all, unless that is what is there already."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        if file.read(len(content) + 1) == content:
            return
    output = OutputFile(path)
    try:
        output.write(memoryview(content))
        output.publish(0)
    finally:
        output.discard()
