"""Names that two targets would have, or that no target can have: found before any work, with bounded memory."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from noiseaug.errors import Misplaced
from noiseaug.kinds import kind_of
from noiseaug.planning.targets import Plan
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import why_unusable


class Collisions:
    """Meets each source in walk order, and refuses a name that two targets want or that none can have.

    Names without a template meet only within a directory, so no more are held than those of the directories from the
    root to the present one. Names by a template can meet anywhere, and eight bytes are held for each.

    Args:
        plan: what each source becomes.
        has_sidecars: tells whether files go along with a source; these would meet under the names of two targets that
            differ in their suffixes only.

    >>> from noiseaug.settings.recipe import Recipe
    >>> collisions = Collisions(Plan(Recipe.of("10%", clip="none")), lambda path: False)
    >>> collisions.meet("a.jpg")
    >>> collisions.meet("a.png")
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: a.jpg and a.png would both become a.tif; leave one out with --exclude, or do not use \
--clip none
    """

    def __init__(self, plan: Plan, has_sidecars: Callable[[str], bool]) -> None:
        self._plan, self._has_sidecars = plan, has_sidecars
        self._by_directory: dict[str, dict[str, str]] = {}
        self._anywhere = Names()

    @property
    def are_possible(self) -> bool:
        """Tell whether names may meet at all."""
        plan, layout = self._plan, self._plan.layout
        named = layout.name is not None or layout.with_clean == "beside" or bool(layout.sidecars)
        return plan.file_name is None and (named or plan.renames)

    def meet(self, path: str) -> None:
        """Take note of a source.

        Raises:
            Misplaced: if one of its targets cannot have its name.
        """
        if self._plan.layout.name is None:
            self._meet_in_directory(path)
            return
        for name in self._names(path):
            if reason := why_unusable(name):
                raise Misplaced(f"{path} would become {name}, which {reason}; change --name")
            self._anywhere.add(name)

    def settle(self, paths: Callable[[], Iterable[str]]) -> None:
        """Refuse the first name by a template that was met twice; `paths` gives all sources once more.

        Raises:
            Misplaced: if there is one.
        """
        if not self._anywhere.has_repeated():
            return
        first: dict[str, str] = {}
        for path in paths():
            for name in self._names(path):
                if name in first:
                    self._refuse(first[name], path, name)
                if self._anywhere.is_repeated(name):
                    first[name] = path

    def _names(self, path: str) -> list[str]:
        return [target.file_name for target in self._plan.targets(path, kind_of(path) or "")]

    def _meet_in_directory(self, path: str) -> None:
        directory = posixpath.dirname(path)
        for other in list(self._by_directory):
            if other and other != directory and not directory.startswith(other + "/"):
                del self._by_directory[other]
        taken = self._by_directory.setdefault(directory, {})
        for name in self._names(path):
            if taken.setdefault(name, path) != path:
                self._refuse(taken[name], path, name)
            if self._plan.layout.sidecars:
                label = posixpath.splitext(name)[0] + self._plan.layout.sidecars[0]
                if taken.setdefault(label, path) != path and self._has_sidecars(path):
                    raise Misplaced(
                        f"{path} and {taken[label]} would both become {label}, as their sidecars have one name; "
                        "leave one out with --exclude"
                    )

    def _refuse(self, one: str, other: str, name: str) -> None:
        raise Misplaced(f"{one} and {other} would both become {name}; {self._advice(one, other)}")

    def _advice(self, one: str, other: str) -> str:
        """Return what to do about two sources that would have one name, by what the cause is."""
        template = self._plan.layout.name
        if template is not None:
            (first, one_base), (second, other_base) = posixpath.split(one), posixpath.split(other)
            if first != second and "{dir}" not in template:
                return f"add {{dir}} to --name {template!r}"
            if posixpath.splitext(one_base)[0] != posixpath.splitext(other_base)[0] and "{stem}" not in template:
                return f"add {{stem}} to --name {template!r}"
        cause = self._cause(one, other)
        return f"leave one out with --exclude{f', or do not use {cause}' if cause else ''}"

    def _cause(self, one: str, other: str) -> str:
        """Return the option that gives two sources one name, or nothing if there is none."""
        recipe = self._plan.recipe
        for path in (one, other):
            if recipe.options_of(kind_of(path) or "").format:
                return f"--{kind_of(path)}-format"
        if recipe.clip == "none":
            return "--clip none"
        return "--with-clean beside" if self._plan.layout.with_clean == "beside" else ""
