"""The label of a source, and what label smoothing makes of it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple


def label_of(source_path: str) -> str:
    """Return the class of a source: the name of its folder, or an empty one where it stands in SOURCE itself.

    >>> label_of("train/cats/a.png")
    'cats'
    """
    return posixpath.basename(posixpath.dirname(source_path))


class SoftLabel(NamedTuple):
    """A label as a distribution over classes.

    Attributes:
        place: the index of the source's own class.
        classes: how many classes there are.
        own: the probability of its own class.
        other: that of each other class.
    """

    place: int
    classes: int
    own: float
    other: float

    @property
    def values(self) -> list[float]:
        """The probability of each class, in the order of the classes."""
        values = [self.other] * self.classes
        values[self.place] = self.own
        return values
