"""What the transform takes, what it gives back, and what its settings do."""

from __future__ import annotations

import multiprocessing
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from noiseaug import GaussianNoise
from support.commands import noiseaug
from support.corpus import photo, read_levels, sound, write_image, write_sound
from support.noise_paths import each_path, noiser_of, samples

NOISE = GaussianNoise(0.1, seed=3)
GREY = np.full((20, 30, 3), 128, np.uint8)


# The samples: those of `run`, on every way to them.


@pytest.mark.parametrize("clip", ["auto", "none", (0.2, 0.7)])
@pytest.mark.parametrize("mono", [False, True])
@each_path
def test_noise_that_is_not_measured_is_the_noise_that_is(dtype, bits, std, mono, clip):
    picture = samples(dtype, (300, 301, 3), bits)
    noise = GaussianNoise(std, mean=0.01, mono=mono, clip=clip, bits=bits)
    expected = noiser_of(std, dtype, bits, mean=0.01, mono=mono, clip=clip).add(picture, 3)
    np.testing.assert_array_equal(noise(picture, key=""), expected)


def test_float16_is_rounded_once():
    halves = samples("float16", (1000,))
    single = NOISE(halves.astype(np.float32), key="a")
    np.testing.assert_array_equal(NOISE(halves, key="a"), single.astype(np.float16))


# Where channels are.


@each_path
def test_the_noise_of_a_key_follows_the_channels(dtype, bits, std):
    noise = GaussianNoise(std, bits=bits)
    picture = samples(dtype, (8, 9, 3), bits)
    expected = noise(picture, key="a")
    for axis in (0, 1, -3):
        moved = noise(np.moveaxis(picture, -1, axis), key="a", channel_axis=axis)
        np.testing.assert_array_equal(np.moveaxis(moved, axis, -1), expected)
        assert moved.flags.c_contiguous
    np.testing.assert_array_equal(noise(picture[..., 0].copy(), key="a"), noise(picture[..., :1], key="a")[..., 0])


def test_mono_shares_a_value_between_channels_wherever_they_are():
    noisy = GaussianNoise(0.1, mono=True, channel_axis=0)(np.zeros((2, 500), np.float32))
    np.testing.assert_array_equal(*noisy)
    batch = GaussianNoise(0.1, mono=True, channel_axis=1, batch=True)(np.zeros((4, 3, 5, 6), np.float32))
    np.testing.assert_array_equal(batch, batch[:, :1].repeat(3, axis=1))
    assert len(np.unique(batch)) == 4 * 5 * 6


def test_alpha_stands_in_any_axis():
    picture = samples("uint8", (4, 20, 30))
    noisy = GaussianNoise(0.2, alpha=True, channel_axis=0)(picture, key="a")
    np.testing.assert_array_equal(noisy[3], picture[3])
    files = GaussianNoise(0.2, alpha=True)(np.moveaxis(picture, 0, -1), key="a")
    np.testing.assert_array_equal(noisy, np.moveaxis(files, -1, 0))


# Batches.


def test_a_batch_is_its_items_one_by_one():
    noise = GaussianNoise("0.05:0.3", p=0.7, return_std=True)
    batch = samples("uint8", (12, 8, 9, 3))
    keys = [f"{n}.png" for n in range(12)]
    noisy, stds = noise(batch, batch=True, keys=keys, copy=2)
    one_by_one = [noise(item, key=key, copy=2) for item, key in zip(batch, keys, strict=True)]
    np.testing.assert_array_equal(noisy, np.stack([item for item, _ in one_by_one]))
    assert stds.dtype == np.float32
    np.testing.assert_array_equal(stds, np.float32([std for _, std in one_by_one]))
    assert 0 < np.count_nonzero(stds) < 12
    np.testing.assert_array_equal(noisy[stds == 0], batch[stds == 0])


def test_the_items_of_a_batch_may_be_single_numbers():
    numbers = np.zeros(1000, np.float32)
    assert abs(NOISE(numbers, batch=True).std() - 0.1) < 0.02
    np.testing.assert_array_equal(
        NOISE(numbers[:3], batch=True, keys=["a", "b", "c"]),
        [NOISE(numbers[0, ...], key=key) for key in ("a", "b", "c")],
    )


def test_channels_of_a_batch_count_from_its_first_axis():
    batch = samples("float32", (4, 3, 8, 9))
    noisy = NOISE(batch, batch=True, keys=range(4), channel_axis=1)
    expected = NOISE(np.moveaxis(batch, 1, -1), batch=True, keys=range(4))
    np.testing.assert_array_equal(noisy, np.moveaxis(expected, -1, 1))


# Where noise goes, and where the result does.


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_mask_says_where_noise_goes(dtype):
    picture = samples(dtype, (20, 30, 3))
    where = np.zeros((20, 30), bool)
    where[5:, :20] = True
    noisy = NOISE(picture, key="a", mask=where)
    np.testing.assert_array_equal(noisy[~where], picture[~where])
    np.testing.assert_array_equal(noisy[where], NOISE(picture, key="a")[where])
    np.testing.assert_array_equal(NOISE(picture, key="a", mask=where[..., None]), noisy)
    planes = NOISE(np.moveaxis(picture, -1, 0), key="a", mask=where.astype(np.int64), channel_axis=0)
    np.testing.assert_array_equal(np.moveaxis(planes, 0, -1), noisy)


def test_the_padding_of_a_batch_stays_untouched():
    lengths = np.array([5, 100, 0])
    padded = np.zeros((3, 100), np.float32)
    valid = np.arange(100) < lengths[:, None]
    noisy = NOISE(padded, batch=True, mask=valid)
    np.testing.assert_array_equal(noisy != 0, valid)


@each_path
def test_the_result_goes_where_it_is_told(dtype, bits, std):
    noise = GaussianNoise(std, bits=bits)
    array = samples(dtype, (300, 301, 3), bits)
    expected = noise(array, key="a")
    place = np.empty_like(array)
    assert noise(array, key="a", out=place) is place
    np.testing.assert_array_equal(place, expected)
    strided = np.empty((300, 602, 3), dtype)[:, ::2]
    np.testing.assert_array_equal(noise(array, key="a", out=strided), expected)
    for more in ({}, {"mask": np.ones((300, 301), bool)}):
        changed = array.copy()
        np.testing.assert_array_equal(noise(changed, key="a", out=changed, **more), expected)
    for more in ({"p": 0.0}, {"training": False}):
        place[:] = 1
        np.testing.assert_array_equal(noise(array, out=place, **more), array)


def test_results_do_not_share_memory_with_each_other():
    results = [NOISE(GREY) for _ in range(3)]
    kept = [result.copy() for result in results]
    NOISE(GREY)
    for one, other in zip(results, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_training_the_very_object_comes_back():
    off = GaussianNoise(0.1, training=False)
    assert off(GREY) is GREY
    assert NOISE(GREY, training=False) is GREY
    result, std = off(GREY, return_std=True)
    assert result is GREY
    assert std == 0


# What 1.0 means.


def test_full_scale_says_what_1_means_to_floats():
    pixels = samples("uint8", (20, 30, 3)).astype(np.float32)
    noisy = GaussianNoise("25/255", full_scale=255)(pixels, key="a")
    fractions = GaussianNoise("25/255")(pixels / np.float32(255), key="a")
    np.testing.assert_allclose(noisy, fractions * 255, rtol=0, atol=1e-4)
    limited = GaussianNoise(0.2, full_scale=255, clip=(0.0, 1.0))(pixels)
    assert (limited.min(), limited.max()) == (0, 255)


def test_full_scale_says_how_many_bits_of_integers_count():
    grey = np.full((100, 100), 2048, np.uint16)
    noisy = GaussianNoise(0.5, full_scale=4095)(grey)
    assert (noisy.min(), noisy.max()) == (0, 4095)
    assert abs(GaussianNoise(0.01, full_scale=4095)(grey).std() - 40.95) < 2
    fractions = GaussianNoise(0.01, full_scale=4095, clip="none")(grey)
    assert fractions.dtype == np.float32
    assert abs(fractions.mean() - 2048 / 4095) < 0.001
    with pytest.raises(ValueError, match=re.escape("full_scale is 65535; samples of uint8 reach 255")):
        GaussianNoise(0.1, full_scale=65535)(GREY)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_that_are_pixels_are_refused_with_what_to_say(dtype):
    with pytest.raises(ValueError, match=re.escape("whole numbers up to 128: pixels")) as told:
        NOISE(GREY.astype(dtype))
    assert "Say full_scale=255 if 255 is white, or full_scale=1" in str(told.value)
    assert NOISE(GREY.astype(dtype), full_scale=255).dtype == dtype
    assert NOISE(GREY.astype(dtype), full_scale=1).dtype == dtype


def test_masks_fractions_and_pixels_with_a_fraction_are_not_taken_for_pixels():
    for floats in (np.eye(3), GREY / 255, np.zeros(3), np.full(3, np.nan), np.full(3, -1.0), np.zeros(0)):
        assert NOISE(floats).shape == floats.shape


def test_floats_far_beyond_1_get_one_warning(monkeypatch):
    from noiseaug.training import checks

    monkeypatch.setattr(checks, "_warned", False)
    log_mels = np.random.default_rng(0).uniform(-80, 0, (80, 50)).astype(np.float32)
    with pytest.warns(UserWarning, match=r"reach 80.* say full_scale="):
        NOISE(log_mels)
    with warnings.catch_warnings(action="error"):
        NOISE(log_mels)
        monkeypatch.setattr(checks, "_warned", False)
        NOISE(log_mels, full_scale=1)
        GaussianNoise(snr=10)(log_mels)
        NOISE(log_mels / 80)


# SNR and silence, as the command line does.


@pytest.mark.parametrize(
    ("subtype", "dtype", "bits"),
    [
        ("PCM_16", "int16", None),
        ("PCM_24", "int32", 24),
        ("PCM_32", "int32", None),
        ("FLOAT", "float32", None),
        ("DOUBLE", "float64", None),
    ],
)
@pytest.mark.parametrize("level", [("--snr", "10"), ("--snr", "3:20"), ("--std", "0.01")])
def test_an_snr_and_kept_silence_are_what_the_command_line_writes(source, dest, subtype, dtype, bits, level):
    recording = sound(12_000, 2)
    recording[3000:7000, 0] = 0
    recording[2500:6000, 1] = 0
    write_sound(source / "a.wav", recording, subtype)
    array = read_levels(source / "a.wav", dtype)
    assert noiseaug("run", source, dest, *level, "--keep-silence", "--seed", "5").returncode == 0
    expected = read_levels(dest / "a.wav", dtype)
    option, strength = level
    noise = GaussianNoise(**{option[2:]: strength}, seed=5, keep_silence=True, sample_rate=8000, bits=bits)
    np.testing.assert_array_equal(noise(array, key="a.wav", channel_axis=1), expected)
    np.testing.assert_array_equal(noise(array.T, key="a.wav", channel_axis=0), expected.T)


def test_an_snr_is_met_by_each_item_of_a_batch():
    batch = np.stack([sound(30_000)[:, 0] * loud for loud in (0.01, 0.1, 0.5)]).astype(np.float32)
    noisy, stds = GaussianNoise(snr=15, return_std=True)(batch, batch=True, keys=range(3))
    powers = np.square(batch).mean(axis=1) / np.square(noisy - batch).mean(axis=1)
    np.testing.assert_allclose(10 * np.log10(powers), 15, atol=0.02)
    np.testing.assert_allclose(stds, np.sqrt(np.square(batch).mean(axis=1) / 10**1.5), rtol=0.03)


def test_silence_and_nothing_have_no_snr_and_stay_as_they_are():
    for array in (np.zeros(100, np.float32), np.zeros((0, 2), np.int16), np.zeros(9, np.float16)):
        np.testing.assert_array_equal(GaussianNoise(snr=10)(array), array)


def test_an_snr_does_not_depend_on_what_1_means():
    tone = sound(20_000)[:, 0].astype(np.float32)
    noisy = GaussianNoise(snr=20)(tone, key="a")
    np.testing.assert_allclose(
        GaussianNoise(snr=20, full_scale=100)(tone * 100, key="a"), noisy * 100, rtol=0, atol=1e-3
    )


# Epochs.


def test_a_schedule_has_a_strength_for_each_epoch_and_the_last_goes_on():
    noise = GaussianNoise([0.0, "0.1", "0.2:0.3"], return_std=True)
    zeros = np.zeros(9)
    assert [noise(zeros, epoch=epoch)[1] for epoch in (0, 1)] == [0.0, 0.1]
    for epoch in (2, 3, 100):
        assert 0.2 <= noise(zeros, epoch=epoch)[1] <= 0.3
    with pytest.raises(ValueError, match=re.escape("3 strengths are a schedule, one an epoch: say epoch=")):
        noise(zeros)
    ratios = GaussianNoise(snr=[40, 10], return_std=True)
    first, second = (ratios(np.ones(9), epoch=epoch)[1] for epoch in (0, 1))
    assert first < second


def strength(noise: GaussianNoise) -> float:
    return noise(np.zeros(9), return_std=True)[1]


def test_workers_see_the_epoch_of_a_shared_value():
    fork = multiprocessing.get_context("fork")
    epoch = fork.Value("i", 0)
    noise = GaussianNoise([0.1, 0.2, 0.3], epoch=epoch)
    asked, told = fork.SimpleQueue(), fork.SimpleQueue()

    def work() -> None:
        while asked.get():
            told.put(strength(noise))

    worker = fork.Process(target=work)
    worker.start()
    found = []
    for number in range(3):
        epoch.value = number
        asked.put(True)
        found.append(told.get())
    asked.put(False)
    worker.join()
    assert found == [0.1, 0.2, 0.3]


# Pictures of Pillow.


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "F"])
def test_a_picture_comes_back_as_a_picture(mode):
    plain = Image.fromarray(samples("uint8", (20, 30, 4)), "RGBA")
    if mode == "I;16":
        picture = Image.fromarray(samples("uint16", (20, 30)))
    elif mode == "F":
        picture = Image.fromarray(samples("float32", (20, 30)))
    else:
        picture = plain.convert(mode)
    picture.info["dpi"] = (72, 72)
    before = np.array(picture)
    noisy = NOISE(picture, key="a")
    assert (type(noisy), noisy.mode, noisy.size, noisy.info) == (Image.Image, mode, (30, 20), {"dpi": (72, 72)})
    np.testing.assert_array_equal(np.asarray(picture), before)
    assert not np.array_equal(np.asarray(noisy), before)
    if mode.endswith("A"):
        np.testing.assert_array_equal(np.asarray(noisy)[..., -1], before[..., -1])


@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGB"), ("a.png", "RGBA"), ("g.png", "L"), ("d.png", "I;16")])
def test_a_picture_gets_the_noise_that_the_command_line_gives_its_file(source, dest, name, mode):
    array = photo(40, 50) if mode != "I;16" else photo(40, 50)[..., 0].astype(np.uint16) * 200
    if mode == "RGBA":
        array = np.dstack([array, array[..., 0]])
    write_image(source / name, array[..., 0] if mode == "L" else array)
    noiseaug("run", source, dest, "--std", "0.1", "--seed", "3")
    with Image.open(source / name) as picture, Image.open(dest / name) as written:
        assert picture.mode == mode
        np.testing.assert_array_equal(np.asarray(NOISE(picture, key=name)), np.asarray(written))


@pytest.mark.parametrize(
    ("mode", "better"), [("1", "L"), ("P", "RGB"), ("PA", "RGBA"), ("CMYK", "RGB"), ("HSV", "RGB"), ("I", "I;16")]
)
def test_pictures_whose_numbers_are_no_intensities_are_refused(mode, better):
    with pytest.raises(TypeError, match=re.escape(f"mode {mode}")) as told:
        NOISE(Image.new(mode, (3, 4)))
    assert f"image.convert('{better}')" in str(told.value)


@pytest.mark.parametrize("settings", [{"batch": True}, {"channel_axis": 0}, {"clip": "none"}])
def test_settings_that_pictures_cannot_follow_are_refused(settings):
    with pytest.raises(ValueError, match=re.escape("take noise(np.asarray(image))")):
        NOISE(Image.new("RGB", (3, 4)), **settings)


# What does not fit.


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([1, 2, 3], "samples are in a list; expected a NumPy array, torch tensor or Pillow image: take np.stack(x)"),
        ((GREY, 3), "samples are in a tuple"),
        ("a.png", "samples are in a str"),
        (None, "no samples are given"),
        ({"image": GREY}, "samples are in a dict"),
        (np.ma.masked_array([1.5], [True]), "samples are a masked array"),
        (np.float32(1), "samples are in a numpy float32"),
    ],
)
def test_what_holds_no_samples_is_refused(data, says):
    with pytest.raises(TypeError, match=re.escape(says)):
        NOISE(data)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"keys": ["a"]}, ValueError, "keys= goes with batch=True"),
        ({"key": "a", "batch": True}, ValueError, "a batch takes keys="),
        ({"keys": ["a"], "batch": True}, ValueError, "there are 1 keys for 20 items"),
        ({"keys": "a" * 20, "batch": True}, ValueError, "keys for 20 items; expected one for each"),
        ({"copy": 1}, ValueError, "copy= without a key"),
        ({"key": "a", "copy": -1}, ValueError, "copy is -1; expected 0 or more"),
        ({"key": "a", "copy": 1.5}, TypeError, "copy is 1.5; expected a whole number"),
        ({"epoch": "1"}, TypeError, "epoch is '1'; expected a whole number"),
        ({"key": 1.5}, TypeError, "key is 1.5; expected text"),
        ({"mask": np.ones(7, bool)}, ValueError, "the mask has shape (7,), the samples (20, 30, 3)"),
        ({"mask": np.ones((20, 30))}, TypeError, "the mask is float64; expected true or false"),
        ({"out": np.empty((20, 30, 3))}, TypeError, "out is float64; expected uint8"),
        ({"out": np.empty((20, 30), np.uint8)}, ValueError, "out has shape (20, 30); expected (20, 30, 3)"),
        ({"out": [1]}, TypeError, "out is a list; expected the like of the data"),
        ({"channel_axis": 3}, ValueError, "axis 3 is out of bounds"),
        ({"channel_axis": 0, "batch": True}, ValueError, "channel_axis=0 is the axis that counts the items"),
        ({"colour": 3}, TypeError, "'colour' is no setting"),
        ({"epoch": -1}, ValueError, "epoch is -1; expected 0 or more"),
        ({"keep_silence": True}, ValueError, "say sample_rate= too"),
        ({"snr": 10}, TypeError, "samples are uint8; snr= and keep_silence= are for audio"),
    ],
)
def test_a_call_that_does_not_fit_says_what_does(settings, error, says):
    with pytest.raises(error, match=re.escape(says)):
        NOISE(GREY, **settings)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({}, ValueError, "expected a strength: either std=, such as '25/255', or snr="),
        ({"std": 0.1, "snr": 10}, ValueError, "either std="),
        ({"std": True}, TypeError, "std is True; expected 0.1 or '25/255'"),
        ({"std": []}, ValueError, "std is empty"),
        ({"snr": {}}, TypeError, "snr is {}; expected a number"),
        ({"std": 0.1, "p": 1.5}, ValueError, "1.5 is no probability"),
        ({"std": 0.1, "p": "half"}, TypeError, "p is 'half'; expected a number"),
        ({"std": 0.1, "mean": "1/255"}, TypeError, "mean is '1/255'; expected a number"),
        ({"std": 0.1, "clip": (0, "a")}, TypeError, "clip is 'a'; expected a number"),
        ({"std": 0.1, "clip": (0, 1, 2)}, TypeError, "clip is (0, 1, 2); expected 'auto', 'none' or two numbers"),
        ({"std": 0.1, "bits": "24"}, TypeError, "bits is '24'; expected a whole number"),
        ({"std": 0.1, "channel_axis": "last"}, TypeError, "channel_axis is 'last'; expected a whole number"),
        ({"std": 0.1, "batch": "yes"}, TypeError, "batch is 'yes'; expected True or False"),
        ({"std": 0.1, "keep_silence": -1}, ValueError, "keep_silence is -1; expected 0 or more"),
        ({"std": 0.1, "sample_rate": 0}, ValueError, "sample_rate is 0; expected samples a second"),
        ({"std": 0.1, "seed": None}, TypeError, "seed is None; expected a whole number"),
        ({"std": 0.1, "full_scale": 0}, ValueError, "full_scale is 0; expected what 1.0 means"),
    ],
)
def test_settings_outside_their_domain_are_refused(settings, error, says):
    with pytest.raises(error, match=re.escape(says)):
        GaussianNoise(**settings)


def test_out_that_overlaps_the_data_is_refused():
    memory = np.zeros((21, 30, 3), np.uint8)
    with pytest.raises(ValueError, match="out shares a part of the memory"):
        NOISE(memory[:-1], out=memory[1:])
