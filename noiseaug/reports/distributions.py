"""Distributions of figures, built a value at a time in memory that does not grow with their number."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram: its limits and how many values are within them."""

    low: float
    high: float
    count: int


class Distribution:
    """The distribution of a figure, counted in bins of one width.

    Args:
        low, high: the range that bins cover; values beyond it count as its ends.
        width: of a bin. Quantiles are right to that.

    Attributes:
        count: how many values were added.
        least, most: the extremes, exactly.

    >>> found = Distribution(0, 100, 0.5)
    >>> for value in range(11):
    ...     found.add(value)
    >>> found.count, found.most, found.quantile(0.5)
    (11, 10, 5.25)
    """

    def __init__(self, low: float, high: float, width: float) -> None:
        self._low, self._high, self._width = low, high, width
        self._bins: dict[int, int] = {}
        self.count = 0
        self.least, self.most = math.inf, -math.inf

    def add(self, value: float) -> None:
        """Count a value, which must be finite."""
        self.count += 1
        if value < self.least:
            self.least = value
        if value > self.most:
            self.most = value
        low, high = self._low, self._high
        place = int(((low if value < low else high if value > high else value) - low) / self._width)
        self._bins[place] = self._bins.get(place, 0) + 1

    def quantile(self, share: float) -> float:
        """Return the value that this share of all values is below, within the extremes; there must be one."""
        place = self._place_of(share)
        if place == min(self._bins):  # most often zeros, exactly
            return self.least
        middle = self._low + (place + 0.5) * self._width
        return min(max(middle, self.least), self.most)

    def _place_of(self, share: float) -> int:
        left = share * self.count
        for place in sorted(self._bins):
            left -= self._bins[place]
            if left <= 0:
                return place
        return max(self._bins)

    def bars(self, most: int) -> list[Bar]:
        """Return at most so many bars over the inner 99 % of the values; the first and the last hold all beyond."""
        first, last = self._place_of(0.005), self._place_of(0.995)
        step = -(-(last - first + 1) // most)
        counts = [0] * (-(-(last - first + 1) // step))
        for place, count in self._bins.items():
            counts[(min(max(place, first), last) - first) // step] += count
        start = self._low + first * self._width
        return [
            Bar(start + number * step * self._width, start + (number + 1) * step * self._width, count)
            for number, count in enumerate(counts)
        ]


class Counts:
    """How often each of some words came up; once there are `most` different ones, further ones count together.

    Attributes:
        found: the counts by word, in the order in which they were met.
        others: how often words came up that have no count of their own.

    >>> labels = Counts(2)
    >>> for label in ("cats", "dogs", "cats", "birds"):
    ...     labels.add(label)
    >>> labels.found, labels.others
    ({'cats': 2, 'dogs': 1}, 1)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.found: dict[str, int] = {}
        self.others = 0

    def add(self, word: str) -> None:
        """Count a word."""
        if word in self.found:
            self.found[word] += 1
        elif len(self.found) < self._most:
            self.found[word] = 1
        else:
            self.others += 1

    def most_common(self, number: int) -> list[tuple[str, int]]:
        """Return the words that came up most often, with their counts."""
        return sorted(self.found.items(), key=lambda item: -item[1])[:number]
