"""The meaning of samples: their full scale, their significant bits and their limits."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from noiseaug.settings.level import Clip

Array = NDArray[Any]

# The dtypes of samples that get noise.
SUPPORTED = ("uint8", "uint16", "uint32", "int16", "int32", "float16", "float32", "float64")
# Those that arrays have, too, and images and audio do not.
OF_ARRAYS = ("int8", "int64", "uint64")


class Terms(NamedTuple):
    """The terms in which samples of one dtype are computed with: the same for all files of a run that are alike.

    Attributes:
        dtype: of the result, in native byte order.
        full_scale: what 1.0 means to the source.
        unit: full scale, in the units of the computation: 1 for floats, else in levels.
        spare_bits: how many bits of integers are below those that are significant.
        to_float: whether integers become fractions of full scale, first.
        tabled: whether the noise is drawn from a table of whole numbers.
        limits: the range that the result is limited to, in the units of the computation, or None.
        clip: the same in fractions of full scale.
        saturates: whether that is the whole range of an integer dtype of up to 16 bits.
    """

    dtype: np.dtype[Any]
    full_scale: float
    unit: float
    spare_bits: int
    to_float: bool
    tabled: bool
    limits: tuple[float, float] | None
    clip: tuple[float, float] | None
    saturates: bool

    def as_fractions(self, samples: Array) -> Array:
        """Return integers as float32 fractions of full scale."""
        fractions: Array = (samples >> self.spare_bits).astype(np.float32) / np.float32(self.full_scale)
        return fractions


@functools.lru_cache(maxsize=256)  # 6 us each, which small files have no time for
def terms_of(dtype: Any, bits: int | None, clip: Clip) -> Terms:
    """Return the terms of samples of `dtype`, of which so many bits are significant, with these limits.

    Raises:
        TypeError: if samples of this dtype get no noise.
        ValueError: if the bits do not fit the dtype.
    """
    source = np.dtype(dtype)
    if source.name not in SUPPORTED + OF_ARRAYS:
        raise TypeError(f"samples are {source.name}; expected one of {', '.join(SUPPORTED + OF_ARRAYS)}")
    width, scale = _significant_bits(source, bits), full_scale(source, bits)
    to_float = source.kind in "iu" and clip == "none"
    result = np.dtype(np.float32) if to_float else source.newbyteorder("=")
    whole = result.kind in "iu"
    unit = scale if whole else 1.0
    limits = _whole_limits(clip, unit, source.kind == "i") if whole else clip if isinstance(clip, tuple) else None
    return Terms(
        dtype=result,
        full_scale=scale,
        unit=unit,
        spare_bits=8 * source.itemsize - width,
        to_float=to_float,
        tabled=whole and width <= 16,
        limits=limits,
        clip=None if limits is None else (limits[0] / unit, limits[1] / unit),
        saturates=whole and source.itemsize <= 2 and limits == (np.iinfo(result).min, np.iinfo(result).max),
    )


def _whole_limits(clip: Clip, unit: float, signed: bool) -> tuple[int, int]:
    """Return the limits in levels, never beyond the range of the samples: so they saturate and cannot wrap."""
    bottom, top = (-int(unit), int(unit) - 1) if signed else (0, min(int(unit), (1 << 64) - 1))
    if not isinstance(clip, tuple):
        return bottom, top
    low, high = (min(max(round(limit * unit), bottom), top) for limit in clip)
    return low, high


def full_scale(dtype: Any, bits: int | None = None) -> float:
    """Return what 1.0 means for samples of `dtype`: its maximum if unsigned, 2**(bits-1) if signed, 1.0 if floating."""
    dtype = np.dtype(dtype)
    if dtype.kind == "u":
        return float(np.iinfo(dtype).max)
    return 2.0 ** ((bits or 8 * dtype.itemsize) - 1) if dtype.kind == "i" else 1.0


def _significant_bits(dtype: np.dtype[Any], bits: int | None) -> int:
    width = 8 * dtype.itemsize
    if bits is not None and not (2 <= bits <= width and (dtype.kind == "i" or bits == width)):
        raise ValueError(
            f"{bits} is not a number of significant bits of {dtype.name}; only signed integers have spare ones"
        )
    return bits or width
