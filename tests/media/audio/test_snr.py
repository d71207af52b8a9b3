"""Noise by its ratio to the signal, what silence gets, and what becomes of samples that would be out of range."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from noiseaug.media.audio import reading as audio_reading
from noiseaug.media.audio.formats import Lattice
from noiseaug.media.audio.silence import pieces
from noiseaug.noise.ratios import std_of
from support.commands import within
from support.corpus import sound, write_sound
from support.recordings import ratios, read, seen, snr_of
from support.trees import failures, manifest, tree

RATE = 8000
SUBTYPES = ["PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ULAW"]


def speech(frames: int = RATE, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Quiet, uneven, with pauses that are not quite silent; within +-0.1."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0, 1, frames // 100 + 1) ** 3, 100)[:frames, None]
    return np.clip(rng.normal(0, 0.02, (frames, channels)) * loudness, -0.1, 0.1)


def one(dest):
    (row,) = manifest(dest).values()
    return row


# The ratio


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("snr", ["-5", "0", "10", "30"])
def test_the_ratio_of_a_second_is_what_was_asked_for_within_a_tenth_of_a_decibel(source, dest, subtype, snr):
    """Left to chance, the noise of 8000 samples is off by more than that in one of seven recordings."""
    for seed in range(12):
        write_sound(source / f"{seed}.wav", speech(seed=seed), subtype, rate=RATE)
    ratios(source, dest, snr)
    for name, row in manifest(dest).items():
        assert row["snr_db"] == float(snr)
        assert row["snr_db_measured"] == pytest.approx(float(snr), abs=0.02)
        assert row["clipped"] == 0 and row["silent"] is False
        if subtype != "ULAW":
            assert snr_of(read(source / name), read(dest / name)) == pytest.approx(float(snr), abs=0.02)


def test_a_ratio_near_the_step_of_8_bits_is_met_with_the_noise_of_rounding_in_it(source, dest):
    for seed in range(5):
        write_sound(source / f"{seed}.wav", sound(RATE, seed=seed), "PCM_U8", rate=RATE)
    for snr in ("20", "30", "35"):
        ratios(source, dest / snr, snr)
        for row in manifest(dest / snr).values():
            assert row["snr_db_measured"] == pytest.approx(float(snr), abs=0.1)


def test_the_ratio_of_a_long_recording_needs_no_rehearsal(source, dest):
    write_sound(source / "a.wav", speech(600_000), "PCM_16", rate=RATE)
    ratios(source, dest, "12")
    assert one(dest)["snr_db_measured"] == pytest.approx(12, abs=0.05)


@settings(deadline=None, max_examples=60)
@given(st.floats(1e-3, 1e6), st.floats(-3, 3))
def test_rounded_noise_has_the_power_that_its_std_was_chosen_for(power, mean):
    """Sampled; in steps of 16 bits."""
    assume(abs(mean % 1 - 0.5) > 0.01)  # a mean between two steps is rounded to either, at std 0
    assume(abs(mean % 1 - 0.5) > 1e-6)  # there NumPy rounds to even, and the sampler draws either
    lattice = Lattice("int16", 16)
    unit = 2.0**15
    std = std_of(power / unit**2, mean / unit, lattice.steps) * unit
    drawn = np.rint(np.random.default_rng(0).normal(mean, std, 400_000))
    if std > 0:
        assert np.square(drawn).mean() == pytest.approx(power, rel=0.02 + 5 / np.sqrt(400_000 * min(power, 1)))
    else:
        assert power <= round(mean) ** 2 + 1e-9 or power < 0.09


def test_a_range_is_drawn_from_once_a_file_in_decibels(source, dest):
    for seed in range(40):
        write_sound(source / f"{seed}.wav", speech(seed=seed), "PCM_16", rate=RATE)
    ratios(source, dest, "-5:30")
    asked = [row["snr_db"] for row in manifest(dest).values()]
    assert len(set(asked)) == 40 and -5 <= min(asked) < 2 and 23 < max(asked) <= 30
    for row in manifest(dest).values():
        assert row["snr_db_measured"] == pytest.approx(row["snr_db"], abs=0.1)


def test_the_same_noise_at_every_ratio(source, dest):
    write_sound(source / "a.wav", speech(), "DOUBLE", rate=RATE)
    noises = []
    for snr in ("0", "20"):
        ratios(source, dest / snr, snr)
        noises.append((read(dest / snr / "a.wav") - read(source / "a.wav")).ravel())
    assert np.allclose(noises[0], 10 * noises[1], rtol=1e-6, atol=1e-9)


def test_the_command_line_takes_ratios_several_and_negative_ones(source, dest):
    write_sound(source / "a.wav", speech(), "PCM_16", rate=RATE)
    assert within("run", source, dest, "--snr", "10", "--snr=-5", "--snr-reference", "active").returncode == 0
    rows = manifest(dest)
    assert {row["snr_db"] for row in rows.values()} == {10, -5}
    for row in rows.values():
        assert row["snr_db_measured"] == pytest.approx(row["snr_db"], abs=0.05)


def test_the_standard_deviation_that_a_ratio_takes_is_told_in_six_digits(source, dest):
    """Its tenth digit is not the same on every processor, and the noise of a file depends on nine of them."""
    write_sound(source / "a.wav", speech(), "PCM_24", rate=RATE)
    ratios(source, dest, "7.3")
    std = one(dest)["std"]
    assert std == float(f"{std:.6g}") == pytest.approx(one(dest)["noise_std"], rel=0.02)


def test_a_mean_is_noise_too(source, dest):
    write_sound(source / "a.wav", speech(), "PCM_16", rate=RATE)
    ratios(source, dest, "3", mean=0.001)
    assert one(dest)["snr_db_measured"] == pytest.approx(3, abs=0.02)
    assert one(dest)["noise_mean"] == pytest.approx(0.001, rel=0.2)


def test_a_ratio_that_takes_noise_beyond_full_scale_saturates_and_does_not_fail(source, dest):
    write_sound(source / "a.wav", 8 * speech(), "PCM_16", rate=RATE)
    write_sound(source / "b.wav", 8 * speech(), "FLOAT", rate=RATE)
    ratios(source, dest, "-40")
    rows = manifest(dest)
    assert rows["a.wav"]["clipped"] > 0.5 and rows["a.wav"]["std"] > 1
    assert rows["b.wav"]["snr_db_measured"] == pytest.approx(-40, abs=0.02)


def test_integers_of_clip_none_become_floats_with_that_ratio(source, dest):
    write_sound(source / "a.flac", speech(), "PCM_16", rate=RATE)
    ratios(source, dest, "5", clip="none")
    assert seen(dest / "a.wav")[:2] == ("WAV", "FLOAT")
    assert snr_of(read(source / "a.flac"), read(dest / "a.wav")) == pytest.approx(5, abs=0.02)


@pytest.mark.parametrize("form", ["ogg", "mp3", "flac", "aiff"])
def test_ratios_of_other_formats(source, dest, form):
    write_sound(source / f"a.{form}", speech(2 * RATE), None, rate=RATE)
    ratios(source, dest, "10")
    assert one(dest)["snr_db_measured"] == pytest.approx(10, abs=0.05)


# What the ratio refers to


def test_pooled_refers_to_all_channels_together_and_gives_all_the_same_noise(source, dest):
    write_sound(source / "a.wav", speech(RATE, 2) * [1, 0.1], "PCM_24", rate=RATE)
    ratios(source, dest, "10")
    clean, noisy = read(source / "a.wav"), read(dest / "a.wav")
    assert snr_of(clean, noisy) == pytest.approx(10, abs=0.02)
    assert np.ptp(np.log((noisy - clean).std(axis=0))) < 0.1


def test_channel_gives_each_channel_its_own_ratio_and_leaves_silent_ones_alone(source, dest):
    write_sound(source / "a.wav", speech(RATE, 3) * [1, 0.1, 0], "PCM_24", rate=RATE)
    ratios(source, dest, "10", snr_reference="channel", on_silence="copy")
    clean, noisy = read(source / "a.wav"), read(dest / "a.wav")
    assert snr_of(clean[:, :2], noisy[:, :2], 0) == pytest.approx([10, 10], abs=0.02)
    assert np.array_equal(clean[:, 2], noisy[:, 2])
    row = one(dest)
    assert row["snr_db_measured"] == pytest.approx(10, abs=0.02)
    assert row["std"] == pytest.approx((noisy - clean).std(), rel=0.02)


def test_active_does_not_count_padding(source, dest):
    padded = np.concatenate([np.zeros((RATE, 1)), 1e-5 * speech(RATE), speech(RATE) + 0.01, np.zeros((2 * RATE, 1))])
    write_sound(source / "a.wav", padded, "DOUBLE", rate=RATE)
    ratios(source, dest, "10", snr_reference="active")
    clean, noise = read(source / "a.wav"), read(dest / "a.wav") - read(source / "a.wav")
    loud = np.abs(clean).reshape(-1, RATE // 100).max(axis=1) >= abs(clean).max() / 1000
    active = clean.reshape(-1, RATE // 100)[loud]
    assert 95 <= loud.sum() <= 101
    told = 10 * np.log10(np.square(active).mean() / np.square(noise).mean())
    assert told == pytest.approx(10, abs=0.02)
    assert one(dest)["snr_db_measured"] == pytest.approx(told, abs=0.001)


@pytest.mark.parametrize("reference", ["pooled", "channel", "active"])
@pytest.mark.parametrize("options", [{}, {"keep_silence": True}, {"on_clip": "rescale"}], ids=str)
@pytest.mark.parametrize("held", [0, 1 << 18])
def test_nothing_depends_on_the_size_of_blocks_or_on_what_is_held(source, dest, monkeypatch, reference, options, held):
    samples = speech(30_000, 2)
    samples[5000:9000] = 0
    for subtype in ("PCM_16", "FLOAT"):
        write_sound(source / f"{subtype}.wav", samples, subtype, rate=RATE)
    ratios(source, dest / "whole", "10", snr_reference=reference, **options)
    monkeypatch.setattr(audio_reading, "HELD_SAMPLES", held)
    monkeypatch.setattr(audio_reading, "BLOCK_SAMPLES", 1234)
    ratios(source, dest / "blocks", "10", snr_reference=reference, **options)
    assert tree(dest / "whole") == tree(dest / "blocks")


# Silence


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("reference", ["pooled", "channel", "active"])
def test_a_silent_file_is_copied_by_default_and_never_not_a_number(source, dest, subtype, reference):
    write_sound(source / "a.wav", np.zeros((2000, 2)), subtype)
    ratios(source, dest, "10", mean=0.1, snr_reference=reference)
    assert np.array_equal(read(dest / "a.wav"), read(source / "a.wav"))
    row = one(dest)
    assert (row["silent"], row["std"], row["snr_db"], row["snr_db_measured"]) == (True, 0, 10, None)
    assert (row["noise_std"], row["noise_mean"], row["clipped"]) == (0, 0, 0)
    assert "NaN" not in json.dumps(row)


def test_a_silent_file_is_left_out_if_asked(source, dest):
    write_sound(source / "a.wav", np.zeros(2000), "PCM_16")
    write_sound(source / "b.wav", speech(2000), "PCM_16")
    ratios(source, dest, "10", on_silence="skip")
    assert list(manifest(dest)) == ["b.wav"] and not failures(dest)
    assert not (dest / "a.wav").exists()


@pytest.mark.parametrize(
    ("subtype", "step"), [("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("FLOAT", 2**-23)]
)
def test_a_silent_file_gets_noise_of_one_step_if_asked(source, dest, subtype, step):
    write_sound(source / "a.wav", np.zeros(20_000), subtype)
    ratios(source, dest, "10", on_silence="floor")
    row = one(dest)
    assert (row["silent"], row["std"], row["snr_db_measured"]) == (True, float(f"{step:.6g}"), None)
    rounding = 0 if subtype == "FLOAT" else 1 / 12
    assert read(dest / "a.wav").std() == pytest.approx(step * (1 + rounding) ** 0.5, rel=0.03)


def test_empty_recordings_are_silent(source, dest):
    write_sound(source / "a.wav", np.zeros((0, 2)), "PCM_16")
    for options in ({}, {"keep_silence": True}, {"on_clip": "rescale"}, {"snr_reference": "active"}):
        ratios(source, dest / str(len(str(options))), "10", **options)
        assert one(dest / str(len(str(options))))["silent"] is True


def test_a_recording_with_a_standard_deviation_says_whether_it_is_silent(source, dest):
    write_sound(source / "a.wav", np.zeros(2000), "PCM_16")
    write_sound(source / "b.wav", np.concatenate([np.zeros(200_000), [0.1]]), "PCM_16")
    within("run", source, dest, "--std", "0.1")
    assert [row["silent"] for row in manifest(dest).values()] == [True, False]


# Silence that is kept


def padded(rate: int = 16_000) -> np.ndarray:
    """Runs of digital silence of more and of less than 100 ms (1600 frames), in stereo."""
    samples = speech(16_000, 2) + 0.01
    samples[:1601] = samples[4000:8000] = samples[9000:10_600] = samples[-1700:] = 0
    samples[12_000:14_000, 0] = 0  # on one channel alone
    return samples


@pytest.mark.parametrize("strength", [("--std", "0.1"), ("--snr", "10"), ("--std", "0.1", "--on-clip", "rescale")])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_digital_silence_of_more_than_100_ms_is_kept_and_nothing_else(source, dest, strength, subtype):
    write_sound(source / "a.wav", padded(), subtype)
    within("run", source, dest, *strength, "--keep-silence")
    clean, noisy = read(source / "a.wav"), read(dest / "a.wav")
    silent = (noisy == 0).all(axis=1)
    for start, stop in ((0, 1601), (4000, 8000), (14_300, 16_000)):
        assert silent[start:stop].all()
    for start, stop in ((1601, 4000), (8000, 14_300)):
        assert silent[start:stop].mean() < 0.01
    assert (noisy[12_000:14_000, 0] == 0).all()
    assert (noisy[12_000:14_000, 1] == clean[12_000:14_000, 1]).mean() < 0.01
    assert one(dest)["silence_kept"] == pytest.approx((1601 + 4000 + 1700 + 1000) / 16_000, abs=1e-6)


@pytest.mark.parametrize("options", [[], ["--mono"], ["--on-clip", "rescale"], ["--clip", "none"]])
@pytest.mark.parametrize("strength", [("--std", "0.1"), ("--snr", "10"), ("--snr", "10", "--snr-reference", "channel")])
def test_a_call_with_a_party_on_each_channel_stays_silent_where_a_party_is(source, dest, strength, options):
    call = speech(4 * RATE, 2) + 0.01
    call[:RATE, 0] = call[2 * RATE :, 1] = 0
    write_sound(source / "a.wav", call, "PCM_16", rate=RATE)
    within("run", source, dest / "all", *strength[:2], *options)
    within("run", source, dest / "kept", *strength, *options, "--keep-silence")
    clean, noisy = read(source / "a.wav"), read(dest / "kept/a.wav")
    heard = np.ones(clean.shape, bool)
    heard[:RATE, 0] = heard[2 * RATE :, 1] = False
    assert (noisy[:RATE, 0] == 0).all() and (noisy[2 * RATE :, 1] == 0).all()
    row = one(dest / "kept")
    assert row["silence_kept"] == 3 / 8
    noise = (noisy - clean * row.get("gain", 1.0))[heard]
    assert row["noise_std"] == pytest.approx(noise.std(), rel=0.001)
    if strength[0] == "--snr":
        assert row["snr_db_measured"] == pytest.approx(10, abs=0.02)
        if "channel" in strength:
            for channel in (0, 1):
                part = heard[:, channel]
                found = snr_of(clean[part, channel], noisy[part, channel] / row.get("gain", 1.0))
                assert found == pytest.approx(10, abs=0.03)
    elif "rescale" not in options:
        assert np.array_equal(noisy[heard], read(dest / "all/a.wav")[heard])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_silence_on_all_channels_together_has_the_bytes_it_had_before_channels_counted(source, dest, subtype):
    """The noise of the rest does not depend on what is silent."""
    samples = padded()
    samples[12_000:14_000, 0] = 0.01
    write_sound(source / "a.wav", samples, subtype)
    within("run", source, dest / "all", "--std", "0.1")
    within("run", source, dest / "kept", "--std", "0.1", "--keep-silence")
    everywhere, kept = read(dest / "all/a.wav"), read(dest / "kept/a.wav")
    for start, stop in ((0, 1601), (4000, 8000), (14_300, 16_000)):
        everywhere[start:stop] = 0
    assert np.array_equal(everywhere, kept)


def test_the_code_for_nothing_is_not_zero_in_a_law(source, dest):
    """As docs/formats.md says: all its codes stand for something, so that there is no digital silence."""
    write_sound(source / "a.wav", np.zeros(RATE), "ALAW", rate=RATE)
    within("run", source, dest, "--std", "0.1", "--keep-silence")
    assert one(dest)["silence_kept"] == 0


def test_the_rest_of_the_noise_is_what_it_is_when_silence_is_not_kept(source, dest):
    for subtype in ("PCM_16", "FLOAT", "PCM_24"):
        write_sound(source / f"{subtype}.wav", padded(), subtype)
    within("run", source, dest / "all", "--std", "0.1")
    within("run", source, dest / "kept", "--std", "0.1", "--keep-silence")
    for subtype in ("PCM_16", "FLOAT", "PCM_24"):
        everywhere, kept = read(dest / "all" / f"{subtype}.wav"), read(dest / "kept" / f"{subtype}.wav")
        heard = kept != 0
        assert np.array_equal(everywhere[heard], kept[heard]) and 0.45 < heard.mean() < 0.55
        assert "silence_kept" not in manifest(dest / "all")[f"{subtype}.wav"]


def test_kept_silence_counts_neither_as_signal_nor_as_noise(source, dest):
    write_sound(source / "a.wav", padded(), "PCM_24")
    ratios(source, dest, "10", keep_silence=True)
    clean, noisy = read(source / "a.wav"), read(dest / "a.wav")
    assert snr_of(clean, noisy) == pytest.approx(10, abs=0.02)
    row = one(dest)
    assert row["snr_db_measured"] == pytest.approx(10, abs=0.02)
    noise = (noisy - clean)[noisy != 0]
    assert row["noise_std"] == pytest.approx(noise.std(), rel=0.01)


def reused(blocks):
    """The blocks one after the other, each in the place of the one before, as a recording yields them."""
    for block in blocks:
        yield block
        block[...] = np.nan


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=12),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
    st.integers(0, 12),
)
def test_where_blocks_end_changes_nothing_about_what_is_silent(runs, sizes, longest):
    first = np.concatenate([np.zeros(0)] + [np.full(length, float(heard)) for heard, length in runs])
    frames = np.stack([first, np.roll(first, 7)], axis=1)
    expected = np.zeros(frames.shape, bool)
    for channel in (0, 1):
        at = 0
        while at < len(frames):
            stop = at
            while stop < len(frames) and frames[stop, channel] == frames[at, channel]:
                stop += 1
            expected[at:stop, channel] = frames[at, channel] == 0 and stop - at > longest
            at = stop
    blocks, at = [], 0
    while at < len(frames):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(frames[at : at + size].copy())
        at += size
    found = [(piece.copy(), silent.copy()) for piece, silent in pieces(reused(blocks), longest)]
    assert np.array_equal(np.concatenate([frames[:0], *(piece for piece, _ in found)]), frames)
    told = [np.broadcast_to(silent, piece.shape) for piece, silent in found]
    assert np.array_equal(np.concatenate([expected[:0], *told]), expected)
    assert all(len(piece) for piece, _ in found)


# Out of range


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW"])
def test_rescale_lowers_signal_and_noise_just_enough(source, dest, subtype):
    write_sound(source / "a.wav", np.clip(3 * sound(RATE), -1, 1), subtype)
    within("run", source, dest, "--std", "0.3", "--on-clip", "rescale")
    row = one(dest)
    noisy = read(dest / "a.wav")
    assert 0.3 < row["gain"] < 0.8 and row["clipped"] == 0
    step = {"PCM_U8": 2**-7, "ULAW": 2**-4}.get(subtype, 2**-14)
    assert 1 - 1.5 * step <= abs(noisy).max() <= 1
    noise = noisy - row["gain"] * read(source / "a.wav")
    assert noise.std() == pytest.approx(0.3 * row["gain"], rel=0.05)
    assert row["noise_std"] == pytest.approx(noise.std(), rel=0.01)


def test_rescale_leaves_a_recording_alone_that_does_not_clip(source, dest):
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        write_sound(source / f"{subtype}.wav", speech(), subtype)
    within("run", source, dest, "--std", "0.01", "--on-clip", "rescale")
    assert all(row["gain"] == 1 for row in manifest(dest).values())
    within("run", source, dest / "none", "--std", "0", "--on-clip", "rescale")
    for name in manifest(dest):
        assert np.array_equal(read(dest / "none" / name), read(source / name))


def test_rescale_keeps_the_ratio_that_saturation_would_cost(source, dest):
    write_sound(source / "a.wav", np.clip(3 * sound(RATE), -0.9, 0.9), "PCM_16")
    ratios(source, dest / "saturated", "3")
    ratios(source, dest / "rescaled", "3", on_clip="rescale")
    assert one(dest / "saturated")["snr_db_measured"] > 3.3
    row = one(dest / "rescaled")
    assert row["snr_db_measured"] == pytest.approx(3, abs=0.02)
    assert snr_of(row["gain"] * read(source / "a.wav"), read(dest / "rescaled/a.wav")) == pytest.approx(3, abs=0.02)


def test_rescale_keeps_within_limits_that_were_given(source, dest):
    write_sound(source / "a.wav", sound(RATE), "FLOAT")
    within("run", source, dest, "--std", "0.2", "--on-clip", "rescale", "--clip=-0.5:0.25")
    noisy, row = read(dest / "a.wav"), one(dest)
    assert noisy.min() >= -0.5 and noisy.max() <= 0.25
    assert noisy.max() == pytest.approx(0.25, abs=1e-6) or noisy.min() == pytest.approx(-0.5, abs=1e-6)
    assert (row["clip_low"], row["clip_high"]) == (-0.5, 0.25)


def test_saturation_is_counted_and_has_no_gain(source, dest):
    write_sound(source / "a.wav", np.clip(3 * sound(RATE), -1, 1), "PCM_16")
    within("run", source, dest, "--std", "0.3")
    assert one(dest)["clipped"] > 0.1 and "gain" not in one(dest)


@pytest.mark.parametrize(
    "options", [("--std", "0.1", "--on-clip", "rescale"), ("--snr", "5"), ("--snr", "5", "--mono")]
)
def test_mono_noise_is_the_same_on_all_channels(source, dest, options):
    write_sound(source / "a.wav", speech(4000, 3), "PCM_24")
    within("run", source, dest, *options)
    noise = read(dest / "a.wav") - read(source / "a.wav")
    alike = np.abs(noise - noise[:, :1]).max() < 2**-22
    assert alike == ("--mono" in options)
