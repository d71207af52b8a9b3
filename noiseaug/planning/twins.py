"""Files of SOURCE whose outputs would meet, as their names differ too little."""

from __future__ import annotations

import os
import unicodedata

from noiseaug import kinds
from noiseaug.planning.mask_folders import directories_above


class Twins:
    """The files that came up so far.

    Attributes:
        twins: files whose names differ from that of a file before only in case or in how accents are composed, with
            that file: on some file systems they are one. Likewise directories, whose paths end in /.
        rivals: files that are written under another suffix, where a file before has that name; with that file.
    """

    def __init__(self) -> None:
        self.twins: dict[str, str] = {}
        self.rivals: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self.twins or self.rivals)

    def note(self, paths: list[str]) -> None:
        """Take note of what stands in a directory; the paths of subdirectories end in /."""
        suffixes = {path[path.rfind(".") :] for path in paths}
        if any(map(kinds.is_renamed, suffixes)):
            self._note_rivals(paths)
        together = "\0".join(paths)
        if together.isascii() and together == together.lower():
            return  # no two of them are the same, which is what all others are made to be below
        folded = [unicodedata.normalize("NFC", path).casefold() for path in paths]
        if len(set(folded)) < len(folded):
            first: dict[str, str] = {}
            for name, path in zip(folded, paths, strict=True):
                if first.setdefault(name, path) != path:
                    self.twins[path] = first[name]

    def _note_rivals(self, paths: list[str]) -> None:
        present = set(paths)
        for path in filter(kinds.is_renamed, paths):
            stem, suffix = os.path.splitext(path)
            rival = stem + kinds.target_suffix(suffix, None, as_float=False)
            if rival in present:
                self.rivals[path] = rival

    def of(self, path: str) -> tuple[str, str] | None:
        """Return the file, or the directory that it is in, that is a twin, and the one before that it would be."""
        if self.twins:
            for name in (path, *(f"{directory}/" for directory in directories_above(path))):
                if name in self.twins:
                    return name, self.twins[name]
        return None
