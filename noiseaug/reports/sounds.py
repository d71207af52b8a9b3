"""Short excerpts of recordings, to listen to and to look at."""

from __future__ import annotations

import contextlib
import io
from typing import NamedTuple

import numpy as np
import soundfile

from noiseaug.media.audio.powers import fractions
from noiseaug.media.audio.reading import Recording
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import SourceFile

SECONDS = 4.0
_MOST_SAMPLES = 110_000  # 2.5 seconds at 44.1 kHz
_LATEST = 30.0  # seconds; what is before an excerpt is decoded too
_RATES = range(8_000, 192_001)  # that browsers play


class Clip(NamedTuple):
    """An excerpt of a recording: its first channel.

    Attributes:
        samples: as fractions of full scale, float64, shape (num_samples,).
        rate: samples a second.
        channels: how many the recording has.
        start: where in the recording it begins, in seconds.
    """

    samples: Array
    rate: int
    channels: int
    start: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate

    @property
    def highest(self) -> float:
        """The highest frequency that it can hold, in kHz."""
        return self.rate / 2000


def clip(path: str, start: float | None = None) -> Clip:
    """Return some seconds of the recording at `path`, from `start` on; by default from its first third.

    Raises:
        Refused: if it cannot be decoded.
        OSError: if it cannot be read.
    """
    with (
        SourceFile(path) as source,
        contextlib.closing(Recording(source, keep_silence=False, accept_damaged=True)) as recording,
    ):
        sound = recording.sound
        if start is None:
            start = min(sound.frames / sound.rate / 3, _LATEST) if sound.frames > SECONDS * sound.rate else 0.0
        first = int(start * sound.rate)
        last = first + int(min(SECONDS * sound.rate, _MOST_SAMPLES))
        parts, at = [np.empty(0)], 0
        for block in recording.blocks():
            inside = block[max(first - at, 0) : max(last - at, 0), 0]
            parts.append(fractions(inside, sound.lattice))
            at += len(block)
            if at >= last:
                break
    return Clip(np.concatenate(parts), sound.rate, sound.channels, start)


def as_flac(clip: Clip) -> bytes:
    """Return a FLAC file of an excerpt, in 16 bits; what is beyond full scale is clipped."""
    rate = min(max(clip.rate, _RATES[0]), _RATES[-1])
    content = io.BytesIO()
    samples = np.clip(np.nan_to_num(clip.samples), -1.0, 1.0)
    soundfile.write(content, samples, rate, "PCM_16", format="FLAC")
    return content.getvalue()
