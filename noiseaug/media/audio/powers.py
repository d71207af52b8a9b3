"""From ratios to standard deviations: the power of a recording, and the noise whose power is so far below it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from noiseaug.media.audio.formats import Lattice
from noiseaug.media.audio.reading import Samples
from noiseaug.noise.scale import Array

Floats = NDArray[np.float64]
Counts = NDArray[np.int_]

# A stretch of the recording whose peak lies further below that of the whole is not active.
_ACTIVE = 10 ** (-60 / 20)
_STRETCHES_A_SECOND = 100
# The noise of a silent recording, where integers say nothing of its resolution: a step of 24 bits.
_FLOAT_FLOOR = 2.0**-23


def floor(lattice: Lattice) -> float:
    """Return one step of the lattice, as a fraction of full scale."""
    return 1 / lattice.steps if lattice.steps else _FLOAT_FLOOR


def fractions(block: Array, lattice: Lattice) -> Floats:
    """Return samples as exact fractions of full scale. Integers are left-justified in their dtype."""
    scaled = block.astype(np.float64)
    if lattice.bits:
        scaled *= 2.0 ** (1 - 8 * block.itemsize)
    return scaled


def powers(recording: Samples, reference: str) -> Floats:
    """Return the mean squares of the signal that an SNR refers to, as fractions of full scale squared.

    There is one of all channels together (`pooled`), one for each `channel`, or one of what is `active`: the stretches
    of 10 ms, counted from the beginning, in which some sample is at most 60 dB below the peak of the recording. Where
    long silence is kept, it does not count, as it has no noise either; active stretches count with all channels.
    """
    weighed = _active(recording) if reference == "active" else _heard(recording)
    channels = recording.sound.channels
    sums, frames = np.zeros(channels), np.zeros(channels, int)
    for squares, counts in weighed:
        frames += counts
        sums = running_sum(sums, squares)
    return mean_squares(sums, frames, each=reference == "channel")


def mean_squares(sums: Floats, frames: Counts, *, each: bool) -> Floats:
    """Return the mean of so many squares, which have these sums: of `each` channel, or of all together."""
    if each:
        return sums / np.maximum(frames, 1)
    return np.array([math.fsum(sums / (frames.mean() or 1.0)) / len(sums)])


def running_sum(so_far: Floats, values: Floats) -> Floats:
    """Return `so_far` with the rows of `values` added one by one, from the first to the last. `values` is overwritten.

    Unlike NumPy's sums and dot products, it is the same for blocks of any size and on any processor.
    """
    values[:1] += so_far
    total: Floats = np.cumsum(values, axis=0, out=values)[-1].copy()
    return total


def _heard(recording: Samples) -> Iterator[tuple[Floats, Counts]]:
    lattice = recording.sound.lattice
    for block, silent in recording.pieces():
        if not silent.all():
            yield np.square(fractions(block, lattice)), len(block) * ~silent


def _active(recording: Samples) -> Iterator[tuple[Floats, Counts]]:
    lattice = recording.sound.lattice
    stretch = max(round(recording.sound.rate / _STRETCHES_A_SECOND), 1)
    least = _ACTIVE * max((np.abs(fractions(block, lattice)).max() for block in recording.blocks()), default=0.0)
    for block in recording.blocks(stretch):
        samples = fractions(block, lattice)
        peaks = np.maximum.reduceat(np.abs(samples).max(axis=1), np.arange(0, len(samples), stretch))
        active = samples[np.repeat(peaks >= least, stretch)[: len(samples)]]
        if len(active):
            yield np.square(active), np.full(active.shape[1], len(active))


def std_of(power: float, mean: float, lattice: Lattice) -> float:
    """Return the std of noise with this mean whose mean square, rounded to the lattice, is `power`.

    It is 0 if no noise is so weak. All numbers are fractions of full scale.

    Rounding N(mean, std**2) to the lattice adds 1/12 of a squared step as long as std is above a step or so. Below, it
    takes nearly all away. So it is the second moment of the rounded noise that is inverted. The std has nine digits, so
    that the last digit of libm does not show in the noise.
    """
    if lattice.steps:
        wanted, mean = power * lattice.steps**2, mean * lattice.steps
        square = wanted - mean * mean - 1 / 12
        std = (math.sqrt(square) if square >= _ROUND_FROM**2 else _narrow_std(wanted, mean)) / lattice.steps
    else:
        std = math.sqrt(max(power - mean * mean, 0.0))
    return float(f"{std:.9g}")


# From this std in steps on, the second moment of rounded noise is std**2 + 1/12 to nine digits.
_ROUND_FROM = 1.5


def _narrow_std(wanted: float, mean: float) -> float:
    low, high = 0.0, 2 * _ROUND_FROM
    if _second_moment(low, mean) >= wanted:
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _second_moment(middle, mean) < wanted else (low, middle)
    return high


def _second_moment(std: float, mean: float) -> float:
    """Return E[round(N(mean, std**2))**2], in steps squared."""
    spread = std or math.ulp(0.0)
    reach = math.ceil(10 * std) + 1
    centre = round(mean)

    def below(k: int) -> float:
        return 0.5 * math.erfc((mean - k - 0.5) / spread / math.sqrt(2))

    values = range(centre - reach, centre + reach + 1)
    return math.fsum(k * k * (below(k) - below(k - 1)) for k in values)


def relative_error(power: float, lattice: Lattice, samples: float) -> float:
    """Return the standard error, relative to `power`, of the mean square of so many samples of noise of that power.

    For Gaussian noise it is sqrt(2 / samples). Noise of much less than a step consists of rare steps, which add
    1 / power, in steps, to the 2.
    """
    rare = 1 / (power * lattice.steps**2) if lattice.steps else 0.0
    return math.sqrt((2 + rare) / max(samples, 1))
