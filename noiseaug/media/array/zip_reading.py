"""Zip archives as .npz files are: their members found and held against the archive, before any is unpacked."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from noiseaug.media.array.span import Seekable, Span
from noiseaug.storage.source_file import Refused, SourceFile

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError, OverflowError)
# Noise that is unpacked to more than this and so many times its size is refused: deflate takes zeros to a thousandth.
_MUCH, _TIMES = 1 << 30, 200


@contextmanager
def readable() -> Iterator[None]:
    """Say of an archive that cannot be read why it is refused."""
    try:
        yield
    except _BROKEN as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        raise Refused(f"is no whole .npz archive: {told}; copy it anew, or save it again with numpy.savez") from None


class Archive:
    """The members of a zip archive, in its order.

    Attributes:
        source: the archive.
        entries: what its directory says of each member.
        comment: of the archive.

    Raises:
        Refused: if it is broken, or members have names or places that they cannot have.
    """

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        with readable():
            self._zip = zipfile.ZipFile(Seekable(source, source.size))
            self.entries: Sequence[zipfile.ZipInfo] = self._zip.infolist()
            self.comment = self._zip.comment
            self._starts = {entry.header_offset: self._start_of(entry) for entry in self.entries}
        self._check_names()
        self._check_places()

    @contextmanager
    def opened(self, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """Open a member for reading, unpacked. Its checksum is compared when its end is read."""
        with readable(), self._zip.open(entry) as reading:
            yield reading

    def packed(self, entry: zipfile.ZipInfo) -> Span:
        """Return the bytes of a member as they stand in the archive."""
        start = self._starts[entry.header_offset]
        return Span(self.source, start, start + entry.compress_size)

    def check_size(self, entry: zipfile.ZipInfo) -> None:
        """Raise Refused if a member unpacks to so much that it is taken for a trap."""
        if entry.file_size > max(_MUCH, _TIMES * entry.compress_size):
            raise Refused(
                f"unpacks to {entry.file_size:,} bytes from {entry.compress_size:,} in {entry.filename!r}, as traps do"
                "; if it is none, save it with numpy.savez, or keep that with --exclude-member"
            )

    def _start_of(self, entry: zipfile.ZipInfo) -> int:
        """Return where the bytes of a member begin: behind its own header, which repeats its name."""
        header = self.source.read_at(_LOCAL.size, entry.header_offset) if entry.header_offset >= 0 else b""
        mark, *_, name, extra = _LOCAL.unpack(header)
        if mark != b"PK\x03\x04":
            raise zipfile.BadZipFile(f"{entry.filename!r} is not where the directory says")
        return entry.header_offset + _LOCAL.size + int(name) + int(extra)

    def _check_names(self) -> None:
        names = [entry.orig_filename for entry in self.entries]
        for name in names:
            parts = name.replace("\\", "/").split("/")
            if ".." in parts or not parts[0] or ":" in parts[0] or "\0" in name:
                raise Refused(f"holds a member {name!r}, whose name leads out of wherever it is unpacked; remove it")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Refused(f"holds two members called {twice!r}, of which NumPy sees one; remove one")
        for entry in self.entries:
            if entry.flag_bits & _ENCRYPTED:
                raise Refused(f"holds {entry.filename!r} encrypted; expected plain arrays")
            if entry.compress_type not in (STORED, DEFLATED):
                raise Refused(f"holds {entry.filename!r} compressed by other than deflate; save it anew")

    def _check_places(self) -> None:
        """Refuse members that share bytes: a small archive could be written out as a large one."""
        end = 0
        for entry in sorted(self.entries, key=lambda entry: entry.header_offset):
            start = self._starts[entry.header_offset]
            if entry.header_offset < end or start + entry.compress_size > self.source.size:
                raise Refused(f"holds {entry.filename!r} where another member is, or beyond its end; copy it anew")
            end = start + entry.compress_size


def stem_of(name: str) -> str:
    """Return the name of an array by that of its member.

    >>> stem_of("x_train.npy"), stem_of("notes.txt")
    ('x_train', 'notes.txt')
    """
    return os.path.splitext(name)[0] if name.endswith(".npy") else name
