"""What earlier runs wrote and this one was not asked for: listed as the run goes, settled at its end."""

from __future__ import annotations

from collections.abc import Iterator

from noiseaug.manifest.former import names_in
from noiseaug.manifest.reading import read_groups
from noiseaug.manifest.records import Record
from noiseaug.manifest.removing import as_left_over, remove_recorded
from noiseaug.manifest.state import State
from noiseaug.planning.reconcile import Note
from noiseaug.storage.name_counts import Names
from noiseaug.storage.settled_file import SettledFile


class LeftOver:
    """The list of what is left over.

    Whether a file is left over is known only at the end of a run: another source may take its name.

    Args:
        state: where the list is kept.
        prune: whether files whose source is gone are removed.

    Attributes:
        count: the files that are left over.
        pruned: the files that were removed.
    """

    def __init__(self, state: State, *, prune: bool) -> None:
        self._state, self._prune = state, prune
        self._orphans = Names()
        self.count = self.pruned = 0

    def add(self, note: Note) -> None:
        """List what was made of a source and is not asked for again, or whose source is gone."""
        for line in note.left_over.values():
            self.list(line)
        for name, line in note.orphans.items():
            if self._prune:
                self._orphans.add(name)
            self.list(line)

    def list(self, line: bytes) -> None:
        """List a file by its row, if it is there."""
        found = as_left_over(self._state.home.dest, line)
        if found:
            self._state.leftovers.write(found)
            self.count += 1

    def settle(self, *, worked: bool) -> None:
        """Take off the list what has another source now, and remove what is to be pruned.

        The manifest has to be settled before.

        Args:
            worked: whether this run wrote any file.
        """
        if not self.count or not (worked or self._orphans):
            return
        listed, in_use = Names(), Names()
        for name in self._names_in(self._state.leftovers):
            listed.add(name)
        for rows in (self._state.manifest, self._state.kept):
            for name in self._names_in(rows):
                if name in listed:
                    in_use.add(name)
        self.count = 0

        def stays(record: Record) -> bool:
            name = record["file_name"]
            if name in in_use:
                return False
            if name in self._orphans and remove_recorded(self._state.home.dest, record):
                self.pruned += 1
                return False
            self.count += 1
            return True

        self._state.filter_leftovers(stays)

    def _names_in(self, rows: SettledFile) -> Iterator[str]:
        if rows.size:  # else, there is no such file at the end of the run
            rows.settle()
            yield from names_in(read_groups(rows.content))
