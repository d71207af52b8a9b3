"""The arrays in a file, and which of them get noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from noiseaug.media.array.values import Values
from noiseaug.settings.array_options import ArrayOptions
from noiseaug.storage.source_file import Refused


class Reading(Protocol):
    """The bytes of an array, from its first to its last."""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or as many as there are."""


class Member(NamedTuple):
    """An array in a file.

    Attributes:
        name: its name there; of a .npy file, that of the file.
        values: what its values are.
        shape: its shape.
        fortran: whether the first axis is the one that changes fastest.
        packed: why its values are no numbers to add noise to, though they look so; or nothing.
    """

    name: str
    values: Values
    shape: tuple[int, ...]
    fortran: bool = False
    packed: str = ""

    @property
    def size(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape as the values lie in the file, the last axis changing fastest."""
        return self.shape[::-1] if self.fortran else self.shape


class Choice(NamedTuple):
    """Which of the arrays in a file get noise.

    Attributes:
        noisy: those that do.
        kept: those that are kept as they are.
        labels: those among them that nobody asked to keep: integers, and arrays of one dimension beside others; or all,
            if no name is one that is asked for.
    """

    noisy: tuple[Member, ...]
    kept: tuple[Member, ...]
    labels: tuple[Member, ...]


def chosen(members: Sequence[Member], options: ArrayOptions, *, alone: bool) -> Choice:
    """Return which arrays get noise.

    Args:
        members: the arrays in the file.
        options: patterns of those that are to have noise, or to be kept.
        alone: whether the file is one array, which gets noise though it is of one dimension.

    Raises:
        Refused: if one is to get noise and is not of numbers, or nobody can tell what it is to get.
    """
    noisy, kept, labels = [], [], []
    for member in members:
        asked = _matches(member.name, options.include_member)
        if _matches(member.name, options.exclude_member) or (options.include_member and not asked):
            kept.append(member)
            continue
        holds_objects = member.values.stored.hasobject
        is_label = member.values.are_whole or (len(member.shape) < 2 and not alone)
        if is_label and not asked and not holds_objects and not member.packed:
            kept.append(member)
            labels.append(member)
        elif member.packed or not member.values.are_numbers:
            raise Refused(_no_numbers(member, alone=alone))
        else:
            noisy.append(member)
    if options.include_member and not any(_matches(member.name, options.include_member) for member in members):
        labels = kept
    return Choice(tuple(noisy), tuple(kept), tuple(labels))


def _no_numbers(member: Member, *, alone: bool) -> str:
    expected = "expected integers, floats or complex numbers"
    what = f"holds {member.packed or member.values.described}"
    if alone:
        return f"{what}; {expected}. Leave it out with --exclude, or copy it with --keep"
    return f"{what} in {member.name!r}; {expected}. --exclude-member {member.name!r} keeps that as it is"


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
