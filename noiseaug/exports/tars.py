"""Tar files that come out with the same bytes wherever and whenever they are made.

Headers are ustar, as those of WebDataset's own writer; a pax record comes before one only where ustar has no room
(names that are longer than 100 bytes or not ASCII, members of 8 GiB and more). Times, owners and modes are the same for
all.
"""

from __future__ import annotations

import tarfile

from noiseaug.storage import disk
from noiseaug.storage.settled_file import SettledFile

_OWNER = "noiseaug"  # tells our archives from others, and is of no use to root when they are unpacked
_BLOCK = tarfile.BLOCKSIZE
END_SIZE = 2 * _BLOCK
_BUFFERED = 1 << 18


class Archive:
    """A tar file in the making.

    Attributes:
        size: its bytes so far.
    """

    def __init__(self, file: SettledFile) -> None:
        self._file = file
        self._buffer = bytearray()  # most members are smaller than what a call into the system costs
        self.size = 0

    def write(self, content: bytes) -> None:
        """Write a header, a part of a member, or the padding after it."""
        self._buffer += content
        self.size += len(content)
        if len(self._buffer) >= _BUFFERED:
            self._flush()

    def end(self) -> None:
        """Write the end of the archive, and close the file."""
        self.write(bytes(END_SIZE))
        self._flush()
        self._file.settle()

    def _flush(self) -> None:
        self._file.write(bytes(self._buffer))
        self._buffer.clear()


def header(name: str, size: int) -> bytes:
    """Return what comes before the content of a member of `size` bytes."""
    member = tarfile.TarInfo(name)  # of user 0, in 1970
    member.size = size
    member.uname = member.gname = _OWNER
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    """Return what comes after the content of a member of `size` bytes."""
    return bytes(-size % _BLOCK)


def is_archive(path: str) -> bool:
    """Tell whether the file is a tar file that `Archive` wrote."""
    try:
        with disk.open_for_reading(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            member = archive.next()
            return member is not None and member.uname == _OWNER
    except (OSError, tarfile.TarError, ValueError):
        return False
