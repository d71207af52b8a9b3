"""Names and paths in SOURCE and DEST: their order, what they may be, and those that a run uses itself."""

from __future__ import annotations

import os
import posixpath

STATE_PREFIX = ".noiseaug"  # of all that a run keeps in DEST for itself; no walk picks it up
MANIFEST = "manifest.jsonl"
METADATA = "metadata.jsonl"  # what Hugging Face's loaders look for
FAILURES = "failures.jsonl"
LEFTOVERS = "leftovers.jsonl"
KEPT = "kept.jsonl"
INDEX = f"{STATE_PREFIX}-index"
ANNOTATIONS = "annotations.json"
CLASSES = "classes.json"
# In DEST itself, the stems of what a run writes besides; a sidecar (no target) could have such a name.
_OWN = frozenset({"manifest", "metadata", "failures", "leftovers", "kept", "classes", "annotations"})
_OWN_SUFFIXES = frozenset({".json", ".jsonl", ".csv", ".parquet"})


def inside(root: str, name: str) -> str | None:
    """Return the path of the file `name` below `root`, or None if the name, or a link on its way, leads out of it."""
    if not name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
        return None
    path = os.path.join(root, name)
    top = os.path.realpath(root)
    try:
        return path if os.path.commonpath([top, os.path.realpath(os.path.dirname(path))]) == top else None
    except (OSError, ValueError):
        return None


def walk_order(path: str) -> list[bytes]:
    """Return the key by which walks are sorted: the path's components, as bytes.

    >>> sorted(["a.png", "a/b.png", "a-b/c.png"], key=walk_order)
    ['a/b.png', 'a-b/c.png', 'a.png']
    """
    return os.fsencode(path).split(b"/")


def why_unusable(file_name: str, manifest: str = MANIFEST) -> str | None:
    """Return why no target or sidecar may have this name in a DEST whose manifest is called so, or None."""
    parts = file_name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "is not a path below DEST"
    if any(part.startswith(STATE_PREFIX) for part in parts) or file_name == manifest or _is_own(file_name):
        return "is a name that the run itself uses"
    return None


def _is_own(file_name: str) -> bool:
    stem, suffix = posixpath.splitext(file_name)
    return stem in _OWN and suffix in _OWN_SUFFIXES
