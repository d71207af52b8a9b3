"""Noise on samples in memory, of which nothing is measured: the same as of `Noiser`, in 0.8 to 0.95 of its time."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np

from noiseaug.noise.drawing import Draws
from noiseaug.noise.scale import Array, Terms

# Samples at a time, whole numbers and real ones. CPU time of 64 images of 224x224x3, one by one: 16k 1.2, 64k 1.07,
# 256k 1, 1M 1.01; as one array, 1.2, 1.03, 1, 1.1. Of 256,000 float32: 16k 1.02, 64k 1.
_WHOLE, _REAL = 1 << 18, 1 << 16

_DEPTHS = {"uint8": cv2.CV_8U, "int8": cv2.CV_8S, "uint16": cv2.CV_16U, "int16": cv2.CV_16S}


class _Kept(threading.local):
    """Memory for a block, which a thread uses again in the next call: by dtype and purpose."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, str], Array] = {}

    def room(self, purpose: str, dtype: np.dtype[Any], count: int) -> Array:
        """Return memory for so many numbers, which hold anything."""
        array = self._arrays.get((purpose, dtype.str))
        if array is None or array.size < count:
            array = self._arrays[purpose, dtype.str] = np.empty(count, dtype)
        return array[:count]


_kept = _Kept()


def add_unmeasured(samples: Array, noisy: Array, draws: Draws, terms: Terms, channels: int = 1) -> None:
    """Put samples with noise into `noisy`.

    Args:
        samples: of shape (n,), in native byte order.
        noisy: the same shape, of the dtype of `terms`; it may be the samples themselves.
        draws: the noise, at its beginning.
        terms: how the samples are computed with.
        channels: how many samples in a row share a value with `mono`.
    """
    block = _WHOLE if terms.tabled else _REAL
    draws.use(_kept.room("drawn", draws.dtype, min(block, samples.size)))
    step = max(block // channels, 1) * channels
    with np.errstate(invalid="ignore", over="ignore"):  # floats may be NaN or infinite, and stay so
        for start in range(0, samples.size, step):
            x, y = samples[start : start + step], noisy[start : start + step]
            drawn = draws.take(x.size, channels)
            (_add_whole if terms.tabled else _add_real)(x, y, drawn, terms)


def _add_whole(x: Array, y: Array, drawn: Array, terms: Terms) -> None:
    if terms.saturates:
        cv2.add(x.reshape(1, -1), drawn.reshape(1, -1), y.reshape(1, -1), dtype=_DEPTHS[terms.dtype.name])
        return
    total = np.right_shift(x, terms.spare_bits, out=_kept.room("sum", np.dtype(np.int32), x.size))
    total += drawn
    assert terms.limits is not None
    np.clip(total, *terms.limits, out=total)
    np.left_shift(total, terms.spare_bits, out=y, casting="unsafe")


def _add_real(x: Array, y: Array, drawn: Array, terms: Terms) -> None:
    if terms.spare_bits:
        x = x >> terms.spare_bits
    if terms.dtype == drawn.dtype and terms.limits is None:
        np.add(x, drawn, out=y)
        return
    drawn += x
    if terms.dtype.kind in "iu":
        np.rint(drawn, out=drawn)
    if terms.limits is not None:
        np.clip(drawn, *terms.limits, out=drawn)
    y[...] = drawn
    if terms.spare_bits:
        np.left_shift(y, terms.spare_bits, out=y)
