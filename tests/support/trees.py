"""What is in a folder, and what a run wrote down there."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path


def tree(root: Path) -> dict[str, str]:
    """Every file below `root` with the hash of its bytes; directories with an empty one."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = os.fsencode(path.relative_to(root)).decode("utf-8", "surrogateescape")
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return found


def times(root: Path) -> dict[str, int]:
    """When every file and directory from `root` on was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in [root, *root.rglob("*")]}


def manifest(dest: Path) -> dict[str, dict]:
    """The rows of the manifest, by file name."""
    rows = map(json.loads, (dest / "manifest.jsonl").read_text().splitlines())
    return {row["file_name"]: row for row in rows}


def failures(dest: Path) -> dict[str, str]:
    """What failures.jsonl says, by source."""
    path = dest / "failures.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {row["source_path"]: row["error"] for row in map(json.loads, lines)}
