"""The files in DEST that say what the manifest says, or part of it, compared with it as streams of rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from noiseaug.companions.coco import image_names, is_annotations
from noiseaug.companions.tables import can_render, says_the_same, views_in
from noiseaug.manifest.reading import read_entries, read_groups
from noiseaug.storage import disk
from noiseaug.storage.paths import ANNOTATIONS, CLASSES
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.verification.findings import Finding

_AGAIN = "run the same command again, which writes it anew and makes no output again, or remove it"


def compared(dest: str, manifest: str) -> Iterator[Finding]:
    """Yield the views of the manifest (tables, COCO annotations, classes) that do not say what it says."""
    rows = os.path.join(dest, manifest)
    for name in views_in(dest):
        if not can_render(name):
            yield Finding("unchecked", name, "to read it needs pyarrow: pip install 'noiseaug[parquet]'")
        elif not says_the_same(rows, os.path.join(dest, name)):
            yield Finding("stale", name, f"does not say what {manifest} says; {_AGAIN}")
    annotations = os.path.join(dest, ANNOTATIONS)
    if is_annotations(annotations) and (why := _why_other_images(rows, annotations)):
        yield Finding("stale", ANNOTATIONS, f"{why}; {_AGAIN}")
    if why := _why_other_classes(rows, os.path.join(dest, CLASSES)):
        yield Finding("stale" if disk.exists(os.path.join(dest, CLASSES)) else "missing", CLASSES, f"{why}; {_AGAIN}")


def _why_other_images(rows: str, path: str) -> str | None:
    """Return what its images have to do with the manifest and have not: they are outputs, all of a source, in order."""
    try:
        with SourceFile(path) as file:
            images = image_names(file)
            image = next(images, None)
            for group in read_groups(rows):
                if image not in group.rows:
                    continue
                for name in group.rows:
                    if image != name:
                        return f"has no image {name} where the manifest has that output"
                    image = next(images, None)
    except (OSError, Refused, ValueError) as error:
        return f"cannot be read: {error}"
    return None if image is None else f"has an image {image} where the manifest has no such output"


def _why_other_classes(rows: str, path: str) -> str | None:
    """Return why the soft labels of the rows are not of the classes that the file lists; None if they are."""
    shares: tuple[object, object] | None = None
    classes: dict[str, int] | None = None
    for entry in read_entries(rows):
        record = entry.record or {}
        values, label = record.get("soft_label"), record.get("label")
        if not isinstance(values, list):
            continue
        if classes is None:
            try:
                classes = _listed(path)
            except (OSError, ValueError, RecursionError) as error:
                return f"cannot be read: {getattr(error, 'strerror', None) or error}"
        place = classes.get(str(label))
        if place is None or len(values) != len(classes):
            return f"does not list the classes of the soft_label of {record['file_name']}"
        others = values[:place] + values[place + 1 :]
        found = values[place], others[0] if others else None
        if others != others[:1] * len(others) or found != (shares or found):
            return f"has {label} in another place than the soft_label of {record['file_name']}"
        shares = found
    return None


def _listed(path: str) -> dict[str, int]:
    """Return the places of the classes in a file; raise ValueError if it holds no sorted list of names."""
    with disk.open_for_reading(path) as file:
        names = json.load(file)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or names != sorted(set(names)):
        raise ValueError("a sorted list of names was expected")
    return {name: place for place, name in enumerate(names)}
