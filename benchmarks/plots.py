"""What was measured, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib import pyplot, ticker

from benchmarks.contenders import FLOOR, LIBRARY, OURS, RECIPE
from benchmarks.corpus import Corpus
from benchmarks.growth import Growth
from benchmarks.measure import Timings

matplotlib.use("Agg")

_WHO = {OURS: ("noiseaug", "#0b6e99"), RECIPE: ("NumPy recipe", "#d9822b"), LIBRARY: ("library", "#9a9a9a")}


def compared(results: Mapping[str, tuple[Corpus, Mapping[str, Timings]]], path: Path) -> None:
    """Bars for each corpus: the time of each contender over that of the codec floor, with the seconds beside them."""
    figure, axes = pyplot.subplots(figsize=(8, 0.8 + 0.85 * len(results)))
    for row, (_, timings) in enumerate(results.values()):
        floor = timings[FLOOR].median
        for place, (who, (_, colour)) in enumerate(_WHO.items()):
            median = timings[who].median
            if median and floor:
                at = row + 0.27 * (place - 1)
                axes.barh(at, median / floor, 0.25, color=colour)
                axes.text(median / floor, at, f" {median:.2f} s", va="center", fontsize=7)
    axes.axvline(1, color="black", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(results)), [f"{name}\n{corpus.outputs:,} files" for name, (corpus, _) in results.items()])
    axes.invert_yaxis()
    axes.set_xlim(0, axes.get_xlim()[1] * 1.08)
    axes.set_xlabel("time over that of decoding, encoding, hashing and writing alone (dashed: 1)")
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for _, colour in _WHO.values()]
    names = [label for label, _ in _WHO.values()]
    axes.legend(handles, names, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def grown(found: Sequence[Growth], path: Path) -> None:
    """A panel for each axis: seconds of all cores by size, and for workers seconds by the clock."""
    figure, panels = pyplot.subplots(1, len(found), figsize=(3.1 * len(found), 3), squeeze=False)
    for panel, growth in zip(panels[0], found, strict=True):
        axis, exponent = growth.axis, growth.exponent()
        values = [run.cpu_seconds if axis.adds_up else run.seconds for run in growth.found]
        panel.plot(axis.sizes, values, "o-", color="#0b6e99", markersize=4)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_ylim(min(values) / 2, max(max(values) * 2, min(values) * 10))
        panel.set_xticks(axis.sizes, [f"{size:,.10g}" for size in axis.sizes])
        panel.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        panel.xaxis.set_minor_locator(ticker.NullLocator())
        panel.yaxis.set_minor_formatter(ticker.NullFormatter())
        panel.set_xlabel(axis.unit, fontsize=8)
        panel.set_ylabel("CPU seconds" if axis.adds_up else "seconds", fontsize=8)
        panel.set_title(axis.name + (f": exponent {exponent:.2f}" if exponent is not None else ""), fontsize=9)
        panel.tick_params(labelsize=7, which="both")
        panel.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: pyplot.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
