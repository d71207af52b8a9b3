"""The files that a report shows: outputs, and their originals, only where they are as the manifest says."""

from __future__ import annotations

from noiseaug.manifest.records import Record
from noiseaug.manifest.untrusted import defect_of
from noiseaug.reports.rows import Item, number, text
from noiseaug.storage.paths import inside
from noiseaug.storage.source_file import Refused

_HASHED = 1 << 26  # of larger files, the size is compared and not the content
_PROBLEMS = {
    "missing": "is missing",
    "irregular": "is not a regular file",
    "truncated": "is shorter than the manifest says",
    "enlarged": "is longer than the manifest says",
    "other": "was changed since the run",
}


def output_of(dest: str, record: Record) -> str:
    """Return the path of the output of a row.

    Raises:
        Refused: if it is not as its row says, or not in DEST.
    """
    return _checked(dest, record["file_name"], number(record, "bytes"), text(record, "sha256"), "it")


def original_of(dest: str, source: str | None, item: Item) -> str | None:
    """Return the path of the original of an output; None where nobody said where it is.

    Args:
        dest: the directory a run wrote.
        source: the SOURCE of that run; without it, an output without noise is looked for.
        item: the output.

    Raises:
        Refused: if it is not as it was when the run read it.
    """
    record, clean = item.record, item.origin.clean
    if source is not None:
        size, sha256 = number(record, "source_bytes"), text(record, "source_sha256")
        return _checked(source, record["source_path"], size, sha256, "its original")
    if clean is not None:
        return _checked(dest, clean["file_name"], number(clean, "bytes"), text(clean, "sha256"), "its original")
    return None


def _checked(root: str, name: str, size: float | None, sha256: str, what: str) -> str:
    path = inside(root, name)
    if path is None:
        raise Refused(f"{what} would be outside of the directory that was named")
    known = None if size is None else int(size)
    is_hashed = known is not None and known <= _HASHED
    if defect := defect_of(path, known, (sha256 or None) if is_hashed else None):
        raise Refused(f"{what} {_PROBLEMS.get(defect.problem) or f'cannot be read: {defect.found}'}")
    return path
