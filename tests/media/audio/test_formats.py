"""Every container, subtype and byte order of recordings: nothing changes but the noise, seen by other programs too."""

from __future__ import annotations

import numpy as np
import pytest

from noiseaug import kinds
from noiseaug.media.audio import formats as audio_formats
from noiseaug.media.audio import reading as audio_reading
from noiseaug.media.audio.containers.chunks import chunks
from noiseaug.storage.source_file import SourceFile
from support.commands import within
from support.recordings import (
    MONO,
    RATE,
    every_kind,
    make,
    read,
    read_by_scipy,
    read_elsewhere,
    seen,
    tags_of,
)
from support.trees import manifest

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


def test_every_suffix_of_audio_can_be_written_or_has_one_that_can():
    for suffix in kinds.KINDS["audio"].suffixes:
        assert kinds.target_suffix(suffix, None, as_float=False) in audio_formats.FORMATS
        floats = kinds.target_suffix(suffix, None, as_float=True)
        source = audio_formats.Sound("WAV", "PCM_16", "FILE", RATE, 1, 10)
        form = audio_formats.form_for(source, floats, as_float=True)
        assert audio_formats.LATTICES[form.subtype].bits is None
    for name in kinds.KINDS["audio"].writable:
        assert f".{name}" in audio_formats.FORMATS


def counted(made):
    """Whether it is a code of whole blocks whose header says how many samples of the last one count."""
    if made.form == "WAV":
        return made.subtype in MONO | {"MS_ADPCM"}
    return (made.form, made.subtype) == ("W64", "GSM610")


@by_name
def test_container_subtype_byte_order_rate_channels_and_length_are_kept(recordings, noisy, made):
    assert seen(noisy / made.name) == seen(recordings / made.name)
    row = manifest(noisy)[made.name]
    kind = seen(recordings / made.name)
    assert (row["source_format"], row["subtype"], row["sampling_rate"]) == (made.form, made.subtype, kind.rate)
    assert row["channels"] == kind.channels
    frames = 3000 if counted(made) else kind.frames
    assert (row["num_samples"], row["duration"]) == (frames, frames / kind.rate)
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
