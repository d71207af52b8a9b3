"""What `GaussianNoise` does to arrays: which samples change, within which limits, from which numbers; the figures."""

from __future__ import annotations

import json
import math
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from noiseaug import GaussianNoise, Level
from noiseaug.noise import noiser as noising
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.sampling import RoundedGaussian, Stream, stream_key
from noiseaug.noise.scale import full_scale

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
    return np.rint(x + GaussianNoise(std, mean=mean)(np.zeros(x.shape)) * full_scale)


@given(
    array=npst.arrays(
        st.sampled_from(["uint8", "uint16", "int16", "int32"]), npst.array_shapes(max_dims=4, max_side=6)
    ),
    std=st.floats(0, 1),
    mean=st.floats(-1, 1),
)
@example(np.array([0, 255], np.uint8), 1.0, 1.0)
@example(np.array([-32768, 32767], np.int16), 1.0, -1.0)
@example(np.array([0, 65535], np.uint16), 0.0, -1.0)
@properties
def test_integers_saturate_and_never_wrap(array, std, mean):
    noisy = GaussianNoise(std, mean=mean)(array)
    limits = np.iinfo(array.dtype)
    expected = np.clip(before_limits(array, None, std, mean), limits.min, limits.max)
    assert noisy.dtype == array.dtype
    # One level of slack: float64 sums of other units may round a half the other way.
    assert np.all(np.abs(noisy.astype(np.float64) - expected) <= 1)


@each_path
def test_shape_and_dtype_are_kept_and_the_input_is_not_touched(dtype, bits, std):
    noise = GaussianNoise(std)
    for shape in ((5,), (4, 3), (4, 5, 3), (2, 4, 5, 3), (1,), (0,), (0, 3), (0, 5, 3)):
        array = samples(dtype, shape, bits)
        before = array.copy()
        array.flags.writeable = False
        noisy = noise(array, key="a", bits=bits)
        assert (noisy.shape, noisy.dtype) == (shape, array.dtype)
        assert not np.shares_memory(noisy, array)
        np.testing.assert_array_equal(array, before)


def test_a_single_number_keeps_its_shape():
    assert GaussianNoise(0.1)(np.array(5, np.uint8)).shape == ()


@pytest.mark.parametrize(("shape", "alpha"), [((2, 3, 0), False), ((2, 3, 1), True)])
def test_nothing_happens_where_there_are_no_colour_channels(shape, alpha):
    array = np.full(shape, 7, np.uint8)
    np.testing.assert_array_equal(GaussianNoise(0.1)(array, alpha=alpha), array)


@each_path
def test_memory_layout_and_byte_order_do_not_matter(dtype, bits, std):
    noise = GaussianNoise(std)
    array = samples(dtype, (8, 9, 3), bits)
    expected = noise(array[::2, ::-1], bits=bits)
    np.testing.assert_array_equal(noise(array[::2, ::-1].copy(), bits=bits), expected)
    np.testing.assert_array_equal(noise(np.asfortranarray(array[::2, ::-1]), bits=bits), expected)
    swapped = array[::2, ::-1].astype(np.dtype(dtype).newbyteorder(">"))
    np.testing.assert_array_equal(noise(swapped, bits=bits), expected)


@each_path
def test_std_0_changes_no_sample(dtype, bits, std):
    array = samples(dtype, (100, 100, 3), bits)
    np.testing.assert_array_equal(GaussianNoise(0)(array, bits=bits), array)


@pytest.mark.parametrize(("dtype", "bits"), [("int16", 8), ("int32", 24), ("int32", 16), ("int32", 20)])
@pytest.mark.parametrize("std", [0.01, 0.3])
def test_left_justified_integers_keep_their_low_bits_zero(dtype, bits, std):
    array = samples(dtype, (10_000,), bits)
    shift = np.iinfo(dtype).bits - bits
    noisy = GaussianNoise(std)(array, bits=bits)
    assert not np.any(noisy & ((1 << shift) - 1))
    top = 1 << (bits - 1)
    x = array >> shift if bits > 16 else (array >> shift).astype(np.int16)
    np.testing.assert_array_equal(noisy >> shift, np.clip(before_limits(x, bits, std), -top, top - 1))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "int64", "uint64", "float16", "complex64", "object"])
def test_other_dtypes_are_refused_by_name(dtype):
    with pytest.raises(
        TypeError, match=rf"samples are {dtype}; expected one of uint8, uint16, int16, int32, float32, float64"
    ):
        GaussianNoise(0.1)(np.zeros(3, dtype))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_alpha_is_left_alone_and_the_colours_do_not_notice_it(dtype):
    noise = GaussianNoise(0.2)
    picture = samples(dtype, (50, 40, 4))
    noisy = noise(picture, key="a.png", alpha=True)
    assert (noisy.shape, noisy.dtype) == (picture.shape, picture.dtype)
    np.testing.assert_array_equal(noisy[..., 3], picture[..., 3])
    np.testing.assert_array_equal(noisy[..., :3], noise(picture[..., :3], key="a.png"))
    grey = noise(picture[..., 2:], key="a.png", alpha=True)
    np.testing.assert_array_equal(grey[..., 1], picture[..., 3])
    np.testing.assert_array_equal(grey[..., :1], noise(picture[..., 2:3], key="a.png"))


@each_path
def test_mono_is_the_same_noise_on_all_channels(dtype, bits, std):
    grey = samples(dtype, (50, 40, 1), bits).repeat(3, axis=2)
    noisy = GaussianNoise(std, mono=True)(grey, key="a", bits=bits)
    np.testing.assert_array_equal(noisy, noisy[..., :1].repeat(3, axis=2))
    # One value is drawn a pixel, the next pixel takes the next.
    np.testing.assert_array_equal(noisy[..., 0], GaussianNoise(std)(grey[..., 0], key="a", bits=bits))


def test_mono_shares_over_the_channels_that_it_is_told():
    stereo = np.zeros((1000, 2), np.int16)
    noise = GaussianNoise(0.01, mono=True)
    left, right = noise(stereo, channels=2).T
    np.testing.assert_array_equal(left, right)
    left, right = noise(stereo).T  # a 2-D array is a grey picture unless said otherwise
    assert np.mean(left == right) < 0.01
    picture = noise(np.full((30, 20, 4), 100, np.uint8), alpha=True)
    assert np.ptp(picture[..., :3], axis=2).max() == 0
    assert np.unique(picture[..., 3]) == [100]


@pytest.mark.parametrize(
    ("dtype", "clip", "low", "high"),
    [
        ("uint8", (0.2, 0.8), 51, 204),
        ("uint8", (-3.0, 7.0), 0, 255),
        ("uint16", (0.2, 0.8), 13107, 52428),
        ("int16", (-0.5, 0.25), -16384, 8192),
        ("int32", (-0.5, 0.25), -(2**30), 2**29),
        ("float32", (0.0, 1.0), 0.0, 1.0),
        ("float64", (-0.1, 0.3), -0.1, 0.3),
    ],
)
def test_limits_hold_and_are_reached(dtype, clip, low, high):
    array = samples(dtype, (100, 100))
    noisy = GaussianNoise(0.2, clip=clip)(array)
    assert (noisy.min(), noisy.max()) == (low, high)
    np.testing.assert_array_equal(noisy, np.clip(GaussianNoise(0.2)(array), low, high))


def test_floats_are_not_limited_by_default():
    noisy = GaussianNoise(0.5)(np.ones(10_000, np.float32))
    assert noisy.min() < 0
    assert noisy.max() > 2


@pytest.mark.parametrize(
    ("dtype", "bits", "full_scale"),
    [
        ("uint8", None, 255),
        ("uint16", None, 65535),
        ("int16", None, 2**15),
        ("int32", None, 2**31),
        ("int32", 24, 2**31),
    ],
)
def test_integers_without_clipping_become_float_fractions_of_full_scale(dtype, bits, full_scale):
    array = samples(dtype, (100, 100), bits)
    noisy = GaussianNoise(0.2, clip="none")(array, key="a", bits=bits)
    assert noisy.dtype == np.float32
    fractions = array.astype(np.float32) / np.float32(full_scale)
    np.testing.assert_array_equal(noisy, GaussianNoise(0.2)(fractions, key="a"))
    assert noisy.min() < fractions.min()
    assert noisy.max() > fractions.max()


def test_alpha_becomes_a_fraction_too_where_nothing_is_clipped():
    noisy = GaussianNoise(0.2, clip="none")(samples("uint8", (5, 6, 4)), alpha=True)
    np.testing.assert_array_equal(noisy[..., 3], samples("uint8", (5, 6, 4))[..., 3] / np.float32(255))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"std": -0.1}, "-0.1 is not a standard deviation"),
        ({"std": math.nan}, "nan is not finite"),
        ({"std": 25}, "25 is above full scale; did you mean 25/255?"),
        ({"std": "noisy"}, "'noisy' is not a number"),
        ({"std": Level.parse("10", "snr")}, "snr10 is no standard deviation"),
        ({"std": 0.1, "mean": 1.5}, "1.5 is not a mean"),
        ({"std": 0.1, "mean": math.nan}, "nan is not a mean"),
        ({"std": 0.1, "clip": (1.0, 0.0)}, "1:0 is not a clipping range"),
        ({"std": 0.1, "clip": (0.0, math.inf)}, "0:inf is not a clipping range"),
        ({"std": 0.1, "clip": "always"}, "'always' is not a way to clip"),
    ],
)
def test_parameters_outside_their_domain_are_refused(arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        GaussianNoise(**arguments)


def test_a_strength_is_a_number_a_text_or_a_level():
    array = samples("uint8", (20, 20, 3))
    expected = GaussianNoise(25 / 255)(array)
    np.testing.assert_array_equal(GaussianNoise("25/255")(array), expected)
    np.testing.assert_array_equal(GaussianNoise(Level.parse("25/255"))(array), expected)


def test_the_noise_is_a_function_of_seed_key_and_copy():
    zeros = np.zeros(100)
    noise = GaussianNoise(0.1, seed=3)
    one = noise(zeros, key="a/b.wav", copy=2)
    np.testing.assert_array_equal(GaussianNoise(0.1, seed=3)(zeros, key="a/b.wav", copy=2), one)
    for other in (
        noise(zeros, key="a/b.wav", copy=3),
        noise(zeros, key="a/c.wav", copy=2),
        GaussianNoise(0.1, seed=4)(zeros, key="a/b.wav", copy=2),
    ):
        assert not np.any(other == one)


def test_a_key_may_be_a_name_that_is_not_text():
    name = os.fsdecode(b"caf\xe9.png")
    zeros = np.zeros(10)
    noise = GaussianNoise(0.1)
    np.testing.assert_array_equal(noise(zeros, key=name), noise(zeros, key=name))
    assert not np.any(noise(zeros, key=name) == noise(zeros, key="caf\xe9.png"))


@each_path
def test_the_global_generators_are_neither_read_nor_moved(dtype, bits, std):
    array = samples(dtype, (10, 10, 3), bits)
    noise = GaussianNoise(Level(std / 2, std))
    np.random.seed(1)
    random.seed(1)
    numpy_state, python_state = np.random.get_state(legacy=False), random.getstate()
    first = noise(array, bits=bits)
    assert random.getstate() == python_state
    np.testing.assert_equal(np.random.get_state(legacy=False), numpy_state)
    np.random.seed(2)
    random.seed(2)
    np.testing.assert_array_equal(noise(array, bits=bits), first)


@pytest.mark.parametrize("mono", [False, True])
@each_path
def test_samples_do_not_depend_on_how_they_are_cut(dtype, bits, std, mono):
    frames = samples(dtype, (3000, 3), bits)
    noise = GaussianNoise(std, mono=mono)

    def noiser() -> Noiser:
        return noise.noiser(Stream(stream_key(0, "a", 0)), dtype, bits)

    whole = noiser().add(frames, 3)

    @given(st.lists(st.integers(0, len(frames)), max_size=8).map(sorted))
    @example([1, 2, 3, 4, 5, 6, 7, 8])
    @settings(properties, max_examples=15)
    def cut(places: list[int]) -> None:
        fed = noiser()
        pieces = [fed.add(piece, 3) for piece in np.split(frames, places)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)

    cut()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("mono", [False, True])
@each_path
def test_samples_do_not_depend_on_the_block_size(monkeypatch, dtype, bits, std, mono, block):
    picture = samples(dtype, (20, 21, 3), bits)
    noise = GaussianNoise(std, mono=mono)
    whole = noise(picture, bits=bits)
    monkeypatch.setattr(noising, "BLOCK", block)
    np.testing.assert_array_equal(noise(picture, bits=bits), whole)


def six_digits(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def decibels(over: float, under: float) -> float:
    return 10 * math.log10(over / under) if over and under else math.inf


@each_path
def test_figures_do_not_depend_on_how_the_samples_are_cut(dtype, bits, std):
    array = samples(dtype, (2100,), bits)
    figures = set()
    for size in (1, 7, 100, 2100):
        noiser = GaussianNoise(std).noiser(Stream(stream_key(0, "a", 0)), dtype, bits)
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
    noise = GaussianNoise(std, **options)
    noiser = noise.noiser(Stream(stream_key(0, "", 0)), dtype, bits)
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
        assert measured.clipped == six_digits(fraction_outside(noise, x, bits, noiser.clip))


def fraction_outside(noise: GaussianNoise, x: np.ndarray, bits: int | None, clip: tuple[float, float] | None) -> float:
    if clip is None:
        return 0.0
    if x.dtype.kind == "f":
        free, unit = GaussianNoise(noise.std)(x), 1.0
    else:
        lattice = x >> (8 * x.dtype.itemsize - (bits or 8 * x.dtype.itemsize))
        free, unit = before_limits(lattice, bits, noise.level.low, noise.mean), full_scale(x.dtype, bits)
    return float(np.mean((free < round(clip[0] * unit, 6)) | (free > round(clip[1] * unit, 6))))


def test_figures_of_nothing_and_of_no_noise_are_none_where_they_are_not_finite():
    noiser = GaussianNoise(0).noiser(Stream("0" * 32), "uint8")
    for array in (np.zeros(0, np.uint8), np.zeros(100, np.uint8)):
        noiser.add(array)
        measured = noiser.measured()
        assert (measured.noise_mean, measured.noise_std, measured.clipped) == (0, 0, 0)
        assert (measured.psnr_db, measured.snr_db) == (None, None)


def golden_vectors() -> dict[str, list[float]]:
    """The first samples of a picture of two pixels and a bit, for every way to the noise."""
    vectors = {}
    for name, (dtype, bits, std) in PATHS.items():
        middle = {"uint8": 128, "uint16": 32768}.get(dtype, 0)
        array = np.full((3, 4), middle, dtype)
        for kind, noise in {
            "": GaussianNoise(std, seed=7),
            ", mono": GaussianNoise(std, seed=7, mono=True),
            ", mean": GaussianNoise(std, seed=7, mean=0.1),
            ", range": GaussianNoise(Level(0, std), seed=7),
        }.items():
            vectors[name + kind] = noise(array, key="dir/a.png", copy=1, bits=bits, channels=2).ravel().tolist()
    # Enough samples for cells of the table that hold a boundary, so that the refinements are pinned as well.
    long = GaussianNoise(0.01, seed=7)(np.full(40_000, 32768, np.uint16), key="dir/a.png", copy=1)
    vectors["sum of 40000, uint16 by table"] = [int(long.sum()), int((long[::2].astype(int) * long[1::2]).sum())]
    vectors["key"] = [stream_key(7, "dir/a.png", 1)]
    return vectors


def test_golden_vectors_have_not_moved():
    golden = json.loads(Path(__file__).with_name("golden.json").read_text())
    found = golden_vectors()
    assert sorted(found) == sorted(golden)
    moved = {name: (golden[name], found[name]) for name in golden if golden[name] != found[name]}
    assert not moved, (
        "the noise of a key is not what it was, so outputs of older versions cannot be made again. Golden vectors "
        f"change only together with a line in CHANGELOG. Name: (golden, found) = {moved}"
    )
