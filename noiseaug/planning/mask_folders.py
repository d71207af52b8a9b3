"""Folders in SOURCE whose names say that they hold masks or labels, and whose images would get noise."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

_SHOWN = 3
# Names of folders, in small letters, in which data sets have masks and label images.
_NAMES = frozenset(
    {
        *("mask", "masks", "label", "labels", "annotation", "annotations", "annot", "annots", "trimaps"),
        *("gt", "gts", "gtfine", "gtcoarse", "groundtruth", "ground_truth", "ground-truth"),
        *("segmentation", "segmentations", "segmentationclass", "segmentationobject", "segmentationclassaug"),
    }
)


class MaskFolders:
    """The first such folders that a walk came across."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def note(self, directory: str, get_noise: Iterable[bool]) -> None:
        """Take note of the directory, or one above it, if it is such a folder and any of its files gets noise."""
        folder = next((path for path in directories_above(f"{directory}/") if _is_called_masks(path)), None)
        if folder is None or folder in self._found or len(self._found) > _SHOWN:
            return
        if any(get_noise):
            self._found.append(folder)

    def warning(self) -> str | None:
        """Return what a user is to be told of them, if there are any."""
        if not self._found:
            return None
        names = ", ".join(f"{name}/" for name in self._found[:_SHOWN])
        names += " and others" if len(self._found) > _SHOWN else ""
        masks = os.path.basename(self._found[0])
        advice = f"--masks {masks} lets them go along unchanged, --keep copies them, --exclude leaves them out"
        return f"images in {names} get noise, and the name says that they are masks or labels; {advice}"


def directories_above(path: str) -> Iterator[str]:
    """Yield the directories that a path leads through, from the outermost."""
    return (path[:place] for place, character in enumerate(path) if character == "/")


def _is_called_masks(directory: str) -> bool:
    name = os.path.basename(directory).lower()
    return name in _NAMES or name.endswith(("_masks", "-masks", "_labels", "-labels"))
