"""The figures of a survey: plots, and the table of levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from noiseaug.reports.cards import asked_text, percent
from noiseaug.reports.distributions import Distribution
from noiseaug.reports.plots import Axis, histogram, powers_of_ten, scatter
from noiseaug.reports.rows import asked_std, number
from noiseaug.reports.survey import Level, Survey

_BARS = 36
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Plot(NamedTuple):
    """A plot with its title and what it says in words."""

    title: str
    caption: str
    svg: Markup


@dataclass(frozen=True)
class LevelRow:
    """A row of the table of levels, as texts."""

    kind: str
    name: str
    count: int
    asked: str
    off: str
    quality: str
    clipped: str


def plots(survey: Survey) -> list[Plot]:
    """Return the plots of all figures that the run has."""
    found = [*_asked_and_measured(survey)]
    for title, distribution, unit, mark in (
        ("Deviation from the request", survey.deviations, " %", 0.0),
        ("PSNR of images", survey.psnr, " dB", None),
        ("SNR of audio and arrays", survey.snr, " dB", None),
        ("Samples clipped", survey.clipped, " %", None),
    ):
        if distribution.count:
            found.append(_histogram(title, distribution, Axis(unit, mark=mark)))
    if survey.sizes.count:
        found.append(_histogram("Sizes of outputs", survey.sizes, Axis("", bytes_text, powers_of_ten)))
    return found


def _asked_and_measured(survey: Survey) -> list[Plot]:
    """Return measured strengths over those asked for, of the rows that were sampled."""
    stds, ratios = [], []
    for item in survey.sample.in_order():
        std, measured = asked_std(item.record), number(item.record, "noise_std")
        asked, ratio = number(item.record, "snr_db"), number(item.record, "snr_db_measured")
        if asked is not None and ratio is not None:
            ratios.append((asked, ratio))
        elif asked is None and std and measured is not None:
            stds.append((std, measured))
    found = []
    for title, points, unit in (
        ("Std, asked and measured", stds, "fractions of full scale"),
        ("SNR, asked and measured", ratios, "dB"),
    ):
        if points:
            caption = f"Measured (up) over asked for (across), in {unit}, of {len(points):,} sampled outputs."
            found.append(Plot(title, caption, scatter(points, f"{title}: {caption}")))
    return found


def _histogram(title: str, distribution: Distribution, axis: Axis) -> Plot:
    named, unit = axis.named, axis.unit
    low, middle, high = (named(_rounded(distribution.quantile(share))) for share in (0.05, 0.5, 0.95))
    least, most = named(_rounded(distribution.least)), named(_rounded(distribution.most))
    spread = f"90 % from {low}{unit} to {high}{unit}" if low != high else f"nearly all at {low}{unit}"
    caption = f"Median {middle}{unit}; {spread}; all from {least}{unit} to {most}{unit}."
    bars = distribution.bars(_BARS)
    return Plot(title, caption, histogram(bars, f"{title}: {caption}", axis))


def levels(survey: Survey) -> list[LevelRow]:
    """Return the table of levels."""
    return [_level_row(level) for level in survey.levels.values()]


def _level_row(level: Level) -> LevelRow:
    like, asked = {"kind": level.kind, "std_of": level.std_of}, ""
    if level.ratios.count:
        asked = _range(level.ratios, lambda value: f"{_rounded(value):g}", " dB")
    elif level.stds.count:
        asked = _range(level.stds, lambda value: asked_text(value, like), "")
    off = quality = clipped = ""
    if level.deviations.count:
        off = percent(level.deviations.quantile(0.5) / 100)
    if level.quality.count:
        quality = f"{level.quality.quantile(0.5):.1f} dB"
    if level.clipped.count:
        clipped = f"{_rounded(level.clipped.quantile(0.5)):g} %, at most {_rounded(level.clipped.most):g} %"
    return LevelRow(level.kind, level.name, level.count, asked, off, quality, clipped)


def _range(values: Distribution, named: Callable[[float], str], unit: str) -> str:
    least, most = named(values.least), named(values.most)
    return f"{least}{unit}" if least == most else f"{least} to {most}{unit}"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def bytes_text(exponent: float) -> str:
    """Return 10 to the power of `exponent` bytes for people.

    >>> bytes_text(3), bytes_text(6.5)
    ('1 kB', '3.16 MB')
    """
    value = 10.0**exponent
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            return f"{value:.3g} {unit}"
        value /= 1000
    return ""
