"""Noise on integers of 64 bits, which float64 does not hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noiseaug.noise.scale import Array

_SIGN = np.uint64(1 << 63)
_MOST = 2.0**64 - 2048  # the greatest float64 that fits into uint64


def add_wide(x: Array, y: Array, drawn: Array, limits: tuple[float, float] | None) -> int:
    """Put int64 or uint64 samples `x` with noise, as whole numbers, into `y`; return how many were out of range.

    The sum is exact and saturates at the limits. As the samples are whole numbers, this is the sum rounded once. The
    noise itself has the 53 bits of float64. All arrays have the shape (n,).
    """
    assert limits is not None
    signed = x.dtype.kind == "i"
    before = _unsigned(x, signed=signed)
    low, high = (np.uint64(int(limit) + ((1 << 63) if signed else 0)) for limit in limits)
    np.rint(drawn, out=drawn)
    down = drawn < 0
    size = np.minimum(np.abs(drawn), _MOST).astype(np.uint64)
    total = np.where(down, before - size, before + size)
    under, over = down & (size > before), ~down & (total < before)
    total[under], total[over] = low, high
    outside = under | over | (total < low) | (total > high)
    np.clip(total, low, high, out=total)
    y[...] = (total ^ _SIGN).view(np.int64) if signed else total
    return int(np.count_nonzero(outside))


def wide_change(x: Array, y: Array) -> NDArray[np.float64]:
    """Return y - x of int64 or uint64 arrays as float64, rounded once."""
    before, after = x.view(np.uint64), y.view(np.uint64)
    return np.where(y >= x, (after - before).astype(np.float64), -(before - after).astype(np.float64))


def _unsigned(x: Array, *, signed: bool) -> NDArray[np.uint64]:
    """Return the samples as unsigned numbers in the same order."""
    return x.view(np.uint64) ^ _SIGN if signed else x
