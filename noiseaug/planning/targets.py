"""Which outputs a source gets, and under what names."""

from __future__ import annotations

import functools
import posixpath
from dataclasses import dataclass
from typing import NamedTuple

from noiseaug.kinds import KINDS, is_renamed, kind_of, target_suffix
from noiseaug.settings.layout import Layout
from noiseaug.settings.level import CLEAN, Level
from noiseaug.settings.recipe import Recipe

_PLAIN = Layout()


class Target(NamedTuple):
    """One output of a source: its name relative to DEST, its strength, and the number of the copy.

    The level `CLEAN` stands for the original, as it is.
    """

    file_name: str
    level: Level
    copy: int


@dataclass(frozen=True)
class Plan:
    """The plan of a run: which outputs each source becomes.

    Attributes:
        recipe: what noise is wanted.
        layout: how targets are named, and what stands beside them.
        file_name: the name of the one target of the one source, where DEST is a file; None for names by the layout.

    Raises:
        ValueError: if the layout does not go with the recipe.
    """

    recipe: Recipe
    layout: Layout = _PLAIN
    file_name: str | None = None

    def __post_init__(self) -> None:
        self.layout.check(self.recipe)

    def targets(self, source_path: str, kind: str, *, kept: bool = False) -> list[Target]:
        """Return the targets of a source, in the order of the manifest: by level as given, then by copy.

        What is `kept` has one target, of its own name. An original comes before the noisy target of the same name in a
        tree, or before all of them. A single target keeps the source's name, so that clean and noisy files match by
        name; several get `-LEVEL-COPY`.

        >>> plan = Plan(Recipe.of("10%"), Layout(with_clean="tree"))
        >>> [target.file_name for target in plan.targets("cats/a.png", "image")]
        ['clean/cats/a.png', 'noisy/cats/a.png']
        """
        if kept:
            return [Target(source_path, CLEAN, 0)]
        level = self._of_one_target.get(kind)
        if level is not None and (self.file_name or not is_renamed(source_path)):
            return [Target(self.file_name or source_path, level, 0)]
        recipe, layout = self.recipe, self.layout
        strengths = recipe.strengths(kind)
        suffix = posixpath.splitext(source_path)[1]
        suffix = target_suffix(suffix, recipe.options_of(kind).format, as_float=recipe.clip == "none")
        found = [Target(source_path, CLEAN, 0)] if layout.with_clean == "beside" else []
        for level, copy in strengths:
            name = layout.named(source_path, suffix, level, copy, single=len(strengths) == 1)
            if layout.with_clean == "tree":
                found += [Target(f"clean/{name}", CLEAN, copy), Target(f"noisy/{name}", level, copy)]
            else:
                found.append(Target(name, level, copy))
        return found

    def keeps_names(self, suffix: str) -> bool:
        """Tell whether each source with this suffix has one target, of its own name."""
        kind = kind_of(f"name{suffix}")
        return kind in self._of_one_target and not self.file_name and not is_renamed(suffix)

    @functools.cached_property
    def _of_one_target(self) -> dict[str, Level]:
        """The kinds whose sources get one target, of their own name, with its level: what most runs have, and many
        thousand times."""
        if self.file_name is None and (self.layout != _PLAIN or self.renames):
            return {}
        strengths = {kind: self.recipe.strengths(kind) for kind in KINDS}
        return {kind: several[0][0] for kind, several in strengths.items() if len(several) == 1}

    @property
    def renames(self) -> bool:
        """Tell whether the recipe changes suffixes, so that many sources could want one name."""
        return self.recipe.clip == "none" or any(self.recipe.options_of(kind).format for kind in KINDS)
