"""Recordings that pass 4 GB, which most headers cannot say."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from noiseaug.media.audio import formats as audio_formats
from support.commands import within
from support.corpus import sound, write_sound
from support.recordings import (
    read,
    seen,
)
from support.trees import failures, manifest


@pytest.fixture
def small_limit(monkeypatch):
    """4 GB are played by 100 kB more than is kept free for headers."""
    for form in ("WAV", "WAVEX", "AIFF"):
        monkeypatch.setitem(audio_formats.SIZE_LIMITS, form, (1 << 20) + 100_000)


@pytest.mark.parametrize(
    ("form", "subtype"), [("WAV", "PCM_16"), ("WAVEX", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW")]
)
def test_a_wav_that_would_pass_4_gb_is_written_as_rf64(source, dest, small_limit, form, subtype):
    width = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4, "ULAW": 1}[subtype]
    write_sound(source / "short.wav", sound(90_000 // width), subtype, form=form)
    write_sound(source / "long.wav", sound(110_000 // width), subtype, form=form)
    within("run", source, dest, "--std", "0.02")
    assert seen(dest / "long.wav")[:2] == ("RF64", subtype)
    if subtype != "ULAW":
        assert seen(dest / "short.wav")[:2] == (form, subtype)
    assert seen(dest / "long.wav").frames == 110_000 // width
    assert (dest / "long.wav").read_bytes()[:4] == b"RF64"


def test_other_formats_that_would_pass_4_gb_are_refused_with_what_to_do(source, dest, small_limit):
    write_sound(source / "long.aiff", sound(60_000), "PCM_16")
    write_sound(source / "long.w64", sound(60_000), "PCM_16")
    within("run", source, dest, "--std", "0.02")
    assert "as .aiff, and AIFF holds 1,148,576 at most; choose --audio-format wav" in failures(dest)["long.aiff"]
    assert seen(dest / "long.w64").form == "W64"


def test_the_order_of_bytes_that_rf64_cannot_have_is_said_to_be_lost(source, dest, small_limit):
    write_sound(source / "a.wav", sound(60_000), "PCM_16", endian="BIG")
    within("run", source, dest, "--std", "0")
    assert manifest(dest)["a.wav"]["not_kept"] == "byte order"
    assert np.array_equal(read(dest / "a.wav"), read(source / "a.wav"))


def test_a_recording_of_gigabytes_is_read_to_its_end(source, dest):
    """Sparse: 300 MB of which 1 MB is there. (5 GB, by hand: 66 MB of memory, std and SNR alike.)"""
    path = write_sound(source / "a.w64", sound(1000), "PCM_16")
    data, frames = bytearray(path.read_bytes()), 150_000_000
    start = len(data) - 2000
    data[16:24] = (start + 2 * frames).to_bytes(8, "little")
    data[start - 8 : start] = (24 + 2 * frames).to_bytes(8, "little")
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(start + 2 * frames)
    with soundfile.SoundFile(path) as file:
        assert file.frames == frames
    try:
        within("run", source, dest, "--std", "0.02", "--keep-silence", "--audio-format", "flac")
        row = manifest(dest)["a.flac"]
        assert (row["num_samples"], row["silent"]) == (frames, False)
        assert row["silence_kept"] == pytest.approx(1, abs=1e-5)
        assert row["source_bytes"] == path.stat().st_size
    finally:
        path.unlink()
