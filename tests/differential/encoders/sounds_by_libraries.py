"""Recordings by soundfile and PyAV, in all containers and subtypes."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import soundfile
from scipy.io import wavfile

from differential import contents

Files = Iterator[tuple[str, bytes]]

# Suffix and libsndfile's name of each container.
_CONTAINERS = {
    ".wav": ("WAV", "WAVEX", "RF64", "NIST"),
    ".rf64": ("RF64",),
    ".w64": ("W64",),
    ".aiff": ("AIFF",),
    ".au": ("AU",),
    ".avr": ("AVR",),
    ".caf": ("CAF",),
    ".flac": ("FLAC",),
    ".htk": ("HTK",),
    ".mp3": ("MP3",),
    ".ogg": ("OGG",),
    ".pvf": ("PVF",),
    ".sf": ("IRCAM",),
    ".svx": ("SVX",),
    ".voc": ("VOC",),
}
# Suffix, muxer and codecs of libav.
_MUXERS = {
    ".wav": (
        "wav",
        (
            "pcm_u8",
            "pcm_s16le",
            "pcm_s24le",
            "pcm_s32le",
            "pcm_f32le",
            "pcm_f64le",
            "pcm_alaw",
            "pcm_mulaw",
            "adpcm_ima_wav",
            "adpcm_ms",
            "adpcm_yamaha",
            "adpcm_swf",
            "g722",
            "g726",
            "libmp3lame",
            "mp2",
            "ac3",
            "aac",
            "flac",
            "libgsm_ms",
        ),
    ),
    ".aiff": (
        "aiff",
        (
            "pcm_s8",
            "pcm_s16be",
            "pcm_s16le",
            "pcm_s24be",
            "pcm_s32be",
            "pcm_f32be",
            "pcm_f64be",
            "pcm_alaw",
            "pcm_mulaw",
            "adpcm_ima_qt",
            "pcm_u8",
        ),
    ),
    ".au": (
        "au",
        (
            "pcm_s8",
            "pcm_s16be",
            "pcm_s24be",
            "pcm_s32be",
            "pcm_f32be",
            "pcm_f64be",
            "pcm_alaw",
            "pcm_mulaw",
            "adpcm_g722",
        ),
    ),
    ".caf": (
        "caf",
        (
            "pcm_s8",
            "pcm_s16be",
            "pcm_s16le",
            "pcm_s24le",
            "pcm_s32be",
            "pcm_f32le",
            "pcm_f64be",
            "pcm_alaw",
            "pcm_mulaw",
            "alac",
            "aac",
            "opus",
            "flac",
            "adpcm_ima_qt",
        ),
    ),
    ".flac": ("flac", ("flac",)),
    ".ogg": ("ogg", ("libvorbis", "libopus", "flac", "libspeex")),
    ".opus": ("opus", ("libopus",)),
    ".mp3": ("mp3", ("libmp3lame",)),
    ".mp2": ("mp2", ("mp2",)),
    ".w64": ("w64", ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le")),
    ".voc": ("voc", ("pcm_u8", "pcm_s16le", "pcm_alaw", "pcm_mulaw")),
    ".sf": ("ircam", ("pcm_s16le", "pcm_f32le", "pcm_alaw")),
}


def files() -> Files:
    """All of them."""
    warnings.simplefilter("ignore")
    yield from by_soundfile()
    yield from by_pyav()
    yield from by_scipy()


def by_soundfile() -> Files:
    for suffix, forms in _CONTAINERS.items():
        for form in forms:
            for subtype in soundfile.available_subtypes(form):
                for endian in ("FILE", "LITTLE", "BIG"):
                    for name, samples in contents.recordings().items():
                        rate = {"VOC": 8000}.get(form, 48_000 if subtype == "OPUS" else contents.RATE)
                        if data := _by_soundfile(samples, rate, (subtype, endian, form)):
                            yield f"soundfile-{suffix[1:]}-{form}-{subtype}-{endian.lower()}-{name}{suffix}", data


def _by_soundfile(samples: np.ndarray, rate: int, kind: tuple[str, str, str]) -> bytes:
    file = io.BytesIO()
    with contextlib.suppress(soundfile.SoundFileError, AssertionError, ValueError):
        soundfile.write(file, samples, rate, *kind)
        return file.getvalue()
    return b""


def by_pyav() -> Files:
    for suffix, (muxer, codecs) in _MUXERS.items():
        for codec in codecs:
            for name in ("mono", "stereo", "odd", "surround"):
                if (muxer, name) == ("voc", "surround"):
                    continue  # libav writes it, and no other program reads it so
                if data := _by_pyav(name, muxer, codec):
                    yield f"pyav-{suffix[1:]}-{codec}-{name}{suffix}", data


def _by_pyav(name: str, muxer: str, codec: str) -> bytes:
    """The file, or nothing if libav writes none of this kind."""
    samples = contents.pcm16(name)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    rate = 48_000 if codec == "libopus" else contents.RATE
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=muxer) as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
    except (av.error.FFmpegError, ValueError, OSError, TypeError):
        return b""
    return file.getvalue()


def by_scipy() -> Files:
    for name, samples in contents.recordings().items():
        for dtype in (np.uint8, np.int16, np.int32, np.float32, np.float64):
            top = np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else 1
            scaled = (samples * 0.5 + 0.5 if dtype is np.uint8 else samples) * top
            file = io.BytesIO()
            wavfile.write(file, contents.RATE, scaled.astype(dtype))
            yield f"scipy-{np.dtype(dtype).name}-{name}.wav", file.getvalue()
