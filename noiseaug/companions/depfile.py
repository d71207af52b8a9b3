"""Make's view of a run: a file of prerequisites, so that Make starts noiseaug again only when a source changed."""

from __future__ import annotations

import os

from noiseaug.storage.output_file import write_if_changed

_ESCAPES = {" ": "\\ ", "\t": "\\\t", "#": "\\#", ":": "\\:", "$": "$$"}


class Depfile:
    """Collects sources, and writes them as prerequisites of one target.

    Each is a target without a recipe as well, so that one that was deleted makes Make start noiseaug instead of
    complaining. A name with a newline in it, which Make cannot express, is left out.

    Args:
        path: the file to write.
        target: what depends on the sources, as the Makefile calls it.
        source_root: what the names of sources are put behind, as the Makefile calls it.
    """

    def __init__(self, path: str, target: str, source_root: str) -> None:
        self._path, self._target, self._root = path, target, source_root
        self._sources: list[str] = []

    def add(self, source_path: str) -> None:
        """Add a source."""
        path = os.path.join(self._root, source_path)
        if "\n" not in path:
            self._sources.append(path)

    def write(self) -> None:
        """Write the file, if it does not say the same already."""
        prerequisites = "".join(f" \\\n {escaped(source)}" for source in self._sources)
        lines = [f"{as_target(self._target)}:{prerequisites}", *(f"{as_target(source)}:" for source in self._sources)]
        write_if_changed(self._path, os.fsencode("\n".join(lines) + "\n"))


def escaped(path: str) -> str:
    r"""Return `path` as Make wants it among prerequisites.

    >>> print(escaped("a b/$c#1.png"))
    a\ b/$$c\#1.png
    """
    return "".join(_ESCAPES.get(character, character) for character in path)


def as_target(path: str) -> str:
    """Return `path` as Make wants it before the colon, where a percent sign would make a pattern of it."""
    return escaped(path).replace("%", "\\%")
