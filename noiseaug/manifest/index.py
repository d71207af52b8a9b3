"""The index of a manifest: its rows digested, by blocks of neighbouring sources, so that they need not be looked at.

`DEST/.noiseaug-index` has a line for each block, in the order of the manifest. A block's digest is of the bytes of its
rows, of the paths and sizes of the sources and outputs that they record, and of the request whose run found all of
them up to date. A run with the same request that finds the same paths and sizes has nothing to learn from these rows.

Nothing else depends on the index. It may be deleted at any time, and a wrong one is not believed: rows are read then. A
run that finds nothing to do writes nothing, and no index either.
"""

from __future__ import annotations

import array
import hashlib
import json
import os
import posixpath
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from noiseaug.manifest.reading import record_of
from noiseaug.manifest.records import fragment
from noiseaug.storage import disk

# One row in so many ends a block, by a hash of its source's path: a new source changes the block that it is in, and no
# other. Rows of a block are held in memory.
_ROWS = 256
_LONGEST_LINE = 1 << 16
# An index is held in memory until it is known whether the run did anything. One that is larger is not written: that of
# some 100,000 directories, or 30 million files in few directories.
_LARGEST = 1 << 24
_FACTS = re.compile(
    rb'\{"file_name": "[ !#-\[\]-~]+", "source_path": "([ !#-\[\]-~]+)", .*'
    rb', "bytes": ([0-9]{1,18}), "sha256": "[0-9a-f]+", "source_bytes": ([0-9]{1,18}), "source_sha256": "[0-9a-f]+"\}\n'
)


class Block(NamedTuple):
    """Neighbouring sources of one directory, whose rows stand together in the manifest.

    Attributes:
        first: the path of the first of them.
        sources: how many there are.
        outputs: how many rows they have.
        start: the place of the first row in the manifest, in bytes.
        length: how many bytes the rows take.
        digest: see `digest_of`.
    """

    first: str
    sources: int
    outputs: int
    start: int
    length: int
    digest: str

    @property
    def end(self) -> int:
        """The place in the manifest behind the last row, in bytes."""
        return self.start + self.length


class Settled(NamedTuple):
    """The sources of a block, which are up to date.

    Attributes:
        block: what the index says of them.
        paths: those of the sources.
        rows: their rows, as they stand in the manifest; empty once it is known that these come next there.
        sizes: in bytes: for each source its own, then those of its outputs.
        last_outputs: how many outputs the last source has.
    """

    block: Block
    paths: Sequence[str]
    rows: bytes
    sizes: Sequence[int]
    last_outputs: int


def digest_of(request: bytes, rows: bytes, paths: Iterable[str], sizes: Sequence[int]) -> str:
    """Return the digest of a block.

    Args:
        request: stands for all that decides whether a row is up to date, but for its source and output.
        rows: the rows, as they stand in the manifest.
        paths: those of the sources.
        sizes: in bytes: for each source its own, then those of its outputs.
    """
    digest = hashlib.sha256(request)
    digest.update(b"%d " % len(rows))
    digest.update(rows)
    digest.update(os.fsencode("\0".join(paths)))
    digest.update(array.array("Q", sizes).tobytes())
    return digest.hexdigest()


def read_index(path: str) -> Iterator[Block]:
    """Yield the blocks of an index, in its order, up to the first line that is none; none if there is no such file."""
    try:
        file = disk.open_for_reading(path)
    except OSError:
        return
    with file:
        while line := file.readline(_LONGEST_LINE):
            block = _block_in(line)
            if block is None:
                return
            yield block


def _block_in(line: bytes) -> Block | None:
    try:
        block = Block(*json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    first, *numbers, digest = block
    is_one = isinstance(first, str) and isinstance(digest, str) and all(type(n) is int and n >= 0 for n in numbers)
    return block if is_one and block.sources else None


def _is_last(path: str, outputs: int) -> bool:
    """Tell whether a source with so many outputs is the last one of its block, whatever comes after it."""
    return zlib.crc32(os.fsencode(path)) % _ROWS < outputs


class IndexWriter:
    """Makes the index of a manifest while its rows are written.

    It depends on the rows alone, and not on which of them were settled.

    Args:
        request: see `digest_of`.
    """

    def __init__(self, request: bytes) -> None:
        self._request, self._lines = request, bytearray()
        self._forget()

    @property
    def content(self) -> bytes:
        """The index of the blocks that were ended; nothing if it is too large."""
        return bytes(self._lines) if len(self._lines) <= _LARGEST else b""

    def _forget(self) -> None:
        self._rows: list[bytes] = []
        self._paths: list[str] = []
        self._sizes: list[int] = []
        self._start = self._outputs = self._last_size = self._last_outputs = 0

    def add(self, line: bytes, start: int) -> None:
        """Add a row, which starts at this place in the manifest; the rows of a source come one after the other."""
        path, source_size, size = _facts(line)
        if source_size is None or size is None:
            self._forget()
            return
        if not self._paths or path != self._paths[-1]:
            self._go_on_to(path, start)
            self._paths.append(path)
            self._sizes.append(source_size)
            self._last_size, self._last_outputs = source_size, 0
        elif source_size != self._last_size:  # the source changed between the making of two outputs
            self._forget()
            return
        self._sizes.append(size)
        self._rows.append(line)
        self._outputs += 1
        self._last_outputs += 1

    def add_settled(self, settled: Settled, start: int, read: Callable[[int, int], bytes]) -> None:
        """Add the rows of sources that are settled, which start at this place in the manifest now.

        `read` returns a part of the old manifest, from a place on and so many bytes long.
        """
        self._go_on_to(settled.paths[0], start)
        if not self._paths and _is_last(settled.paths[-1], settled.last_outputs):
            self._write(settled.block._replace(start=start))
            return
        self._paths += settled.paths
        self._sizes += settled.sizes
        self._rows.append(read(settled.block.start, settled.block.length))
        self._outputs += settled.block.outputs
        self._last_outputs = settled.last_outputs

    def _go_on_to(self, path: str, start: int) -> None:
        """End the block if this source is of another one."""
        if self._paths:
            last = self._paths[-1]
            if _is_last(last, self._last_outputs) or posixpath.dirname(path) != posixpath.dirname(last):
                self.end_block()
        if not self._paths:
            self._start = start

    def end_block(self) -> None:
        """End the block: what comes next are no rows of the source that comes next in the walk, if any do."""
        if self._paths:
            rows = b"".join(self._rows)
            digest = digest_of(self._request, rows, self._paths, self._sizes)
            self._write(Block(self._paths[0], len(self._paths), self._outputs, self._start, len(rows), digest))
        self._forget()

    def _write(self, block: Block) -> None:
        if len(self._lines) <= _LARGEST:
            self._lines += json.dumps(block).encode() + b"\n"


def _facts(line: bytes) -> tuple[str, int | None, int | None]:
    """Return what a row says: its source, the size of that, and the size of its output."""
    if found := _FACTS.fullmatch(line):
        return found[1].decode(), int(found[3]), int(found[2])
    record = record_of(line)
    sizes = ((key, record.get(key)) for key in ("source_bytes", "bytes"))
    told = (
        value if type(value) is int and 0 <= value < 1 << 63 and fragment(key, value) in line else None
        for key, value in sizes
    )
    source_size, size = told
    return record.get("source_path", ""), source_size, size
