"""The files of an export in the making: compared with what stands there as they grow, put in place all together."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from noiseaug.errors import Misplaced, Stopped
from noiseaug.exports.samples import Survey
from noiseaug.storage.output_file import remove_temporaries
from noiseaug.storage.paths import FAILURES, STATE_PREFIX
from noiseaug.storage.settled_file import SettledFile


class Published(NamedTuple):
    """All files of an export, those of them that changed, and those of an earlier one that were removed."""

    files: list[str]
    written: list[str]
    removed: list[str]


class Drafts:
    """Writes new files beside the old ones, and only from where they differ; `publish` renames them.

    An export that ends before leaves everything as it was: a mix of old and new shards would be a wrong data set.
    """

    def __init__(self, dest: str, survey: Survey, force: bool) -> None:
        """Files of the run in `dest` are never replaced; others that no export wrote only with `force`."""
        self._dest, self._survey, self._force = dest, survey, force
        self._files: list[tuple[str, str, SettledFile]] = []
        self._changed: list[bool] = []  # of those that are settled, the first ones
        self._obsolete: list[str] = []
        self._tag = ""

    def claim(self, path: str, wrote: Callable[[str], bool]) -> None:
        """Makes sure that `path` may be replaced or removed; `wrote` tells whether an export wrote that file.

        The first path that is claimed names the export: what one of that name left when it was killed is removed.

        Raises:
            Misplaced: if it may not.
        """
        real = os.path.realpath(path)
        self._tag = self._tag or f"export-{hashlib.sha256(os.fsencode(real)).hexdigest()[:12]}-"
        name = os.path.relpath(real, os.path.realpath(self._dest))
        if name in (os.path.basename(self._survey.manifest), FAILURES) or name in self._survey.names:
            raise Misplaced(f"{path} is a file of the run itself; name another --output")
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISREG(mode):
            raise Misplaced(f"{path} is there and is not a regular file; name another --output")
        if not self._force and not wrote(path):
            raise Misplaced(f"{path} is there, and no export wrote it; name another --output, or add --force")

    def open(self, path: str) -> SettledFile:
        """A new file that is to be `path`."""
        directory = os.path.dirname(path) or "."
        if not self._files:
            remove_temporaries(directory, self._tag)
        draft = os.path.join(directory, f"{STATE_PREFIX}-{self._tag}{os.urandom(8).hex()}.tmp")
        file = SettledFile(path, draft)
        self._files.append((path, draft, file))
        return file

    def settle(self) -> None:
        """Ends the files that are open."""
        self._changed += [file.settle() for _, _, file in self._files[len(self._changed) :]]

    def remove(self, path: str) -> None:
        """Lets `publish` remove a file of an earlier export."""
        if os.path.lexists(path):
            self._obsolete.append(path)

    def publish(self) -> Published:
        """Puts what differs in its place, and removes what is no longer part of the export; all must be settled."""
        written = []
        for (path, _, file), changed in zip(self._files, self._changed, strict=True):
            if changed:
                file.publish()
                written.append(path)
        for path in self._obsolete:
            os.unlink(path)
        return Published([path for path, _, _ in self._files], written, self._obsolete)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _, draft, file in self._files:
            file.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
        # Errors of what is read name their file; those of a write name none, or the draft.
        if isinstance(error, OSError) and (not error.filename or self._tag in str(error.filename)):
            where = os.path.dirname(self._files[-1][0]) or "."
            raise Stopped(f"cannot write to {where}: {error.strerror}; what was there before stays") from None
