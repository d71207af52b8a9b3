"""The layout of DEST: how targets are named, and what stands beside them."""

from __future__ import annotations

import posixpath
import string
from dataclasses import dataclass
from typing import Literal

from noiseaug.kinds import KINDS
from noiseaug.settings.checks import check_types
from noiseaug.settings.level import Level
from noiseaug.settings.recipe import Recipe
from noiseaug.storage.output_file import Link

LabelFolder = Literal["last", "first"]
WithClean = Literal["tree", "beside"]


FIELDS = ("dir", "stem", "ext", "level", "std", "snr", "copy", "label")


@dataclass(frozen=True)
class Layout:
    """The names of targets, and the files that stand beside them.

    Attributes:
        name: a template for the names of targets, such as `{level}/{dir}/{stem}{ext}`; by default a single target has
            the name of its source, and several are `{dir}/{stem}-{level}-{copy}{ext}`.
        with_clean: whether the originals are in DEST too: as a `tree` of their own (`clean/` and `noisy/`, with the
            same names below), or `beside` the noisy ones, under the names they have in SOURCE.
        link: how the originals come there: as a `copy`, which shares its blocks with the original where the file system
            can; as a `hardlink`, through which an edit of one changes the other; or as a `symlink`.
        sidecars: suffixes of files that go along with each target, under its name.
        label_folder: which folder above a source is its class: the `last`, which it stands in, as Hugging Face's
            loaders have it; or the `first` below SOURCE, as torchvision's `ImageFolder` has it.

    Raises:
        TypeError: where one of them is of another type.
        ValueError: if the template is none.
    """

    name: str | None = None
    with_clean: WithClean | None = None
    link: Link = "copy"
    sidecars: tuple[str, ...] = ()
    label_folder: LabelFolder = "last"

    def __post_init__(self) -> None:
        check_types(self)
        if self.name is not None:
            _check_template(self.name)
        for suffix in self.sidecars:
            if not suffix.startswith(".") or "/" in suffix or len(suffix) < 2:
                raise ValueError(f"{suffix!r} is no suffix of sidecars: write it as .txt")

    def label_of(self, source_path: str) -> str:
        """Return the class of a source: the name of a folder above it, or an empty one where it is in SOURCE itself.

        >>> Layout().label_of("train/cats/a.png"), Layout(label_folder="first").label_of("train/cats/a.png")
        ('cats', 'train')
        """
        folders = source_path.split("/")[:-1]
        return (folders[0] if self.label_folder == "first" else folders[-1]) if folders else ""

    def check(self, recipe: Recipe) -> None:
        """Raise ValueError if the template cannot be filled in, or names several targets of one source the same."""
        if self.name is None:
            return
        used = _fields_of(self.name)
        for kind in KINDS:
            strengths = recipe.strengths(kind)
            for level, _ in strengths:
                _check_strength(self.name, used, level)
            names = {self.named("s", ".x", level, copy, single=False) for level, copy in strengths}
            if len(names) < len(strengths):
                self._refuse_same(used, len(recipe.levels_of(kind)), recipe.copies)

    def _refuse_same(self, used: set[str], levels: int, copies: int) -> None:
        told_by = "level" if used.isdisjoint({"level", "std", "snr"}) else ""
        for field, count, what in ((told_by, levels, "levels"), ("copy", copies, "copies")):
            if count > 1 and field and field not in used:
                raise ValueError(
                    f"the name {self.name!r} has no {{{field}}}, and each source gets {count} {what}; add it"
                )
        raise ValueError(
            f"the name {self.name!r} is the same for strengths that differ in the fourth digit; add {{level}}"
        )

    def check_pairs(self, recipe: Recipe) -> None:
        """Raise ValueError if the files of a pair would differ by more than noise."""
        if self.with_clean and recipe.audio.on_clip == "rescale":
            raise ValueError(
                "--on-clip rescale lowers a noisy file and not its original, so that the two of a pair would differ by "
                "more than noise; use --on-clip saturate, or leave out --with-clean"
            )

    def named(self, source_path: str, suffix: str, level: Level, copy: int, *, single: bool) -> str:
        """Return the name of a noisy target, relative to DEST or, for a tree, to `noisy/` there.

        >>> Layout("{std}/{dir}/{stem}{ext}").named("cats/a.png", ".png", Level.of(0.1), 0, single=False)
        '0.1/cats/a.png'
        """
        directory, base = posixpath.split(source_path)
        stem = posixpath.splitext(base)[0]
        if self.name is None:
            plain = stem if single and self.with_clean != "beside" else f"{stem}-{level.label}-{copy}"
            return posixpath.join(directory, plain + suffix)
        label = self.label_of(source_path)
        strength = f"{level.low:.3g}"
        fields = {"dir": directory, "stem": stem, "ext": suffix, "level": level.label, "copy": copy, "label": label}
        name = self.name.format(**fields, std=strength, snr=strength)
        return "/".join(part for part in name.split("/") if part)


def _fields_of(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}


def _check_strength(template: str, used: set[str], level: Level) -> None:
    """Raise ValueError if the template has a strength that is not known of this level."""
    for field, other, what in (("std", "snr", "a ratio"), ("snr", "std", "a standard deviation")):
        if field not in used:
            continue
        if level.unit != field:
            raise ValueError(
                f"the name {template!r} has {{{field}}}, and {level.label} is {what}; use {{{other}}} or {{level}}"
            )
        if level.is_range:
            raise ValueError(
                f"the name {template!r} has {{{field}}}, which is drawn from {level.label} for each file; "
                "use {level}, or spread the range with --ramp"
            )


def _check_template(template: str) -> None:
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    try:
        used = _fields_of(template)
        template.format(dir="d", stem="s", ext=".png", level="l", std="0.1", snr="10", copy=0, label="c")
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        used = {str(error.args[0])} if isinstance(error, KeyError) else set()
        if not used:
            raise ValueError(f"{template!r} is no template of names: {error}; it may hold {known}") from None
    for field in sorted(used):
        if field not in FIELDS:
            raise ValueError(f"the name {template!r} has {{{field}}}, which there is not; it may hold {known}")
    if not template.endswith("{ext}"):
        raise ValueError(f"the name {template!r} must end in {{ext}}, the format; choose that with --image-format")
    if template.startswith("/") or ".." in template.split("/"):
        raise ValueError(f"the name {template!r} leads out of DEST; it is relative to it, without '..'")
