"""The noise is Gaussian: its distribution, its independence, and what levels of one copy have in common.

Seeds are fixed, so every outcome here is too: a test cannot fail by chance from one day to the next. Thresholds say how
likely a sampler without fault was to miss them when the seeds were chosen.
"""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from noiseaug import GaussianNoise

# RoundedGaussian is opened up because 10**7 samples cannot tell a distribution that is off by 1e-12; its table can.
from noiseaug.noise.sampling import RoundedGaussian
from noiseaug.noise.streams import Stream, stream_key
from support.noise_paths import noiser_of

NUM_SAMPLES = 40_000_000
CHUNK = 4_000_000

# About thirty cases are each missed by one correct sampler in 10**4, all together by one in 300: rare enough to believe
# a failure. A fault worth naming misses by far more: a mean off by 0.01 std or a variance off by 1 % gives p < 1e-10.
LEAST_P = 1e-4


class Case(NamedTuple):
    """Noise on `source` everywhere: integers in levels, limited to low..high. `bits` as for `GaussianNoise`."""

    dtype: str
    source: int
    low: int
    high: int
    std: float
    mean: float = 0.0
    bits: int | None = None

    @property
    def full_scale(self) -> float:
        return self.high if self.dtype.startswith("u") else 2.0 ** ((self.bits or 16) - 1)

    def noise(self, seed: int = 0) -> GaussianNoise:
        return GaussianNoise(std=self.std / self.full_scale, mean=self.mean / self.full_scale, seed=seed)


def uint8(std: float, mean: float = 0.0, source: int = 128) -> Case:
    return Case("uint8", source, 0, 255, std, mean)


def uint16(std: float, mean: float = 0.0) -> Case:
    return Case("uint16", 32768, 0, 65535, std, mean)


CASES = [
    *(uint8(std) for std in (0.3, 1, 3, 25, 80)),
    *(uint16(std) for std in (5, 80, 500, 6500)),
    Case("int16", -100, -32768, 32767, 80),
    Case("int32", 100, -2048, 2047, 80, bits=24),  # 2048 levels are 25 std: nothing lies outside
    uint8(0.3, mean=0.25),
    uint8(3, mean=-10.37),
    uint16(500, mean=-1000.6),
    uint16(6500, mean=2000.5),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.dtype}-std{c.std:g}-mean{c.mean:g}")


@functools.cache
def counts(case: Case) -> np.ndarray:
    """How many of NUM_SAMPLES results took each value from low to high."""
    shift = 8 * np.dtype(case.dtype).itemsize - case.bits if case.bits else 0
    source = np.full(CHUNK, case.source << shift, case.dtype)
    total = np.zeros(case.high - case.low + 1, np.int64)
    for copy in range(NUM_SAMPLES // CHUNK):
        result = case.noise()(source, key="grey.png", copy=copy, bits=case.bits) >> shift
        total += np.bincount(result.astype(np.int64) - case.low, minlength=total.size)
    return total


def probabilities(case: Case) -> np.ndarray:
    """Of each value from low to high; what lies beyond saturates. Each is computed in the tail where it is precise."""
    z = (np.arange(case.low, case.high) + 0.5 - case.source - case.mean) / case.std
    below, above = ndtr(z), ndtr(-z)
    inner = np.where(z[:-1] > 0, above[:-1] - above[1:], below[1:] - below[:-1])
    return np.concatenate([below[:1], inner, above[-1:]])


def noise_values(case: Case) -> np.ndarray:
    return np.arange(case.low, case.high + 1) - float(case.source)


def groups_of_at_least_ten(expected: np.ndarray) -> np.ndarray:
    """Where each group begins: one cell where ten or more samples are expected of it, else neighbours together."""
    starts, gathered = [0], 0.0
    for index, number in enumerate(expected):
        if gathered >= 10:
            starts.append(index)
            gathered = 0.0
        gathered += number
    return np.array(starts[:-1] if gathered < 10 else starts)


@each_case
def test_integers_have_the_distribution_of_the_rounded_gaussian(case):
    expected = probabilities(case) * NUM_SAMPLES
    starts = groups_of_at_least_ten(expected)
    observed, expected = np.add.reduceat(counts(case), starts), np.add.reduceat(expected, starts)
    chi_square = np.sum((observed - expected) ** 2 / expected)
    assert stats.chi2.sf(chi_square, len(starts) - 1) > LEAST_P
    if 6 * case.std < case.high - case.source:  # then the tails are inside, and must not have been lumped together
        tail = np.abs(noise_values(case)[starts] - case.mean) > 4 * case.std
        assert np.count_nonzero(tail) >= 2


@each_case
def test_mean_and_variance_are_those_of_the_theory(case):
    noise, observed, expected = noise_values(case), counts(case) / NUM_SAMPLES, probabilities(case)
    mean = np.sum(noise * expected)
    variance = np.sum((noise - mean) ** 2 * expected)
    if 5 * case.std < case.high - case.source and case.std >= 1:
        assert mean == pytest.approx(case.mean, abs=1e-4 * case.std)
        assert variance == pytest.approx(case.std**2 + 1 / 12, rel=1e-4)
    fourth_moment = np.sum((noise - mean) ** 4 * expected)
    found = np.sum(noise * observed)
    assert abs(found - mean) < 4 * math.sqrt(variance / NUM_SAMPLES)
    error = math.sqrt((fourth_moment - variance**2) / NUM_SAMPLES)
    assert abs(np.sum((noise - found) ** 2 * observed) - variance) < 4 * error


@pytest.mark.parametrize("mean", [0.0, -0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_get_normals_of_the_requested_mean_and_std(dtype, mean):
    noise = GaussianNoise(std=0.1, mean=mean)(np.zeros(CHUNK, dtype), key="").astype(np.float64)
    assert stats.kstest(noise, "norm", args=(mean, 0.1), method="asymp").pvalue > LEAST_P
    assert abs(noise.mean() - mean) < 4 * 0.1 / math.sqrt(noise.size)
    assert abs(noise.var() - 0.01) < 4 * 0.01 * math.sqrt(2 / noise.size)
    for z in (3, 4, 5):  # Kolmogorov-Smirnov hardly sees the tails
        beyond = np.count_nonzero(np.abs(noise - mean) > 0.1 * z)
        assert stats.binomtest(beyond, noise.size, 2 * ndtr(-z)).pvalue > LEAST_P


@pytest.mark.parametrize("levels", [0.3, 1, 3, 25])
@pytest.mark.parametrize(("source", "sign"), [(0, 1), (255, -1)], ids=["black", "white"])
def test_a_black_pixel_gains_0_399_std(source, sign, levels):
    case = uint8(levels, source=source)
    gain = GaussianNoise(std=levels / 255)(np.full(CHUNK, source, np.uint8), key="").astype(np.float64) - source
    k = np.arange(256)
    probability = probabilities(uint8(levels, source=0))
    mean = np.sum(k * probability)
    if levels >= 1:
        assert mean == pytest.approx(0.39894 * levels, rel=0.05 if levels == 1 else 0.006)
    error = math.sqrt(np.sum((k - mean) ** 2 * probability) / CHUNK)
    assert abs(gain.mean() - sign * mean) < 4 * error
    noiser = noiser_of(case.std / case.full_scale, "uint8")
    noiser.add(np.full(CHUNK, source, np.uint8))
    assert noiser.measured().clipped == pytest.approx(float(ndtr(-0.5 / levels)), abs=4 * 0.5 / math.sqrt(CHUNK))


STREAMS = pytest.mark.parametrize(
    ("dtype", "std"), [("uint8", 25 / 255), ("uint16", 0.005), ("uint16", 0.1), ("int32", 0.1), ("float32", 0.1)]
)
SHAPE = (1000, 1000, 3)


@functools.cache
def field(dtype: str, std: float, key: str = "a.png", copy: int = 0, seed: int = 0) -> np.ndarray:
    """Noise on a grey picture."""
    middle = 0.0 if dtype == "float32" else np.iinfo(dtype).max // 2 + 1 if dtype.startswith("u") else 0
    picture = np.full(SHAPE, middle, dtype)
    return GaussianNoise(std=std, seed=seed)(picture, key=key, copy=copy).astype(np.float64) - middle


def assert_unrelated(a: np.ndarray, b: np.ndarray) -> None:
    """No correlation of the values, nor of their magnitudes. By chance |r| > 4.5 / sqrt(n) once in 150 000."""
    for x, y in ((a, b), (np.abs(a), np.abs(b))):
        r = np.corrcoef(x.ravel(), y.ravel())[0, 1]
        assert abs(r) < 4.5 / math.sqrt(a.size)


@STREAMS
def test_channels_and_neighbours_are_unrelated(dtype, std):
    noise = field(dtype, std)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert_unrelated(noise[..., one], noise[..., other])
    assert_unrelated(noise[:, 1:], noise[:, :-1])
    assert_unrelated(noise[1:], noise[:-1])
    assert_unrelated(noise[1:, 1:], noise[:-1, :-1])


@STREAMS
def test_copies_files_and_seeds_are_unrelated(dtype, std):
    noise = field(dtype, std)
    assert_unrelated(noise, field(dtype, std, copy=1))
    assert_unrelated(noise, field(dtype, std, key="b.png"))
    for seed in (1, 65536, 1 << 32, -1):
        assert_unrelated(noise, field(dtype, std, seed=seed))


def test_consecutive_seeds_are_unrelated():
    fields = [field("uint8", 25 / 255, seed=seed) for seed in range(6)]
    for one, other in pairwise(fields):
        assert_unrelated(one, other)


def test_each_of_80_000_seeds_has_a_stream_of_its_own():
    seeds = range(-1000, 79_000)
    assert len({stream_key(seed, "a.png", 0) for seed in seeds}) == len(seeds)
    one = np.zeros(1)
    firsts = {float(GaussianNoise(std=1, seed=seed)(one, key="a.png")[0]) for seed in seeds}
    assert len(firsts) == len(seeds)
    assert stats.kstest(sorted(firsts), "norm").pvalue > LEAST_P


def test_keys_tell_seed_path_and_copy_apart():
    keys = {stream_key(seed, path, copy) for seed in (0, 1, 11) for path in ("", "0", "1", "11") for copy in (0, 1, 11)}
    assert len(keys) == 36


def test_a_range_is_drawn_from_uniformly_once_a_file():
    noise = GaussianNoise(std="0.1:0.3", return_std=True)
    drawn = [noise(np.zeros(1), key=f"{n}.png")[1] for n in range(20_000)]
    assert min(drawn) >= 0.1
    assert max(drawn) <= 0.3
    assert stats.kstest(drawn, "uniform", args=(0.1, 0.2)).pvalue > LEAST_P
    np.testing.assert_array_equal(
        noise(np.zeros(9), key="0.png")[0], GaussianNoise(std=drawn[0])(np.zeros(9), key="0.png")
    )


def test_levels_of_one_copy_share_one_realisation():
    silence = np.zeros(1_000_000, np.int16)
    weak, strong = (GaussianNoise(std=levels / 32768)(silence, key="a.wav").astype(int) for levels in (10, 40))
    assert stats.spearmanr(weak, strong).statistic > 0.999  # the rest is rounding
    # Both keep the order of the uniform numbers they come from, by their first 16 bits: no two samples that differ in
    # these change places from one level to the other.
    cells = Stream(stream_key(0, "a.wav", 0)).cells(silence.size)
    order = np.argsort(cells)
    starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
    for noise in (weak[order], strong[order]):
        assert np.all(np.maximum.reduceat(noise, starts)[:-1] <= np.minimum.reduceat(noise, starts)[1:])


def test_levels_of_one_copy_share_one_realisation_at_16_bits_too():
    grey = np.full(100_000, 32768, np.uint16)
    weak, strong = (GaussianNoise(std=std)(grey, key="a.png").astype(int) for std in (0.01, 0.03))
    assert stats.spearmanr(weak, strong).statistic > 0.999


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float_noise_is_proportional_to_the_level(dtype):
    silence = np.zeros(100_000, dtype)
    unit = GaussianNoise(std=0.125)(silence, key="a.wav")
    np.testing.assert_array_equal(GaussianNoise(std=0.5)(silence, key="a.wav"), 4 * unit)
    third = GaussianNoise(std=0.3)(silence, key="a.wav")
    np.testing.assert_allclose(third, unit * (0.3 / 0.125), rtol=4 * np.finfo(dtype).eps)


def exact_phi(z: Decimal) -> Decimal:
    """The normal distribution function as 1/2 + phi(z) (z + z**3/3 + z**5/15 + ...): no term cancels (Marsaglia)."""
    total = term = z
    odd = 1
    while abs(term) > Decimal("1e-60"):
        odd += 2
        term *= z * z / odd
        total += term
    two_pi = 2 * Decimal("3.141592653589793238462643383279502884197169399375105820974944592307816406286209")
    return Decimal("0.5") + total * (-z * z / 2).exp() / two_pi.sqrt()


STRENGTHS = [(0.3, 0.0), (1.0, 0.0), (3.0, -10.37), (25.0, 0.0), (80.0, 0.5), (500.0, -1000.6), (1000.0, 20_000.0)]


@pytest.mark.parametrize(("std", "mean"), STRENGTHS)
def test_the_table_is_the_rounded_gaussian_to_the_error_that_it_promises(std, mean):
    sampler = RoundedGaussian(std, mean)
    with localcontext() as context:
        context.prec = 70
        # P(sample <= k) by the sampler and by the theory, from the last k that is never drawn to the greatest that is.
        ours = [Decimal(0), *(Decimal(int(boundary)) / 2**64 for boundary in sampler._boundaries), Decimal(1)]
        zs = [(sampler._first + i - Decimal("0.5") - Decimal(mean)) / Decimal(std) for i in range(len(ours))]
        theory = [exact_phi(z) for z in zs]
        for z, our, true in zip(zs[1:-1], ours[1:-1], theory[1:-1], strict=True):
            # As precise in the tails as in the middle. The rounding of the argument of erfc counts z**2 times.
            smaller = min(true, 1 - true)
            assert abs(our - true) <= smaller * (1 + z * z) / 2**51 + Decimal(1) / 2**64
        differences = [a - b for a, b in zip(ours, theory, strict=True)]
        beyond = theory[0] + (1 - theory[-1])
        total_variation = (beyond + sum(abs(b - a) for a, b in pairwise(differences))) / 2
        promised = 4e-16 * std + (19 * std + 4) * 2**-65 + 2**-63
        assert promised < 1e-12
        assert total_variation < promised


@pytest.mark.parametrize(("std", "mean"), STRENGTHS)
def test_draws_are_the_inverse_of_the_distribution_function_at_64_uniform_bits(std, mean):
    sampler = RoundedGaussian(std, mean)
    key = stream_key(7, "a.png", 0)
    drawn = sampler.draw(Stream(key), np.empty(2_000_000, np.int16))
    # The same by brute force: a cell is undecided if the boundaries that its first and last U exceed are not the same.
    stream = Stream(key)
    lowest = stream.cells(drawn.size).astype(np.uint64) << np.uint64(48)
    fewest, most = (
        np.searchsorted(sampler._boundaries, uniform, side="right")
        for uniform in (lowest, lowest | np.uint64((1 << 48) - 1))
    )
    undecided = fewest != most
    assert undecided.any()
    uniform = lowest.copy()
    uniform[undecided] |= stream.refinements(np.count_nonzero(undecided)) >> np.uint64(16)
    expected = np.searchsorted(sampler._boundaries, uniform, side="right") + sampler._first
    np.testing.assert_array_equal(drawn, expected)
