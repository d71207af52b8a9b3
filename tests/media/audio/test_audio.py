"""Audio: nothing but noise changes, recordings of any length are streamed, and what is cut short is refused."""

from __future__ import annotations

import contextlib
import resource
import wave

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from noiseaug import GaussianNoise
from support.commands import within
from support.corpus import RATE, read_levels, sound, write_sound
from support.trees import failures, manifest

CHANNELS = 2
WAV = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]
SIGNED = ["PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]
FORMATS = {"WAV": WAV, "WAVEX": WAV, "RF64": WAV, "W64": WAV, "AIFF": SIGNED, "AU": SIGNED, "CAF": SIGNED}
FORMATS["FLAC"] = ["PCM_S8", "PCM_16", "PCM_24"]
SUFFIXES = {"WAVEX": ".wav", "RF64": ".wav"}
LOSSLESS = {
    f"{form}-{subtype}{SUFFIXES.get(form, '.' + form.lower())}": {"form": form, "subtype": subtype}
    for form, subtypes in FORMATS.items()
    for subtype in subtypes
}
LOSSLESS |= {
    "big-PCM_16.wav": {"form": "WAV", "subtype": "PCM_16", "endian": "BIG"},
    "big-PCM_24.wav": {"form": "WAV", "subtype": "PCM_24", "endian": "BIG"},
    "little-PCM_16.aiff": {"form": "AIFF", "subtype": "PCM_16", "endian": "LITTLE"},
    "little-PCM_24.caf": {"form": "CAF", "subtype": "PCM_24", "endian": "LITTLE"},
}
LOSSY = {
    "vorbis.ogg": {"form": "OGG", "subtype": "VORBIS"},
    "vorbis.oga": {"form": "OGG", "subtype": "VORBIS"},
    "opus.ogg": {"form": "OGG", "subtype": "OPUS", "rate": 48_000},
    "song.mp3": {"form": "MP3", "subtype": "MPEG_LAYER_III", "rate": 44_100},
}
TAGS = {"title": "Ein Lied", "artist": "Müller & Söhne", "comment": "recorded at home", "date": "2026"}
TAGGED = [
    "WAV-PCM_16.wav",
    "AIFF-PCM_16.aiff",
    "FLAC-PCM_16.flac",
    "CAF-PCM_16.caf",
    "vorbis.ogg",
    "opus.ogg",
    "song.mp3",
]


def kind_of(path):
    with soundfile.SoundFile(path) as file:
        return file.format, file.subtype, file.endian, file.samplerate, file.channels, file.frames


def tags_of(path):
    with soundfile.SoundFile(path) as file:
        return {tag: text for tag, text in file.copy_metadata().items() if text}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A folder with a recording of each kind, 5000 frames of stereo."""
    root = tmp_path_factory.mktemp("recordings") / "source"
    for name, settings in (LOSSLESS | LOSSY).items():
        write_sound(root / name, sound(5000, CHANNELS), **settings)
    return root


@pytest.fixture(scope="module")
def unchanged(recordings, tmp_path_factory):
    """What noise of std 0 makes of them."""
    dest = tmp_path_factory.mktemp("unchanged") / "dest"
    within("run", recordings, dest, "--std", "0")
    return dest


@pytest.fixture(scope="module")
def noisy(recordings, tmp_path_factory):
    dest = tmp_path_factory.mktemp("noisy") / "dest"
    within("run", recordings, dest, "--std", "0.02", "--seed", "7")
    return dest


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_format_subtype_endianness_rate_channels_and_length_are_kept(recordings, noisy, name):
    assert kind_of(noisy / name) == kind_of(recordings / name)
    if name in LOSSLESS:
        assert (noisy / name).read_bytes()[:4] == (recordings / name).read_bytes()[:4]
    row = manifest(noisy)[name]
    told = (row["subtype"], row["sampling_rate"], row["channels"], row["num_samples"])
    _, subtype, _, rate, channels, frames = kind_of(recordings / name)
    assert told == (subtype, rate, channels, frames)
    assert row["duration"] == pytest.approx(5000 / rate)


@pytest.mark.parametrize("name", LOSSLESS)
def test_noise_of_std_0_changes_no_sample_of_a_lossless_recording(recordings, unchanged, name):
    dtype = "float64" if "DOUBLE" in name or "FLOAT" in name else "int32"
    assert np.array_equal(read_levels(unchanged / name, dtype), read_levels(recordings / name, dtype))


def noise_of(noisy, recordings, name):
    return (read_levels(noisy / name, "float64") - read_levels(recordings / name, "float64")).ravel()


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_recording_gets_the_noise_that_was_asked_for(recordings, noisy, name):
    noise = noise_of(noisy, recordings, name)
    step = 2 / 256 if "8" in name else 0
    assert abs(noise.std() / (0.02**2 + step**2 / 12) ** 0.5 - 1) < 0.03
    assert abs(noise.mean()) < 0.001


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_recording_keeps_its_noise(source, dest, name):
    """As JPEG does at quality 95. What libsndfile does by default drops most of it: correlation 0.3 to 0.7."""
    settings = LOSSY[name]
    rate = settings.get("rate", RATE)
    write_sound(source / name, sound(2 * rate), **settings)
    within("run", source, dest, "--std", "0.02")
    clean = read_levels(source / name, "float32")
    noise = GaussianNoise(0.02)(clean, key=name) - clean
    assert np.corrcoef(noise_of(dest, source, name), noise.ravel())[0, 1] > 0.8


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24)])
def test_samples_stay_on_the_lattice_of_their_subtype(recordings, noisy, subtype, bits):
    """Seen through SciPy, which knows nothing of libsndfile."""
    before, after = (wavfile.read(folder / f"WAV-{subtype}.wav")[1] for folder in (recordings, noisy))
    assert before.dtype == after.dtype
    container = 8 * after.itemsize
    assert (after.astype(np.int64) % (1 << (container - bits)) == 0).all()
    levels = (after.astype(np.int64) - before.astype(np.int64)) >> (container - bits)
    assert abs(levels.std() / (0.02 * 2 ** (bits - 1)) - 1) < 0.04
    assert len(np.unique(levels % 256)) > 10  # the lowest bits take part


def test_the_standard_library_reads_the_same(recordings, noisy):
    with wave.open(str(recordings / "WAV-PCM_16.wav")) as before, wave.open(str(noisy / "WAV-PCM_16.wav")) as after:
        assert after.getparams() == before.getparams()
        read = np.frombuffer(after.readframes(10_000), "<i2").reshape(-1, CHANNELS)
    assert np.array_equal(read, read_levels(noisy / "WAV-PCM_16.wav", "int16"))


def test_integers_saturate_and_floats_go_beyond_full_scale(source, dest):
    loud = np.clip(4 * sound(), -1, 1)
    for subtype in WAV:
        write_sound(source / f"{subtype}.wav", loud, subtype)
    within("run", source, dest, "--std", "0.2")
    for subtype, row in ((name.partition(".")[0], row) for name, row in manifest(dest).items()):
        noise = read_levels(dest / f"{subtype}.wav", "float64") - read_levels(source / f"{subtype}.wav", "float64")
        assert abs(noise).max() < 1.2  # nothing wraps
        peak = abs(read_levels(dest / f"{subtype}.wav", "float64")).max()
        assert (peak <= 1) == subtype.startswith("PCM") == (row["clipped"] > 0.05)


@pytest.mark.parametrize("name", TAGGED)
@pytest.mark.parametrize("tags", [TAGS, {"title": "only this"}, {}], ids=["several", "one", "none"])
def test_text_tags_are_kept(source, dest, name, tags):
    settings = (LOSSLESS | LOSSY)[name]
    rate = settings.get("rate", RATE)
    with soundfile.SoundFile(source / name, "w", rate, 1, settings["subtype"], format=settings["form"]) as file:
        for tag, text in tags.items():
            setattr(file, tag, text)
        file.write(sound())
    assert tags_of(source / name).get("title") == tags.get("title")  # formats differ in what they hold besides
    assert within("run", source, dest, "--std", "0.01").stderr == ""
    assert tags_of(dest / name) == tags_of(source / name)


def test_tags_that_the_float_format_cannot_hold_do_not_cost_the_file(source, dest):
    with soundfile.SoundFile(source / "a.flac", "w", RATE, 1, "PCM_16") as file:
        for tag in ("title", "copyright", "software", "artist", "comment", "date", "album", "license", "genre"):
            setattr(file, tag, f"the {tag}")
        file.tracknumber = "3"
        file.write(sound())
    assert within("run", source, dest, "--std", "0.01", "--clip", "none").stderr == ""
    assert tags_of(dest / "a.wav")["title"] == "the title"


@pytest.mark.parametrize("form", ["AIFF", "WAV", "CAF", "AU"])
@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_clip_none_works_for_either_byte_order(source, dest, form, endian):
    write_sound(source / f"a.{form.lower()}", sound(), "PCM_16", form=form, endian=endian)
    assert within("run", source, dest, "--std", "0.01", "--clip", "none").stderr == ""
    assert kind_of(dest / f"a.{form.lower()}")[:2] == (form, "FLOAT")


@pytest.mark.parametrize("channels", [1, 3, 8, 300])
def test_any_number_of_channels(source, dest, channels):
    write_sound(source / "a.wav", sound(1000, channels), "PCM_16")
    within("run", source, dest, "--std", "0.01")
    assert kind_of(dest / "a.wav") == kind_of(source / "a.wav")
    assert (read_levels(dest / "a.wav") != read_levels(source / "a.wav")).mean() > 0.9


@pytest.mark.parametrize("frames", [0, 1, 32_768, 32_769, 200_001])
def test_any_length(source, dest, frames):
    write_sound(source / "a.wav", sound(frames, 2), "PCM_16")
    write_sound(source / "a.ogg", sound(frames), "VORBIS")
    assert within("run", source, dest, "--std", "0.05").stderr == ""
    assert kind_of(dest / "a.wav") == kind_of(source / "a.wav")
    assert kind_of(dest / "a.ogg") == kind_of(source / "a.ogg")
    noise = (read_levels(dest / "a.wav", "float64") - read_levels(source / "a.wav", "float64")).ravel()
    assert all(0.04 < part.std() < 0.06 for part in np.array_split(noise, 20) if part.size > 500)
    assert manifest(dest)["a.wav"]["num_samples"] == frames


def test_silence_gets_its_noise_and_no_figure_that_is_not_a_number(source, dest):
    write_sound(source / "a.wav", np.zeros((4000, 1)), "PCM_16")
    within("run", source, dest, "--std", "0.1")
    row = manifest(dest)["a.wav"]
    assert row["snr_db_measured"] is None
    assert abs(row["noise_std"] - 0.1) < 0.01


def test_a_subtype_that_libsndfile_misreads_is_refused(source, dest):
    """It takes the byte that ends the file for a sample."""
    write_sound(source / "a.voc", sound(), "ULAW")
    within("run", source, dest, "--std", "0.1")
    assert "is VOC with subtype ULAW, which is not supported" in failures(dest)["a.voc"]


# Cut short


CUTTABLE = [name for name in LOSSLESS if "PCM_16" in name or "FLOAT" in name]


@pytest.mark.parametrize("name", [*CUTTABLE, "vorbis.ogg", "opus.ogg"])
def test_a_recording_that_is_cut_short_is_refused(recordings, source, dest, name):
    whole = (recordings / name).read_bytes()
    for percent in (50, 95):
        (source / f"{percent}-{name}").write_bytes(whole[: len(whole) * percent // 100])
    within("run", source, dest, "--std", "0.1")
    refused = failures(dest)
    assert set(refused) == {f"50-{name}", f"95-{name}"}
    assert not [path for path in dest.iterdir() if path.suffix != ".jsonl"]


def test_an_mp3_that_is_cut_short_is_refused_as_its_header_tells_its_length(recordings, source, dest):
    whole = (recordings / "song.mp3").read_bytes()
    (source / "a.mp3").write_bytes(whole[: len(whole) // 2])
    within("run", source, dest, "--std", "0.1")
    assert "is damaged: its last frame is cut short" in failures(dest)["a.mp3"]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_that_was_piped_and_does_not_know_its_length_is_read_to_its_end(recordings, source, dest, size):
    data = bytearray((recordings / "WAV-PCM_16.wav").read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = size.to_bytes(4, "little")
    (source / "a.wav").write_bytes(data)
    with soundfile.SoundFile(source / "a.wav") as file:
        seen = file.frames
    within("run", source, dest, "--std", "0.1")
    if seen:
        assert kind_of(dest / "a.wav")[-1] == seen


# A full disk, played by a limit on the size of files, which the kernel reports to whoever writes.


FULL = ["WAV-PCM_16.wav", "AIFF-FLOAT.aiff", "FLAC-PCM_16.flac", "CAF-PCM_24.caf", "vorbis.ogg", "opus.ogg", "song.mp3"]


@contextlib.contextmanager
def files_limited_to(size):
    """Limits the size of files that this process writes. (Not for longer than it takes: pytest's own log is one.)"""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("lacking", [1, 1000])
def test_a_full_disk_leaves_no_part_of_a_file_and_is_said(recordings, noisy, source, dest, name, lacking):
    (source / name).write_bytes((recordings / name).read_bytes())
    with files_limited_to((noisy / name).stat().st_size - lacking):
        result = within("run", source, dest, "--std", "0.02", "--seed", "7")
    assert result.returncode == 1
    assert "cannot write" in result.stderr and "run again" in result.stderr
    assert not (dest / name).exists()
