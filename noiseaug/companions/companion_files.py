"""The files that go with the outputs of one run: checked before any work, met with each source, drafted at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator

from noiseaug.companions.coco import CocoFile, is_annotations
from noiseaug.companions.soft_labels import SoftLabels, is_soft, taken_off
from noiseaug.companions.tables import is_view, render, says_the_same
from noiseaug.errors import Unfit
from noiseaug.kinds import FILE
from noiseaug.manifest.reading import holds_rows
from noiseaug.manifest.records import is_of_file, record_line
from noiseaug.manifest.state import State
from noiseaug.planning.ends import Ends
from noiseaug.planning.labels import SoftLabel
from noiseaug.planning.walk import Source, Unreadable
from noiseaug.settings.companions import VIEWS, Companions
from noiseaug.settings.layout import Layout
from noiseaug.storage import disk
from noiseaug.storage.paths import ANNOTATIONS, CLASSES, KEPT, MANIFEST
from noiseaug.storage.source_file import sha256_of_file

_NOT_OURS = "stands in DEST and no run is known to have written it; move it away or use --overwrite"


class CompanionFiles:
    """The files that go with the outputs of one run.

    Before work: `check`, `meet` with each source if `need_sources`, `settle`, `refuse_foreign`. At the end: `draft`.

    Args:
        wanted: which files are asked for.
        ends: where SOURCE and DEST are.
        state: where the files are drafted.
        layout: tells the class of each source.

    Attributes:
        notes: what the user is to be told of them.

    Raises:
        Unfit: if a COCO file is asked for and there is none.
    """

    def __init__(self, wanted: Companions, ends: Ends, state: State, layout: Layout) -> None:
        self.notes: list[str] = []
        self._wanted, self._ends, self._state = wanted, ends, state
        self._label_of = layout.label_of
        self._coco = None if wanted.annotations is None else CocoFile(os.fspath(wanted.annotations))
        self._classes: set[str] = set()
        self._unlisted: list[str] = []
        self._soft_labels: SoftLabels | None = None
        self._had_soft_labels = False

    @property
    def need_sources(self) -> bool:
        """Whether all sources are to be met before any work."""
        return self._coco is not None or self._wanted.label_smoothing is not None

    def check(self) -> None:
        """Refuse what stands in the way of the files.

        Raises:
            Unfit: if something does.
        """
        for name in sorted(self._names()):
            for path in (self._in_dest(name), os.path.join(self._ends.source_root, name)):
                if disk.is_directory(path):
                    raise Unfit(f"{path} is a directory, and the run is to write a file {name}; rename the directory")
        if self._coco and self._coco.is_at(self._in_dest(ANNOTATIONS)):
            raise Unfit(f"{self._coco.path} is what the run is to write; name a COCO file about the sources")
        rows = (line for group in self._state.known() if group.source_path for line in group.rows.values())
        self._had_soft_labels = is_soft(next((line for line in rows if not is_of_file(line)), b""))

    def meet(self, found: Source | Unreadable) -> None:
        """Take note of a source, or of a directory that cannot be listed."""
        if isinstance(found, Unreadable):
            self._unlisted.append(found.path + "/")
            return
        if found.kind == FILE:
            return
        self._classes.add(self._label_of(found.path))
        if self._coco:
            self._coco.meet(found)

    def settle(self) -> None:
        """Conclude from the sources that were met.

        Raises:
            Unfit: if they do not go with what is asked for.
        """
        if self._coco:
            self.notes += self._coco.notes()
        if self._wanted.label_smoothing is not None:
            if self._unlisted:  # the rows of a directory that cannot be listed stay, and so do their classes
                paths = (group.source_path for group in self._state.known())
                self._classes |= {self._label_of(path) for path in paths if path.startswith(tuple(self._unlisted))}
            self._soft_labels = SoftLabels(self._classes, self._wanted.label_smoothing)

    def close(self) -> None:
        """Let go of all files."""
        if self._coco:
            self._coco.close()

    def _names(self) -> set[str]:
        """Return the names of what is to be written."""
        wanted = self._wanted
        asked = {ANNOTATIONS: wanted.annotations, CLASSES: wanted.label_smoothing}
        return {wanted.manifest, wanted.rows, *(name for name, value in asked.items() if value is not None)}

    def _in_dest(self, name: str) -> str:
        return os.path.join(self._ends.dest_root, name)

    def refuse_foreign(self) -> None:
        """Refuse to replace what no run wrote.

        Raises:
            Unfit: if such a file stands in DEST.
        """
        for name in sorted((self._names() | {KEPT}) - {MANIFEST}):
            path = self._in_dest(name)
            if disk.lexists(path) and not (disk.is_file(path) and self._is_ours(path)):
                raise Unfit(f"{name} {_NOT_OURS}")

    def _is_ours(self, path: str) -> bool:
        return self._are_our_classes(path) if os.path.basename(path) == CLASSES else _is_ours(path)

    def _are_our_classes(self, path: str) -> bool:
        with disk.open_for_reading(path) as file:
            is_the_same = self._soft_labels is not None and file.read() == self._soft_labels.listing()
        return self._had_soft_labels or is_the_same

    def soft_label(self, source_path: str) -> SoftLabel | None:
        """Return the soft label that the rows of a source are to have, if any."""
        return self._soft_labels.of(self._label_of(source_path)) if self._soft_labels else None

    def brought_up_to_date(self, line: bytes) -> bytes:
        """Return the line of a row that was written before, with the soft label that it is to have or without any."""
        if self._soft_labels:
            return self._soft_labels.put_into(line)
        if is_soft(line):
            self._had_soft_labels = True
            return taken_off(line)
        return line

    def draft(self) -> None:
        """Write all files for `State.commit` to put in place; the manifest must be settled."""
        if self._state.is_part:
            return
        labels, coco, view, rows = self._soft_labels, self._coco, self._wanted.view, self._state.manifest.content
        drafts = self._state.companions
        if labels:
            drafts.open(self._in_dest(CLASSES)).write(labels.listing())
        if coco:
            coco.write(rows, drafts.open(self._in_dest(ANNOTATIONS)).write)
        if view:
            render(rows, view, self._state.views.open(self._in_dest(view)).write)

    def left_over(self) -> Iterator[bytes]:
        """Yield a row for each such file that an earlier run wrote and this one was not asked for."""
        if self._state.is_part:
            return
        known = next(self._state.known(), None)
        recorded = known.rows if known and not known.source_path else {}
        with disk.entries(self._ends.dest_root) as entries:  # there may be millions
            found = {entry.name for entry in entries if entry.name.endswith((*VIEWS, ANNOTATIONS, CLASSES))}
        for name in sorted(found - self._names()):
            path = self._in_dest(name)
            if name in recorded:
                yield recorded[name]
            elif name.endswith(VIEWS) and is_view(path) and not says_the_same(self._state.home.manifest, path):
                self.notes.append(f"{name} is of an earlier run and is left as it was; remove it")
            elif is_companion(path) or (name == CLASSES and self._had_soft_labels):
                found_there = {"bytes": disk.stat(path).st_size, "sha256": sha256_of_file(path)}
                yield record_line({"file_name": name, "source_path": "", "kind": "companion", **found_there})


def is_companion(path: str) -> bool:
    """Tell whether the file was written by a run beside its outputs and its manifest, to judge by what is in it."""
    return is_view(path) or (os.path.basename(path) == ANNOTATIONS and is_annotations(path))


def _is_ours(path: str) -> bool:
    if os.path.basename(path) == KEPT:
        return is_of_file(disk.beginning(path, 1 << 16))
    if path.endswith(".jsonl"):
        return holds_rows(path) or disk.stat(path).st_size == 0  # as it is when everything failed
    return is_companion(path)
