"""Every container and subtype of audio comes out as it came in, as others than libsndfile read it, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpus import sound, write_sound
from formats_audio_table import table
from inside import within
from recordings import (
    MONO,
    RATE,
    Made,
    every_kind,
    make,
    read,
    read_by_scipy,
    read_elsewhere,
    seen,
    tags_of,
)
from trees import failures, manifest, tree

from noiseaug import kinds
from noiseaug.media.audio import formats as audio_formats
from noiseaug.media.audio import reading as audio_reading
from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.storage.source_file import SourceFile

DATA = Path(__file__).parent / "data"
KINDS = every_kind()
LOSSY = {"VORBIS", "OPUS", "MPEG_LAYER_III"}
ADPCM = MONO | {"IMA_ADPCM", "MS_ADPCM"}
EXACT = [made for made in KINDS if made.subtype not in LOSSY | ADPCM]
by_name = pytest.mark.parametrize("made", KINDS, ids=lambda made: made.name)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A folder with a recording of each kind, with all ten tags."""
    root = tmp_path_factory.mktemp("recordings") / "source"
    root.mkdir()
    for made in KINDS:
        make(root, made, tags=True)
    return root


@pytest.fixture(scope="module")
def unchanged(recordings, tmp_path_factory):
    """What noise of std 0 makes of them."""
    dest = tmp_path_factory.mktemp("unchanged") / "dest"
    assert within("run", recordings, dest, "--std", "0").stderr == ""
    return dest


@pytest.fixture(scope="module")
def noisy(recordings, tmp_path_factory):
    dest = tmp_path_factory.mktemp("noisy") / "dest"
    within("run", recordings, dest, "--std", "0.02", "--seed", "7")
    return dest


def test_the_table_of_the_documentation_is_what_a_run_over_all_formats_shows(tmp_path):
    """`python tests/formats_audio_table.py` writes it anew."""
    written = (Path(__file__).parent.parent / "docs/formats-audio.md").read_text()
    assert written == table(tmp_path)


def test_every_suffix_of_audio_can_be_written_or_has_one_that_can():
    for suffix in kinds.KINDS["audio"].suffixes:
        assert kinds.target_suffix(suffix, None, as_float=False) in audio_formats.FORMATS
        floats = kinds.target_suffix(suffix, None, as_float=True)
        source = audio_formats.Sound("WAV", "PCM_16", "FILE", RATE, 1, 10)
        form = audio_formats.form_for(source, floats, as_float=True)
        assert audio_formats.LATTICES[form.subtype].bits is None
    for name in kinds.KINDS["audio"].writable:
        assert f".{name}" in audio_formats.FORMATS


@by_name
def test_container_subtype_byte_order_rate_channels_and_length_are_kept(recordings, noisy, made):
    assert seen(noisy / made.name) == seen(recordings / made.name)
    row = manifest(noisy)[made.name]
    kind = seen(recordings / made.name)
    assert (row["source_format"], row["subtype"], row["sampling_rate"]) == (made.form, made.subtype, kind.rate)
    assert (row["num_samples"], row["channels"]) == (kind.frames, kind.channels)
    assert row["duration"] == kind.frames / kind.rate
    assert row["not_kept"] == ""


@by_name
def test_text_tags_are_kept(recordings, noisy, made):
    assert tags_of(noisy / made.name) == tags_of(recordings / made.name)


@pytest.mark.parametrize("made", EXACT, ids=lambda made: made.name)
def test_noise_of_std_0_changes_no_sample(recordings, unchanged, made):
    assert np.array_equal(read(unchanged / made.name), read(recordings / made.name))


@by_name
def test_the_noise_is_as_strong_as_was_asked_for(recordings, noisy, made):
    step = {"PCM_S8": 2**-7, "PCM_U8": 2**-7}.get(made.subtype, 0)
    assert abs(manifest(noisy)[made.name]["noise_std"] / (0.02**2 + step**2 / 12) ** 0.5 - 1) < 0.04
    if made.subtype not in LOSSY | ADPCM:
        noise = read(noisy / made.name) - read(recordings / made.name)
        assert abs(noise.std() / 0.02 - 1) < 0.06


RIFF = [made for made in EXACT if made.name.endswith(".wav") and made.form != "NIST"]


@pytest.mark.parametrize("made", [made for made in RIFF if "LAW" not in made.subtype], ids=lambda made: made.name)
def test_scipy_reads_the_same_wav_before_and_after(recordings, unchanged, noisy, made):
    before, after = read_by_scipy(recordings / made.name), read_by_scipy(unchanged / made.name)
    assert before.dtype == after.dtype
    assert np.array_equal(before, after)
    full_scale = {"PCM_U8": 2**7, "PCM_16": 2**15, "FLOAT": 1, "DOUBLE": 1}.get(made.subtype, 2**31)
    noise = read_by_scipy(noisy / made.name).astype(float) - before
    assert abs(noise.std() / (0.02 * full_scale) - 1) < 0.06


SOX = [
    "AIFF-PCM_16-LITTLE.aifc",
    "AU-PCM_16-LITTLE.au",
    "AU-ULAW-FILE.au",
    "W64-PCM_24-FILE.w64",
]
SOX += [
    "NIST-PCM_16-BIG.sph",
    "SVX-PCM_S8-FILE.8svx",
    "VOC-PCM_16-FILE.voc",
    "AVR-PCM_16-FILE.avr",
    "HTK-PCM_16-FILE.htk",
]
SOX += ["WAV-ALAW-FILE.wav", "WAV-PCM_16-BIG.wav", "IRCAM-FLOAT-LITTLE.sf", "FLAC-PCM_24-FILE.flac"]
FFMPEG = [
    "CAF-PCM_24-BIG.caf",
    "CAF-ALAC_16-FILE.caf",
    "RF64-PCM_16-FILE.wav",
    "W64-FLOAT-FILE.w64",
]
FFMPEG += [
    "AIFF-PCM_24-BIG.aif",
    "FLAC-PCM_16-FILE.flac",
    "AIFF-ULAW-FILE.aif",
    "PVF-PCM_16-FILE.pvf",
    "WAVEX-PCM_24-FILE.wav",
]


@pytest.mark.parametrize(("program", "name"), [("sox", name) for name in SOX] + [("ffmpeg", name) for name in FFMPEG])
def test_another_program_reads_the_same_samples_after_noise_of_std_0(recordings, unchanged, program, name):
    before, after = read_elsewhere(recordings / name, program), read_elsewhere(unchanged / name, program)
    assert len(before) == seen(recordings / name).frames * seen(recordings / name).channels
    assert np.array_equal(before, after)


@pytest.mark.parametrize("name", ["OGG-VORBIS-FILE.oga", "OGG-OPUS-FILE.oga", "MP3-MPEG_LAYER_III-FILE.mp3"])
def test_another_program_reads_lossy_recordings_that_were_written(recordings, noisy, name):
    before, after = (read_elsewhere(folder / name, "ffmpeg") / 2**31 for folder in (recordings, noisy))
    assert 0 <= len(after) - len(before) < 5000 or len(after) == len(before)
    assert 0.005 < (after[: len(before)] - before).std() < 0.03


def test_the_bytes_hold_no_clock_and_no_serial_drawn_from_it(noisy):
    for made in KINDS:
        path = noisy / made.name
        data = path.read_bytes()
        if made.form in ("WAV", "WAVEX", "AIFF") and made.subtype in ("FLOAT", "DOUBLE"):
            with SourceFile(str(path)) as file:
                (at,) = [chunk.start for chunk in chunks(file) if chunk.name == b"PEAK"]
            assert data[at + 4 : at + 8] == bytes(4)
        elif made.form == "OGG":
            assert data[14:18] == bytes(4)
        else:
            assert b"PEAK" not in data[:200]


@pytest.mark.parametrize("block", [1 << 12, 1000])
def test_the_bytes_do_not_depend_on_the_size_of_blocks(recordings, noisy, dest, monkeypatch, block):
    """But those of MP3 may: what mpg123 decodes differs in the last bit by how many samples it is asked for."""
    monkeypatch.setattr(audio_reading, "BLOCK_SAMPLES", block)
    within("run", recordings, dest, "--std", "0.02", "--seed", "7", "--exclude", "*.mp3")
    before = {name: row for name, row in manifest(noisy).items() if not name.endswith(".mp3")}
    assert manifest(dest) == before and len(before) > 200


# Codes that wrap


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


def test_adpcm_of_other_block_sizes_says_how_many_samples_it_has_now(source, dest):
    """libsndfile chooses blocks by the rate, and fills up the last one."""
    write_sound(source / "a.wav", sound(), "IMA_ADPCM", rate=8000)
    data = bytearray((source / "a.wav").read_bytes())
    data[24:28] = (48_000).to_bytes(4, "little")
    (source / "a.wav").write_bytes(data)
    within("run", source, dest, "--std", "0.02")
    row, frames = manifest(dest)["a.wav"], seen(dest / "a.wav").frames
    assert frames > seen(source / "a.wav").frames
    assert (row["num_samples"], row["duration"]) == (frames, frames / 48_000)
    assert row["not_kept"] == "number of samples"


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
        (("a.wav", 16_000, 9), "flac", "cannot be written as FLAC PCM_16 of 16000 Hz and 9 channels"),
        (("a.wav", 16_000, 3), "mp3", "cannot be written as MP3 MPEG_LAYER_III of 16000 Hz and 3 channels"),
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


# Past 4 GB


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
