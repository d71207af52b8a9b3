"""Timing of whole processes, and the folders that they write to."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# The largest outputs are 1.4 GB, while the floor holds 0.9 GB of samples.
_ROOM = 4 << 30

CHECKOUT = Path(__file__).parent.parent
# albumentations would ask the network for a newer version of itself.
ENVIRONMENT = os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"}


@dataclass
class Timings:
    """What one contender took over one corpus.

    Attributes:
        seconds: one figure a round.
        bytes: the size of what it wrote; where encoders are set alike, contenders differ by a few percent at most.
        remark: why there are no figures.
    """

    seconds: list[float] = field(default_factory=list)
    bytes: int = 0
    remark: str = ""

    @property
    def median(self) -> float | None:
        """The median of the rounds, or None if there was none."""
        return statistics.median(self.seconds) if self.seconds else None


def wall_clock(command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT) -> float:
    """Seconds from the start of a command until it has ended. Raises CalledProcessError if it fails."""
    start = time.perf_counter()
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def scratch_root() -> Path:
    """Where outputs go: TMPDIR if that is set, else memory if there is enough, else where temporary files go.

    In memory, as a disk's file system adds a noise of its own: ext4 without a journal takes 0.7 ms to create a file
    instead of 0.01 ms where thousands were deleted in the minutes before, as they are here after every round.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return memory
    return Path(tempfile.gettempdir())


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT) -> float:
    """Seconds of all cores that a command took, with the processes that it started and waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(progress: str) -> None:
    """Says on a terminal what is being done, in the place of what was said before."""
    if sys.stderr.isatty():
        print(f"\r{progress:60}\r", end="", flush=True, file=sys.stderr)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """The path of a folder that does not exist yet, below `scratch_root`; removed at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="noiseaug-bench-", dir=scratch_root()))
    try:
        yield scratch / "dest"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # workers of a run that was interrupted may still write
