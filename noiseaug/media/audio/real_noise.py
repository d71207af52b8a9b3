"""Noise on recordings by real numbers that are rounded once, for what `Noiser` does not do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from noiseaug.media.audio.formats import Lattice
from noiseaug.media.audio.powers import Floats, fractions, mean_squares, running_sum
from noiseaug.media.audio.silence import Channels
from noiseaug.media.output import WantedNoise
from noiseaug.noise.figures import Measured, Sums
from noiseaug.noise.scale import Array, terms_of
from noiseaug.noise.streams import Stream

Range = tuple[float, float]


@dataclass
class RealNoise:
    """Noise in float64 that is rounded once: for what depends on the recording, is scaled, or becomes another kind.

    A table of `RoundedGaussian` takes 2 to 12 ms to make, as much as 200,000 to 2,000,000 of these samples, and with
    ratios each recording has a std of its own.

    Attributes:
        output: the output that gets the noise, from the beginning of its random stream.
        stds, means: of the noise, one for all channels or one each; fractions of full scale.
        before: the lattice of the samples.
        after: the lattice of the result.
        gain: the factor by which samples and noise are multiplied.
        clip: the range that samples are limited to, in fractions of full scale, or None.
        std: the standard deviation (root mean square over channels), as a fraction of full scale, before the gain.
        reached: the least and the greatest sample that `reach` saw, but at most and at least 0.
    """

    output: WantedNoise
    stds: Floats
    means: Floats
    before: Lattice
    after: Lattice
    gain: float = 1.0

    def __post_init__(self) -> None:
        self._stream = Stream(self.output.key)
        self.clip = _limit_of(self.output, self.after)
        self.std = float(self.stds[0]) if len(self.stds) == 1 else math.sqrt(np.square(self.stds).mean())
        self.reached = (0.0, 0.0)
        self._frames, self._outside = np.zeros(1, int), 0
        self._signal = self._sum = self._squares = np.zeros(1)

    def add_but(self, samples: Array, silent: Channels) -> Array:
        """Return samples, shape (frames, channels), with the next noise on them; on `silent` channels, zeros.

        The stream moves on as far, and what is silent is not measured.
        """
        before = fractions(samples, self.before)
        total = self._with_noise(before)
        before *= self.gain
        total *= self.gain
        written = self._rounded(total)
        if self.clip is not None:
            low, high = self.clip
            self._outside += int(np.count_nonzero(((written < low) | (written > high)) & ~silent))
            np.clip(written, low, high, out=written)
        self._tally(before, written, silent)
        if not self.after.steps:
            return written.astype(self.after.dtype)
        # Left-justified, as libsndfile takes integers. Beyond 2**53 nothing is, and in float64 the product is exact.
        written *= 2.0 ** (8 * np.dtype(self.after.dtype).itemsize - 1)
        return written.astype(self.after.dtype)

    def rehearse(self, samples: Array, silent: Channels) -> None:
        """Measure the noise that there would be on as many samples if nothing were out of range."""
        nothing = np.zeros(samples.shape)
        self._tally(nothing, self._rounded(self._with_noise(nothing)), silent)

    def reach(self, samples: Array, silent: Channels) -> None:
        """See how far the samples with noise, not limited, reach: the least and the greatest, in `reached`."""
        total = self._with_noise(fractions(samples, self.before))
        total[:, silent] = 0
        low, high = self.reached
        self.reached = min(low, float(total.min())), max(high, float(total.max()))

    def _with_noise(self, samples: Floats) -> Floats:
        frames, channels = samples.shape
        drawn = self._stream.normals(np.empty((frames, 1 if self.output.recipe.mono else channels)))
        total: Floats = samples + (drawn * self.stds + self.means)
        return total

    def _rounded(self, total: Floats) -> Floats:
        steps = self.after.steps
        if steps:
            total *= steps
            np.rint(total, out=total)
            total /= steps
        return total

    @np.errstate(over="ignore", invalid="ignore")  # of samples beyond all measure, the figures are left out
    def _tally(self, before: Floats, after: Floats, silent: Channels) -> None:
        """Count samples and their noise. What is `silent` becomes so, and adds nothing."""
        after[:, silent] = 0
        self._frames = self._frames + len(before) * ~silent
        self._signal = self._signal + np.square(before).sum(axis=0)
        noise = after - before
        self._sum = self._sum + noise.sum(axis=0)
        self._squares = running_sum(self._squares, np.square(noise))

    def measured(self) -> Measured:
        """Return the figures over all samples with noise so far; the signal is that after the gain."""
        count = max(int(self._frames.sum()), 1)
        return Sums(count, self._outside, *map(math.fsum, (self._sum, self._squares, self._signal))).measured()

    def powers(self) -> Floats:
        """Return the mean square of the noise so far, of all channels together or of each, as the std is."""
        return mean_squares(self._squares, self._frames, each=len(self.stds) > 1)


def gain_for(reached: Range, limit: Range) -> float:
    """Return the greatest gain, at most 1, that brings what was reached within the limits; 1 if none does.

    >>> gain_for((-0.5, 2.0), (-1.0, 1.0))
    0.5
    """
    (low, high), (bottom, top) = reached, limit
    if not bottom < 0 < top:
        return 1.0
    return min(1.0, bottom / low if low < 0 else 1.0, top / high if high > 0 else 1.0)


def _limit_of(output: WantedNoise, lattice: Lattice) -> Range | None:
    """Return the range that samples of this lattice are limited to, in fractions of full scale, or None.

    It is that of `Noiser`, but floats are limited to full scale, too, if what clips is to be rescaled.
    """
    limit = terms_of(*lattice, output.recipe.clip).clip
    if limit is None and output.recipe.audio.on_clip == "rescale" and output.recipe.clip == "auto":
        return -1.0, 1.0
    return limit
