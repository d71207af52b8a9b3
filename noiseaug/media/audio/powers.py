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


def relative_error(power: float, lattice: Lattice, samples: float) -> float:
    """Return the standard error, relative to `power`, of the mean square of so many samples of noise of that power.

    For Gaussian noise it is sqrt(2 / samples). Noise of much less than a step consists of rare steps, which add
    1 / power, in steps, to the 2.
    """
    rare = 1 / (power * lattice.steps**2) if lattice.steps else 0.0
    return math.sqrt((2 + rare) / max(samples, 1))
