"""Sidecars: files that go along with a source, such as labels, annotations or transcripts of the same stem."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.storage import disk

# Folders of images whose labels stand in a folder of another name beside it: YOLO's and Pascal VOC's.
_PARALLEL = {"images": "labels", "JPEGImages": "Annotations"}
_VOC_NAME = re.compile(rb"(<annotation\b.*?<filename>)[^<]*(</filename>)", re.DOTALL)


class Sidecar(NamedTuple):
    """A file that goes along with a source: its path relative to SOURCE, and its time of change in ns."""

    path: str
    mtime_ns: int


def find(source_root: str, source_path: str, suffixes: tuple[str, ...]) -> tuple[Sidecar, ...]:
    """Return the sidecars of a source, at most one a suffix.

    A sidecar stands beside its source, or else in the folder that runs parallel to the source's own, as `labels/a.txt`
    does to `images/a.jpg`.
    """
    found = []
    for suffix in suffixes:
        for path in _places(source_path, suffix):
            try:
                info = disk.stat(os.path.join(source_root, path))
            except OSError:
                continue
            if stat.S_ISREG(info.st_mode):
                found.append(Sidecar(path, info.st_mtime_ns))
                break
    return tuple(found)


def name_for(sidecar_path: str, source_path: str, target_name: str) -> str:
    """Return the name of a sidecar for a target: the place where the target's own sidecar would be looked for.

    >>> name_for("labels/a.txt", "images/a.jpg", "noisy/images/a-1.jpg")
    'noisy/labels/a-1.txt'
    """
    suffix = posixpath.splitext(sidecar_path)[1]
    places = list(_places(target_name, suffix))
    return places[0 if posixpath.dirname(sidecar_path) == posixpath.dirname(source_path) else -1]


def content_for(content: bytes, name: str, target_name: str) -> bytes:
    """Return the content of a sidecar for a target.

    The bytes stay the same, but a <filename> of Pascal VOC becomes that of the target.

    >>> content_for(b"<annotation><filename>a.jpg</filename></annotation>", "a-1.xml", "cats/a-1.jpg")
    b'<annotation><filename>a-1.jpg</filename></annotation>'
    """
    if not name.endswith(".xml"):
        return content
    from xml.sax.saxutils import escape  # takes 30 ms, as it knows of URLs, and few files need it

    base = escape(posixpath.basename(target_name)).encode("utf-8", "surrogateescape")
    return _VOC_NAME.sub(lambda found: found[1] + base + found[2], content, count=1)


def _places(path: str, suffix: str) -> Iterator[str]:
    """Yield where the sidecar of a file may be: beside it, and in the folder parallel to its own, if it has one."""
    stem = posixpath.splitext(path)[0]
    yield stem + suffix
    *folders, base = stem.split("/")
    for index in reversed(range(len(folders))):
        if folders[index] in _PARALLEL:
            folders[index] = _PARALLEL[folders[index]]
            yield "/".join([*folders, base + suffix])
            return
