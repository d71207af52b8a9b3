"""The manifest of a run as an export reads it: twice, a row at a time. It is untrusted input, as in `verification`."""

from __future__ import annotations

import hashlib
import math
import os
import posixpath
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from noiseaug import kinds
from noiseaug.errors import Misplaced
from noiseaug.manifest.reading import Entry, find, read_entries
from noiseaug.manifest.records import Record
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import MANIFEST, inside

_MOST_CHANNELS = 1024  # of libsndfile
_AGAIN = "run noiseaug again with the same command to make it again"
_MEND = "run noiseaug again with the same command to mend the manifest"


def manifest_of(dest: str) -> str:
    """The manifest of the run that wrote `dest`. Raises Misplaced if there is none."""
    path = os.path.join(dest, find(dest))
    if not os.path.isfile(path):
        raise Misplaced(f"there is no {MANIFEST} in {dest}; name the DEST of a finished run")
    return path


class Choice(NamedTuple):
    """Which rows are exported: those of these kinds, with this role (`all` for any)."""

    kinds: frozenset[str]
    role: str


class Sample(NamedTuple):
    """An output that stands as its row says.

    Attributes:
        record: the row.
        line: its bytes.
        path: where the file is.
    """

    record: Record
    line: bytes
    path: str

    @property
    def file_name(self) -> str:
        """The name of the file, relative to the manifest."""
        return str(self.record["file_name"])

    @property
    def duration(self) -> float:
        """Seconds, from the whole numbers that it follows from (audio only)."""
        return float(self.record["num_samples"] / self.record["sampling_rate"])


class Failure(NamedTuple):
    """A row that should be exported and cannot be: the file, or the line of the manifest, and why."""

    name: str
    reason: str


@dataclass
class Survey:
    """What is known of the manifest before the first sample is written.

    Attributes:
        manifest: where it is.
        choice: which rows are exported.
        names: the file names of all rows.
        keys: the plain keys of the rows that were chosen; see `keys`.
        labels: the labels of those, sorted.
        chosen: how many there are, damaged ones included, as nobody knows what they are.
        left_out: how many others, by the reason: their kind, or else their role.
    """

    manifest: str
    choice: Choice
    names: Names = field(default_factory=Names)
    keys: Names = field(default_factory=Names)
    labels: list[str] = field(default_factory=list)
    chosen: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, manifest: str, choice: Choice) -> Survey:
        """Reads the manifest once."""
        survey, labels = cls(manifest, choice), set()
        for entry in read_entries(manifest):
            record = entry.record
            if record is None or _problem(record):
                survey.chosen += 1
                continue
            survey.names.add(record["file_name"])
            if reason := _left_out(record, choice):
                survey.left_out[reason] += 1
                continue
            survey.chosen += 1
            survey.keys.add(plain_key(record["file_name"]))
            labels.add(record.get("label") or "")
        survey.labels = sorted(labels - {""})
        return survey


def chosen_samples(dest: str, survey: Survey) -> Iterator[Sample | Failure]:
    """The chosen rows in the order of the manifest, each a sample or what is wrong with it."""
    seen: set[str] = set()
    for entry in read_entries(survey.manifest):
        problem = entry.problem or _problem(entry.record or {})
        if entry.record is None or problem:
            yield Failure(f"{os.path.basename(survey.manifest)} line {entry.number}", f"{problem}; {_MEND}")
        elif not _left_out(entry.record, survey.choice):
            yield _sample(dest, entry, entry.record, survey, seen)


def _sample(dest: str, entry: Entry, record: Record, survey: Survey, seen: set[str]) -> Sample | Failure:
    name = record["file_name"]
    path = inside(dest, name)
    if path is None:
        return Failure(name, "its file_name leads out of DEST; such a manifest is not from noiseaug")
    if survey.names.is_repeated(name):
        if name in seen:
            return Failure(name, f"the manifest has several rows for it; {_MEND}")
        seen.add(name)
    problem = _file_problem(path, record["bytes"], may_be_link=record.get("role") == "clean")
    return Failure(name, problem) if problem else Sample(record, entry.line, path)


def _left_out(record: Record, choice: Choice) -> str | None:
    if record["kind"] not in choice.kinds:
        return str(record["kind"])
    role = str(record.get("role", "noisy"))
    return role if choice.role not in ("all", role) else None


def _problem(record: Record) -> str | None:
    """What keeps `record` from being one, as to the keys that exports rely on."""

    def whole(value: object, low: int, high: int = 1 << 63) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    wanted = {"bytes": whole(record.get("bytes"), 0), "kind": str(record.get("kind")) in kinds.KINDS}
    wanted["role"] = record.get("role", "noisy") in ("noisy", "clean")
    wanted["label"] = isinstance(record.get("label", ""), str)
    if record.get("kind") == "audio":
        wanted["sampling_rate"] = whole(record.get("sampling_rate"), 1)
        wanted["channels"] = whole(record.get("channels"), 1, _MOST_CHANNELS)
        wanted["num_samples"] = whole(record.get("num_samples"), 0)
    for key, is_right in wanted.items():
        if not is_right:
            return f"has a wrong {key}: {str(record[key])[:40]!r}" if key in record else f"has no {key}"
    for key, value in record.items():
        if isinstance(value, float) and not math.isfinite(value):
            return f"has a wrong {key[:40]}: {value}"
    return None


def _file_problem(path: str, size: int, *, may_be_link: bool) -> str | None:
    """What keeps the file from being the output; an original may be a link to its source."""
    try:
        info = os.stat(path) if may_be_link else os.lstat(path)
    except FileNotFoundError:
        return f"is missing; {_AGAIN}"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if not stat.S_ISREG(info.st_mode):
        return f"is not a regular file, as outputs are; remove it, and {_AGAIN}"
    if info.st_size != size:
        return f"has {info.st_size:,} bytes, and the manifest says {size:,}; {_AGAIN}"
    return None


def plain_key(file_name: str) -> str:
    """The file name without its suffix, with `_` for dots; several files may have the same.

    >>> plain_key("v1.0/cats/a-std0.1-0.png")
    'v1_0/cats/a-std0_1-0'
    """
    key = posixpath.splitext(file_name)[0].replace(".", "_")
    # WebDataset passes over members whose first part is __like_this__: they are its own.
    return "_" + key.lstrip("_") if key.startswith("__") else key


def key_of(file_name: str, plain_keys: Names) -> str:
    """The key of a sample: the plain one if no other file has it, or else that and 16 digits that name the file.

    Args:
        file_name: as in the manifest.
        plain_keys: those of all samples.
    """
    key = plain_key(file_name)
    if not plain_keys.is_repeated(key):
        return key
    key += "-" + hashlib.sha256(file_name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while key in plain_keys:
        key += "_"
    return key
