"""The manifest as CSV or Parquet: views that say what `manifest.jsonl` says, made from it as a stream of rows.

Both have a column for each key that has a value in any row (in CSV an empty text is none), in one order, so that no
loader has to guess the type of a column without values. Parquet has the types of the keys; CSV has none, and readers
guess them. Names that are not valid Unicode stand in `manifest.jsonl` alone: a view shows their odd bytes as `\\udcXX`.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from noiseaug.errors import Stopped
from noiseaug.manifest.reading import read_entries
from noiseaug.manifest.records import KEYS, Record, type_of
from noiseaug.settings.companions import VIEWS
from noiseaug.storage import disk

# Rows are written when there are that many, or if their lines come to this: a row may hold thousands of soft labels.
_ROWS, _BYTES = 1 << 13, 1 << 24
_MARK = {b"noiseaug.view": b"of the manifest"}


def render(rows: str, name: str, write: Callable[[bytes], None]) -> None:
    """Write the view `name` of the manifest at the path `rows`.

    Raises:
        Stopped: if a row holds what does not go into its column.
    """
    if name.endswith(".csv"):
        _render_csv(rows, write)
    else:
        _render_parquet(rows, write)


def can_render(name: str) -> bool:
    """Tell whether the view `name` can be written and read here: Parquet needs pyarrow."""
    return not name.endswith(".parquet") or importlib.util.find_spec("pyarrow") is not None


def says_the_same(rows: str, path: str) -> bool:
    """Tell whether the view at `path` says what the manifest at the path `rows` says; False if nobody can tell."""
    if path.endswith(".csv"):
        return _is_same_csv(rows, path)
    return can_render(path) and _is_same_parquet(rows, path)


def _is_same_csv(rows: str, path: str) -> bool:
    with disk.open_for_reading(path) as file:

        def compare(content: bytes) -> None:
            if file.read(len(content)) != content:
                raise _Differs

        try:
            _render_csv(rows, compare)
        except _Differs:
            return False
        return not file.read(1)


class _Differs(Exception):
    pass


def _is_same_parquet(rows: str, path: str) -> bool:
    """Tell whether a Parquet file has the columns and values of the manifest. (Its bytes go by the pyarrow version.)"""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with disk.open_for_reading(path) as opened, pq.ParquetFile(opened) as file:
            schema = _schema_of(rows)
            if not file.schema_arrow.equals(schema):
                return False
            found = (row for batch in file.iter_batches(_ROWS) for row in batch.to_pylist())
            for record in _records(rows):
                expected = {key: _encodable(record.get(key)) for key in schema.names}
                if next(found, None) != expected:
                    return False
            return next(found, None) is None
    except (pa.ArrowException, OSError, ValueError):
        return False  # it is damaged


def views_in(dest: str) -> list[str]:
    """Return the names of the views of the manifest that runs wrote to DEST."""
    with disk.entries(dest) as entries:  # there may be millions
        names = sorted(entry.name for entry in entries if entry.name.endswith(VIEWS))
    return [name for name in names if is_view(os.path.join(dest, name))]


def is_view(path: str) -> bool:
    """Tell whether the file is a view that a run wrote."""
    try:
        with disk.open_for_reading(path) as file:
            if path.endswith(".csv"):
                head = file.readline(1 << 12).decode(errors="replace").rstrip("\n").split(",")
                return head[:2] == list(KEYS[:2]) and set(head) <= set(KEYS)
            if not path.endswith(".parquet"):
                return False
            file.seek(-min(1 << 16, disk.stat(path).st_size), os.SEEK_END)
            return next(iter(_MARK)) in file.read()  # without pyarrow, which takes 0.1 s and 45 MB
    except OSError:
        return False


def _columns(rows: str, empty: tuple[Any, ...]) -> list[str]:
    """Return the keys that have a value other than `empty` in any row."""
    found: set[str] = set()
    for record in _records(rows):
        found.update(key for key in record.keys() - found if record[key] not in empty)
    return [key for key in KEYS if key in found]


def _records(rows: str) -> Iterator[Record]:
    return (entry.record for entry in read_entries(rows) if entry.record is not None)


def _render_csv(rows: str, write: Callable[[bytes], None]) -> None:
    columns = _columns(rows, empty=(None, ""))
    lines: list[str] = []
    # With this end of lines, the writer quotes all that a reader may take for one.
    writer = csv.writer(_Lines(lines), lineterminator="\r\n")
    writer.writerow(columns or KEYS[:2])
    as_json = [place for place, key in enumerate(columns) if type_of(key) in ("bool", "floats", "texts")]
    for record in _records(rows):
        cells = [record.get(key) for key in columns]
        for place in as_json:
            cells[place] = None if cells[place] is None else json.dumps(cells[place])
        writer.writerow(cells)
        if len(lines) >= _ROWS:
            write("".join(lines).encode("utf-8", "backslashreplace"))
            lines.clear()
    write("".join(lines).encode("utf-8", "backslashreplace"))


class _Lines(io.TextIOBase):
    """A file for a CSV writer that keeps what is written, a line at a time, ended as on Unix."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> int:
        """Keep a line."""
        self._lines.append(line[:-2] + "\n")
        return len(line)


def _render_parquet(rows: str, write: Callable[[bytes], None]) -> None:
    import pyarrow as pa  # not for other runs: 0.1 s and 45 MB
    import pyarrow.parquet as pq

    schema = _schema_of(rows)
    with pq.ParquetWriter(_Sink(write), schema) as writer:
        for batch in _batches(rows):
            try:
                arrays = [_array(pa.array, [row.get(field.name) for row in batch], field.type) for field in schema]
            except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                raise Stopped(f"a row of {rows} holds what Parquet cannot: {error}; mend it, or use --force") from None
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _schema_of(rows: str) -> Any:
    """Return the columns of the Parquet view, with their types."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "floats": pa.list_(pa.float64()),
        "texts": pa.list_(pa.string()),
    }
    columns = _columns(rows, empty=(None,)) or list(KEYS[:2])
    return pa.schema([(key, types[type_of(key)]) for key in columns], _MARK)


def _batches(rows: str) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for entry in read_entries(rows):
        if entry.record is None:
            continue
        batch.append(entry.record)
        size += len(entry.line)
        if len(batch) >= _ROWS or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _array(make: Callable[[list[Any], Any], Any], values: list[Any], kind: Any) -> Any:
    try:
        return make(values, kind)
    except UnicodeEncodeError:
        return make([_encodable(value) for value in values], kind)


def _encodable(value: Any) -> Any:
    """Return the value with escapes for what in its text is not valid Unicode."""
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


class _Sink(io.RawIOBase):
    """A file to write, as pyarrow wants it."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._at = 0

    def writable(self) -> bool:
        """Tell that it is."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._at

    def write(self, content: Any) -> int:
        """Pass on some bytes."""
        self._write(bytes(content))
        self._at += len(content)
        return len(content)
