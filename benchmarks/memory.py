"""`--memory`: whether memory depends on how many files there are, or how long one is. (Linux: it reads /proc.)"""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.corpus import long_recording, tiny_files
from benchmarks.figures import Figure
from benchmarks.watching import watched

_FEW, _MANY = 1_000, 100_000
_TWO_HOURS = 2 * 60 * 60


def memory() -> Iterator[Figure]:
    """The peaks of runs over few and many files, and over one very long one."""
    if not os.path.exists("/proc/self/status"):
        return
    few, many = (watched(tiny_files(count)) for count in (_FEW, _MANY))
    yield Figure(f"parent, {_FEW:,} tiny files", few.parent_mb, "MB")
    yield Figure(f"parent, {_MANY:,}: more by", many.parent_mb - few.parent_mb, "MB", 30)
    yield Figure(f"largest worker, {_FEW:,} tiny files", few.worker_mb, "MB")
    yield Figure(f"largest worker, {_MANY:,}: more by", many.worker_mb - few.worker_mb, "MB", 30)
    long = watched(long_recording(_TWO_HOURS, 48_000, 2))
    yield Figure("parent, a stereo WAV of two hours at 48 kHz", long.parent_mb, "MB", 200)
    yield Figure("worker, the same", long.worker_mb, "MB", 200)
