"""Manifests read as streams of rows, whatever is in the file."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from noiseaug.manifest.records import DAMAGED, Record
from noiseaug.storage import disk
from noiseaug.storage.paths import LEFTOVERS, MANIFEST, METADATA, STATE_PREFIX, walk_order

# A row holds two paths and some forty short values; POSIX paths are at most 4096 bytes, each at most 6 in JSON. The
# rest is for soft labels of up to 32,768 classes, each at most 24 bytes.
LONGEST_LINE = 1 << 20


_HEAD = re.compile(rb'\{"file_name": "([ !#-\[\]-~]+)", "source_path": "([ !#-\[\]-~]+)", ')  # ASCII, nothing escaped
_OF_DAMAGED = f'"{DAMAGED}": "'.encode()  # quotes within texts are escaped


class Entry(NamedTuple):
    """A line of a manifest as found: its number from 1, its bytes, and the record in it, or what is wrong with it."""

    number: int
    line: bytes
    record: Record | None
    problem: str | None = None


class Group(NamedTuple):
    """The lines of the rows of one source, by file name.

    A run looks at no more of them than it needs, as there may be millions: see `fragment` and `record_of`.
    """

    source_path: str
    rows: dict[str, bytes]


def find(dest: str, wanted: str = MANIFEST) -> str:
    """Return the name of the manifest in DEST: `wanted`, or the one that a run wrote there under another name.

    `wanted` too if there is none.
    """
    if disk.is_file(os.path.join(dest, wanted)) or not disk.is_directory(dest):
        return wanted
    with disk.entries(dest) as entries:  # there may be millions
        others = sorted(entry.name for entry in entries if entry.name.endswith(".jsonl") and entry.name != LEFTOVERS)
    names = (MANIFEST, METADATA, *others)
    return next((name for name in names if holds_rows(os.path.join(dest, name))), wanted)


def holds_rows(path: str) -> bool:
    """Tell whether a run wrote the file as its manifest, by its first line; an empty one is so by its name."""
    _, line, _ = next(_lines(path), (0, b"", None))
    if not line:
        return os.path.basename(path) in (MANIFEST, METADATA) and disk.is_file(path)
    return {"file_name", "source_path", "recipe", "source_sha256"} <= record_of(line).keys()


def is_dest(directory: str, names: Iterable[str]) -> bool:
    """Tell whether a run wrote to a directory: one of these names in it is that of a manifest, or of a run's state."""
    for name in names:
        path = os.path.join(directory, name)
        if name.startswith(STATE_PREFIX):
            if disk.is_directory(path):
                return True
        elif disk.is_file(path):  # not a FIFO, say, which would be waited for
            with contextlib.suppress(OSError):
                if disk.stat(path).st_size and holds_rows(path):
                    return True
    return False


def _lines(path: str, start: int = 0) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield the lines of a file from a place on, with their numbers from 1.

    A damaged line is empty, with what is wrong with it.
    """
    try:
        file = disk.open_for_reading(path)
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if line.endswith(b"\n"):
                yield number, line, None
                continue
            torn = len(line) < LONGEST_LINE
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield number, b"", "is cut short" if torn else f"is longer than {LONGEST_LINE} bytes"


def read_entries(path: str) -> Iterator[Entry]:
    """Yield the rows of a manifest, none if there is no such file. A damaged one carries what is wrong with it."""
    for number, line, problem in _lines(path):
        yield Entry(number, line, None, problem) if problem else _parsed(number, line)


def read_groups(path: str, start: int = 0) -> Iterator[Group]:
    """Yield the valid rows of a manifest by source, in its order; lines that are none are passed over.

    Args:
        path: the manifest.
        start: the place in it, in bytes, where a line begins and reading does.
    """
    group: Group | None = None
    for _, line, _ in _lines(path, start):
        file_name, source_path = _names(line)
        if not file_name:
            continue
        if group is None or group.source_path != source_path:
            if group:
                yield group
            group = Group(source_path, {})
        group.rows[file_name] = line
    if group:
        yield group


def _names(line: bytes) -> tuple[str, str]:
    """Return the file name and source path of a row, or empty ones. Reading all of it costs four times as much."""
    head = _HEAD.match(line)
    if head and line.endswith(b"}\n"):
        return head[1].decode(), head[2].decode()
    record = record_of(line)
    return record.get("file_name", ""), record.get("source_path", "")


def source_of(line: bytes) -> str:
    """Return the source that a row is of, or an empty text if the line is none."""
    return _names(line)[1]


def merged(newer: Iterable[Group], older: Iterable[Group]) -> Iterator[Group]:
    """Yield both streams as one, in walk order; where both know a target, the newer row stands."""
    first, second = iter(newer), iter(older)
    new = next(first, None)
    if new is None:
        yield from second
        return
    first = itertools.chain([new], first)
    new, old = next(first, None), next(second, None)
    while new or old:
        if old is None or (new and walk_order(new.source_path) < walk_order(old.source_path)):
            assert new is not None
            yield new
            new = next(first, None)
        elif new is None or new.source_path != old.source_path:
            yield old
            old = next(second, None)
        else:
            yield Group(new.source_path, old.rows | new.rows)
            new, old = next(first, None), next(second, None)


def record_of(line: bytes) -> Record:
    """Return the record in a line; an empty one if it holds none."""
    return _parsed(0, line).record or {}


def is_of_damaged(line: bytes) -> bool:
    """Tell whether the row is of an output that was made of a damaged source.

    >>> is_of_damaged(b'{"not_kept": "", "damaged": "its pixels end early", "bytes": 1}')
    True
    """
    return _OF_DAMAGED in line


def _parsed(number: int, line: bytes) -> Entry:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return Entry(number, line, None, "is not JSON")
    if not isinstance(record, dict):
        return Entry(number, line, None, "is not a JSON object")
    for key in ("file_name", "source_path"):
        if not isinstance(record.get(key), str) or "\0" in record[key]:
            return Entry(number, line, None, f"has no {key}")
    return Entry(number, line, record)
