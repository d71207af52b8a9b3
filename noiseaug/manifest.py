"""Manifests: what a record holds, and reading them as streams of rows, whatever is in the file.

A manifest is JSON Lines, one flat object a target, in walk order of the sources and in the order of a source's targets.
Text that is not valid Unicode (names of files may be any bytes) stands as lone surrogate escapes, as in `os.fsdecode`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from noiseaug.sources import walk_order

MANIFEST = "manifest.jsonl"
METADATA = "metadata.jsonl"  # what Hugging Face's loaders look for
FAILURES = "failures.jsonl"

Record = dict[str, Any]

# In this order in every row; a row leaves out what does not apply to its kind.
KEYS = (
    *("file_name", "source_path", "kind", "role", "label", "soft_label", "level", "copy"),
    *("std", "snr_db", "mean", "clip_low", "clip_high", "mono", "seed", "key", "recipe", "options", "made_with"),
    *("noise_mean", "noise_std", "noise_std_decoded", "snr_db_measured", "psnr_db", "clipped"),
    *("silent", "silence_kept", "gain"),
    *("width", "height", "dtype", "frames", "sampling_rate", "num_samples", "duration", "subtype", "channels"),
    *("source_format", "not_kept", "bytes", "sha256", "source_bytes", "source_sha256"),
    *("sidecars", "sidecars_sha256"),
)
# Of the values of each key, where they are not null: the same in every row. The other keys hold text.
_TYPES = {
    **dict.fromkeys(("copy", "seed", "width", "height", "frames", "sampling_rate", "num_samples", "channels"), "int"),
    **dict.fromkeys(("bytes", "source_bytes"), "int"),
    **dict.fromkeys(("std", "snr_db", "mean", "clip_low", "clip_high", "noise_mean", "noise_std"), "float"),
    **dict.fromkeys(("noise_std_decoded", "snr_db_measured", "psnr_db", "clipped", "silence_kept", "gain"), "float"),
    "duration": "float",
    **dict.fromkeys(("mono", "silent"), "bool"),
    "soft_label": "floats",
}
# A row holds two paths and some forty short values; POSIX paths are at most 4096 bytes, each at most 6 in JSON. The
# rest is for soft labels of up to 32,768 classes, each at most 24 bytes.
_LONGEST_LINE = 1 << 20
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode  # made once: dumps makes one a call
_HEAD = re.compile(rb'\{"file_name": "([ !#-\[\]-~]+)", "source_path": "([ !#-\[\]-~]+)", ')  # ASCII, nothing escaped


class Row(NamedTuple):
    """A manifest row to be written: the target's file name, and the whole line."""

    file_name: str
    line: bytes


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


def type_of(key: str) -> str:
    """What values a key has in every row where it is not null: `text`, `int`, `float`, `bool` or (a list of) `floats`.

    >>> type_of("file_name"), type_of("noise_std")
    ('text', 'float')
    """
    return _TYPES.get(key, "text")


def find(dest: str, wanted: str = MANIFEST) -> str:
    """The name of the manifest in DEST: `wanted`, or the one that a run wrote there under another name.

    `wanted` too if there is none.
    """
    if os.path.isfile(os.path.join(dest, wanted)) or not os.path.isdir(dest):
        return wanted
    others = (name for name in os.listdir(dest) if name.endswith(".jsonl"))
    names = [MANIFEST, METADATA, *sorted(others)]
    return next((name for name in names if holds_rows(os.path.join(dest, name))), wanted)


def holds_rows(path: str) -> bool:
    """Whether a run wrote the file as its manifest, to judge by the first line; one without any is so by its name."""
    _, line, _ = next(_lines(path), (0, b"", None))
    if not line:
        return os.path.basename(path) in (MANIFEST, METADATA) and os.path.isfile(path)
    return {"file_name", "source_path", "recipe", "source_sha256"} <= record_of(line).keys()


def record_line(record: Record) -> bytes:
    """The line of a record."""
    return _line({key: record[key] for key in KEYS if key in record})


def failure_line(source_path: str, error: str, file_name: str = "") -> bytes:
    """A line of failures.jsonl; with a file name where only that target of the source failed."""
    return _line({"source_path": source_path, "file_name": file_name, "error": error})


def pending_line(source_path: str, file_name: str) -> bytes:
    """A line that announces a target: what stands under its name from now on, this tool may have written."""
    return _line({"file_name": file_name, "source_path": source_path, "pending": True})


def is_pending(line: bytes) -> bool:
    """Whether the line is one of `pending_line`: nothing is known of the output but its name."""
    return line.endswith(b', "pending": true}\n')


def fragment(key: str, value: str | int) -> bytes:
    """What stands in a line whose record holds `value` under `key`, but not last. (Quotes within texts are escaped, so
    it can stand nowhere else.)

    >>> fragment("copy", 0) in record_line({"copy": 0, "recipe": "c0ffee"})
    True
    """
    if isinstance(value, int):
        return b'"%b": %d, ' % (key.encode(), value)
    return f'"{key}": {json.dumps(value)}, '.encode()


def sidecar_names(record: Record) -> list[str]:
    """The names, relative to DEST, of the files that went along with a target."""
    names = record.get("sidecars", [])
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def record_of(line: bytes) -> Record:
    """The record in a line; an empty one if it holds none."""
    return _parsed(0, line).record or {}


def _line(record: Record) -> bytes:
    # ASCII: whatever bytes a name holds, the line can be encoded, and cut at any newline.
    return _encode(record).encode() + b"\n"


def _lines(path: str) -> Iterator[tuple[int, bytes, str | None]]:
    """The lines of a file with their numbers from 1; an empty one for each that is none, and what is wrong with it."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below; the file may be missing
    except FileNotFoundError:
        return
    with file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if line.endswith(b"\n"):
                yield number, line, None
                continue
            torn = len(line) < _LONGEST_LINE
            while line and not line.endswith(b"\n"):
                line = file.readline(_LONGEST_LINE)
            yield number, b"", "is cut short" if torn else f"is longer than {_LONGEST_LINE} bytes"


def read_entries(path: str) -> Iterator[Entry]:
    """The rows of a manifest, one at a time; none if there is no such file. Damaged ones carry what is wrong."""
    for number, line, problem in _lines(path):
        yield Entry(number, line, None, problem) if problem else _parsed(number, line)


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


def read_groups(path: str) -> Iterator[Group]:
    """The valid rows of a manifest by source, in its order; lines that are none are passed over."""
    group: Group | None = None
    for _, line, _ in _lines(path):
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
    """The file name and source path of a row, or empty ones. Reading all of it costs four times as much."""
    head = _HEAD.match(line)
    if head and line.endswith(b"}\n"):
        return head[1].decode(), head[2].decode()
    record = record_of(line)
    return record.get("file_name", ""), record.get("source_path", "")


def merged(newer: Iterable[Group], older: Iterable[Group]) -> Iterator[Group]:
    """Both streams as one, in walk order; where both know a target, the newer row stands."""
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
