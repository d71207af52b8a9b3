"""Sources that stand, with their outputs, as the index of the manifest says: no row of them needs to be looked at."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from noiseaug.kinds import FILE, kind_of
from noiseaug.manifest.index import Block, Settled, digest_of
from noiseaug.manifest.reading import LONGEST_LINE, Group, read_groups, source_of
from noiseaug.planning.targets import Plan
from noiseaug.storage import disk
from noiseaug.storage.paths import walk_order


class SettledSources:
    """Finds the blocks of an index whose sources and outputs are as it says.

    Of each source and each output the size and the time are looked at, as `UpToDate` does. All else that it looks at
    depends on the rows and the request alone, and is as it was if the digest is.

    Args:
        roots: the directories SOURCE and DEST.
        plan: what each source becomes.
        request: see `digest_of`.
        blocks: the index.
        manifest: the path of the manifest.
    """

    def __init__(
        self, roots: tuple[str, str], plan: Plan, request: bytes, blocks: Iterable[Block], manifest: str
    ) -> None:
        self._source_root, self._dest_root = roots
        self._plan, self._request, self._manifest = plan, request, manifest
        self._blocks = iter(blocks)
        self._next = next(self._blocks, None)
        self._file: BinaryIO | None = None
        self._size = 0

    def at(self, paths: Sequence[str], place: int) -> Settled | None:
        """Return the settled sources that begin with the one at a place among `paths`, or None if it begins no block.

        Args:
            paths: of neighbouring sources of a directory, in walk order, as all that this is called with.
            place: counted from 0.
        """
        block = self._next_from(paths[place])
        if block is None:
            return None
        found = paths[place : place + block.sources]
        names = self._names(found)
        sizes = self._sizes(found, names) if len(found) == block.sources else None
        if sizes is None or len(sizes) != block.sources + block.outputs:
            return None
        rows = self._rows(block, found[-1])
        if rows is None or digest_of(self._request, rows, found, sizes) != block.digest:
            return None
        return Settled(block, found, rows, sizes, len(names[-1]))

    def _next_from(self, path: str) -> Block | None:
        """Return the next block if it begins with this source; leave out those that begin with one before it."""
        while self._next and self._next.first != path and walk_order(self._next.first) < walk_order(path):
            self._next = next(self._blocks, None)
        return self._next if self._next and self._next.first == path else None

    def _sizes(self, paths: Sequence[str], names: Sequence[Sequence[str]]) -> list[int] | None:
        """Return the size of each source and of its outputs, or None if any is not up to date by its time."""
        try:
            sources = disk.stat_each(self._source_root, paths)
            outputs = iter(disk.lstat_each(self._dest_root, itertools.chain.from_iterable(names)))
        except OSError:
            return None
        sizes = []
        for source, several in zip(sources, names, strict=True):
            sizes.append(source.st_size)
            if not stat.S_ISREG(source.st_mode):
                return None
            for output in itertools.islice(outputs, len(several)):
                if output.st_mtime_ns < source.st_mtime_ns or not stat.S_ISREG(output.st_mode):
                    return None
                sizes.append(output.st_size)
        return sizes

    def _names(self, paths: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return the names of the outputs of each source."""
        suffixes = {path[path.rfind(".") :] for path in paths}
        if all(self._plan.keeps_names(suffix) for suffix in suffixes):
            return [(path,) for path in paths]
        targets = (self._plan.targets(path, kind_of(path) or FILE) for path in paths)
        return [[target.file_name for target in several] for several in targets]

    def _rows(self, block: Block, last: str) -> bytes | None:
        """Return the rows of a block, or None where more of its last source may follow."""
        if self._file is None:
            self._file = disk.open_for_reading(self._manifest)
            self._size = disk.stat(self._manifest).st_size
        if block.end > self._size:
            return None
        self._file.seek(block.start)
        rows, line = self._file.read(block.length), self._file.readline(LONGEST_LINE)
        return None if line and source_of(line) in ("", last) else rows

    def close(self) -> None:
        """Let go of the manifest."""
        if self._file:
            self._file.close()


class FormerRows:
    """The rows that earlier runs left, by source in walk order; one looks at the next before one takes it.

    Args:
        groups: the rows.
        manifest: the path of the manifest, if that is where all of them come from; else nothing can be passed over.
    """

    def __init__(self, groups: Iterator[Group], manifest: str = "") -> None:
        self._groups, self._manifest = groups, manifest
        self._next = next(groups, None)
        self._end: int | None = None  # of what was passed over, if the next group is still to be read from there
        self.are_none = self._next is None

    @property
    def next(self) -> Group | None:
        """The rows of the next source, or None at the end."""
        if self._end is not None:
            self._groups, self._end = read_groups(self._manifest, self._end), None
            self._next = next(self._groups, None)
        return self._next

    def take(self) -> Group | None:
        """Return the rows of the next source, and go on to those of the one after it."""
        group = self.next
        self._next = next(self._groups, None)
        return group

    def pass_over(self, settled: Settled) -> bool:
        """Go on to what follows the rows of sources that are settled, if these come next; tell whether they do."""
        block = settled.block
        if self._end != block.start:
            group = self.next
            if group is None or group.source_path != block.first:
                return False
            if not settled.rows.startswith(b"".join(group.rows.values())):
                return False
        self._end = block.end
        return True
