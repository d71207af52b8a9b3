"""How the cost of a run grows: with files, pixels, seconds of audio, workers and levels.

Each row of a table is one run of noiseaug as a whole process. The first row of each is little more than starting up.
What comes on top of it grows with the size to the power of the fitted exponent: 1 is proportional.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks import corpus
from benchmarks.measure import show
from benchmarks.watching import Watched, watched

_HUNDRED = ("--limit", "100")
_LEAST_SECONDS = 0.1  # of cost that is told from chance


class Axis(NamedTuple):
    """One thing that a run has more or less of.

    Attributes:
        name: what it is.
        unit: what is counted.
        sizes: how much of it, in rising order.
        run: measures a run with so much of it.
        adds_up: whether each unit more is to cost something; workers are not.
    """

    name: str
    unit: str
    sizes: tuple[float, ...]
    run: Callable[[float], Watched]
    adds_up: bool = True


@dataclass(frozen=True)
class Growth:
    """An axis and what was measured along it."""

    axis: Axis
    found: tuple[Watched, ...]

    def each_more(self) -> list[float | None]:
        """Seconds of all cores for each unit more than in the row before."""
        rows = itertools.pairwise(zip(self.axis.sizes, self.found, strict=True))
        costs = ((more.cpu_seconds - less.cpu_seconds) / (larger - size) for (size, less), (larger, more) in rows)
        return [None, *costs]

    def exponent(self) -> float | None:
        """The slope of cost over size, both beyond those of the first row and as logarithms, by least squares."""
        first, start = self.axis.sizes[0], self.found[0].cpu_seconds
        beyond = [
            (size - first, run.cpu_seconds - start) for size, run in zip(self.axis.sizes, self.found, strict=True)
        ]
        points = [(math.log(size), math.log(cost)) for size, cost in beyond if cost > _LEAST_SECONDS]
        if len(points) < 2 or not self.axis.adds_up:
            return None
        mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
        slope: float = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
        return slope


def axes(*, quick: bool = False, million: bool = False) -> tuple[Axis, ...]:
    """What is measured. `quick` leaves out the large sizes, for a look at whether it works."""
    files = (300, 1_000, 3_000) if quick else (1_000, 10_000, 100_000, *((1_000_000,) if million else ()))
    pixels = (0.1, 1, 4) if quick else (0.1, 1, 10, 100)
    seconds = (1, 60, 600) if quick else (1, 60, 600, 3600, 3 * 3600)
    cores = os.cpu_count() or 1
    levels = (1, 2, 4) if quick else (1, 2, 4, 8, 16)
    photos = "over 100 JPEG of 512x512"
    workers = tuple(sorted({1, 2, cores, 4 * cores}))
    return (
        Axis("Files", "PNG files of 8x8", files, lambda count: watched(corpus.tiny_files(int(count)))),
        Axis("Pixels", "megapixels of one JPEG", pixels, lambda size: watched(corpus.large_photograph(size))),
        Axis("Audio", "seconds of one WAV at 16 kHz", seconds, lambda size: watched(corpus.long_recording(int(size)))),
        Axis("Workers", f"workers {photos}", workers, _with_workers, adds_up=False),
        Axis("Levels", f"levels {photos}", levels, _with_levels),
    )


def _photographs() -> Path:
    (photographs,) = (one for one in corpus.CORPORA if one.name == "jpeg-sweep")
    corpus.build(photographs, os.cpu_count() or 1)
    return photographs.path


def _with_workers(count: float) -> Watched:
    return watched(_photographs(), (*_HUNDRED, "--std", "0.1", "--workers", str(int(count))))


def _with_levels(count: float) -> Watched:
    stds = (f"{5 + 5 * number}/255" for number in range(int(count)))
    return watched(_photographs(), (*_HUNDRED, *(part for std in stds for part in ("--std", std))))


def measure(chosen: Sequence[Axis]) -> Iterator[Growth]:
    """Runs along each axis."""
    for axis in chosen:
        found: list[Watched] = []
        for size in axis.sizes:
            show(f"{axis.name}: {size:g}")
            if not found:
                axis.run(size)  # brings what is needed into memory
            found.append(axis.run(size))
        show("")
        yield Growth(axis, tuple(found))


def markdown(grown: Sequence[Growth], picture: str) -> str:
    """The page with a table for each axis."""
    parts = ["# How the cost grows\n", __doc__.partition("\n\n")[2].strip() + "\n"]
    parts.append(
        "Written by `make growth`. CPU is of all processes; memory is the largest resident set of the run's own "
        f"process and of any worker.\n\n![cost by size]({picture})\n"
    )
    for growth in grown:
        axis, exponent = growth.axis, growth.exponent()
        parts.append(f"## {axis.name}\n")
        if exponent is not None:
            parts.append(f"Fitted exponent: {exponent:.2f}.\n")
        parts.append(
            f"| {axis.unit} | s | CPU s | each more, CPU | run MB | worker MB |\n|---:|---:|---:|---:|---:|---:|\n"
            + "".join(
                f"| {size:,.10g} | {run.seconds:.2f} | {run.cpu_seconds:.2f} | "
                f"{_readable(cost) if axis.adds_up else ''} | {run.parent_mb:.0f} | {run.worker_mb:.0f} |\n"
                for size, run, cost in zip(axis.sizes, growth.found, growth.each_more(), strict=True)
            )
        )
    return "\n".join(parts)


def _readable(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if abs(seconds) * factor >= 1 or unit == "us":
            return f"{seconds * factor:.3g} {unit}"
    return ""
