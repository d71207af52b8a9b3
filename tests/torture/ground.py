"""Where faults are injected, and what is lost after one: a tree, compared with that of an undisturbed run."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from support.commands import STRENGTH, noiseaug
from support.trees import tree

# What a fault yields for each time it was injected: what was lost, "" for nothing. It returns a remark.
Fault = Generator[str, None, str]

LONGEST = 600  # seconds for one run or check of a batch
SHOWN = 8


@dataclass
class Ground:
    """Where a fault is injected: a directory of its own, its random numbers, and where to keep what was lost."""

    scratch: Path
    seed: int
    quick: bool
    keep: Path | None

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def times(self, full: int) -> int:
        """How often to do something that is done `full` times in the long run."""
        return max(full // 10, 1) if self.quick else full

    def fresh(self, name: str = "out") -> Path:
        """A path in the scratch directory at which there is nothing."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        return path


def resumed(photos: Path, dest: Path, undisturbed: dict[str, str]) -> str:
    """Runs to the end; what is then not as after an undisturbed run."""
    last = noiseaug("run", photos, dest, *STRENGTH)
    if last.returncode:
        return f"the next run ended with {last.returncode}: {last.stderr.strip()}"
    return difference(tree(dest), undisturbed)


def difference(found: dict[str, str], expected: dict[str, str]) -> str:
    """The names that are only in one of two trees, or other in one."""
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    kinds = {(True, True): "other", (True, False): "extra", (False, True): "missing"}
    told = [f"{kinds[name in found, name in expected]}: {name}" for name in names[:SHOWN]]
    return ", ".join(told) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def undisturbed_run(photos: Path, dest: Path) -> tuple[dict[str, str], float]:
    """The tree that a run ends in, and how long it took in seconds."""
    start = time.monotonic()
    result = noiseaug("run", photos, dest, *STRENGTH)
    assert result.returncode == 0, result.stderr
    return tree(dest), time.monotonic() - start


def of_each(kills: list[str], lost: str) -> Iterator[str]:
    """What was lost for each of the kills, which is told with the last."""
    yield from [""] * (len(kills) - 1)
    if kills or lost:
        yield f"killed {', '.join(kills)}: {lost}" if lost else ""


def progress(dest: Path) -> int:
    """How many files a run has written down."""
    journal = dest / ".noiseaug/journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
