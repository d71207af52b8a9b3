"""Shards: parts of the sources that are done by separate runs into one DEST, and where each keeps what it knows.

A source belongs to a shard by a hash of its path alone, so that it stays there when others come and go. Shard 3 of 16
keeps in `DEST/.noiseaug-shards/3-of-16/` what a run of its own would keep in DEST (manifest.jsonl, failures.jsonl), its
lock, and in `state/` what takes it up when it was killed: a shard with a manifest and no `state/` is finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import resource
import shutil
from typing import NamedTuple

from noiseaug.errors import Misplaced

# These begin with sources.STATE_PREFIX: no walk picks them up.
SHARDS = ".noiseaug-shards"
_TAKEN_OVER = ".noiseaug-taken-over"
COMMAND = "command.json"  # in a shard's directory: what its manifest is the work of
# Each shard's lock and manifest are open at once in a merge, and a shell allows 1,024 files by default.
_FILES_A_SHARD = 5
_OTHER_FILES = 256


class Shard(NamedTuple):
    """Part `number` (from 1) of `of` parts of the sources."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that I/N names.

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
        """Whether the source is in this shard.

        >>> [number for number in (1, 2, 3) if Shard(number, 3).holds("cats/a.png")]
        [2]
        """
        digest = hashlib.sha256(os.fsencode(source_path)).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1

    def is_finished(self, dest: str) -> bool:
        """Whether a run over this shard came to its end, and none after it is under way or was interrupted."""
        directory = self.directory(dest)
        complete = all(os.path.exists(os.path.join(directory, name)) for name in ("manifest.jsonl", COMMAND))
        return complete and not os.path.exists(os.path.join(directory, "state"))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def directory(self, dest: str) -> str:
        """Where this shard keeps what it knows."""
        return os.path.join(dest, SHARDS, f"{self.number}-of-{self.of}")


def shards_in(dest: str) -> list[Shard]:
    """The shards that have begun in `dest`, in order."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        names = (re.fullmatch("([0-9]+)-of-([0-9]+)", name) for name in os.listdir(os.path.join(dest, SHARDS)))
        return sorted(Shard(int(name[1]), int(name[2])) for name in names if name)
    return []


def remove_shards(dest: str) -> None:
    """Forgets the shards of `dest`, all at once."""
    sweep(dest)
    with contextlib.suppress(FileNotFoundError):
        os.rename(os.path.join(dest, SHARDS), os.path.join(dest, _TAKEN_OVER))
        sweep(dest)


def sweep(dest: str) -> None:
    """Removes what is left if `remove_shards` was interrupted."""
    shutil.rmtree(os.path.join(dest, _TAKEN_OVER), ignore_errors=True)


def refuse_other_division(dest: str, shard: Shard) -> None:
    """Raises Misplaced if `dest` holds shards of a division into another number than that of `shard`."""
    others = [other for other in shards_in(dest) if other.of != shard.of]
    if others:
        raise Misplaced(
            f"{dest} holds shards of {others[0].of} ({named(others)}), and this is {shard}; go on with those, "
            "or run without --shard, which takes over what they have done"
        )


def named(shards: list[Shard], most: int = 8) -> str:
    """The shards in words, the first of them where there are many.

    >>> named([Shard(1, 4), Shard(3, 4)])
    '1/4, 3/4'
    """
    rest = f" and {len(shards) - most:,} more" if len(shards) > most else ""
    return ", ".join(map(str, shards[:most])) + rest


def allow_open_files(shards: int) -> None:
    """Lets this process open the files of so many shards at once, as far as the system does."""
    wanted = shards * _FILES_A_SHARD + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
