"""Figures of noise as it was added, which manifests tell: summed over blocks, computed at the end, in six digits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from noiseaug.noise.scale import Array


class Measured(NamedTuple):
    """The figures of one target's noise, before encoding. None stands where a figure is not finite.

    Attributes:
        noise_mean: mean of (written - source), as a fraction of full scale.
        noise_std: standard deviation of (written - source), as a fraction of full scale.
        clipped: fraction of the samples whose noisy value lay outside the clipping range.
        psnr_db: 10 log10(full scale**2 / mean squared difference), in dB.
        snr_db: 10 log10(mean squared source / mean squared difference), pooled over channels, in dB.
    """

    noise_mean: float | None
    noise_std: float | None
    clipped: float
    psnr_db: float | None
    snr_db: float | None


@dataclass
class Sums:
    """The sums over all samples so far from which the figures are computed.

    Attributes:
        count: how many samples there were.
        outside: how many of them lay outside the clipping range.
        noise: the sum of (written - source).
        noise_squares: the sum of its squares.
        signal_squares: the sum of the squares of the source.
    """

    count: int = 0
    outside: int = 0
    noise: float = 0.0
    noise_squares: float = 0.0
    signal_squares: float = 0.0

    def add_whole(self, before: Array, after: Array, change: Array) -> None:
        """Add whole numbers, each array of shape (n,). `change` is after - before, and need not be set for uint8.

        OpenCV's sums take a tenth of the time of NumPy's in float64. Its norms are squares of roots, and exact when
        they are rounded. But its norm of two arrays errs on odd sizes of more than 8 bits.
        """
        before = before.reshape(1, -1)
        self.count += before.size
        self.signal_squares += round(cv2.norm(before, cv2.NORM_L2SQR))
        if before.dtype == np.uint8:
            after = after.reshape(1, -1)
            self.noise += cv2.sumElems(after)[0] - cv2.sumElems(before)[0]
            self.noise_squares += round(cv2.norm(after, before, cv2.NORM_L2SQR))
        else:
            change = change.reshape(1, -1)
            self.noise += cv2.sumElems(change)[0]
            self.noise_squares += round(cv2.norm(change, cv2.NORM_L2SQR))

    def add_real(self, before: Array, after: Array) -> None:
        """Add real numbers, or whole ones of more than 16 bits, both arrays of shape (n,)."""
        self.count += before.size
        values = before.astype(np.float64)
        self.signal_squares += _sum_of_squares(values)
        np.subtract(after, values, out=values)
        self.noise += float(values.sum())
        self.noise_squares += _sum_of_squares(values)

    def add_change(self, before: Array, change: Array) -> None:
        """Add whole numbers, and the change of each as float64, both of shape (n,)."""
        self.count += before.size
        self.signal_squares += _sum_of_squares(before.astype(np.float64))
        self.noise += float(change.sum())
        self.noise_squares += _sum_of_squares(change)

    def add_sums(self, other: Sums, unit: float) -> None:
        """Add the sums over other samples, whose full scale is `unit`, as fractions of it."""
        self.count += other.count
        self.outside += other.outside
        self.noise += other.noise / unit
        self.noise_squares += other.noise_squares / unit**2
        self.signal_squares += other.signal_squares / unit**2

    def measured(self, unit: float = 1.0, *, whole: bool = False) -> Measured:
        """Return the figures, to six digits, so that the order of summation does not show in them.

        Args:
            unit: full scale, in the units of the samples that were added.
            whole: the samples were whole numbers, whose variance is computed without cancellation.
        """
        count = self.count or 1
        mean, square, signal = (total / count for total in (self.noise, self.noise_squares, self.signal_squares))
        variance = square - mean * mean
        if whole and math.isfinite(self.noise_squares):
            variance = (int(self.noise_squares) * count - int(self.noise) ** 2) / count**2
        return Measured(
            noise_mean=six_digits(mean / unit),
            noise_std=six_digits(math.sqrt(max(variance, 0.0)) / unit),
            clipped=six_digits(self.outside / count) or 0.0,
            psnr_db=decibels(1.0, square / unit**2),
            snr_db=decibels(signal / unit**2, square / unit**2),
        )


def decibels(over: float, under: float) -> float | None:
    """Return 10 log10(over / under) to six digits, or None if that is not finite."""
    ratio = over / under if under > 0 else 0.0  # of extreme floats, 0 or infinite
    return six_digits(10 * math.log10(ratio)) if 0 < ratio < math.inf else None


def six_digits(value: float) -> float | None:
    """Return the value to six digits, or None if it is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _sum_of_squares(values: Array) -> float:
    return float(np.einsum("i,i->", values, values))  # not dot: BLAS would start threads
