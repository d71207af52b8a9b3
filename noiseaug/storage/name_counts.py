"""A memory of very many names."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b


class Names:
    """Which names there are, and which more than once: eight bytes each, not the names, as there may be millions.

    (Two names in a billion are taken for one with a chance of 3 %.)
    """

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._is_sorted = True

    def add(self, name: str) -> None:
        """Remember a name."""
        self._hashes.append(_short_hash(name))
        self._is_sorted = False

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def __contains__(self, name: str) -> bool:
        return self._count(name) > 0

    def is_repeated(self, name: str) -> bool:
        """Tell whether the name was added more than once."""
        return self._count(name) > 1

    def has_repeated(self) -> bool:
        """Tell whether any name was added more than once."""
        self._sort()
        return any(one == other for one, other in zip(self._hashes, self._hashes[1:], strict=False))

    def _count(self, name: str) -> int:
        """Return how often the name was added; 2 stands for more."""
        self._sort()
        wanted = _short_hash(name)
        at = bisect_left(self._hashes, wanted)
        return sum(value == wanted for value in self._hashes[at : at + 2])

    def _sort(self) -> None:
        if not self._is_sorted and self._hashes:
            import numpy as np  # not for those that never ask; a list to sort would take five times the room

            np.frombuffer(self._hashes, np.uint64).sort()
            self._is_sorted = True


def _short_hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
