"""What `GaussianNoise` does to arrays: which samples change, within which limits, from which numbers."""

from __future__ import annotations

import math
import os
import random
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from noiseaug import GaussianNoise, Level
from support.noise_paths import before_limits, each_path, keyed, noiser_of, properties, samples


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
    noisy = keyed(std, mean=mean)(array)
    limits = np.iinfo(array.dtype)
    expected = np.clip(before_limits(array, None, std, mean), limits.min, limits.max)
    assert noisy.dtype == array.dtype
    # One level of slack: float64 sums of other units may round a half the other way.
    assert np.all(np.abs(noisy.astype(np.float64) - expected) <= 1)


@each_path
def test_shape_and_dtype_are_kept_and_the_input_is_not_touched(dtype, bits, std):
    noise = keyed(std)
    for shape in ((5,), (4, 3), (4, 5, 3), (2, 4, 5, 3), (1,), (0,), (0, 3), (0, 5, 3)):
        array = samples(dtype, shape, bits)
        before = array.copy()
        array.flags.writeable = False
        noisy = noise(array, key="a", bits=bits)
        assert (noisy.shape, noisy.dtype) == (shape, array.dtype)
        assert not np.shares_memory(noisy, array)
        np.testing.assert_array_equal(array, before)


def test_a_single_number_keeps_its_shape():
    assert keyed(0.1)(np.array(5, np.uint8)).shape == ()


@pytest.mark.parametrize(("shape", "alpha"), [((2, 3, 0), False), ((2, 3, 1), True)])
def test_nothing_happens_where_there_are_no_colour_channels(shape, alpha):
    array = np.full(shape, 7, np.uint8)
    np.testing.assert_array_equal(keyed(0.1)(array, alpha=alpha), array)


@each_path
def test_memory_layout_and_byte_order_do_not_matter(dtype, bits, std):
    noise = keyed(std)
    array = samples(dtype, (8, 9, 3), bits)
    expected = noise(array[::2, ::-1], bits=bits)
    np.testing.assert_array_equal(noise(array[::2, ::-1].copy(), bits=bits), expected)
    np.testing.assert_array_equal(noise(np.asfortranarray(array[::2, ::-1]), bits=bits), expected)
    swapped = array[::2, ::-1].astype(np.dtype(dtype).newbyteorder(">"))
    np.testing.assert_array_equal(noise(swapped, bits=bits), expected)


@each_path
def test_std_0_changes_no_sample(dtype, bits, std):
    array = samples(dtype, (100, 100, 3), bits)
    np.testing.assert_array_equal(keyed(0)(array, bits=bits), array)


@pytest.mark.parametrize(("dtype", "bits"), [("int16", 8), ("int32", 24), ("int32", 16), ("int32", 20)])
@pytest.mark.parametrize("std", [0.01, 0.3])
def test_left_justified_integers_keep_their_low_bits_zero(dtype, bits, std):
    array = samples(dtype, (10_000,), bits)
    shift = np.iinfo(dtype).bits - bits
    noisy = keyed(std)(array, bits=bits)
    assert not np.any(noisy & ((1 << shift) - 1))
    top = 1 << (bits - 1)
    x = array >> shift if bits > 16 else (array >> shift).astype(np.int16)
    np.testing.assert_array_equal(noisy >> shift, np.clip(before_limits(x, bits, std), -top, top - 1))


@pytest.mark.parametrize("dtype", ["bool", "complex64", "object"])
def test_other_dtypes_are_refused_by_name(dtype):
    with pytest.raises(
        TypeError,
        match=rf"samples are {dtype}; expected one of uint8, uint16, uint32, int16, int32, float16, float32, ",
    ):
        keyed(0.1)(np.zeros(3, dtype))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_alpha_is_left_alone_and_the_colours_do_not_notice_it(dtype):
    noise = keyed(0.2)
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
    noisy = keyed(std, mono=True)(grey, key="a", bits=bits)
    np.testing.assert_array_equal(noisy, noisy[..., :1].repeat(3, axis=2))
    # One value is drawn a pixel, the next pixel takes the next.
    np.testing.assert_array_equal(noisy[..., 0], keyed(std)(grey[..., 0], key="a", bits=bits))


def test_mono_shares_over_the_channels_that_it_is_told():
    stereo = np.zeros((1000, 2), np.int16)
    noise = keyed(0.01, mono=True)
    left, right = noise(stereo, channel_axis=1).T
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
    noisy = keyed(0.2, clip=clip)(array)
    assert (noisy.min(), noisy.max()) == (low, high)
    np.testing.assert_array_equal(noisy, np.clip(keyed(0.2)(array), low, high))


def test_floats_are_not_limited_by_default():
    noisy = keyed(0.5)(np.ones(10_000, np.float32))
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
    noisy = keyed(0.2, clip="none")(array, key="a", bits=bits)
    assert noisy.dtype == np.float32
    fractions = array.astype(np.float32) / np.float32(full_scale)
    np.testing.assert_array_equal(noisy, keyed(0.2)(fractions, key="a"))
    assert noisy.min() < fractions.min()
    assert noisy.max() > fractions.max()


def test_alpha_becomes_a_fraction_too_where_nothing_is_clipped():
    noisy = keyed(0.2, clip="none")(samples("uint8", (5, 6, 4)), alpha=True)
    np.testing.assert_array_equal(noisy[..., 3], samples("uint8", (5, 6, 4))[..., 3] / np.float32(255))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"std": -0.1}, "-0.1 is not a standard deviation"),
        ({"std": math.nan}, "nan is not finite"),
        ({"std": 25}, "25 is above full scale; did you mean 25/255?"),
        ({"std": "noisy"}, "'noisy' is not a number"),
        ({"std": Level.parse("10", "snr")}, "snr10 is no std; say snr="),
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
    expected = keyed(25 / 255)(array)
    np.testing.assert_array_equal(keyed("25/255")(array), expected)
    np.testing.assert_array_equal(keyed(Level.parse("25/255"))(array), expected)


def test_the_noise_is_a_function_of_seed_key_and_copy():
    zeros = np.zeros(100)
    noise = keyed(0.1, seed=3)
    one = noise(zeros, key="a/b.wav", copy=2)
    np.testing.assert_array_equal(keyed(0.1, seed=3)(zeros, key="a/b.wav", copy=2), one)
    for other in (
        noise(zeros, key="a/b.wav", copy=3),
        noise(zeros, key="a/c.wav", copy=2),
        keyed(0.1, seed=4)(zeros, key="a/b.wav", copy=2),
    ):
        assert not np.any(other == one)


def test_a_key_may_be_a_name_that_is_not_text():
    name = os.fsdecode(b"caf\xe9.png")
    zeros = np.zeros(10)
    noise = keyed(0.1)
    np.testing.assert_array_equal(noise(zeros, key=name), noise(zeros, key=name))
    assert not np.any(noise(zeros, key=name) == noise(zeros, key="caf\xe9.png"))


@each_path
def test_the_global_generators_are_neither_read_nor_moved(dtype, bits, std):
    array = samples(dtype, (10, 10, 3), bits)
    noise = keyed(Level(std / 2, std))
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
    whole = noiser_of(std, dtype, bits, mono=mono).add(frames, 3)

    @given(st.lists(st.integers(0, len(frames)), max_size=8).map(sorted))
    @example([1, 2, 3, 4, 5, 6, 7, 8])
    @settings(properties, max_examples=15)
    def cut(places: list[int]) -> None:
        fed = noiser_of(std, dtype, bits, mono=mono)
        pieces = [fed.add(piece, 3) for piece in np.split(frames, places)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)

    cut()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("mono", [False, True])
@each_path
def test_samples_do_not_depend_on_the_block_size(dtype, bits, std, mono, block):
    """The picture by itself is worked on in three blocks of 2^17 samples."""
    picture = samples(dtype, (300, 301, 3), bits)
    noise = keyed(std, mono=mono)
    noiser = noiser_of(std, dtype, bits, mono=mono)
    pieces = np.split(picture.reshape(-1, 3), range(block, 60 * block, block))
    cut = np.concatenate([noiser.add(piece, 3) for piece in pieces])
    np.testing.assert_array_equal(noise(picture, bits=bits), cut.reshape(picture.shape))
