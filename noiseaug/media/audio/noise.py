"""Noise on recordings, piece after piece: by the lattice of the samples, or by real numbers that are rounded once."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noiseaug.media.audio.formats import Lattice
from noiseaug.media.audio.levels import Floats, fractions, running_sum
from noiseaug.media.output import Output
from noiseaug.noise.figures import Measured
from noiseaug.noise.gaussian import GaussianNoise, Noiser
from noiseaug.noise.sampling import Stream

Array = NDArray[Any]
Range = tuple[float, float]


class LatticeNoise:
    """Noise that `Noiser` adds: exact, and what `GaussianNoise` adds to arrays.

    Attributes:
        std: the standard deviation, as a fraction of full scale.
        clip: the range that samples are limited to, in fractions of full scale, or None.
    """

    def __init__(self, output: Output, std: float, lattice: Lattice) -> None:
        recipe = output.recipe
        self._noise = GaussianNoise(std, recipe.mean, recipe.clip, recipe.mono, recipe.seed)
        self._stream, self._lattice = Stream(output.key), lattice
        self._noiser = self._new_noiser()
        self.std, self.clip = self._noiser.std, self._noiser.clip

    def _new_noiser(self) -> Noiser:
        return Noiser(self._noise, self._stream, *self._lattice)

    @functools.cached_property
    def _passed_over(self) -> Noiser:
        return self._new_noiser()

    def add(self, block: Array, *, silent: bool = False) -> Array:
        """The samples (frames x channels) with noise; without any if `silent`, but the stream has moved on as far."""
        if silent:  # made, measured apart and dropped
            return np.zeros_like(self._passed_over.add(block, block.shape[1]))
        return self._noiser.add(block, block.shape[1])

    def measured(self) -> Measured:
        """The figures over all samples with noise so far."""
        return self._noiser.measured()


class RealNoise:
    """Noise in float64 that is rounded once: for what depends on the recording, is scaled, or becomes another kind.

    A table of `RoundedGaussian` takes 2 to 12 ms to make, as much as 200,000 to 2,000,000 of these samples, and with
    ratios each recording has a std of its own.

    Args:
        strength: standard deviations and means, one for all channels or one each; fractions of full scale.
        before: the lattice of the samples.
        after: that of the result.
        limit: the range that samples are limited to, in fractions of full scale, or None.
        gain: what samples and noise are multiplied with.

    Attributes:
        std: the standard deviation (root mean square over channels), as a fraction of full scale, before the gain.
        clip: the limit.
        reached: the least and the greatest sample that `reach` saw, but at most and at least 0.
    """

    def __init__(
        self,
        output: Output,
        strength: tuple[Floats, Floats],
        before: Lattice,
        after: Lattice,
        limit: Range | None,
        gain: float = 1.0,
    ) -> None:
        self._made_of = output, strength, before, after, limit
        self._stds, self._means = strength
        self._stream, self._mono = Stream(output.key), output.recipe.mono
        self._before, self._after, self.clip, self._gain = before, after, limit, gain
        self.std = float(self._stds[0]) if len(self._stds) == 1 else math.sqrt(np.square(self._stds).mean())
        self.reached = (0.0, 0.0)
        self._frames = self._outside = 0
        self._signal = self._sum = self._squares = np.zeros(1)

    def with_gain(self, gain: float) -> RealNoise:
        """The same noise, from its beginning, on samples that are then multiplied with `gain`."""
        return RealNoise(*self._made_of, gain)

    def add(self, block: Array, *, silent: bool = False) -> Array:
        """The samples (frames x channels) with noise; without any if `silent`, but the stream has moved on as far."""
        samples, total = self._sum_with_noise(block)
        if silent:
            return np.zeros(block.shape, self._after.dtype)
        samples *= self._gain
        total *= self._gain
        written = self._limited(self._rounded(total))
        self._tally(samples, written)
        if not self._after.steps:
            return written.astype(self._after.dtype)
        # Left-justified, as libsndfile takes integers. Beyond 2**53 nothing is, and in float64 the product is exact.
        written *= 2.0 ** (8 * np.dtype(self._after.dtype).itemsize - 1)
        return written.astype(self._after.dtype)

    def rehearse(self, block: Array, *, silent: bool = False) -> None:
        """As `add`, but only measures what noise there would be on as many samples if nothing were out of range."""
        nothing = np.zeros(block.shape)
        noise = self._sum_with_noise(np.zeros_like(block))[1]
        if not silent:
            self._tally(nothing, self._rounded(noise))

    def reach(self, block: Array, *, silent: bool = False) -> None:
        """As `add`, but only sees how far samples with noise, not limited, reach: the least and greatest, `reached`."""
        total = self._sum_with_noise(block)[1]
        if not silent:
            low, high = self.reached
            self.reached = min(low, float(total.min())), max(high, float(total.max()))

    def _sum_with_noise(self, block: Array) -> tuple[Floats, Floats]:
        samples = fractions(block, self._before)
        noise = self._stream.normals(np.empty((len(block), 1 if self._mono else block.shape[1])))
        return samples, samples + (noise * self._stds + self._means)

    def _rounded(self, total: Floats) -> Floats:
        steps = self._after.steps
        if steps:
            total *= steps
            np.rint(total, out=total)
            total /= steps
        return total

    def _limited(self, total: Floats) -> Floats:
        if self.clip is not None:
            low, high = self.clip
            self._outside += int(np.count_nonzero((total < low) | (total > high)))
            np.clip(total, low, high, out=total)
        return total

    @np.errstate(over="ignore", invalid="ignore")  # of samples beyond all measure, the figures are left out
    def _tally(self, before: Floats, after: Floats) -> None:
        self._frames += len(before)
        self._signal = self._signal + np.square(before).sum(axis=0)
        noise = after - before
        self._sum = self._sum + noise.sum(axis=0)
        self._squares = running_sum(self._squares, np.square(noise))

    def measured(self) -> Measured:
        """The figures over all samples with noise so far; the signal is that after the gain."""
        count = max(self._frames, 1) * len(self._squares)
        mean, square, signal = (math.fsum(sums) / count for sums in (self._sum, self._squares, self._signal))
        return Measured(
            noise_mean=figure(mean),
            noise_std=figure(math.sqrt(max(square - mean * mean, 0.0))),
            clipped=figure(self._outside / count) or 0.0,
            psnr_db=decibels(1.0, square),
            snr_db=decibels(signal, square),
        )

    def powers(self) -> Floats:
        """The mean square of the noise so far, of all channels together or of each, as the std is."""
        squares = self._squares / max(self._frames, 1)
        return squares if len(self._stds) > 1 else np.array([math.fsum(squares) / len(squares)])


Noise = LatticeNoise | RealNoise


def decibels(over: float, under: float) -> float | None:
    """10 log10(over / under), or None if that is not finite."""
    ratio = over / under if under > 0 else 0.0  # of extreme floats, 0 or infinite
    return figure(10 * math.log10(ratio)) if 0 < ratio < math.inf else None


def figure(value: float) -> float | None:
    """The value to six digits, as manifests have it, or None if it is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def gain_for(reached: Range, limit: Range) -> float:
    """The greatest gain, at most 1, that brings what was reached within the limits; 1 if none does.

    >>> gain_for((-0.5, 2.0), (-1.0, 1.0))
    0.5
    """
    (low, high), (bottom, top) = reached, limit
    if not bottom < 0 < top:
        return 1.0
    return min(1.0, bottom / low if low < 0 else 1.0, top / high if high > 0 else 1.0)


def limit_of(output: Output, lattice: Lattice) -> Range | None:
    """The range that samples are limited to, in fractions of full scale: as `Noiser` has it, but that of full scale for
    floats, too, if what clips is to be rescaled."""
    limit = output.noiser(0.0, *lattice).clip
    if limit is None and output.recipe.audio.on_clip == "rescale" and output.recipe.clip == "auto":
        return -1.0, 1.0
    return limit
