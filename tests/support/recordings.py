"""Recordings of every container and subtype, and how they are read by what did not write them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from noiseaug import Recipe, Running, run
from noiseaug.media.audio.formats import FORMATS, LATTICES
from noiseaug.settings.level import Level
from noiseaug.settings.recipe import AudioOptions
from support.corpus import RATE, sound

TAGS = ("title", "copyright", "software", "artist", "comment", "date", "album", "license", "tracknumber", "genre")
# What libsndfile says it can write, and cannot, or not so that it can be read again.
BROKEN = {
    *(("VOC", "ULAW"), ("VOC", "ALAW"), ("CAF", "ALAC_20"), ("CAF", "ALAC_24"), ("CAF", "ALAC_32")),
    *(("WAV", "MPEG_LAYER_III"), ("MP3", "MPEG_LAYER_I"), ("MP3", "MPEG_LAYER_II")),
}
# Rates that the header of the format can hold.
RATES = {("VOC", "PCM_U8"): 8000}
MONO = {"GSM610", "G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"}
MONO_FORMATS = {"HTK", "SVX"}


class Made(NamedTuple):
    """A recording to be made."""

    name: str
    form: str
    subtype: str
    endian: str = "FILE"


class Seen(NamedTuple):
    """What libsndfile says of a recording."""

    form: str
    subtype: str
    endian: str
    rate: int
    channels: int
    frames: int


def every_kind() -> list[Made]:
    """One recording of each container, subtype and byte order, and one under each further suffix of a container."""
    made: list[Made] = []
    for suffix, forms in FORMATS.items():
        for form in forms:
            for subtype in soundfile.available_subtypes(form):
                if form in {other.form for other in made if not other.name.endswith(suffix)} and subtype != "PCM_16":
                    continue
                if subtype not in LATTICES or (form, subtype) in BROKEN or (suffix == ".opus" and subtype != "OPUS"):
                    continue
                for endian in ("FILE", "LITTLE", "BIG"):
                    if soundfile.check_format(form, subtype, endian):
                        name = f"{form}-{subtype}-{endian}{suffix}"
                        made.append(Made(name, form, subtype, endian))
    return made


def make(folder: Path, made: Made, frames: int = 3000, channels: int = 2, tags: bool = False) -> Path:
    """Writes it."""
    channels = 1 if made.subtype in MONO or made.form in MONO_FORMATS else channels
    rate = RATES.get((made.form, made.subtype), RATE)
    path = folder / made.name
    with soundfile.SoundFile(path, "w", rate, channels, made.subtype, made.endian, made.form) as file:
        for tag in TAGS if tags else ():
            with contextlib.suppress(soundfile.SoundFileError):  # not every format has texts
                setattr(file, tag, "7" if tag == "tracknumber" else f"the {tag}")
        file.write(sound(frames, channels))
    return path


def seen(path: Path) -> Seen:
    with soundfile.SoundFile(path) as file:
        return Seen(file.format, file.subtype, file.endian, file.samplerate, file.channels, file.frames)


def tags_of(path: Path) -> dict[str, str]:
    """The text tags, but `software`, which names what wrote the file."""
    with soundfile.SoundFile(path) as file:
        return {tag: text for tag, text in file.copy_metadata().items() if text and tag != "software"}


def read(path: Path, dtype: str = "float64") -> np.ndarray:
    """The samples, block by block, as some codecs cannot tell how many there are."""
    with soundfile.SoundFile(path) as file:
        blocks = []
        buffer = np.empty((4096, file.channels), dtype)
        while len(block := file.read(out=buffer, dtype=dtype, always_2d=True)):
            blocks.append(block.copy())
        return np.concatenate([np.empty((0, file.channels), dtype), *blocks])


def read_elsewhere(path: Path, program: str) -> np.ndarray:
    """The samples as 32-bit integers, by `sox` or `ffmpeg`, which share no code with libsndfile."""
    commands = {
        "sox": ["sox", "-D", "-V1", str(path), "-t", "raw", "-e", "signed", "-b", "32", "-L", "-"],
        "ffmpeg": ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s32le", "-"],
    }
    if not shutil.which(program):
        pytest.skip(
            f"{program} is not installed: apt-get install {program}, to read what was written without libsndfile"
        )
    done = subprocess.run(commands[program], capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, "<i4")


def read_by_scipy(path: Path) -> np.ndarray:
    """The samples of a WAV file, by SciPy, which reads RIFF by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)
        return wavfile.read(path)[1]


def ratios(source: Path, dest: Path, snr: str, mean: float = 0.0, clip: str = "auto", **options: object) -> None:
    """Runs noiseaug with an SNR and audio options, by its API."""
    recipe = Recipe((Level.parse(snr, "snr"),), mean=mean, clip=clip, audio=AudioOptions(**options))
    run(source, dest, recipe, running=Running(engine="threads", workers=1))


def snr_of(clean: np.ndarray, noisy: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The signal-to-noise ratio between recordings, in dB."""
    return 10 * np.log10(np.square(clean).mean(axis) / np.square(noisy - clean).mean(axis))
