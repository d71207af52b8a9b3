"""The figures that are measured on the samples that were written."""

from __future__ import annotations

import math

import numpy as np
import pytest

from noiseaug.noise.scale import full_scale
from support.noise_paths import PATHS, before_limits, each_path, keyed, noiser_of, samples


def six_digits(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def decibels(over: float, under: float) -> float:
    return 10 * math.log10(over / under) if over and under else math.inf


@each_path
def test_figures_do_not_depend_on_how_the_samples_are_cut(dtype, bits, std):
    array = samples(dtype, (2100,), bits)
    figures = set()
    for size in (1, 7, 100, 2100):
        noiser = noiser_of(std, dtype, bits)
        for piece in np.split(array, range(size, len(array), size)):
            noiser.add(piece)
        figures.add(noiser.measured())
    assert len(figures) == 1


MEASURED = {
    **{name: (*path, {}) for name, path in PATHS.items() if name != "int32"},
    "int32, quiet": ("int32", None, 0.1, {"mean": 0.01}),
    "with a mean": ("uint8", None, 0.1, {"mean": -0.1}),
    "limits": ("uint8", None, 0.1, {"clip": (0.2, 0.7)}),
    "float limits": ("float32", None, 0.1, {"clip": (-0.5, 0.5)}),
    "no clipping": ("uint8", None, 0.1, {"clip": "none"}),
    "mono": ("int16", None, 0.01, {"mono": True}),
    "silent": ("int16", None, 0.0, {}),
    "int32, loud": ("int32", None, 0.1, {}),
}


@pytest.mark.parametrize(
    ("name", "dtype", "bits", "std", "options"),
    [pytest.param(name, *case, id=name) for name, case in MEASURED.items()],
)
def test_measured_figures_are_those_of_numpy(name, dtype, bits, std, options):
    x = samples(dtype, (300, 400, 3), bits)
    if "quiet" in name:
        x //= 64
    if "loud" in name:
        x[:] = -(2**31)
    noiser = noiser_of(std, dtype, bits, **options)
    y = noiser.add(x, 3)
    integer = x.dtype.kind in "iu"
    top = full_scale(dtype) if integer else 1.0
    signal = x / top
    written = y / top if y.dtype.kind in "iu" else y.astype(np.float64)
    if y.dtype.kind == "f" and integer:
        signal = signal.astype(np.float32).astype(np.float64)
    difference = written - signal
    measured = noiser.measured()
    assert measured.noise_mean == six_digits(difference.mean())
    assert measured.noise_std == six_digits(difference.std())
    assert measured.psnr_db == six_digits(decibels(1, np.mean(difference**2)))
    assert measured.snr_db == six_digits(decibels(np.mean(signal**2), np.mean(difference**2)))
    if not options.get("mono"):
        assert measured.clipped == six_digits(fraction_outside(std, options.get("mean", 0.0), x, bits, noiser.clip))


def fraction_outside(
    std: float, mean: float, x: np.ndarray, bits: int | None, clip: tuple[float, float] | None
) -> float:
    if clip is None:
        return 0.0
    if x.dtype.kind == "f":
        free, unit = keyed(std)(x), 1.0
    else:
        lattice = x >> (8 * x.dtype.itemsize - (bits or 8 * x.dtype.itemsize))
        free, unit = before_limits(lattice, bits, std, mean), full_scale(x.dtype, bits)
    return float(np.mean((free < round(clip[0] * unit, 6)) | (free > round(clip[1] * unit, 6))))


def test_figures_of_nothing_and_of_no_noise_are_none_where_they_are_not_finite():
    noiser = noiser_of(0, "uint8")
    for array in (np.zeros(0, np.uint8), np.zeros(100, np.uint8)):
        noiser.add(array)
        measured = noiser.measured()
        assert (measured.noise_mean, measured.noise_std, measured.clipped) == (0, 0, 0)
        assert (measured.psnr_db, measured.snr_db) == (None, None)
