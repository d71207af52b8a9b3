"""Where a run keeps what it knows.

While outputs are being made, a directory `.noiseaug` in DEST holds

- `journal.jsonl`: the new manifest as far as it has come, in its final order;
- `pending.jsonl`: the targets that were handed to workers, each announced before it can appear in DEST;
- `kept.jsonl`: likewise for the rows of files that are kept and are neither image nor audio;
- `failures.jsonl` and `leftovers.jsonl`: the failures so far, and the rows that were not asked for again;
- `base.jsonl`: after an interruption, all that is known from the lists and the journals of runs before this one;
- drafts of files that go with the manifest, before they are put in place.

At the end the journal takes the place of the manifest, and the directory goes. A run over a shard keeps the same in the
directory of the shard (see `shards`), and beside its manifest the command that it is the work of.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from noiseaug.manifest.shards import directory_of
from noiseaug.settings.shard import Shard
from noiseaug.storage.paths import FAILURES, INDEX, KEPT, LEFTOVERS, MANIFEST, STATE_PREFIX


class Home(NamedTuple):
    """Where a run keeps what it knows: in DEST itself or, for a run over a shard, in the directory of that shard.

    Attributes:
        dest: the directory DEST.
        name: what the manifest is called.
        shard: the part of the sources, or None for all.
    """

    dest: str
    name: str = MANIFEST
    shard: Shard | None = None

    @property
    def directory(self) -> str:
        """The directory of the manifest."""
        return directory_of(self.shard, self.dest) if self.shard else self.dest

    @property
    def state(self) -> str:
        """The directory that is there only while a run is under way, or after it was interrupted."""
        return os.path.join(self.directory, "state" if self.shard else STATE_PREFIX)

    @property
    def manifest(self) -> str:
        """The path of the manifest."""
        return os.path.join(self.directory, self.name)

    @property
    def failures(self) -> str:
        """The path of the list of failures."""
        return os.path.join(self.directory, FAILURES)

    @property
    def kept(self) -> str:
        """The path of the list of files that are kept and are neither image nor audio."""
        return os.path.join(self.directory, KEPT)

    @property
    def tag(self) -> str:
        """The beginning of the names of temporaries: runs over several shards are at work at once."""
        return f"{self.shard.number}of{self.shard.of}-" if self.shard else ""

    @property
    def leftovers(self) -> str:
        """The path of the list of what earlier runs wrote and the last one was not asked for."""
        return os.path.join(self.directory, LEFTOVERS)

    @property
    def index_path(self) -> str:
        """The path of the index of the manifest."""
        return os.path.join(self.directory, INDEX)

    def in_state(self, name: str) -> str:
        """Return the path of a file in the state directory."""
        return os.path.join(self.state, name)
