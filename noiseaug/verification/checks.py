"""Checking that what a manifest says is so. It is untrusted input: nothing outside DEST and SOURCE is touched."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator

from noiseaug import kinds
from noiseaug.companions.companion_files import is_companion
from noiseaug.exports import is_export
from noiseaug.manifest.reading import Entry, read_entries
from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import CLASSES, FAILURES, STATE_PREFIX, inside
from noiseaug.storage.source_file import sha256_of_file
from noiseaug.verification.findings import Finding

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1 << 63


class Checks:
    """The single checks, and a memory of which names the manifest holds."""

    def __init__(self, dest: str, manifest: str, source: str | None) -> None:
        self.dest, self._manifest, self._source = dest, manifest, source
        self.manifest_path = os.path.join(dest, manifest)
        self._names = Names()
        self._own = {manifest, FAILURES}

    def register(self, entry: Entry) -> Record | None:
        """Remembers the row's name; the record, if it is one."""
        if entry.record is None or record_problem(entry.record):
            return None
        for name in (entry.record["file_name"], *sidecar_names(entry.record)):
            self._names.add(name)
        if "soft_label" in entry.record:
            self._own.add(CLASSES)
        return entry.record

    def row(self, entry: Entry, record: Record | None) -> list[Finding]:
        """What is wrong with a row of the manifest and the files that it names."""
        if record is None:
            problem = entry.problem or record_problem(entry.record or {}) or ""
            return [Finding("invalid", f"{self._manifest} line {entry.number}", problem)]
        path = inside(self.dest, record["file_name"])
        if path is None:
            return [Finding("invalid", f"{self._manifest} line {entry.number}", "its file_name leads out of DEST")]
        found = _file_problem(path, record["bytes"], record["sha256"])
        findings = [Finding(found[0], record["file_name"], found[1])] if found else []
        findings += self._sidecar_problems(record)
        if self._source is not None:
            path = inside(self._source, record["source_path"])
            if path is None:
                findings.append(Finding("invalid", record["file_name"], "its source_path leads out of SOURCE"))
            elif found := _file_problem(path, record["source_bytes"], record["source_sha256"]):
                what = f"{record['source_path']} is {found[0]}: {found[1]}"
                findings.append(Finding("source", record["file_name"], what))
        return findings

    def _sidecar_problems(self, record: Record) -> Iterator[Finding]:
        """What is wrong with the files that go along with a target."""
        names, hashes = sidecar_names(record), record.get("sidecars_sha256", [])
        for name, sha256 in zip(names, hashes, strict=False):
            path = inside(self.dest, name)
            found = ("invalid", "its name leads out of DEST") if path is None else _file_problem(path, None, sha256)
            if found:
                yield Finding(found[0], name, found[1])

    def duplicates(self) -> list[Finding]:
        """Names that the manifest holds more than once."""
        if not self._names.has_repeated():
            return []
        entries = read_entries(self.manifest_path)
        names = (entry.record["file_name"] for entry in entries if entry.record)
        again = {name for name in names if self._names.is_repeated(name)}
        return [Finding("invalid", name, "the manifest has several rows for it") for name in sorted(again)]

    def extras(self) -> Iterator[Finding]:
        """Files in DEST that the manifest does not name, other than exports of it."""
        for directory, subdirectories, names in os.walk(self.dest):
            subdirectories.sort()
            for name in sorted(names):
                path = os.path.relpath(os.path.join(directory, name), self.dest)
                if path in self._own or path in self._names:
                    continue
                found = os.path.join(directory, name)
                if not is_export(found) and not (directory == self.dest and is_companion(found)):
                    left = " left by a run that was interrupted" if STATE_PREFIX in path else ""
                    yield Finding("extra", path, f"is not in the manifest{left}")


def _file_problem(path: str, size: int | None, sha256: str) -> tuple[str, str] | None:
    try:
        info = os.stat(path)
        if size is not None and info.st_size != size:
            problem = "truncated" if info.st_size < size else "altered"
            return problem, f"{size} bytes expected, {info.st_size} found"
        found = sha256_of_file(path)
    except FileNotFoundError:
        return "missing", "there is no such file"
    except Exception as error:  # whatever a hostile tree holds is a finding
        return "altered", f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return None if found == sha256 else ("altered", f"SHA-256 {sha256[:12]}.. expected, {found[:12]}.. found")


def record_problem(record: Record) -> str | None:
    """What keeps `record` from being one, as to the keys that are used here."""

    def whole(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST

    def number(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

    def text(value: object) -> bool:
        return isinstance(value, str)

    def digest(value: object) -> bool:
        return isinstance(value, str) and _SHA256.fullmatch(value) is not None

    wanted: dict[str, Callable[[object], bool]] = {
        **dict.fromkeys(("file_name", "source_path", "level", "recipe", "options", "made_with"), text),
        **dict.fromkeys(("bytes", "source_bytes", "copy"), whole),
        **dict.fromkeys(("std", "mean"), number),
        **dict.fromkeys(("sha256", "source_sha256"), digest),
        "kind": kinds.KINDS.__contains__ if isinstance(record.get("kind"), str) else text,
        "mono": lambda value: isinstance(value, bool),
        "seed": lambda value: isinstance(value, int) and not isinstance(value, bool),
    }
    for key, is_right in wanted.items():
        if key not in record:
            return f"has no {key}"
        if not is_right(record[key]):
            return f"has a wrong {key}: {str(record[key])[:40]!r}"
    hashes = record.get("sidecars_sha256", [])
    if not isinstance(hashes, list) or len(hashes) != len(sidecar_names(record)) or not all(map(digest, hashes)):
        return "has sidecars that do not go with sidecars_sha256"
    return None
