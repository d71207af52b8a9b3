"""A file that is written anew and replaces the old one only if they differ."""

from __future__ import annotations

import errno
import os
from typing import IO


class SettledFile:
    """A file written in pieces, which comes to disk only if it differs from the one that stands there.

    Args:
        path: the file that the pieces are compared with, and that `publish` replaces.
        draft: where the pieces go from the first difference on (what is before it is copied).

    Attributes:
        path: as given.
        differs: tells whether the new file differs from the old one, once it is settled.
    """

    def __init__(self, path: str, draft: str) -> None:
        self.path, self._draft = path, draft
        self.differs = False
        self.size = 0
        self._is_settled = False
        self._agreed = 0
        self._file: IO[bytes] | None = None
        self._former: IO[bytes] | None
        try:
            self._former = open(path, "rb")  # noqa: SIM115 - held as long as the pieces agree
        except FileNotFoundError:
            self._former = None

    def write(self, piece: bytes) -> None:
        """Append a piece; it is with the operating system when this returns."""
        if not piece:
            return
        self.size += len(piece)
        if self._file is None:
            if self._former and self._former.read(len(piece)) == piece:
                self._agreed += len(piece)
                return
            self._file = self._begin()
        _write_all(self._file, piece)

    def former(self, start: int, length: int) -> bytes:
        """Return so many bytes of the old file, from `start` on; `keep` must come next."""
        assert self._former is not None
        self._former.seek(start)
        return self._former.read(length)

    def keep(self, start: int, length: int) -> None:
        """Append so many bytes of the old file, from `start` on."""
        assert self._former is not None
        self.size += length
        if self._file is None and start == self._agreed:
            self._agreed += length
            self._former.seek(self._agreed)
            return
        if self._file is None:
            self._file = self._begin()
        self._copy(self._file, start, length)

    def _begin(self) -> IO[bytes]:
        os.makedirs(os.path.dirname(self._draft), exist_ok=True)
        file = open(self._draft, "wb", buffering=0)  # noqa: SIM115 - held until published
        if self._former:
            self._copy(file, 0, self._agreed)
        return file

    def _copy(self, file: IO[bytes], start: int, length: int) -> None:
        """Copy so many bytes of the old file."""
        assert self._former is not None
        self._former.seek(start)
        while length:
            chunk = self._former.read(min(length, 1 << 20))
            if not chunk:
                raise OSError(errno.EIO, f"{os.path.basename(self.path)} was cut short meanwhile")
            _write_all(file, chunk)
            length -= len(chunk)

    def settle(self) -> bool:
        """End the file, unless that is done; tell whether it differs from the one that stands there."""
        if not self._is_settled:
            if self._file is None and (self._former is None or self._former.read(1)):
                self._file = self._begin()  # empty, or shorter than before
            if self._file:
                os.fsync(self._file.fileno())
            self.close()
            self.differs, self._is_settled = self._file is not None, True
        return self.differs

    @property
    def content(self) -> str:
        """The path under which all that was written stands, from when it is settled on."""
        return self._draft if self.differs else self.path

    def publish(self) -> bool:
        """Put the new file, once it is settled, in the place of the old one if they differ; tell whether they did."""
        differed, self.differs = self.differs, False
        if differed:
            os.replace(self._draft, self.path)
        return differed

    def close(self) -> None:
        """Let go of the files; the draft stays."""
        for file in (self._file, self._former):
            if file:
                file.close()


def _write_all(file: IO[bytes], content: bytes) -> None:
    """Write to an unbuffered file, which may take only part of it at once: on a full disk, what fitted."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
