"""What the benchmark found, as text and as JSON. Nothing is run here."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from benchmarks.contenders import FLOOR, LIBRARY, OURS, RECIPE
from benchmarks.corpus import Corpus
from benchmarks.figures import Figure
from benchmarks.measure import Timings

_PACKAGES = ("noiseaug", "numpy", "opencv-python-headless", "soundfile", "albumentations", "audiomentations")
_HEADINGS = (
    *("corpus", "outputs", "ours s", "recipe s", "x faster", "goal", "library s", "x faster"),
    *("floor s", "x of floor", "goal", ""),
)

Results = Mapping[str, Timings]


def versions() -> dict[str, str]:
    """What was measured, by version."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def corpus_row(corpus: Corpus, results: Results) -> list[str]:
    """One line of the main table; ratios are of medians."""
    ours, recipe, library, floor = (results[name] for name in (OURS, RECIPE, LIBRARY, FLOOR))
    faster, times_floor = _ratio(recipe, ours), _ratio(ours, floor)
    goals = corpus.goals
    return [
        *(corpus.name, f"{corpus.outputs:,}", _seconds(ours), _seconds(recipe), _times(faster)),
        f">= {goals.faster_than_recipe:g}" if goals and goals.faster_than_recipe else "",
        *(_seconds(library), _times(_ratio(library, ours)), _seconds(floor), _times(times_floor)),
        f"<= {goals.times_floor:g}" if goals else "",
        verdict(corpus, results),
    ]


def verdict(corpus: Corpus, results: Results) -> str:
    """`met`, or what was missed, or nothing where there is no goal."""
    if corpus.goals is None:
        return ""
    faster, times_floor = _ratio(results[RECIPE], results[OURS]), _ratio(results[OURS], results[FLOOR])
    missed = []
    if faster is None or faster < corpus.goals.faster_than_recipe:
        missed.append("recipe")
    if times_floor is None or times_floor > corpus.goals.times_floor:
        missed.append("floor")
    return "missed: " + ", ".join(missed) if missed else "met"


def corpora_table(results: Mapping[str, tuple[Corpus, Results]]) -> str:
    """The main table."""
    return table(_HEADINGS, [corpus_row(corpus, timings) for corpus, timings in results.values()])


def engines_table(results: Mapping[str, tuple[Corpus, Results]]) -> str:
    """Threads against processes."""
    rows = []
    for corpus, timings in results.values():
        processes, threads = timings["processes"], timings["threads"]
        rows.append([corpus.name, _seconds(processes), _seconds(threads), _times(_ratio(threads, processes))])
    return table(("corpus", "processes s", "threads s", "threads / processes"), rows)


def figures_table(figures: Sequence[Figure]) -> str:
    """The single figures."""
    rows = []
    for figure in figures:
        goal = "" if figure.goal is None else f"<= {figure.goal:g}"
        met = "" if figure.goal is None else ("met" if figure.value <= figure.goal else "missed")
        rows.append([figure.what, f"{figure.value:.3g}", figure.unit, goal, met])
    return table(("figure", "value", "unit", "goal", ""), rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns set in line, the first to the left and the others to the right."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes the results, with what they were measured with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    context = {"versions": versions(), "cores": os.cpu_count()}
    path.write_text(json.dumps(context | dict(content), indent=2) + "\n")


def as_plain(results: Mapping[str, tuple[Corpus, Results]], checksums: Mapping[str, str]) -> dict[str, object]:
    """Results as plain data: for each corpus its checksum, the verdict, and every single time."""
    return {
        name: {
            "checksum": checksums[name],
            "contenders": {who: asdict(timing) | {"median": timing.median} for who, timing in timings.items()},
        }
        for name, (_, timings) in results.items()
    }


def _ratio(over: Timings, under: Timings) -> float | None:
    return over.median / under.median if over.median and under.median else None


def _seconds(timings: Timings) -> str:
    return timings.remark or ("" if timings.median is None else f"{timings.median:.2f}")


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
