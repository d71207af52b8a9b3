"""Where the rows of a run go: the manifest with its index, and the list of kept files."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from noiseaug.companions.companion_files import CompanionFiles
from noiseaug.manifest.index import IndexWriter, Settled
from noiseaug.manifest.records import is_of_file
from noiseaug.manifest.state import State


class RowsWritten:
    """Writes rows in walk order.

    Args:
        state: holds the files.
        companions: give rows of earlier runs the labels that they are to have now.
        request: what the index depends on; see `index.digest_of`. Empty if none is to be written.
    """

    def __init__(self, state: State, companions: CompanionFiles, request: bytes) -> None:
        self._state, self._companions = state, companions
        self._index = IndexWriter(request) if request else None

    @property
    def index(self) -> bytes:
        """The index of the rows that were written, if there is to be one."""
        self.end_block()
        return self._index.content if self._index else b""

    def of_settled(self, settled: Settled) -> None:
        """Write the rows of sources that are settled, as they stand in the manifest."""
        manifest = self._state.manifest
        if self._index:
            self._index.add_settled(settled, manifest.size, manifest.former)
        manifest.keep(settled.block.start, settled.block.length)

    def of_former(self, lines: Iterable[bytes], *, settled: bool) -> None:
        """Write rows of earlier runs; tell whether they are all those of sources that are up to date."""
        if not settled:
            self.end_block()
        for is_kept, several in itertools.groupby(lines, is_of_file):
            if is_kept:
                self._state.kept.write(b"".join(several))
            else:
                self._write(list(map(self._companions.brought_up_to_date, several)), settled=settled)

    def of_new(self, line: bytes, *, settled: bool) -> None:
        """Write a row that was just made; tell whether all outputs of its source are up to date now."""
        if is_of_file(line):
            self._state.kept.write(line)
        else:
            self._write([line], settled=settled)

    def _write(self, lines: list[bytes], *, settled: bool) -> None:
        manifest = self._state.manifest
        if self._index and settled:
            start = manifest.size
            for line in lines:
                self._index.add(line, start)
                start += len(line)
        manifest.write(b"".join(lines))

    def end_block(self) -> None:
        """Say that a source comes next that is not up to date, or nothing more."""
        if self._index:
            self._index.end_block()
