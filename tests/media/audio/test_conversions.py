"""Recordings that are read by content and written as the suffix or --audio-format says; what codecs do to loud ones."""

from __future__ import annotations

import numpy as np
import pytest

from noiseaug import kinds
from noiseaug.media.audio import formats as audio_formats
from support.commands import within
from support.corpus import sound, write_sound
from support.places import DATA
from support.recordings import (
    RATE,
    Made,
    make,
    read,
    seen,
)
from support.trees import failures, manifest, tree


@pytest.mark.parametrize("form", ["WAV", "AU", "AIFF", "CAF", "W64", "NIST", "IRCAM"])
@pytest.mark.parametrize("subtype", ["ULAW", "ALAW"])
def test_loud_telephone_codes_saturate_and_do_not_wrap(source, dest, form, subtype):
    suffix = {"NIST": "sph", "IRCAM": "sf"}.get(form, form.lower())
    levels = np.repeat(np.array([-32768, -32000, 0, 32000, 32767], np.int16), 1000)
    write_sound(source / f"a.{suffix}", levels, subtype, form=form)
    within("run", source, dest, "--std", "0.3")
    before, after = read(source / f"a.{suffix}")[:, 0], read(dest / f"a.{suffix}")[:, 0]
    assert (after[before > 0.9] > -0.8).all() and (after[before < -0.9] < 0.8).all()
    assert (after[before > 0.9] > 0.9).mean() > 0.4
    assert manifest(dest)[f"a.{suffix}"]["clipped"] > 0.3


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM"])
def test_loud_adpcm_saturates_before_it_is_encoded(source, dest, subtype):
    write_sound(source / "a.wav", np.clip(1.2 * np.sin(np.arange(8000) * 0.02), -1, 1), subtype)
    within("run", source, dest, "--std", "0.02")
    before, after = read(source / "a.wav"), read(dest / "a.wav")
    assert np.corrcoef(before[:, 0], after[: len(before), 0])[0, 1] > 0.98


def test_adpcm_of_other_block_sizes_says_in_its_header_how_many_samples_count(source, dest):
    """libsndfile chooses blocks by the rate, and fills up the last one."""
    write_sound(source / "a.wav", sound(), "IMA_ADPCM", rate=8000)
    data = bytearray((source / "a.wav").read_bytes())
    data[24:28] = (48_000).to_bytes(4, "little")
    (source / "a.wav").write_bytes(data)
    within("run", source, dest, "--std", "0.02")
    row, frames = manifest(dest)["a.wav"], seen(source / "a.wav").frames
    assert seen(dest / "a.wav").frames > frames
    assert (row["num_samples"], row["duration"]) == (frames, frames / 48_000)
    assert row["not_kept"] == "size of blocks"
    written = (dest / "a.wav").read_bytes()
    assert int.from_bytes(written[written.index(b"fact") + 8 :][:4], "little") == frames


# By content, and as the suffix says


@pytest.mark.parametrize(
    ("name", "form", "subtype", "becomes"),
    [
        ("a.flac", "WAV", "PCM_16", ("FLAC", "PCM_16", "")),
        ("a.flac", "WAV", "FLOAT", ("FLAC", "PCM_24", "FLOAT samples")),
        ("a.flac", "WAV", "PCM_32", ("FLAC", "PCM_24", "PCM_32 samples")),
        ("a.flac", "WAV", "PCM_U8", ("FLAC", "PCM_S8", "")),
        ("a.wav", "FLAC", "PCM_24", ("WAV", "PCM_24", "")),
        ("a.wav", "NIST", "PCM_16", ("NIST", "PCM_16", "")),
        ("a.wav", "RF64", "PCM_16", ("RF64", "PCM_16", "")),
        ("a.wav", "OGG", "VORBIS", ("WAV", "FLOAT", "VORBIS samples")),
        ("a.WAV", "AIFF", "PCM_S8", ("WAV", "PCM_U8", "")),
        ("a.voc", "WAV", "PCM_24", ("VOC", "PCM_16", "PCM_24 samples")),
        ("a.sph", "WAV", "DOUBLE", ("NIST", "PCM_32", "DOUBLE samples")),
        ("a.ogg", "WAV", "PCM_16", ("OGG", "VORBIS", "PCM_16 samples")),
        ("a.opus", "OGG", "VORBIS", ("OGG", "OPUS", "VORBIS samples")),
        ("a.mp3", "WAV", "PCM_16", ("MP3", "MPEG_LAYER_III", "PCM_16 samples")),
        ("a.au", "WAV", "IMA_ADPCM", ("AU", "PCM_16", "IMA_ADPCM samples")),
        ("a.caf", "AIFF", "PCM_16", ("CAF", "PCM_16", "")),
    ],
)
def test_a_file_is_read_by_its_content_and_written_as_its_suffix_says(source, dest, name, form, subtype, becomes):
    write_sound(source / name, sound(), subtype, form=form)
    assert within("run", source, dest, "--std", "0.02").returncode == 0
    kind, row = seen(dest / name), manifest(dest)[name]
    assert (kind.form, kind.subtype, row["not_kept"]) == becomes
    assert (row["source_format"], row["subtype"]) == (form, kind.subtype)
    noise = read(dest / name)[: len(read(source / name))] - read(source / name)
    assert 0.012 < noise.std() < 0.03


def test_floats_that_become_integers_are_rounded_once_saturate_and_are_counted(source, dest):
    write_sound(source / "a.flac", np.array([0.5, 1.5, -1.5, 2**-23 * 0.6]), "FLOAT", form="WAV")
    within("run", source, dest, "--std", "0")
    assert read(dest / "a.flac", "int32")[:, 0].tolist() == [1 << 30, (2**23 - 1) << 8, -(1 << 31), 1 << 8]
    assert manifest(dest)["a.flac"]["clipped"] == 0.5


@pytest.mark.parametrize("form", kinds.KINDS["audio"].writable)
def test_audio_format_writes_all_sources_as_one_format(source, dest, form):
    for made in [Made("b.flac", "FLAC", "PCM_16"), Made("c.ogg", "OGG", "VORBIS"), Made("d.aiff", "AIFF", "PCM_24")]:
        make(source, made)
    assert within("run", source, dest, "--std", "0.02", "--audio-format", form).stderr == ""
    rows = manifest(dest)
    assert set(rows) == {f"{stem}.{form}" for stem in "bcd"}
    for name, row in rows.items():
        kind = seen(dest / name)
        assert kind.form in audio_formats.FORMATS[f".{form}"]
        assert (kind.rate, kind.channels, kind.frames) == (RATE, 2, 3000)
        assert row["num_samples"] == 3000


@pytest.mark.parametrize(
    ("made", "to", "reason"),
    [
        (("a.wav", 44_100, 1), "opus", "Opus only supports sample rates of 8000"),
        (("a.wav", 16_000, 9), "flac", "cannot be written as FLAC PCM_16: it has 16000 Hz and 9 channels"),
        (("a.wav", 16_000, 3), "mp3", "cannot be written as MP3 MPEG_LAYER_III: it has 16000 Hz and 3 channels"),
        (("a.wav", 5_000_000, 1), "flac", "cannot be written as FLAC"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(source, dest, made, to, reason):
    name, rate, channels = made
    write_sound(source / name, sound(1000, channels), "PCM_16", rate=rate)
    within("run", source, dest, "--std", "0.02", "--audio-format", to)
    assert reason in failures(dest)[name]
    assert tree(dest).keys() <= {"failures.jsonl", "manifest.jsonl"}


def test_a_rate_that_the_header_cannot_hold_is_refused(source, dest):
    write_sound(source / "a.wav", sound(), "PCM_U8", rate=44_100)
    within("run", source, dest, "--std", "0.02", "--audio-format", "voc")
    assert "its 44100 Hz and 1 channels would become 45454 Hz" in failures(dest)["a.wav"]


def test_layers_of_mpeg_that_can_only_be_read_are_written_as_what_can(source, dest):
    (source / "a.mp3").write_bytes((DATA / "tone.mp2").read_bytes())
    (source / "b.wav").write_bytes((DATA / "tone-mp3.wav").read_bytes())
    (source / "c.mp2").write_bytes((DATA / "tone.mp2").read_bytes())
    within("run", source, dest, "--std", "0.02", "--copies", "1", "--audio-format", "flac")
    rows = manifest(dest)
    assert [row["not_kept"] for row in rows.values()] == [
        "MPEG_LAYER_II samples",
        "MPEG_LAYER_III samples",
        "MPEG_LAYER_II samples",
    ]
    for name, row in rows.items():
        assert seen(dest / name)[:4] == ("FLAC", "PCM_24", "FILE", 32_000)
        assert seen(dest / name).frames == row["num_samples"] > 8000


@pytest.mark.parametrize("channels", [64, 200])
def test_many_channels_get_independent_noise(source, dest, channels):
    for form in ("wav", "w64", "caf", "aiff"):
        write_sound(source / f"a.{form}", np.zeros((3000, channels)), "PCM_16")
    within("run", source, dest, "--std", "0.02")
    for form in ("wav", "w64", "caf", "aiff"):
        assert seen(dest / f"a.{form}").channels == channels
        noise = read(dest / f"a.{form}")
        assert np.abs(np.corrcoef(noise.T) - np.eye(channels)).max() < 0.12


def loud_noise(frames: int, channels: int, bits: int) -> np.ndarray:
    """Incompressible: left-justified integers, each as likely as any other."""
    drawn = np.random.default_rng(0).integers(-(1 << 31), 1 << 31, (frames, channels), np.int64)
    return (drawn >> (32 - bits) << (32 - bits)).astype(np.int32)


@pytest.mark.parametrize("frames", [1, 33, 4097, 9000])
@pytest.mark.parametrize(
    ("name", "subtype", "bits"),
    [("a.flac", "PCM_S8", 8), ("a.flac", "PCM_16", 16), ("a.flac", "PCM_24", 24), ("a.caf", "ALAC_16", 16)],
)
def test_what_cannot_be_compressed_is_kept_too(source, dest, name, subtype, bits, frames):
    samples = loud_noise(frames, 2, bits)
    write_sound(source / name, samples, subtype)
    within("run", source, dest, "--std", "0")
    assert np.array_equal(read(dest / name, "int32"), samples)


def test_alac_of_24_bits_is_written_without_compression_as_libsndfile_fails_at_noise(source, dest):
    """What it compresses by itself it reads again, such as this tone."""
    tone = (np.sin(np.arange(4000) * 0.02) * 2**22).astype(np.int32) << 8
    write_sound(source / "a.caf", tone, "ALAC_24")
    within("run", source, dest, "--std", "0")
    assert np.array_equal(read(dest / "a.caf", "int32")[:, 0], tone)
    assert seen(dest / "a.caf")[:2] == ("CAF", "PCM_24")
    assert manifest(dest)["a.caf"]["not_kept"] == "ALAC_24 compression"


@pytest.mark.parametrize("subtype", ["ALAC_20", "ALAC_32"])
def test_alac_that_libsndfile_misreads_is_refused(source, dest, subtype):
    write_sound(source / "a.caf", sound(), subtype)
    within("run", source, dest, "--std", "0.02")
    assert f"is CAF with subtype {subtype}, which is not supported" in failures(dest)["a.caf"]
