"""Spectrograms as pictures: short-time Fourier transform, power in dB, a colour map."""

from __future__ import annotations

import cv2
import numpy as np

from noiseaug.noise.scale import Array

_RANGE_DB = 90.0  # from the brightest to the darkest colour
_LEAST_DB = -120.0  # that can be brightest: silence is dark
# The colour map magma of matplotlib (Smith and van der Walt, CC0), at nine places from dark to bright, as RGB.
_MAGMA = (
    *((0, 0, 4), (28, 16, 68), (79, 18, 123), (129, 37, 129), (181, 54, 122), (229, 80, 100), (251, 135, 97)),
    *((254, 194, 135), (252, 253, 191)),
)


def power_db(samples: Array, columns: int, window: int = 512) -> Array:
    """Return the power of a recording over time and frequency.

    Args:
        samples: of one channel, as fractions of full scale, shape (num_samples,).
        columns: how many windows are spread evenly over the recording, of which the next may share a part.
        window: how many samples a window has, weighed by Hann's function.

    Returns:
        In dB, 0 for a sine of full scale; shape (window / 2 + 1, columns), the lowest frequency first.

    >>> tone = np.sin(2 * np.pi * np.arange(4096) / 8)
    >>> found = power_db(tone, 10)
    >>> found.shape, int(found[:, 5].argmax()), round(float(found.max()), 1)
    ((257, 10), 64, 0.0)
    """
    padded = np.zeros(max(len(samples), window))
    padded[: len(samples)] = samples
    starts = np.linspace(0, len(padded) - window, columns).astype(int)
    hann = np.hanning(window + 1)[:-1]
    frames = padded[starts[:, None] + np.arange(window)] * hann
    magnitudes = np.abs(np.fft.rfft(frames, axis=1)) * 2 / hann.sum()
    decibels: Array = 20 * np.log10(np.maximum(magnitudes, 1e-10)).T
    return decibels


def spectrogram(samples: Array, width: int, height: int, top_db: float | None = None) -> tuple[Array, float]:
    """Return a picture of a recording: time to the right, frequency upwards and evenly, brightness for power.

    Args:
        samples: of one channel, as fractions of full scale, shape (num_samples,).
        width, height: of the picture, in pixels.
        top_db: the power that is brightest; by default the greatest there is. Two pictures of one value compare.

    Returns:
        The pixels, uint8 in BGR, shape (height, width, 3), and the power that is brightest.
    """
    decibels = power_db(np.nan_to_num(samples), width)
    top = max(float(decibels.max()), _LEAST_DB) if top_db is None else top_db
    small = cv2.resize(decibels[::-1].astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return coloured(np.clip((small - top) / _RANGE_DB + 1, 0, 1)), top


def coloured(values: Array) -> Array:
    """Return a colour for each value from 0 (dark) to 1 (bright): uint8 in BGR, in a further dimension."""
    places = np.linspace(0, 1, len(_MAGMA))
    colours = np.array(_MAGMA, np.float64)[:, ::-1]
    channels = [np.interp(values, places, colours[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
