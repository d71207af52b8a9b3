"""Shards: parts of the sources that are done by separate runs into one DEST, and where each keeps what it knows.

A source belongs to a shard by a hash of its path alone, so that it stays there when others come and go. Shard 3 of 16
keeps in `DEST/.noiseaug-shards/3-of-16/` what a run of its own would keep in DEST (manifest.jsonl, failures.jsonl), its
lock, and in `state/` what takes it up when it was killed: a shard with a manifest and no `state/` is finished.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource

from noiseaug.errors import Misplaced
from noiseaug.settings.shard import Shard
from noiseaug.storage import disk
from noiseaug.storage.paths import MANIFEST

# These begin with sources.STATE_PREFIX: no walk picks them up.
SHARDS = ".noiseaug-shards"
_TAKEN_OVER = ".noiseaug-taken-over"
COMMAND = "command.json"  # in a shard's directory: what its manifest is the work of
VERSIONS = "versions.json"  # likewise: of the packages that decided the bytes of its outputs
# Each shard's lock and manifest are open at once in a merge, and a shell allows 1,024 files by default.
_FILES_A_SHARD = 5
_OTHER_FILES = 256


def directory_of(shard: Shard, dest: str) -> str:
    """Return where a shard keeps what it knows in DEST."""
    return os.path.join(dest, SHARDS, f"{shard.number}-of-{shard.of}")


def is_finished(shard: Shard, dest: str) -> bool:
    """Tell whether a run over this shard came to its end, and none after it is under way or was interrupted."""
    directory = directory_of(shard, dest)
    complete = all(disk.exists(os.path.join(directory, name)) for name in (MANIFEST, COMMAND))
    return complete and not disk.exists(os.path.join(directory, "state"))


def shards_in(dest: str) -> list[Shard]:
    """Return the shards that have begun in `dest`, in order."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        with disk.entries(os.path.join(dest, SHARDS)) as entries:
            names = [re.fullmatch("([0-9]+)-of-([0-9]+)", entry.name) for entry in entries]
        return sorted(Shard(int(name[1]), int(name[2])) for name in names if name)
    return []


def remove_shards(dest: str) -> None:
    """Forget the shards of `dest`, all at once."""
    sweep(dest)
    with contextlib.suppress(FileNotFoundError):
        disk.rename(os.path.join(dest, SHARDS), os.path.join(dest, _TAKEN_OVER))
        sweep(dest)


def sweep(dest: str) -> None:
    """Remove what is left if `remove_shards` was interrupted."""
    disk.remove_tree(os.path.join(dest, _TAKEN_OVER))


def refuse_other_division(dest: str, shard: Shard) -> None:
    """Raise Misplaced if `dest` holds shards of a division into another number than that of `shard`."""
    others = [other for other in shards_in(dest) if other.of != shard.of]
    if others:
        raise Misplaced(
            f"{dest} holds shards of {others[0].of} ({named(others)}), and this is {shard}; go on with those, "
            "or run without --shard, which takes over what they have done"
        )


def named(shards: list[Shard], most: int = 8) -> str:
    """Return the shards in words, the first of them where there are many.

    >>> named([Shard(1, 4), Shard(3, 4)])
    '1/4, 3/4'
    """
    rest = f" and {len(shards) - most:,} more" if len(shards) > most else ""
    return ", ".join(map(str, shards[:most])) + rest


def allow_open_files(shards: int) -> None:
    """Let this process open the files of so many shards at once, as far as the system does."""
    wanted = shards * _FILES_A_SHARD + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
