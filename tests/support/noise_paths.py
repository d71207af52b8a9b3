"""Every way in which samples get their noise, by dtype, bits and std; samples for them, and the sums to expect."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import settings

from noiseaug import GaussianNoise
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.sampling import RoundedGaussian
from noiseaug.noise.scale import terms_of
from noiseaug.noise.streams import Stream, stream_key

# Every dtype, and every way to its noise: (dtype, significant bits, std).
PATHS = {
    "uint8": ("uint8", None, 25 / 255),
    "uint16 by table": ("uint16", None, 0.01),
    "uint16 wide": ("uint16", None, 0.1),
    "int16": ("int16", None, 0.01),
    "int16 of 8 bits": ("int16", 8, 0.1),
    "int32": ("int32", None, 0.1),
    "int32 of 24 bits": ("int32", 24, 0.1),
    "int32 of 16 bits": ("int32", 16, 0.01),
    "float32": ("float32", None, 0.1),
    "float64": ("float64", None, 0.1),
}

each_path = pytest.mark.parametrize(("dtype", "bits", "std"), PATHS.values(), ids=PATHS.keys())
properties = settings(deadline=None, derandomize=True, max_examples=60)


def keyed(*settings: object, **more: object) -> functools.partial:
    """The noise of one key, unless a call says another."""
    return functools.partial(GaussianNoise(*settings, **more), key="")


def noiser_of(std: float, dtype: str, bits: int | None = None, **settings) -> Noiser:
    """What `run` adds the noise of one key with; `settings` are mean, clip and mono."""
    terms = terms_of(dtype, bits, settings.pop("clip", "auto"))
    return Noiser(Stream(stream_key(0, "", 0)), terms, std, **settings)


def samples(dtype: str, shape: tuple[int, ...], bits: int | None = None, seed: int = 0) -> np.ndarray:
    """Samples over the full range of `dtype`, left-justified if only `bits` are significant."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(-1, 1, shape).astype(dtype)
    limits = np.iinfo(dtype)
    drawn = generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return drawn if bits is None else drawn >> (limits.bits - bits) << (limits.bits - bits)


def before_limits(x: np.ndarray, bits: int | None, std: float, mean: float = 0.0) -> np.ndarray:
    """x + noise in levels, not limited, for integers `x` in levels of `bits`.

    Up to 16 bits from the sampler itself, as no container shows what it saturates; else from float64.
    """
    bits = bits or 8 * x.dtype.itemsize
    full_scale = 2.0**bits - 1 if x.dtype.kind == "u" else 2.0 ** (bits - 1)
    if bits <= 16:
        sampler = RoundedGaussian.of(std * full_scale, mean * full_scale)
        drawn = sampler.draw(Stream(stream_key(0, "", 0)), np.empty(x.size, np.int16))
        return x + drawn.reshape(x.shape).astype(np.float64)
    return np.rint(x + keyed(std, mean=mean)(np.zeros(x.shape)) * full_scale)
