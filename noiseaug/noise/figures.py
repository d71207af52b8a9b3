"""Figures of noise as it was added: what manifests say of it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What was done to one target's samples, before encoding. None stands where a figure is not finite.

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


def decibels(over: float, under: float) -> float:
    ratio = over / under if under > 0 else 0.0  # of extreme floats, 0 or infinite
    return 10 * math.log10(ratio) if 0 < ratio < math.inf else math.inf


def figure(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
