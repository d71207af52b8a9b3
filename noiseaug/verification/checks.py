"""The checks of DEST: each row and the files that it names, and the files that no row names."""

from __future__ import annotations

import os
from collections.abc import Iterator

from noiseaug.companions.companion_files import is_companion
from noiseaug.exports import is_export
from noiseaug.kinds import KINDS
from noiseaug.manifest.reading import Entry, read_entries
from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.manifest.untrusted import Defect, defect_of
from noiseaug.reports import is_report
from noiseaug.storage import disk
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import CLASSES, FAILURES, INDEX, KEPT, LEFTOVERS, STATE_PREFIX, inside
from noiseaug.verification.findings import Finding, Report

_RELIED_ON = (
    *("file_name", "source_path", "level", "recipe", "options", "made_with", "bytes", "source_bytes", "copy"),
    *("std", "mean", "sha256", "source_sha256", "kind", "mono", "seed"),
)
KEYS = dict.fromkeys(KINDS, _RELIED_ON)  # used here and to make outputs again
_DETAILS = {
    "missing": "there is no such file",
    "irregular": "cannot be read: is not a regular file; noiseaug reads regular files only",
    "unreadable": "cannot be read: {found}",
    **dict.fromkeys(("truncated", "enlarged"), "{expected} bytes expected, {found} found"),
    "other": "SHA-256 {expected:.12}.. expected, {found:.12}.. found",
}


def check_row(entry: Entry, manifest: str, dest: str, source: str | None) -> list[Finding]:
    """Return what is wrong with a row of the manifest and with the files that it names, in DEST and in `source`."""
    record = entry.record
    if record is None:
        return [Finding("invalid", f"{manifest} line {entry.number}", entry.problem or "")]
    name = record["file_name"]
    path = inside(dest, name)
    if path is None:
        return [Finding("invalid", f"{manifest} line {entry.number}", "its file_name leads out of DEST")]
    findings = []
    if defect := defect_of(path, record["bytes"], record["sha256"]):
        findings.append(described(name, defect))
    for sidecar, sha256 in zip(sidecar_names(record), record.get("sidecars_sha256", []), strict=True):
        path = inside(dest, sidecar)
        if path is None:
            findings.append(Finding("invalid", sidecar, "its name leads out of DEST"))
        elif defect := defect_of(path, None, sha256):
            findings.append(described(sidecar, defect))
    return findings + (_check_source(record, source) if source is not None else [])


def _check_source(record: Record, source: str) -> list[Finding]:
    path = inside(source, record["source_path"])
    if path is None:
        return [Finding("invalid", record["file_name"], "its source_path leads out of SOURCE")]
    defect = defect_of(path, record["source_bytes"], record["source_sha256"])
    if defect is None:
        return []
    found = described(record["source_path"], defect)
    return [Finding("source", record["file_name"], f"{found.file_name} is {found.problem}: {found.detail}")]


def described(name: str, defect: Defect) -> Finding:
    """Return the finding that a file differs from its row."""
    problem = defect.problem if defect.problem in ("missing", "truncated") else "altered"
    return Finding(problem, name, _DETAILS[defect.problem].format(**defect._asdict()))


class Accounted:
    """The files in DEST that its manifest accounts for.

    Args:
        dest: the directory a run wrote.
        manifest: the name of the manifest there.
    """

    def __init__(self, dest: str, manifest: str) -> None:
        self.dest, self.manifest = dest, manifest
        self._names, self._left_over = Names(), Names()
        self._own = {manifest, FAILURES, INDEX, KEPT, LEFTOVERS}
        for entry in read_entries(os.path.join(dest, LEFTOVERS)):
            for name in (entry.record["file_name"], *sidecar_names(entry.record)) if entry.record else ():
                self._left_over.add(name)

    def add(self, record: Record) -> None:
        """Account for the files that a row names."""
        for name in (record["file_name"], *sidecar_names(record)):
            self._names.add(name)
        if "soft_label" in record:
            self._own.add(CLASSES)

    def repeated(self) -> list[Finding]:
        """Return the names that the manifest holds more than once."""
        if not self._names.has_repeated():
            return []
        entries = read_entries(os.path.join(self.dest, self.manifest))
        names = (entry.record["file_name"] for entry in entries if entry.record)
        again = {name for name in names if self._names.is_repeated(name)}
        return [Finding("invalid", name, "the manifest has several rows for it") for name in sorted(again)]

    def extras(self, report: Report) -> Iterator[Finding]:
        """Yield the files in DEST that no list names, exports and reports aside; add what is left over to `report`."""
        for name in disk.files_below(self.dest):
            path = os.path.join(self.dest, name)
            if name in self._own or name in self._names or is_export(path):
                continue
            if name in self._left_over:
                report.left_over.append(name)
                continue
            if os.path.dirname(name) or not (is_companion(path) or is_report(path)):
                left = " left by a run that was interrupted" if STATE_PREFIX in name else ""
                yield Finding("extra", name, f"is not in the manifest{left}")
