"""What is in a folder, and what a run wrote down there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

INDEX = ".noiseaug-index"  # of the manifest, which a run may make anew


def tree(root: Path) -> dict[str, str]:
    """Every file below `root` but the index with the hash of its bytes; directories with an empty one."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.name == INDEX:
            continue
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


def files(root: Path) -> list[str]:
    """The names of all files below `root` but the index, sorted."""
    found = [path for path in root.rglob("*") if not path.is_dir() and path.name != INDEX]
    return sorted(path.relative_to(root).as_posix() for path in found)


def edit(dest: Path, change: Callable[[dict], object], number: int = 0) -> None:
    """Rewrites a row of the manifest."""
    lines = (dest / "manifest.jsonl").read_text().splitlines()
    row = json.loads(lines[number])
    change(row)
    lines[number] = json.dumps(row)
    (dest / "manifest.jsonl").write_text("\n".join(lines) + "\n")


def without(files: dict[str, str], *names: str) -> dict[str, str]:
    """What `tree` found, without these files and without those that name all files."""
    return {name: digest for name, digest in files.items() if name not in (*names, "manifest.jsonl", "failures.jsonl")}
