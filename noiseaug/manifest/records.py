"""Manifests: what a record holds, and reading them as streams of rows, whatever is in the file.

A manifest is JSON Lines, one flat object a target, in walk order of the sources and in the order of a source's targets.
Text that is not valid Unicode (names of files may be any bytes) stands as lone surrogate escapes, as in `os.fsdecode`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from noiseaug.kinds import FILE

Record = dict[str, Any]

# In this order in every row; a row leaves out what does not apply to its kind.
KEYS = (
    *("file_name", "source_path", "kind", "role", "label", "soft_label", "level", "copy"),
    *("std", "std_of", "source_std", "snr_db", "mean", "clip", "clip_low", "clip_high", "mono", "seed", "key"),
    *("recipe", "options", "made_with"),
    *("noise_mean", "noise_std", "noise_std_decoded", "snr_db_measured", "snr_db_decoded", "psnr_db", "clipped"),
    *("silent", "silence_kept", "gain", "not_finite"),
    *("shape", "members", "members_kept", "width", "height", "dtype", "frames"),
    *("sampling_rate", "num_samples", "duration", "subtype", "channels"),
    *("source_format", "not_kept", "damaged", "bytes", "sha256", "source_bytes", "source_sha256"),
    *("sidecars", "sidecars_sha256"),
)
# Of the values of each key, where they are not null: the same in every row. The other keys hold text.
_TYPES = {
    **dict.fromkeys(("copy", "seed", "width", "height", "frames", "sampling_rate", "num_samples", "channels"), "int"),
    **dict.fromkeys(("bytes", "source_bytes", "not_finite"), "int"),
    **dict.fromkeys(("std", "snr_db", "mean", "clip_low", "clip_high", "noise_mean", "noise_std"), "float"),
    **dict.fromkeys(("noise_std_decoded", "snr_db_measured", "snr_db_decoded", "psnr_db", "clipped"), "float"),
    **dict.fromkeys(("silence_kept", "gain", "duration"), "float"),
    **dict.fromkeys(("mono", "silent"), "bool"),
    **dict.fromkeys(("soft_label", "source_std"), "floats"),
    **dict.fromkeys(("members", "members_kept", "sidecars", "sidecars_sha256"), "texts"),
}
# What stands in the line of a row with sidecars, and nowhere else.
SIDECARS = b', "sidecars": ['
DAMAGED = "damaged"  # the key of what is missing or corrupt in the source of an output; rows of whole ones have none
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode  # made once: dumps makes one a call
_text = json.encoder.encode_basestring_ascii
_TAKEN = '"taken": true, '


class Row(NamedTuple):
    """A manifest row to be written: the target's file name, and the whole line."""

    file_name: str
    line: bytes


def type_of(key: str) -> str:
    """Return the type of the values of a key where they are not null: `text`, `int`, `float`, `bool`, or a list of
    `floats` or `texts`.

    >>> type_of("file_name"), type_of("noise_std")
    ('text', 'float')
    """
    return _TYPES.get(key, "text")


def record_line(record: Record) -> bytes:
    """Return the line of a record."""
    return _line({key: record[key] for key in _in_order(tuple(record))})


@functools.lru_cache(maxsize=64)  # runs have few kinds of rows, and many of each
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a record in the order of a row."""
    return tuple(key for key in KEYS if key in keys)


def failure_line(source_path: str, error: str, file_name: str = "") -> bytes:
    """Return a line of failures.jsonl; with a file name where only that target of the source failed."""
    return _line({"source_path": source_path, "file_name": file_name, "error": error})


def pending_line(source_path: str, file_name: str, *, taken: bool = False) -> bytes:
    """Return a line that announces a target: what stands under its name from now on, this tool may have written.

    A name is `taken` if the file there was made of another source until now.
    """
    name, path = _text(file_name), _text(source_path)
    return f'{{"file_name": {name}, "source_path": {path}, {_TAKEN if taken else ""}"pending": true}}\n'.encode()


def is_pending(line: bytes) -> bool:
    """Tell whether the line is one of `pending_line`: nothing is known of the output but its name."""
    return line.endswith(b', "pending": true}\n')


def is_taken(line: bytes) -> bool:
    """Tell whether the line is one of `pending_line` for a name that is taken."""
    return line.endswith(b', "taken": true, "pending": true}\n')


def is_of_file(line: bytes) -> bool:
    """Tell whether the row is of a file that is kept and is of no kind that is worked on."""
    return _OF_FILE in line


def fragment(key: str, value: str | int) -> bytes:
    """Return the piece that stands in the line of a record with `value` under `key`, unless that is its last key.

    Quotes within texts are escaped, so it can stand nowhere else.

    >>> fragment("copy", 0) in record_line({"copy": 0, "recipe": "c0ffee"})
    True
    """
    if isinstance(value, int):
        return b'"%b": %d, ' % (key.encode(), value)
    return f'"{key}": {json.dumps(value)}, '.encode()


_OF_FILE = fragment("kind", FILE)


def sidecar_names(record: Record) -> list[str]:
    """Return the names, relative to DEST, of the files that went along with a target."""
    names = record.get("sidecars", [])
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def recorded_sidecars(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the name and the hash of each file that went along with a target."""
    hashes = record.get("sidecars_sha256", [])
    return zip(sidecar_names(record), hashes if isinstance(hashes, list) else [], strict=False)


def sidecar_rows(record: Record) -> dict[str, bytes]:
    """Return a row of its own, by name, for each file that went along with a target."""
    rows = {}
    for name, sha256 in recorded_sidecars(record):
        row = {"file_name": name, "source_path": record["source_path"], "kind": "sidecar", "sha256": sha256}
        rows[name] = record_line(row)
    return rows


def without_sidecars(record: Record) -> Record:
    """Return a record that says nothing of files that go along with its target."""
    return {key: value for key, value in record.items() if not key.startswith("sidecars")}


def _line(record: Record) -> bytes:
    # ASCII: whatever bytes a name holds, the line can be encoded, and cut at any newline.
    return _encode(record).encode() + b"\n"
