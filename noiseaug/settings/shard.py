"""A part of the sources: the value I/N of --shard."""

from __future__ import annotations

import hashlib
import os
import re
from typing import NamedTuple


class Shard(NamedTuple):
    """Part `number` (from 1) of `of` parts of the sources."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that I/N names.

        Raises:
            ValueError: if it names none.

        >>> Shard.parse("3/16")
        Shard(number=3, of=16)
        """
        match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
        if not match:
            raise ValueError(f"{text!r} is not a shard: expected I/N, such as 3/16")
        number, of = int(match[1]), int(match[2])
        if not 1 <= number <= of:
            hint = f"; where job numbers begin at 0, use $((ID + 1))/{of}" if number == 0 and of else ""
            raise ValueError(f"there is no shard {text}: I of I/N is from 1 to N{hint}")
        return cls(number, of)

    def holds(self, source_path: str) -> bool:
        """Tell whether the source is in this shard.

        >>> [number for number in (1, 2, 3) if Shard(number, 3).holds("cats/a.png")]
        [2]
        """
        digest = hashlib.sha256(os.fsencode(source_path)).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"
