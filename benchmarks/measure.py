"""Timing of whole processes, in alternating order."""

from __future__ import annotations

import os
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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from benchmarks.corpus import Corpus

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


def rounds(corpus: Corpus, contenders: Sequence[Contender], repeat: int, workers: int) -> dict[str, Timings]:
    """Runs all contenders by turns, A B C A B C, so that a change of the machine's pace meets them all."""
    from benchmarks.contenders import Unavailable

    timings = {contender.name: Timings() for contender in contenders}
    repeat = min(repeat, corpus.most_rounds)
    for number in range(-1 if corpus.warm_up else 0, repeat):
        for contender in contenders:
            timing = timings[contender.name]
            if timing.remark:
                continue
            with fresh_folder() as dest:
                _show(f"{corpus.name}: round {number + 1} of {repeat}, {contender.name}")
                try:
                    seconds = contender.seconds(corpus, dest, workers)
                except Unavailable as why:
                    timing.remark = str(why)
                    continue
                timing.bytes = _checked_size(corpus, contender.name, dest)
            if number >= 0:
                timing.seconds.append(seconds)
    _show("")
    return timings


def _show(progress: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{progress:60}\r", end="", flush=True, file=sys.stderr)


def scratch_root() -> Path:
    """Where outputs go: TMPDIR if that is set, else memory if there is enough, else where temporary files go.

    In memory, as a disk's file system adds a noise of its own: ext4 without a journal takes 0.7 ms to create a file
    instead of 0.01 ms where thousands were deleted in the minutes before, as they are here after every round.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return memory
    return Path(tempfile.gettempdir())


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """The path of a folder that does not exist yet, below `scratch_root`; removed at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="noiseaug-bench-", dir=scratch_root()))
    try:
        yield scratch / "dest"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # workers of a run that was interrupted may still write


def _checked_size(corpus: Corpus, name: str, dest: Path) -> int:
    """The size of the outputs. A contender that did not make all of them was not measured."""
    sizes = [path.stat().st_size for path in dest.rglob("*" + corpus.suffix)]
    if len(sizes) != corpus.outputs or not all(sizes):
        raise RuntimeError(f"{name} made {len(sizes)} files of {corpus.name}; expected {corpus.outputs}")
    return sum(sizes)
