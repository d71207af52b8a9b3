"""Which outputs a source gets, and under what names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from noiseaug import media
from noiseaug.level import Level
from noiseaug.recipe import Recipe


class Target(NamedTuple):
    """One output of a source: its name relative to DEST, its strength, and the number of the copy."""

    file_name: str
    level: Level
    copy: int


def targets(source_path: str, kind: str, recipe: Recipe) -> list[Target]:
    """The targets of a source, in the order of the manifest: by level as given, then by copy.

    A single one keeps the source's name, so that clean and noisy files match by name; several get `-LEVEL-COPY`.
    """
    levels = recipe.levels_of(kind)
    single = len(levels) * recipe.copies == 1
    renamed = may_rename(recipe)
    if single and not renamed and not media.is_renamed(source_path):
        return [Target(source_path, levels[0], 0)]
    stem, suffix = posixpath.splitext(source_path)
    form = recipe.image.format if kind == "image" else recipe.audio.format
    suffix = media.target_suffix(suffix, form, as_float=recipe.clip == "none")
    if single:
        return [Target(stem + suffix, levels[0], 0)]
    return [
        Target(f"{stem}-{level.label}-{copy}{suffix}", level, copy) for level in levels for copy in range(recipe.copies)
    ]


def may_rename(recipe: Recipe) -> bool:
    """Whether the recipe changes suffixes, so that many sources could want one name."""
    return recipe.clip == "none" or recipe.image.format is not None or recipe.audio.format is not None


def find_collision(source_paths: Iterable[str], recipe: Recipe) -> tuple[str, str, str] | None:
    """The first name that two sources want, with both, or None.

    Names meet only within a directory, so no more than the names of the directories from the root to the present one
    are held.

    >>> find_collision(["a.jpg", "a.png"], Recipe.of("10%", clip="none"))
    ('a.tif', 'a.jpg', 'a.png')
    """
    taken: dict[str, dict[str, str]] = {}
    for path in source_paths:
        directory = posixpath.dirname(path)
        for other in [name for name in taken if name and name != directory and not directory.startswith(name + "/")]:
            del taken[other]
        names = taken.setdefault(directory, {})
        for target in targets(path, media.kind_of(path) or "", recipe):
            if target.file_name in names:
                return target.file_name, names[target.file_name], path
            names[target.file_name] = path
    return None
