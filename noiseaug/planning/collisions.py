"""Names that two targets would have, or that no target can have: found before any work, with bounded memory."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from noiseaug.errors import Misplaced
from noiseaug.kinds import kind_of
from noiseaug.planning.sidecars import Sidecars, name_for
from noiseaug.planning.targets import Plan
from noiseaug.planning.walk import Source
from noiseaug.storage.name_counts import Names
from noiseaug.storage.paths import why_unusable


class Collisions:
    """Meets each source in walk order, and refuses a name that two targets want or that none can have.

    Names without a template meet only within a directory, so no more are held than those of the directories from the
    root to the present one. Names by a template can meet anywhere, and eight bytes are held for each.

    Args:
        plan: what each source becomes.
        sidecars: the files that go along with sources; they would meet under the names of two targets that differ in
            their suffixes only.

    >>> from noiseaug.settings.recipe import Recipe
    >>> from noiseaug.settings.selection import Selection
    >>> plan = Plan(Recipe.of("10%", clip="none"))
    >>> collisions = Collisions(plan, Sidecars("", (), Selection()))
    >>> collisions.meet(Source("a.jpg", "image", 0, 0))
    >>> collisions.meet(Source("a.png", "image", 0, 0))
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: a.jpg and a.png would both become a.tif; leave one out with --exclude, or do not use \
--clip none
    """

    def __init__(self, plan: Plan, sidecars: Sidecars) -> None:
        self._plan, self._sidecars = plan, sidecars
        self._by_directory: dict[str, dict[str, str]] = {}
        self._anywhere = Names()

    @property
    def are_possible(self) -> bool:
        """Tell whether names may meet at all."""
        plan, layout = self._plan, self._plan.layout
        named = layout.name is not None or layout.with_clean == "beside" or self._sidecars.are_wanted
        return plan.file_name is None and (named or plan.renames)

    def meet(self, source: Source) -> None:
        """Take note of a source.

        Raises:
            Misplaced: if one of its targets cannot have its name.
        """
        if self._plan.layout.name is None:
            self._meet_in_directory(source)
            return
        for name in self._names(source):
            if reason := why_unusable(name):
                raise Misplaced(f"{source.path} would become {name}, which {reason}; change --name")
            self._anywhere.add(name)

    def settle(self, sources: Callable[[], Iterable[Source]]) -> None:
        """Refuse the first name by a template that was met twice; `sources` gives all sources once more.

        Raises:
            Misplaced: if there is one.
        """
        if not self._anywhere.has_repeated():
            return
        first: dict[str, str] = {}
        for source in sources():
            for name in self._names(source):
                if name in first:
                    self._refuse(first[name], source.path, name)
                if self._anywhere.is_repeated(name):
                    first[name] = source.path

    def _names(self, source: Source) -> list[str]:
        return [target.file_name for target in self._plan.targets(source.path, source.kind, kept=source.kept)]

    def _meet_in_directory(self, source: Source) -> None:
        path = source.path
        directory = posixpath.dirname(path)
        for other in list(self._by_directory):
            if other and other != directory and not directory.startswith(other + "/"):
                del self._by_directory[other]
        taken = self._by_directory.setdefault(directory, {})
        for name in self._names(source):
            if taken.setdefault(name, path) != path:
                self._refuse(taken[name], path, name)
            if self._sidecars.are_wanted and not source.kept:
                label = posixpath.splitext(name)[0] + "".join(self._plan.layout.sidecars[:1])
                if taken.setdefault(label, path) != path and (found := self._sidecars.of(path)):
                    raise Misplaced(
                        f"{path} and {taken[label]} would both become {name_for(found[0], path, name)}, as their "
                        "sidecars have one name; leave one out with --exclude"
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
