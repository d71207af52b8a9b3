"""`--measure decoded` on audio: how much of the noise is left in what the outputs decode to."""

from __future__ import annotations

import numpy as np
import pytest

from noiseaug.media.audio import reading as audio_reading
from support.commands import within
from support.corpus import sound, write_image, write_sound
from support.recordings import read, snr_of
from support.trees import manifest

RATE = 16_000
FIGURES = {"noise_std_decoded": "noise_std", "snr_db_decoded": "snr_db_measured"}


def rows(source, dest, *options):
    result = within("run", source, dest, "--measure", "decoded", *options)
    assert result.returncode == 0, result.stderr
    return manifest(dest)


@pytest.mark.parametrize("form", ["mp3", "ogg", "opus"])
@pytest.mark.parametrize("strength", [("--std", "0.05"), ("--snr", "10")])
def test_a_lossy_output_is_measured_as_it_sounds(source, dest, form, strength):
    """Delays of codecs do not count: a lag of one sample of white noise would double its power."""
    write_sound(source / "a.wav", sound(3 * RATE, 2), "PCM_16", rate=RATE)
    row = rows(source, dest, *strength, "--audio-format", form)[f"a.{form}"]
    clean, left = read(source / "a.wav"), read(dest / f"a.{form}")
    noise = (left - clean).ravel()
    assert row["noise_std_decoded"] == pytest.approx(noise.std(), rel=1e-4) != row["noise_std"]
    assert row["noise_std_decoded"] == pytest.approx(row["noise_std"], rel=0.2)
    assert row["snr_db_decoded"] == pytest.approx(snr_of(clean, left), abs=1e-3)


@pytest.mark.parametrize("form", ["wav", "flac", "aiff", "caf"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("options", [("--std", "0.3"), ("--snr", "5", "--snr-reference", "active", "--keep-silence")])
def test_a_lossless_output_measures_the_same_as_before_it_was_encoded(source, dest, form, subtype, options):
    if form == "flac" and subtype == "FLOAT":
        pytest.skip("FLAC holds no floats")
    samples = sound(RATE, 2)
    samples[2000:9000, 0] = 0
    write_sound(source / "a.wav", samples, subtype, rate=RATE)
    row = rows(source, dest, *options, "--on-clip", "rescale", "--audio-format", form)[f"a.{form}"]
    assert all(row[left] == pytest.approx(row[made], rel=2e-6) for left, made in FIGURES.items())


def test_telephone_codes_lose_some(source, dest):
    write_sound(source / "a.wav", sound(RATE), "ULAW", rate=RATE)
    row = rows(source, dest, "--std", "0.1")["a.wav"]
    noise = read(dest / "a.wav") - read(source / "a.wav")
    assert row["noise_std_decoded"] == pytest.approx(noise.std(), rel=1e-4) != row["noise_std"]


def test_several_outputs_of_a_long_recording_are_measured_each_by_itself(source, dest, monkeypatch):
    monkeypatch.setattr(audio_reading, "HELD_SAMPLES", 1000)
    monkeypatch.setattr(audio_reading, "BLOCK_SAMPLES", 3000)
    write_sound(source / "a.wav", sound(RATE), "PCM_16", rate=RATE)
    found = rows(source, dest, "--std", "0.01", "--std", "0.1", "--copies", "2").values()
    assert len({row["noise_std_decoded"] for row in found}) == 4
    assert all(row["noise_std_decoded"] == row["noise_std"] for row in found)


def test_originals_and_silence_have_no_noise_to_measure(source, dest):
    write_sound(source / "a.wav", np.zeros(RATE), "PCM_16", rate=RATE)
    found = rows(source, dest, "--snr", "10", "--with-clean", "tree").values()
    assert [(row["noise_std_decoded"], row["snr_db_decoded"]) for row in found] == [(0.0, None)] * 2


def test_it_is_one_option_for_images_and_audio(source, dest):
    write_image(source / "a.png", np.full((32, 32), 128, np.uint8))
    write_sound(source / "a.wav", sound(RATE), "PCM_16", rate=RATE)
    found = rows(source, dest, "--std", "0.1")
    assert all(row["noise_std_decoded"] == pytest.approx(row["noise_std"], rel=2e-6) for row in found.values())
    assert within("verify", dest, "--source", source, "--deep").returncode == 0
    without = manifest_without(source, dest)
    assert not any(key.endswith("_decoded") for row in without.values() for key in row)


def manifest_without(source, dest):
    within("run", source, dest / "plain", "--std", "0.1")
    return manifest(dest / "plain")
