"""Folders of recordings: of every container and subtype, of what matters to an SNR, and long ones."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import soundfile

from tools.same_outputs.makers import example, makers

RATE = 16_000
TAGS = ("title", "copyright", "artist", "comment", "date", "album", "license", "tracknumber", "genre")
# libsndfile's name of each container, and suffixes that it goes by.
CONTAINERS = {
    "WAV": ("wav",),
    "WAVEX": ("wav",),
    "RF64": ("rf64", "wav"),
    "W64": ("w64",),
    "NIST": ("sph", "nist", "wav"),
    "AIFF": ("aiff", "aif", "aifc"),
    "AU": ("au", "snd"),
    "AVR": ("avr",),
    "CAF": ("caf",),
    "FLAC": ("flac",),
    "HTK": ("htk",),
    "MP3": ("mp3",),
    "OGG": ("ogg", "oga", "opus"),
    "PVF": ("pvf",),
    "IRCAM": ("sf",),
    "SVX": ("svx", "8svx"),
    "VOC": ("voc",),
}


def recordings(root: Path) -> None:
    """Fills `root` with recordings of each container, subtype and byte order that libsndfile writes, with all tags."""
    corpus, _ = makers()
    for container, suffixes in CONTAINERS.items():
        for subtype in soundfile.available_subtypes(container):
            endians = [name for name in ("LITTLE", "BIG") if soundfile.check_format(container, subtype, name)]
            for endian in endians or ["FILE"]:
                for suffix in suffixes if subtype in ("PCM_16", "VORBIS", "OPUS") else suffixes[:1]:
                    name = f"{container}-{subtype}-{endian}-{suffix}.{suffix}"
                    _record(root / name, container, subtype, endian)
    for name, channels in (("six-wav.wav", 6), ("six-flac.flac", 6), ("three-ogg.ogg", 3)):
        corpus.write_sound(root / name, corpus.sound(3000, channels), soundfile.default_subtype(name.split(".")[1]))
    (root / "tone-mp3.wav").write_bytes(example("tone-mp3.wav"))
    (root / "tone.mp2").write_bytes(example("tone.mp2"))


def _record(path: Path, container: str, subtype: str, endian: str) -> None:
    """Writes a short recording with tags; in one channel or at another rate where the format takes nothing else."""
    corpus, _ = makers()
    for channels, rate in ((2, RATE), (1, RATE), (1, 8000)):
        try:
            with soundfile.SoundFile(path, "w", rate, channels, subtype, endian, container) as file:
                for tag in TAGS:
                    with contextlib.suppress(soundfile.SoundFileError):  # not every format has texts
                        setattr(file, tag, "7" if tag == "tracknumber" else f"the {tag}")
                file.write(corpus.sound(3000, channels))
        except soundfile.SoundFileError:
            path.unlink(missing_ok=True)
        else:
            return


def speech(root: Path) -> None:
    """Fills `root` with what matters to an SNR: pauses, silence, a silent channel, peaks, nothing; with transcripts."""
    corpus, _ = makers()
    word, pause = corpus.sound(4000, 2), np.zeros((3000, 2))
    made = {
        "words/pauses": np.concatenate([pause, word, pause, word, pause]),
        "words/one-channel": word * [1, 0],
        "words/faint": word * 0.001,
        "words/short": word[:7],
        "loud/peaks": np.clip(word * 3, -1, 1),
        "loud/constant": np.full((4000, 2), 0.99),
        "silence/silent": pause,
        "silence/nothing": pause[:0],
    }
    for name, samples in made.items():
        for suffix, subtype in (("wav", "PCM_16"), ("flac", "PCM_24"), ("aiff", "FLOAT"), ("ogg", "VORBIS")):
            corpus.write_sound(root / f"{name}-{suffix}.{suffix}", samples, subtype)
            (root / f"{name}-{suffix}.txt").write_text(f"what is said in {name}\n")
    corpus.write_sound(root / "wild.wav", np.array([[np.nan], [np.inf], [1e30]]), "FLOAT")


def lengthy(root: Path) -> None:
    """Fills `root` with recordings of several blocks, with a pause of more than one."""
    corpus, _ = makers()
    samples = np.concatenate([corpus.sound(100_000, 2), np.zeros((90_000, 2)), corpus.sound(77_777, 2, seed=1)])
    corpus.write_sound(root / "deep.flac", samples, "PCM_24")
    corpus.write_sound(root / "mono.wav", samples[:, :1], "FLOAT")
    corpus.write_sound(root / "song.ogg", samples, "VORBIS")
