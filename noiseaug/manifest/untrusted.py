"""Manifests as untrusted input: rows that are checked before they are used, and files that are held against them."""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from noiseaug.kinds import KINDS
from noiseaug.manifest.reading import Entry, read_entries
from noiseaug.manifest.records import KEYS, Record, sidecar_names, type_of
from noiseaug.storage import disk
from noiseaug.storage.source_file import Refused, sha256_of_file

_SHA256 = re.compile("[0-9a-f]{64}")
_SIZES = range(1 << 63)
_OPTIONAL = ("role", "label")
_TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
_ALLOWED: dict[str, Container[object]] = {
    "kind": KINDS,
    "role": ("noisy", "clean"),
    **dict.fromkeys(("bytes", "source_bytes", "copy", "num_samples"), _SIZES),
    "sampling_rate": _SIZES[1:],
    "channels": range(1, 1025),  # as libsndfile
}


class Defect(NamedTuple):
    """A difference between a file and what its row says of it.

    Attributes:
        problem: the file is `missing`, `irregular` (a directory, say), `unreadable`, of another size (`truncated` or
            `enlarged`), or has `other` content.
        expected: its size in bytes, or the SHA-256 of its content, where that is the problem.
        found: likewise; for an unreadable file, the reason.
    """

    problem: Literal["missing", "irregular", "unreadable", "truncated", "enlarged", "other"]
    expected: int | str = ""
    found: int | str = ""


def read_checked(path: str, keys: Mapping[str, Sequence[str]]) -> Iterator[Entry]:
    """Yield the lines of a manifest, one at a time; those in which `row_problem` finds one have no record."""
    for entry in read_entries(path):
        problem = entry.problem or row_problem(entry.record or {}, keys)
        yield entry._replace(record=None, problem=problem) if problem else entry


def read_kept(path: str) -> Iterator[Entry]:
    """Yield the lines of a list of kept files, none if there is none; only those that are rows have a record."""
    for entry in read_entries(path):
        problem = entry.problem or _kept_problem(entry.record or {})
        yield entry._replace(record=None, problem=problem) if problem else entry


def _kept_problem(record: Record) -> str | None:
    for key in ("bytes", "source_bytes"):
        if type(record.get(key)) is not int or record[key] not in _SIZES:
            return f"has a wrong {key}"
    wrong = next((key for key in ("sha256", "source_sha256") if not _is_sha256(record.get(key))), None)
    return f"has a wrong {wrong}" if wrong else None


def row_problem(record: Record, keys: Mapping[str, Sequence[str]]) -> str | None:
    """Return why `record` cannot be a row that a run wrote, or None.

    Args:
        record: the object in a line of a manifest.
        keys: by kind of media, the keys that are going to be used. All others may be missing, as people may have taken
            them out; but no number may be infinite, and sidecars must be as many as their hashes.

    >>> row_problem({"kind": "image", "copy": -1}, {"image": ["kind", "copy", "bytes"]})
    "has a wrong copy: '-1'"
    """
    for key in keys.get(str(record.get("kind")), ("kind",)):
        if key not in record and key not in _OPTIONAL:
            return f"has no {key}"
        if key in record and not _is_possible(key, record[key]):
            return f"has a wrong {key}: {str(record[key])[:40]!r}"
    for key, value in record.items():
        if isinstance(value, float) and not math.isfinite(value):
            return f"has a wrong {key[:40]}: {value}"
    hashes = record.get("sidecars_sha256", [])
    if not isinstance(hashes, list) or len(hashes) != len(sidecar_names(record)) or not all(map(_is_sha256, hashes)):
        return "has sidecars that do not go with sidecars_sha256"
    return None


def type_problem(record: Record) -> str | None:
    """Return which value of a record has another type than the values of its key, or None. A value may be null.

    >>> type_problem({"std": "0.1"}), type_problem({"std": None, "sidecars": ["a.txt"]})
    ("has a wrong std: '0.1'", None)
    """
    for key in KEYS:
        value = record.get(key)
        if value is not None and not _has_type(value, type_of(key)):
            return f"has a wrong {key}: {str(value)[:40]!r}"
    return None


def _has_type(value: object, name: str) -> bool:
    if name in ("floats", "texts"):
        return isinstance(value, list) and all(_has_type(one, name[:-1]) for one in value)
    return type(value) in _TYPES[name]


def _is_possible(key: str, value: object) -> bool:
    if type(value) not in _TYPES[type_of(key)] or (isinstance(value, float) and not math.isfinite(value)):
        return False
    if key in ("sha256", "source_sha256"):
        return _is_sha256(value)
    return key not in _ALLOWED or value in _ALLOWED[key]


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def defect_of(path: str, size: int | None, sha256: str | None = None, *, may_be_link: bool = True) -> Defect | None:
    """Return how a file differs from its row, or None.

    Args:
        path: where it is.
        size: in bytes; None if that is not known.
        sha256: of its content; None to leave that unread.
        may_be_link: a link may stand for the file.
    """
    try:
        info = disk.stat(path) if may_be_link else disk.lstat(path)
        if not stat.S_ISREG(info.st_mode):
            return Defect("irregular")
        if size is not None and info.st_size != size:
            return Defect("truncated" if info.st_size < size else "enlarged", size, info.st_size)
        found = sha256_of_file(path) if sha256 else None
    except FileNotFoundError:
        return Defect("missing")
    except (OSError, ValueError, Refused) as error:
        return Defect("unreadable", found=str(getattr(error, "strerror", None) or error))
    return Defect("other", sha256, found) if sha256 and found and found != sha256 else None
