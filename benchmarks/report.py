"""What the benchmark found, as text and as JSON. Nothing is run here."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from benchmarks.contenders import FLOOR, LIBRARY, OURS, RECIPE
from benchmarks.corpus import Corpus
from benchmarks.figures import Figure
from benchmarks.measure import Timings

_PACKAGES = ("noiseaug", "numpy", "opencv-python-headless", "soundfile", "albumentations", "audiomentations")
_HEADINGS = (
    *("corpus", "outputs", "ours s", "recipe s", "x faster", "goal", "library s", "x faster", "goal"),
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


class Ratio(NamedTuple):
    """How noiseaug stands to a contender. With the floor, a small figure is good, else a large one."""

    who: str
    value: float | None
    goal: float | None

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached; where there is none, it is."""
        if self.goal is None:
            return True
        if self.value is None:
            return False
        return self.value <= self.goal if self.who == FLOOR else self.value >= self.goal


def ratios(corpus: Corpus, results: Results) -> tuple[Ratio, Ratio, Ratio]:
    """Of medians, beside the goals: to the recipe, the library and the floor."""
    ours, goals = results[OURS], corpus.goals
    return (
        Ratio(RECIPE, _ratio(results[RECIPE], ours), goals and goals.times_recipe),
        Ratio(LIBRARY, _ratio(results[LIBRARY], ours), goals and goals.times_library),
        Ratio(FLOOR, _ratio(ours, results[FLOOR]), goals and goals.times_floor),
    )


def corpus_row(corpus: Corpus, results: Results) -> list[str]:
    """One line of the main table."""
    row = [corpus.name, f"{corpus.outputs:,}", _seconds(results[OURS])]
    for ratio in ratios(corpus, results):
        sign = "<=" if ratio.who == FLOOR else ">="
        goal = "" if ratio.goal is None else f"{sign} {ratio.goal:g}"
        row += [_seconds(results[ratio.who]), _times(ratio.value), goal]
    return [*row, verdict(corpus, results)]


def verdict(corpus: Corpus, results: Results) -> str:
    """`met`, or what was missed, or nothing where there is no goal."""
    if corpus.goals is None:
        return ""
    missed = [ratio.who for ratio in ratios(corpus, results) if not ratio.is_met]
    return "missed: " + ", ".join(missed) if missed else "met"


def page_table(results: Mapping[str, tuple[Corpus, Results]], figures: Sequence[Figure]) -> str:
    """The table of docs/performance.md, in Markdown: goals that are met stand in bold."""
    lines = ["| corpus | noiseaug | x recipe | goal | x library | goal | of the floor | goal |", "|---|" + "---:|" * 7]
    for corpus, timings in results.values():
        cells = [f"{corpus.count:,} {corpus.title}", _seconds(timings[OURS]) + " s"]
        for ratio in ratios(corpus, timings):
            value = "" if ratio.value is None else f"{ratio.value:.2f}"
            goal = "" if ratio.goal is None else f"{ratio.goal:g}"
            cells += [f"**{value}**" if goal and ratio.is_met else value, goal]
        lines.append(_markdown(cells))
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.goal:g}"
        value = f"{figure.value:.3g}"
        bold = f"**{value}**" if goal and figure.is_met else value
        lines.append(_markdown([figure.what, f"{bold} {figure.unit}".strip(), "", "", "", "", "", goal]))
    return "\n".join(lines) + "\n"


def _markdown(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


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
        met = "" if figure.goal is None else ("met" if figure.is_met else "missed")
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
