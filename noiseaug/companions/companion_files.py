"""What a run does for the files that go with its outputs: checks before any work, and writing at its end."""

from __future__ import annotations

import os
from collections.abc import Callable

from noiseaug.companions.coco import CocoFile, is_annotations
from noiseaug.companions.soft_labels import SoftLabels, class_of, is_soft, taken_off
from noiseaug.companions.tables import is_view, render, says_the_same
from noiseaug.errors import Unfit
from noiseaug.manifest.reading import holds_rows
from noiseaug.manifest.state import State
from noiseaug.planning.ends import Place
from noiseaug.planning.walk import Listing, Source
from noiseaug.settings.companions import VIEWS, Companions
from noiseaug.storage.paths import ANNOTATIONS, CLASSES, MANIFEST


class Finishing:
    """The companions of one run.

    Attributes:
        notes: what the user is to be told of them.
    """

    def __init__(self, companions: Companions, place: Place, state: State) -> None:
        self.notes: list[str] = []
        self._companions, self._place, self._state = companions, place, state
        self._coco: CocoFile | None = None
        self._soft_labels: SoftLabels | None = None
        self._had_soft_labels = False

    def prepare(self, walk: Listing, *, overwrite_foreign: bool) -> None:
        """Makes sure, before any work, that all can be written.

        Raises:
            Unfit: if it cannot.
        """
        if self._companions.annotations is not None:
            self._coco = CocoFile(os.fspath(self._companions.annotations))
        self._refuse_directories()
        first = next(self._state.old_groups(), None)
        self._had_soft_labels = first is not None and any(map(is_soft, first.rows.values()))
        if self._coco or self._companions.label_smoothing is not None:
            self._survey(walk)
        if not overwrite_foreign:
            self._refuse_foreign()

    def close(self) -> None:
        """Lets go of all files."""
        if self._coco:
            self._coco.close()

    def _names(self) -> set[str]:
        """The names of what is to be written."""
        companions = self._companions
        names = {companions.manifest, companions.rows}
        names |= {ANNOTATIONS} if companions.annotations is not None else set()
        return names | ({CLASSES} if companions.label_smoothing is not None else set())

    def _in_dest(self, name: str) -> str:
        return os.path.join(self._place.dest_root, name)

    def _refuse_directories(self) -> None:
        for name in sorted(self._names()):
            for path in (self._in_dest(name), os.path.join(self._place.source_root, name)):
                if os.path.isdir(path):
                    raise Unfit(f"{path} is a directory, and the run is to write a file {name}; rename the directory")
        if self._coco and self._coco.is_at(self._in_dest(ANNOTATIONS)):
            raise Unfit(f"{self._coco.path} is what the run is to write; name a COCO file about the sources")

    def _refuse_foreign(self) -> None:
        for name in sorted(self._names() - {MANIFEST}):
            path = self._in_dest(name)
            if os.path.lexists(path) and not (self._are_our_classes(path) if name == CLASSES else _is_ours(path)):
                what = "stands in DEST and noiseaug did not write it; move it away or use --overwrite-foreign"
                raise Unfit(f"{name} {what}")

    def _are_our_classes(self, path: str) -> bool:
        with open(path, "rb") as file:
            is_the_same = self._soft_labels is not None and file.read() == self._soft_labels.listing()
        return self._had_soft_labels or is_the_same

    def _survey(self, walk: Listing) -> None:
        """Looks at all sources once."""
        classes: set[str] = set()
        unlisted: list[str] = []
        for found in walk:
            if not isinstance(found, Source):
                unlisted.append(found.path + "/")
                continue
            classes.add(class_of(found.path))
            if self._coco:
                self._coco.meet(found)
        if self._coco:
            self.notes += self._coco.notes()
        if self._companions.label_smoothing is not None:
            if unlisted:  # the rows of a directory that cannot be listed stay, and so do their classes
                paths = (group.source_path for group in self._state.old_groups())
                classes |= {class_of(path) for path in paths if path.startswith(tuple(unlisted))}
            self._soft_labels = SoftLabels(classes, self._companions.label_smoothing)

    def _retire_former(self) -> None:
        """Lets go what earlier runs wrote and this one was not asked for; names what may have been changed since."""
        rows = self._in_dest(self._companions.rows)  # as they were until now
        with os.scandir(self._place.dest_root) as entries:  # there may be millions
            found = {entry.name for entry in entries if entry.name.endswith((*VIEWS, ANNOTATIONS))}
        for name in sorted(found - self._names()):
            path = self._in_dest(name)
            if name.endswith(VIEWS) and is_view(path):
                if says_the_same(rows, path):
                    self._state.retire(name)
                else:
                    self.notes.append(f"{name} is of an earlier run and is left as it was; remove it")
            elif name == ANNOTATIONS and is_annotations(path):
                self.notes.append(f"{name} is of an earlier run and is left as it was; use --annotations, or remove it")

    def labelled(self, lines: bytes) -> bytes:
        """The lines of rows with the soft labels that they are to have, or without any."""
        if self._soft_labels:
            return self._soft_labels.put_into(lines)
        if is_soft(lines):
            self._had_soft_labels = True
            return taken_off(lines)
        return lines

    def draft(self, rows: str) -> None:
        """Writes all companions, from the manifest at the path `rows`, for `State.finish` to put in place."""
        if self._state.is_part:
            return
        labels, coco, view = self._soft_labels, self._coco, self._companions.view
        if labels:
            self._draft(CLASSES, lambda write: write(labels.listing()))
        elif self._had_soft_labels:
            self._state.retire(CLASSES)
        if coco:
            self._draft(ANNOTATIONS, lambda write: coco.write(rows, write))
        if view:
            self._draft(view, lambda write: render(rows, view, write), is_view=True)
        self._retire_former()

    def _draft(self, name: str, fill: Callable[[Callable[[bytes], None]], None], *, is_view: bool = False) -> None:
        file = self._state.companion(name, is_view=is_view)
        fill(file.write)
        file.settle()


def is_companion(path: str) -> bool:
    """Whether the file was written by a run beside its outputs and its manifest, to judge by what is in it."""
    return is_view(path) or (os.path.basename(path) == ANNOTATIONS and is_annotations(path))


def _is_ours(path: str) -> bool:
    if path.endswith(".jsonl"):
        return holds_rows(path) or os.path.getsize(path) == 0  # as it is when everything failed
    return is_companion(path)
