"""Plots as SVG, drawn here: they take their colours from the page, and need no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from noiseaug.reports.distributions import Bar

_WIDTH, _HEIGHT = 360, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 8, 26
_MOST_TICKS = 6


def ticks(low: float, high: float, most: int = _MOST_TICKS) -> list[float]:
    """Return round numbers from `low` to `high`, at most so many: multiples of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 23)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    span = high - low
    if not span > 1e-12 * max(abs(low), abs(high), 1e-9):  # less than a float can tell
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(step * power for step in (1, 2, 5, 10, 20) if span / (step * power) <= most - 1)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def powers_of_ten(low: float, high: float) -> list[float]:
    """Return the logarithms of 1, 2 and 5 times powers of ten, from `low` to `high`, or of fewer where it is many.

    >>> [round(10**value) for value in powers_of_ten(3, 4)]
    [1000, 2000, 5000, 10000]
    """
    whole = range(math.floor(low), math.ceil(high) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [power + math.log10(factor) for power in whole for factor in factors]
        found = [value for value in found if low - 1e-9 <= value <= high + 1e-9]
        if len(found) <= _MOST_TICKS:
            return found
    return found[:: -(-len(found) // _MOST_TICKS)]


def plain(value: float) -> str:
    """Return a number for an axis.

    >>> plain(20.0), plain(-0.5), plain(12000)
    ('20', '\u22120.5', '12,000')
    """
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
    return text.replace("-", "\N{MINUS SIGN}")


class _Frame:
    """The area of a plot, with a linear scale each way, and what is drawn in it so far."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self._across, self._up = across, up
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """Return where a value is, from the left."""
        low, high = self._across
        return round(_LEFT + (value - low) / ((high - low) or 1) * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(self, value: float) -> float:
        """Return where a value is, from the top."""
        low, high = self._up
        return round(_HEIGHT - _BOTTOM - (value - low) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM), 2)

    def draw(self, part: str) -> None:
        """Add an element."""
        self._parts.append(part)

    def axes(self, across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]]) -> None:
        """Draw the scales, with a label at each of some values."""
        bottom = _HEIGHT - _BOTTOM
        for value, label in up:
            at = self.y(value)
            self.draw(f'<line class="grid" x1="{_LEFT}" y1="{at}" x2="{_WIDTH - _RIGHT}" y2="{at}"/>')
            self.draw(f'<text class="tick" x="{_LEFT - 6}" y="{at + 3.5}" text-anchor="end">{escape(label)}</text>')
        self.draw(f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{_WIDTH - _RIGHT}" y2="{bottom}"/>')
        for value, label in across:
            at = self.x(value)
            anchor = "end" if at > _WIDTH - 24 else "middle"
            self.draw(f'<line class="axis" x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 4}"/>')
            self.draw(f'<text class="tick" x="{at}" y="{bottom + 16}" text-anchor="{anchor}">{escape(label)}</text>')

    def svg(self, title: str) -> Markup:
        """Return the whole plot; the title is what a screen reader says."""
        opening = f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        return Markup("".join([opening, *self._parts, "</svg>"]))  # numbers, and texts that are escaped


class Axis(NamedTuple):
    """The values of a histogram.

    Attributes:
        unit: for what is shown on pointing at a bar.
        named: returns a value as a text.
        ticks: returns the values that get a label, of a range.
        mark: a value at which a line is drawn, if it is in range.
    """

    unit: str
    named: Callable[[float], str] = plain
    ticks: Callable[[float, float], list[float]] = ticks
    mark: float | None = None


def histogram(bars: Sequence[Bar], title: str, axis: Axis) -> Markup:
    """Return a histogram.

    Args:
        bars: from left to right, without gaps.
        title: what it shows, for those who do not see it.
        axis: what the values are.
    """
    low, high = bars[0].low, bars[-1].high
    most = max(bar.count for bar in bars)
    named, mark = axis.named, axis.mark
    frame = _Frame((low, high), (0, most))
    scale = [(value, f"{value:,.0f}") for value in ticks(0, most, 4) if value == int(value)]
    frame.axes([(value, named(value)) for value in axis.ticks(low, high)], scale)
    for bar in bars:
        left, right, top = frame.x(bar.low), frame.x(bar.high), frame.y(bar.count)
        if bar.count:
            said = f"{named(_short(bar.low))} to {named(_short(bar.high))}{axis.unit}: {bar.count:,}"
            gap = min(1.0, (right - left) / 4)
            frame.draw(
                f'<rect class="bar" x="{left:.2f}" y="{min(top, _HEIGHT - _BOTTOM - 1):.2f}" '
                f'width="{right - left - gap:.2f}" height="{max(_HEIGHT - _BOTTOM - top, 1):.2f}" rx="1">'
                f"<title>{escape(said)}</title></rect>"
            )
    if mark is not None and low <= mark <= high:
        at = frame.x(mark)
        frame.draw(f'<line class="mark" x1="{at}" y1="{_TOP}" x2="{at}" y2="{_HEIGHT - _BOTTOM}"/>')
    return frame.svg(title)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def scatter(points: Sequence[tuple[float, float]], title: str, named: Callable[[float], str] = plain) -> Markup:
    """Return measured values over those asked for, with the line on which both are equal.

    Args:
        points: pairs (asked for, measured), at least one.
        title: what it shows, for those who do not see it.
        named: returns a value as a text.
    """
    values = [value for point in points for value in point]
    low, high = min(0.0, *values), max(0.0, *values)
    high += (high - low) * 0.05 or 1.0
    frame = _Frame((low, high), (low, high))
    scale = [(value, named(value)) for value in ticks(low, high, 5)]
    frame.axes(scale, scale)
    frame.draw(
        f'<line class="mark" x1="{frame.x(low)}" y1="{frame.y(low)}" x2="{frame.x(high)}" y2="{frame.y(high)}"/>'
    )
    for asked, measured in dict.fromkeys((frame.x(asked), frame.y(measured)) for asked, measured in points):
        frame.draw(f'<circle class="dot" cx="{asked}" cy="{measured}" r="3"/>')
    return frame.svg(title)
