"""Pictures of arrays that compare: a heat map, or a curve where there is one dimension, and a histogram."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from noiseaug.noise.scale import Array
from noiseaug.reports.spectrogram import coloured

_LARGEST = 1e300  # of larger values, differences are beyond float64
_FEW = 4  # of the last of several axes, if it is that of colours
_LOOKED_AT = 200_000  # values of which quantiles are taken
_STEPS = 75  # bars of a histogram
_PAPER, _BEFORE, _AFTER, _NAN = (238, 239, 242), (230, 120, 40), (54, 78, 124), (0, 168, 107)


@dataclass(frozen=True)
class Scales:
    """What pictures of the versions of one array have in common, so that they compare.

    Attributes:
        colours: the values of the darkest and of the brightest colour, and of the ends of a curve.
        edges: of the bars of histograms.
        columns: the mean and the std of each column, if columns are shown in units of their own.
    """

    colours: tuple[float, float]
    edges: Array
    columns: tuple[Array, Array] | None = None

    def of(self, array: Array) -> Array:
        """Return the values to show of an array: float64, of complex numbers the real parts."""
        values = _real(array)
        if self.columns is None:
            return values
        mean, std = self.columns
        with np.errstate(over="ignore", invalid="ignore"):
            of_columns: Array = (values - mean) / std
        return of_columns


def _real(array: Array) -> Array:
    values = np.atleast_1d(array.real if array.dtype.kind == "c" else array).astype(np.float64)
    return np.clip(values, -_LARGEST, _LARGEST, where=np.isfinite(values), out=values)


@np.errstate(over="ignore", invalid="ignore")  # of values beyond all measure
def scales_of(versions: Sequence[Array], *, each_column: bool = False) -> Scales:
    """Return the scales for the versions of an array, of one shape, the original first.

    Colours are those of the original, but for its extremes; histograms have room for all versions. With `each_column`,
    each column of the last axis is shown in units of its own standard deviation, from its own mean.
    """
    clean = _real(versions[0])
    columns = _columns(clean) if each_column and clean.ndim > 1 else None
    scales = Scales((0.0, 1.0), np.zeros(0), columns)
    looks = [_sample(scales.of(version)) for version in versions]
    low, high = _range(looks, 0.001)
    whole = all(version.dtype.kind in "iub" for version in versions) and columns is None
    if whole:  # each bar is of as many whole numbers
        width = max(np.ceil((high - low) / _STEPS), 1.0)
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + width, width)
    else:
        edges = np.linspace(low, high, _STEPS + 1)
    if clean.ndim < 2:  # a curve shows its extremes
        return Scales(_range(looks, 0.0), edges, columns)
    is_flat = not looks[0].size or looks[0].min() == looks[0].max()
    return Scales(_range(looks if is_flat else looks[:1], 0.005), edges, columns)


def _columns(values: Array) -> tuple[Array, Array]:
    rows = values.reshape(-1, values.shape[-1])
    finite = np.isfinite(rows)
    count = np.maximum(finite.sum(axis=0), 1)
    mean = np.where(finite, rows, 0).sum(axis=0) / count
    std = np.sqrt(np.square(np.where(finite, rows - mean, 0)).sum(axis=0) / count)
    is_known = np.isfinite(mean) & np.isfinite(std) & (std > 0)
    return np.where(is_known, mean, 0.0), np.where(is_known, std, 1.0)


def _sample(values: Array) -> Array:
    """Return some of the finite values."""
    some = values.reshape(-1)[:: -(-values.size // _LOOKED_AT) or 1]
    return some[np.isfinite(some)]


def _range(looks: Sequence[Array], beyond: float) -> tuple[float, float]:
    """Return two different values that nearly all values are between, but for a share at each end."""
    several = [look for look in looks if look.size]
    if not several:
        return 0.0, 1.0
    low = min(float(np.quantile(look, beyond, method="lower")) for look in several)
    high = max(float(np.quantile(look, 1 - beyond, method="higher")) for look in several)
    room = max(abs(low), abs(high)) * 1e-9 or 0.5
    return (low, high) if high - low > room else (low - room, high + room)


def first_slice(shape: tuple[int, ...], width: int, height: int) -> tuple[tuple[int | slice, ...], str]:
    """Return which part of an array a heat map of that many pixels shows, as an index and in words.

    It is the beginning of the first slice along the last two axes; along those before, if the last has four values or
    fewer, as colours have.

    >>> first_slice((10, 3, 300, 40), 200, 100)[1], first_slice((7, 32, 32, 3), 200, 100)[1]
    ('[0, 0, :100, :]', '[0, :, :, 0]')
    """
    last = (0,) if len(shape) > 2 and shape[-1] <= _FEW else ()
    first = (0,) * (len(shape) - 2 - len(last))
    rows, columns = shape[len(first) : len(first) + 2]
    parts = [":" if there <= shown else f":{shown}" for there, shown in ((rows, height), (columns, width))]
    text = ", ".join([*map(str, first), *parts, *map(str, last)])
    return (*first, slice(height), slice(width), *last), f"[{text}]"


def map_or_curve(values: Array, scales: Scales, width: int, height: int) -> Array:
    """Return a picture of an array as `Scales.of` gives it: uint8 in RGB, (height, width, 3) or a little smaller.

    A value is a pixel of a heat map, or a rectangle of several. What is NaN or infinite is green.
    """
    if values.ndim < 2:
        return _curve(values, scales.colours, width, height)
    part = values[first_slice(values.shape, width, height)[0]] if values.size else values.reshape(0)
    if not part.size:
        return _blank(width, height)
    low, high = scales.colours
    finite = np.isfinite(part)
    colours = coloured(np.clip((np.where(finite, part, low) - low) / (high - low), 0, 1))[..., ::-1]
    colours[~finite] = _NAN
    return colours.repeat(height // part.shape[0], 0).repeat(width // part.shape[1], 1)


def _curve(values: Array, limits: tuple[float, float], width: int, height: int) -> Array:
    """Return a curve: in each column of pixels a line from the least to the greatest of its values."""
    low, high = limits
    picture, edges = _blank(width, height), np.linspace(0, len(values), width + 1).astype(int)
    for column, (first, last) in enumerate(itertools.pairwise(edges)):
        part = values[first : max(last, first + 1)]
        part, several = part[np.isfinite(part)], part.size
        if part.size:
            ends = np.clip((part.max() - low) / (high - low), 0, 1), np.clip((part.min() - low) / (high - low), 0, 1)
            top, bottom = (round(float(1 - end) * (height - 3)) for end in ends)
            picture[top : bottom + 3, column] = _AFTER
        elif several:
            picture[:, column] = _NAN
    return picture


def histogram(values: Array, scales: Scales, width: int, height: int, before: Array | None = None) -> Array:
    """Return a histogram of an array as `Scales.of` gives it, uint8 in RGB; a line shows that of the array before."""
    picture = _blank(width, height)
    counts = _counts(values, scales.edges)
    most = max(counts.max(), 1) * 1.05
    places = np.linspace(0, width, len(counts) + 1).astype(int)
    gap = 1 if width // len(counts) > 3 else 0
    for count, left, right in zip(counts, places, places[1:], strict=False):
        top = height - max(round(count / most * height), 1 if count else 0)
        picture[top:, left : right - gap] = _BEFORE if before is None else _AFTER
    if before is not None:
        heights = np.minimum(_counts(before, scales.edges) / most, 1) * (height - 2)
        steps = [
            (x, round(height - 2 - tall))
            for tall, *ends in zip(heights, places, places[1:], strict=False)
            for x in ends
        ]
        cv2.polylines(picture, [np.array(steps, np.int32)], False, _BEFORE, 1)
    return picture


def _counts(values: Array, edges: Array) -> Array:
    found: Array = np.histogram(values[np.isfinite(values)], edges)[0]
    return found


def _blank(width: int, height: int) -> Array:
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _PAPER
    return picture
