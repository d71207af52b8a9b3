"""What label smoothing makes of the label of a source."""

from __future__ import annotations

from typing import NamedTuple


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
