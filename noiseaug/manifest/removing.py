"""Removal of what rows name: only if it is certain that a run wrote a file and nobody changed it."""

from __future__ import annotations

import os

from noiseaug.manifest.records import Record, sidecar_names
from noiseaug.storage import disk
from noiseaug.storage.paths import inside
from noiseaug.storage.source_file import Refused, sha256_of_file


def remove_recorded(dest: str, record: Record) -> bool:
    """Remove the output that a row names, and what went along with it; tell whether the output is gone.

    Only what still is as recorded is removed, and a link to a source that is no more.
    """
    hashes = record.get("sidecars_sha256")
    if isinstance(hashes, list):
        for name, sha256 in zip(sidecar_names(record), hashes, strict=False):
            remove_as_recorded(dest, name, sha256)
    return remove_as_recorded(dest, record["file_name"], record.get("sha256"))


def remove_as_recorded(dest: str, name: str, sha256: object) -> bool:
    """Remove one file of DEST if it has this hash, or is a link that leads nowhere; tell whether it is gone."""
    path = inside(dest, name)
    if path is None:
        return False
    try:
        dangles = disk.is_link(path) and not disk.exists(path)  # a link to the source
        if not (dangles or sha256_of_file(path) == sha256):
            return False
        disk.remove(path)
    except (OSError, Refused):
        return not disk.lexists(path)
    disk.remove_empty_directories(os.path.dirname(path), dest)
    return True
