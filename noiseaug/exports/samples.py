"""The manifest of a run as an export reads it: twice, a row at a time."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections import Counter
from collections.abc import Container, Iterator
from typing import NamedTuple

from noiseaug.kinds import KINDS
from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.manifest.untrusted import defect_of, read_checked
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import inside

# The keys that exports rely on, by kind.
_KEYS = {name: ["bytes", "kind", "role", "label"] for name in KINDS}
_KEYS["audio"] = [*_KEYS["audio"], "sampling_rate", "channels", "num_samples"]
_AGAIN = "run noiseaug again with the same command to make it again"
_MEND = "run noiseaug again with the same command to mend the manifest"
_REASONS = {
    "missing": f"is missing; {_AGAIN}",
    "unreadable": "cannot be read: {found}",
    "irregular": f"is not a regular file, as outputs are; remove it, and {_AGAIN}",
    **dict.fromkeys(("truncated", "enlarged"), "has {found:,} bytes, and the manifest says {expected:,}; " + _AGAIN),
}


class Sample(NamedTuple):
    """An output that stands as its row says.

    Attributes:
        record: the row.
        line: its bytes.
        path: where the file is.
        sidecars: where the files are that went along with it, as its row lists them; None if its row lists none, as the
            run was not asked for any.
    """

    record: Record
    line: bytes
    path: str
    sidecars: tuple[str, ...] | None = None

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


class Survey:
    """The facts about a manifest that are needed before the first sample is written: it is read once for them.

    Args:
        manifest: where it is.
        kinds: the kinds of media that are exported.
        role: the role of outputs that are, or `all`.

    Attributes:
        manifest: as given.
        names: the file names of all rows, and of what went along with them.
        keys: the plain keys of the rows that were chosen; see `plain_key`.
        labels: the labels of those, sorted.
        chosen: how many there are, damaged ones included, as nobody knows what they are.
        left_out: how many others, by the reason: their kind, or else their role.
    """

    def __init__(self, manifest: str, kinds: Container[str], role: str) -> None:
        self.manifest, self._kinds, self._role = manifest, kinds, role
        self.names, self.keys = Names(), Names()
        self.chosen, self.left_out = 0, Counter[str]()
        labels = set()
        for entry in read_checked(manifest, _KEYS):
            record = entry.record
            if record:
                for name in (record["file_name"], *sidecar_names(record)):
                    self.names.add(name)
            if record and (reason := self._why_left_out(record)):
                self.left_out[reason] += 1
                continue
            self.chosen += 1
            if record:
                self.keys.add(plain_key(record["file_name"]))
                labels.add(record.get("label") or "")
        self.labels = sorted(labels - {""})

    def _why_left_out(self, record: Record) -> str | None:
        if record["kind"] not in self._kinds:
            return str(record["kind"])
        role = str(record.get("role", "noisy"))
        return role if self._role not in ("all", role) else None

    def samples(self, dest: str) -> Iterator[Sample | Failure]:
        """Yield the chosen rows in the order of the manifest, each as a sample or as what is wrong with it."""
        seen: set[str] = set()
        for entry in read_checked(self.manifest, _KEYS):
            if entry.record is None:
                yield Failure(f"{os.path.basename(self.manifest)} line {entry.number}", f"{entry.problem}; {_MEND}")
            elif not self._why_left_out(entry.record):
                yield self._sample(dest, entry.record, entry.line, seen)

    def _sample(self, dest: str, record: Record, line: bytes, seen: set[str]) -> Sample | Failure:
        name = record["file_name"]
        path = inside(dest, name)
        if path is None:
            return Failure(name, "its file_name leads out of DEST; such a manifest is not from noiseaug")
        if self.names.is_repeated(name):
            if name in seen:
                return Failure(name, f"the manifest has several rows for it; {_MEND}")
            seen.add(name)
        defect = defect_of(path, record["bytes"], may_be_link=record.get("role") == "clean")  # an original may be one
        if defect:
            return Failure(name, _REASONS[defect.problem].format(**defect._asdict()))
        if "sidecars" not in record:
            return Sample(record, line, path)
        sidecars = [inside(dest, sidecar) for sidecar in sidecar_names(record)]
        if None in sidecars:
            return Failure(name, "the name of a sidecar leads out of DEST; such a manifest is not from noiseaug")
        return Sample(record, line, path, tuple(filter(None, sidecars)))


def plain_key(file_name: str) -> str:
    """Return the file name without its suffix, with `_` for dots; several files may have the same.

    >>> plain_key("v1.0/cats/a-std0.1-0.png")
    'v1_0/cats/a-std0_1-0'
    """
    key = posixpath.splitext(file_name)[0].replace(".", "_")
    # WebDataset passes over members whose first part is __like_this__: they are its own.
    return "_" + key.lstrip("_") if key.startswith("__") else key


def key_of(file_name: str, plain_keys: Names) -> str:
    """Return the key of a sample: the plain one if no other file has it, or else that and 16 digits that name the file.

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
