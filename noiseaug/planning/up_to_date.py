"""Whether an output stands in DEST as this run would make it, judged by its row and by a look at the file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from typing import NamedTuple

from noiseaug.kinds import FILE
from noiseaug.manifest.reading import is_of_damaged
from noiseaug.manifest.records import fragment, is_pending
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.walk import Source
from noiseaug.settings.level import CLEAN, Level
from noiseaug.settings.running import Running
from noiseaug.storage import disk

_LABEL = re.compile(rb'"label": "(?:[^"\\]|\\.)*", ')
_CLEAN = fragment("level", CLEAN.label)


class _Marks(NamedTuple):
    """The marks of a row that is up to date: two pieces of its line, and how its output is looked at."""

    recipe: bytes
    level_and_copy: bytes
    look: Callable[[str], os.stat_result]


class UpToDate:
    """Tells which outputs of a source are up to date.

    Args:
        dest_root: the directory DEST.
        plan: what each source becomes.
        running: how a run is carried out: whether all is made again, and how a changed source is told.
    """

    def __init__(self, dest_root: str, plan: Plan, running: Running) -> None:
        self._dest_root, self._plan, self._running = dest_root, plan, running
        self._marks: dict[tuple[str, Level, int], _Marks] = {}

    def among(
        self, source: Source, targets: list[Target], rows: dict[str, bytes]
    ) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the rows of the targets that are up to date, by name, and why others that have a row are not."""
        current: dict[str, bytes] = {}
        why: dict[str, str] = {}
        label = fragment("label", self._plan.layout.label_of(source.path))
        for target in targets:
            line = rows.get(target.file_name)
            if line is None:
                continue
            reason = self._why_outdated(source, target, line)
            if reason:
                why[target.file_name] = reason
            else:
                current[target.file_name] = line if label in line else _LABEL.sub(lambda _: label, line, count=1)
        if len(current) < len(targets):  # a hard link to the source is as new as the source is, and not as recorded
            current = {name: line for name, line in current.items() if _CLEAN not in line}
        return current, why

    def _marks_of(self, kind: str, target: Target) -> _Marks:
        """Return what the row of such a target made by this recipe holds."""
        key = kind, target.level, target.copy
        marks = self._marks.get(key)
        if marks is None:
            if kind == FILE:
                recipe = level_and_copy = fragment("kind", FILE)
            else:
                recipe = fragment("recipe", self._plan.recipe.fingerprint(target.level, kind))
                level_and_copy = fragment("level", target.level.label) + fragment("copy", target.copy)
            look = disk.stat if target.level == CLEAN else disk.lstat  # an original may be a link to SOURCE
            marks = self._marks[key] = _Marks(recipe, level_and_copy, look)
        return marks

    def _why_outdated(self, source: Source, target: Target, line: bytes) -> str:
        """Return why an output is to be made again, or nothing.

        It is up to date if it stands as recorded, and was made by this recipe from the source as it is.
        """
        if self._running.force:
            return "--force"
        recipe, level_and_copy, look = self._marks_of(source.kind, target)
        if recipe not in line or level_and_copy not in line:
            return "an interrupted run began it" if is_pending(line) else "it was made with other options"
        if fragment("source_bytes", source.size) not in line:
            return "its source changed"
        if is_of_damaged(line) and not self._running.accept_damaged:
            return "its source is damaged, and --accept-damaged was not given"
        try:
            info = look(f"{self._dest_root}/{target.file_name}")
        except OSError:
            return "it is gone from DEST"
        if fragment("bytes", info.st_size) not in line or not stat.S_ISREG(info.st_mode):
            return "it was changed in DEST"
        return "" if self._running.checksum or source.mtime_ns <= info.st_mtime_ns else "its source is newer"
