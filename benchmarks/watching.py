"""Runs of noiseaug with an eye on their memory. (Linux: it reads /proc.)"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.contenders import noiseaug_command
from benchmarks.measure import ENVIRONMENT, fresh_folder

# Long enough to take little of the time that is measured; the last figures of workers, which are killed at the end, are
# at most this old.
_PERIOD = 0.02


class Watched(NamedTuple):
    """What a run took: seconds by the clock and of all cores, and the largest resident sets, in MB, that its first
    process and any other ever had."""

    seconds: float
    cpu_seconds: float
    parent_mb: float
    worker_mb: float


def watched(source: Path, options: Sequence[str] = ("--std", "0.01")) -> Watched:
    """Runs noiseaug over `source` into a fresh folder."""
    with fresh_folder() as dest:
        command = [*noiseaug_command(), "run", str(source), str(dest), *options, "--quiet"]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.Popen(command, env=ENVIRONMENT)
        peaks: dict[int, float] = {}
        while process.poll() is None:
            for pid in (process.pid, *_descendants(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0.0), _high_water_mark(pid))
            time.sleep(_PERIOD)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
    parent = peaks.pop(process.pid, 0.0)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Watched(seconds, cpu, parent, max(peaks.values(), default=0.0))


def _descendants(ancestor: int) -> list[int]:
    parents = {}
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            # The name, in parentheses, may hold anything; the parent is the second field after it (proc(5)).
            fields = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(pid)] = int(fields[1])
    children = [pid for pid, parent in parents.items() if parent == ancestor]
    return [*children, *(pid for pid, parent in parents.items() if parent in children)]


def _high_water_mark(pid: int) -> float:
    """VmHWM in MB; not ru_maxrss, which a child takes over from the process that started it."""
    try:
        lines = Path("/proc", str(pid), "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
