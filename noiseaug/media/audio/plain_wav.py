"""Plain WAV files: a header of 44 bytes and samples of 16 bits, which are most recordings of words and short sounds.

They are read and written here, as libsndfile does it, byte by byte: to open a file with it for reading and one for
writing takes 0.2 ms, more than all else that a second of sound at 16 kHz needs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from noiseaug.media.audio.formats import HEADER_ROOM, SIZE_LIMITS, Sound
from noiseaug.media.output import Output
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused, SourceFile

# RIFF, length, WAVE; "fmt ", 16, coding, channels, rate, bytes a second, bytes a frame, bits a sample; "data", length.
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM, _BITS = 1, 16
# Others are left to libsndfile, which knows its limits.
_MOST_CHANNELS, _HIGHEST_RATE = 8, 768_000
_MOST_BYTES = 1 << 23


class PlainRecording(NamedTuple):
    """A plain WAV file: what `reading.Recording` says of it, and its samples.

    Attributes:
        source: its file.
        sound: its format, subtype, rate, channels and length.
        samples: shape (frames, channels), dtype int16, little-endian.
        silent: whether all samples are 0.
        damage: nothing.
        decoder: nothing.
    """

    source: SourceFile
    sound: Sound
    samples: Array
    silent: bool
    damage: str = ""
    decoder: str = ""


def is_for_plain(source: SourceFile, outputs: Sequence[Output]) -> bool:
    """Tell whether a source can be read and its outputs can be written here, if it is plain."""
    recipe, size = outputs[0].recipe, source.size
    if (
        not _HEADER.size < size <= min(_MOST_BYTES, SIZE_LIMITS["WAV"] - HEADER_ROOM)
        or not source.path.lower().endswith(".wav")
        or recipe.clip == "none"
    ):
        return False
    audio = recipe.audio
    if audio.keep_silence or audio.on_clip != "saturate" or audio.measure != "encoded":
        return False
    return all(output.suffix == ".wav" and output.level.unit == "std" for output in outputs)


def read(source: SourceFile) -> PlainRecording | None:
    """Return the recording, or None if it is not plain."""
    content = source.read()
    sound = _sound_of(content)
    if sound is None:
        return None
    samples = np.frombuffer(content, "<i2", offset=_HEADER.size).reshape(sound.frames, sound.channels)
    return PlainRecording(source, sound, samples, silent=not samples.any())


def encoded(samples: Array, sound: Sound) -> bytes:
    """Return the file of samples, shape (frames, channels), dtype int16, of a plain sound like this one.

    Raises:
        Refused: if its header does not say so.
    """
    width, size = sound.channels * _BITS // 8, samples.nbytes
    layout = sound.channels, sound.rate, sound.rate * width, width, _BITS
    head = _HEADER.pack(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, _PCM, *layout, b"data", size)
    content = head + samples.astype("<i2", copy=False).tobytes()
    if _sound_of(content) != sound:
        raise Refused("cannot be written as WAV PCM_16: its header says something else; report it")
    return content


def _sound_of(content: bytes) -> Sound | None:
    """Return what the header of a plain file says, or None if the file is not plain in each of its bytes."""
    head = _HEADER.unpack_from(content)
    riff, length, wave, fmt, sixteen, coding, channels, rate, speed, width, bits, data, size = head
    if (riff, wave, fmt, sixteen, coding, bits, data) != (b"RIFF", b"WAVE", b"fmt ", 16, _PCM, _BITS, b"data"):
        return None
    if not (0 < channels <= _MOST_CHANNELS and 0 < rate <= _HIGHEST_RATE and width == 2 * channels):
        return None
    if speed != rate * width or length + 8 != len(content) or size != len(content) - _HEADER.size or size % width:
        return None
    return Sound("WAV", "PCM_16", "FILE", rate, channels, size // width)
