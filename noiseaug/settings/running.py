"""How a run is carried out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from noiseaug.settings.checks import check_types

# 2**28, some 16,000 x 16,000: more than any camera has, and twice 0.8 GB for a worker if they are 8-bit colour.
MAX_PIXELS = 1 << 28
_ROUNDING = 1e-6  # of a file: 0.29 x 100 is a little below 29

EngineName = Literal["auto", "threads", "processes", "dask"]


@dataclass(frozen=True)
class Running:
    """How a run is carried out; nothing here changes the bytes of an output.

    Attributes:
        engine: `processes` (what `auto` is), `threads`, or `auto`. Threads took 1.23 times as long over 1,000 JPEG of
            512x512, 1.15 times over 300 PNG, 1.9 times over 4,000 PNG of 32x32 and 1.3 times over 200 WAV of 10 s, on
            two cores (`python -m benchmarks --engines`), and die with the first decoder that crashes. `dask` is for the
            machines of a cluster.
        scheduler: the address of a Dask scheduler; without one, `dask` starts a cluster on this machine.
        workers: how many files are worked on at once; by default one for each available core.
        max_pixels: images whose header declares more are refused before anything is allocated for them.
        accept_damaged: make outputs of what decodes of damaged sources, which are refused otherwise.
        timeout: seconds that one file may take (not on threads).
        force: make every target again.
        checksum: tell whether a source changed by its SHA-256 instead of its size and time.
        prune: delete outputs of earlier runs whose source is gone.
        fail_fast: stop at the first failure.
        max_failures: a run is taken for done although that many of its files failed: a whole number, or as a float a
            fraction of all files, such as 0.02.
        overwrite: replace files in DEST that no run wrote.
        verbose: let workers say on stderr what codecs say.

    Raises:
        TypeError, ValueError: where one of them is none of that.
    """

    engine: EngineName = "auto"
    scheduler: str | None = None
    workers: int | None = None
    max_pixels: int = MAX_PIXELS
    accept_damaged: bool = False
    timeout: float = 300.0
    force: bool = False
    checksum: bool = False
    prune: bool = False
    fail_fast: bool = False
    max_failures: int | float = 0
    overwrite: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        check_types(self)
        _check_counts(self)
        check_max_failures(self.max_failures)

    def tolerates(self, failed: int, files: int) -> bool:
        """Tell whether a run of which so many files failed is taken for done.

        >>> Running(max_failures=0.02).tolerates(2, 100), Running(max_failures=2).tolerates(3, 100)
        (True, False)
        """
        most = self.max_failures
        return failed <= (most if isinstance(most, int) else most * files + _ROUNDING)


def _check_counts(running: Running) -> None:
    for name, value in (("workers", running.workers), ("max_pixels", running.max_pixels)):
        if value is not None and value < 1:
            raise ValueError(f"{value} is no number of {name}: it must be 1 or more")
    if not 0 < running.timeout < math.inf:
        raise ValueError(f"{running.timeout:g} is not a time in seconds: timeout must be above 0, and finite")


def check_max_failures(most: int | float) -> int | float:
    """Return `most`, if it is a number of files or a fraction of them; raise ValueError if not."""
    if isinstance(most, int) and most < 0:
        raise ValueError(f"{most} is no number of files that may fail: it must be 0 or more")
    if isinstance(most, float) and not (math.isfinite(most) and 0 <= most <= 1):
        raise ValueError(f"{most:.10g} is no fraction of files that may fail: it must be from 0 to 1")
    return most
