"""Which outputs a source gets, and under what names."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from noiseaug import kinds
from noiseaug.settings.layout import Layout
from noiseaug.settings.level import CLEAN, Level
from noiseaug.settings.recipe import Recipe
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import why_unusable

_PLAIN = Layout()
_BOTH = "is wanted by both"

Paths = Callable[[], Iterable[str]]


class Target(NamedTuple):
    """One output of a source: its name relative to DEST, its strength, and the number of the copy.

    The level `CLEAN` stands for the original, as it is.
    """

    file_name: str
    level: Level
    copy: int


class Unusable(NamedTuple):
    """A name that a target cannot have, the sources that want it, and why they cannot have it."""

    file_name: str
    source_paths: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Plan:
    """What each source becomes.

    Attributes:
        recipe: what noise is wanted.
        layout: how targets are named, and what stands beside them.

    Raises:
        ValueError: if the layout does not go with the recipe.
    """

    recipe: Recipe
    layout: Layout = _PLAIN

    def __post_init__(self) -> None:
        self.layout.check(self.recipe)

    def targets(self, source_path: str, kind: str) -> list[Target]:
        """The targets of a source, in the order of the manifest: by level as given, then by copy. An original comes
        before the noisy target of the same name in a tree, or before all of them.

        A single one keeps the source's name, so that clean and noisy files match by name; several get `-LEVEL-COPY`.

        >>> plan = Plan(Recipe.of("10%"), Layout(with_clean="tree"))
        >>> [target.file_name for target in plan.targets("cats/a.png", "image")]
        ['clean/cats/a.png', 'noisy/cats/a.png']
        """
        level = self._of_one_target.get(kind)
        if level is not None and not kinds.is_renamed(source_path):
            return [Target(source_path, level, 0)]
        recipe, layout = self.recipe, self.layout
        strengths = recipe.strengths(kind)
        single = len(strengths) == 1
        suffix = posixpath.splitext(source_path)[1]
        form = recipe.image.format if kind == "image" else recipe.audio.format
        suffix = kinds.target_suffix(suffix, form, as_float=recipe.clip == "none")
        found = [Target(source_path, CLEAN, 0)] if layout.with_clean == "beside" else []
        for level, copy in strengths:
            name = layout.named(source_path, suffix, level.label, copy, single=single)
            if layout.with_clean == "tree":
                found += [Target(f"clean/{name}", CLEAN, copy), Target(f"noisy/{name}", level, copy)]
            else:
                found.append(Target(name, level, copy))
        return found

    @functools.cached_property
    def _of_one_target(self) -> dict[str, Level]:
        """The kinds whose sources get one target, of their own name, with its level: what most runs have, and many
        thousand times."""
        if self.layout != _PLAIN or self.renames:
            return {}
        strengths = {kind: self.recipe.strengths(kind) for kind in kinds.KINDS}
        return {kind: several[0][0] for kind, several in strengths.items() if len(several) == 1}

    @property
    def renames(self) -> bool:
        """Whether the recipe changes suffixes, so that many sources could want one name."""
        recipe = self.recipe
        return recipe.clip == "none" or recipe.image.format is not None or recipe.audio.format is not None

    def unusable(self, source_paths: Paths, has_sidecars: Callable[[str], bool] = lambda _: False) -> Unusable | None:
        """The first name that cannot be used, as two sources want it or for itself; None if there is none.

        Args:
            source_paths: gives all of them, in walk order; called twice where two names may be the same.
            has_sidecars: tells whether files go along with a source; these would meet under the names of two targets
                that differ in their suffixes only.

        >>> Plan(Recipe.of("10%", clip="none")).unusable(lambda: ["a.jpg", "a.png"])
        Unusable(file_name='a.tif', source_paths=('a.jpg', 'a.png'), reason='is wanted by both')
        """
        if self.layout.name is not None:
            return self._unusable_anywhere(source_paths)
        if self.renames or self.layout.with_clean == "beside" or self.layout.sidecars:
            return self._unusable_by_directory(source_paths, has_sidecars)
        return None

    def _names(self, path: str) -> Iterator[str]:
        return (target.file_name for target in self.targets(path, kinds.kind_of(path) or ""))

    def _unusable_by_directory(self, source_paths: Paths, has_sidecars: Callable[[str], bool]) -> Unusable | None:
        """Names without a template meet only within a directory, so no more than the names of the directories from the
        root to the present one are held."""
        taken: dict[str, dict[str, str]] = {}
        for path in source_paths():
            directory = posixpath.dirname(path)
            for other in [
                name for name in taken if name and name != directory and not directory.startswith(name + "/")
            ]:
                del taken[other]
            names = taken.setdefault(directory, {})
            for name in self._names(path):
                if name in names:
                    return Unusable(name, (names[name], path), _BOTH)
                names[name] = path
                stem = posixpath.splitext(name)[0]
                if self.layout.sidecars and names.setdefault(stem + self.layout.sidecars[0], path) != path:
                    other = names[stem + self.layout.sidecars[0]]
                    if has_sidecars(path):
                        return Unusable(stem + self.layout.sidecars[0], (other, path), _BOTH)
        return None

    def _unusable_anywhere(self, source_paths: Paths) -> Unusable | None:
        """Of names by a template, which can meet anywhere, eight bytes are held for each."""
        names = Names()
        for path in source_paths():
            for name in self._names(path):
                if reason := why_unusable(name):
                    return Unusable(name, (path,), reason)
                names.add(name)
        if not names.has_repeated():
            return None
        first: dict[str, str] = {}
        for path in source_paths():
            for name in self._names(path):
                if name in first:
                    return Unusable(name, (first[name], path), _BOTH)
                if names.is_repeated(name):
                    first[name] = path
        return None
