"""Times one float32 .npy file beside NumPy, by turns: whole processes, by the clock on the wall and in CPU time.

NumPy loads the array memory-mapped, draws float32 normals, adds them and saves the sum. It is timed twice: as people
write it, with an array for each step, and with one array for all, which takes half the time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.contenders import noiseaug_command
from benchmarks.figures import Figure
from benchmarks.measure import cpu_seconds

_OURS, _WRITTEN, _SPARING = "noiseaug run", "numpy, as people write it", "numpy, in one array"
_COLUMNS, _STD = 100, 0.1
_LOAD = """
import sys, numpy as np
x = np.load(sys.argv[1], mmap_mode="r")
normal = np.random.default_rng(7).standard_normal
"""
_PROGRAMS = {
    _WRITTEN: f"{_LOAD}np.save(sys.argv[2], x + np.float32({_STD}) * normal(x.shape, dtype=np.float32))",
    _SPARING: f"{_LOAD}y = normal(x.shape, dtype=np.float32); y *= {_STD}; y += x; np.save(sys.argv[2], y)",
}


class Row(NamedTuple):
    """One way to noise an array: the medians of seconds by the clock on the wall and of CPU time."""

    what: str
    wall: float
    cpu: float


def rows(megabytes: int, rounds: int) -> list[Row]:
    """Measure an array of so many megabytes, in files that go where temporary files go."""
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="noiseaug-bench-") as folder:
        source, dest = Path(folder, "x.npy"), Path(folder, "y.npy")
        _make(source, megabytes)
        ours = [*noiseaug_command(), "run", str(source), str(dest), "--std", str(_STD), "--timeout", "3600", "--quiet"]
        commands = {_OURS: ours}
        for name, program in _PROGRAMS.items():
            commands[name] = [sys.executable, "-c", program, str(source), str(dest)]
        for _ in range(rounds):
            for name, command in commands.items():
                start = time.perf_counter()
                cpu = cpu_seconds(command)
                times.setdefault(name, []).append((time.perf_counter() - start, cpu))
                dest.unlink()
    return [Row(name, *map(statistics.median, zip(*found, strict=True))) for name, found in times.items()]


def _make(path: Path, megabytes: int) -> None:
    shape = (megabytes * 1_000_000 // 4 // _COLUMNS, _COLUMNS)
    array = np.lib.format.open_memmap(path, "w+", np.dtype(np.float32), shape)
    generator = np.random.default_rng(0)
    for start in range(0, len(array), 100_000):
        part = array[start : start + 100_000]
        part[...] = generator.random(part.shape, np.float32)


def figures(megabytes: int) -> Iterator[Figure]:
    """The time of noiseaug by the clock, relative to NumPy in one array."""
    ours, _, sparing = rows(megabytes, 3)
    yield Figure(f"float32 .npy of {megabytes} MB, of NumPy in one array", ours.wall / sparing.wall, "", 1.0)


def table(found: list[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| | s | CPU s |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.wall:.2f} | {row.cpu:.2f} |" for row in found)])
