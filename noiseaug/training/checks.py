"""Whether floats are what they are taken for: fractions of full scale."""

from __future__ import annotations

import warnings

import numpy as np

from noiseaug.noise.scale import Array

_GLANCE = 4096
# The peak of floats beyond which full scale is perhaps not 1, and the share of the peak that noise then is at least.
_BEYOND, _VISIBLE = 2.0, 1 / 20
_warned = False


def check_floats(samples: Array, std: float) -> None:
    """Look whether 1.0 can be full scale to floats that get noise of this std, as nothing else was said.

    Raises:
        ValueError: if all are whole numbers of 0 to 255, and some above 1: pixels, on which nobody would see it.
    """
    if not samples.size or not std:
        return
    high = float(samples.max())
    low = float(samples.min())
    if 1 < high <= 255 and low >= 0 and _whole(samples.ravel()[:_GLANCE]) and _whole(samples):
        raise ValueError(
            f"the samples are {samples.dtype}, but whole numbers up to {high:g}: pixels, on which a std of {std:.3g} "
            f"would not be seen. Say full_scale=255 if 255 is white, or full_scale=1 if the std is meant so"
        )
    peak = max(high, -low)
    if _BEYOND < peak < np.inf and std < peak * _VISIBLE:
        _warn_once(f"the samples reach {peak:.3g}, and 1.0 is taken for full scale: the noise has a std of {std:.3g}. ")


def _whole(samples: Array) -> bool:
    return bool((samples == np.rint(samples)).all())


def _warn_once(what: str) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            what + "If that is too little, say full_scale=, which is what 1.0 means in the data; else full_scale=1",
            stacklevel=2,
        )
