"""Files that belong together: drafted beside the old ones, and put in place all at once."""

from __future__ import annotations

import os
from types import TracebackType
from typing import NamedTuple, Self

from noiseaug.errors import Stopped
from noiseaug.storage import disk
from noiseaug.storage.output_file import remove_temporaries
from noiseaug.storage.paths import STATE_PREFIX
from noiseaug.storage.settled_file import SettledFile


class Published(NamedTuple):
    """All files that were drafted, those of them that changed, and the old ones that were removed."""

    files: list[str]
    written: list[str]
    removed: list[str]


class Drafts:
    """The new versions of some files; nothing changes before `publish` renames them.

    Someone who used half of the new files with half of the old ones would use wrong data.

    Args:
        directory: where drafts are written, in the file system of the files that they become.
        tag: begins the names of the drafts; those with this tag that a killed process left are removed.
    """

    def __init__(self, directory: str, tag: str) -> None:
        self._directory, self._tag = directory, tag
        self._files: dict[str, tuple[SettledFile, str]] = {}
        self._obsolete: set[str] = set()

    def open(self, path: str) -> SettledFile:
        """Return a new file that is to be `path`. It may be settled before `publish` does that, to close it."""
        if not self._files:
            remove_temporaries(self._directory, self._tag)
        draft = os.path.join(self._directory, f"{STATE_PREFIX}-{self._tag}{os.urandom(8).hex()}.tmp")
        file = SettledFile(path, draft)
        self._files[path] = file, draft
        return file

    def remove(self, path: str) -> None:
        """Let `publish` remove the file at `path`, if there is one, unless it is opened too."""
        self._obsolete.add(path)

    def publish(self) -> Published:
        """Put the files that differ in place, in the order in which they were opened; then remove the obsolete ones.

        All are settled before the first is renamed, as that may find the disk full.
        """
        files = [file for file, _ in self._files.values()]
        for file in files:
            file.settle()
        written = [file.path for file in files if file.publish()]
        removed = [path for path in sorted(self._obsolete - self._files.keys()) if disk.remove(path)]
        return Published(list(self._files), written, removed)

    def close(self) -> None:
        """Close all files, and remove the drafts that are not published."""
        for file, draft in self._files.values():
            file.close()
            disk.remove(draft)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close all; an error of a write becomes Stopped. (It names no file, or the draft.)"""
        self.close()
        if isinstance(error, OSError) and (not error.filename or self._tag in str(error.filename)):
            raise Stopped(f"cannot write to {self._directory}: {error.strerror}; what was there before stays") from None
