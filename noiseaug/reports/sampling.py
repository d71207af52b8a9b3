"""A few rows out of a stream of any length: drawn at random, or the worst of all."""

from __future__ import annotations

import heapq
import random

from noiseaug.reports.rows import Item


class Sample:
    """A random sample of a stream of unknown length, each part of which is as likely: Vitter's algorithm R.

    Vitter, Random Sampling with a Reservoir, ACM Transactions on Mathematical Software 11 (1985).

    Args:
        size: how many are taken.
        source: of randomness, seeded.
    """

    def __init__(self, size: int, source: random.Random) -> None:
        self._size, self._random = size, source
        self._seen = 0
        self.items: list[Item] = []

    def add(self, item: Item) -> None:
        """Offer the next of the stream."""
        self._seen += 1
        if len(self.items) < self._size:
            self.items.append(item)
        elif (place := int(self._random.random() * self._seen)) < self._size:
            self.items[place] = item

    def in_order(self) -> list[Item]:
        """Return what was taken, in the order of the stream."""
        return sorted(self.items, key=lambda item: item.place)


class Worst:
    """The items of a stream with the largest values; of equal ones, those that came first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[float, int, Item]] = []

    def add(self, value: float, item: Item) -> None:
        """Offer an item with its value."""
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, (value, -item.place, item))
        elif value > self._heap[0][0]:
            heapq.heapreplace(self._heap, (value, -item.place, item))

    def items(self) -> list[Item]:
        """Return the items, the largest value first; of each source one, and then the others."""
        ordered = [item for _, _, item in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
        first = {item.record["source_path"]: item for item in reversed(ordered)}
        leading = [item for item in ordered if first[item.record["source_path"]] is item]
        return leading + [item for item in ordered if first[item.record["source_path"]] is not item]
