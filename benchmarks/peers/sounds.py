"""Reading and writing sounds, with the subtype of the source, as noiseaug does."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, Literal

import soundfile
from numpy.typing import NDArray

from benchmarks.peers.pool import Task

Array = NDArray[Any]

_SAMPLING_RATE = 16_000  # of the corpora; `encode` is given samples alone


def augment(
    task: Task, add_noise: Callable[[Array, int, float], Array], dtype: Literal["float32", "float64"] = "float64"
) -> None:
    """Reads the sound once, as `dtype`, shape (frames,) or (frames, channels), and writes it with each noise."""
    samples, rate = soundfile.read(task.source, dtype=dtype)
    for path, std in task.outputs:
        settings = {"subtype": "PCM_16", "compression_level": _compression_level(path)}
        soundfile.write(path, add_noise(samples, rate, std), rate, **settings)


def decode(path: str) -> Array:
    """The samples of a file, int16, shape (frames, channels)."""
    samples: Array = soundfile.read(path, dtype="int16", always_2d=True)[0]
    return samples


def encode(path: str, samples: Array) -> memoryview:
    """The content of a file of this name."""
    content = io.BytesIO()
    form = os.path.splitext(path)[1][1:].upper()
    settings = {"subtype": "PCM_16", "format": form, "compression_level": _compression_level(path)}
    soundfile.write(content, samples, _SAMPLING_RATE, **settings)
    return content.getbuffer()


def _compression_level(path: str) -> float | None:
    return 0.0 if path.endswith(".flac") else None
