"""Noise on many arrays at once: those that are alike share the calls into NumPy and OpenCV, and keep their streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from noiseaug.noise.noiser import BLOCK, Noiser
from noiseaug.noise.scale import Array


class Wanted(NamedTuple):
    """Noise that is wanted on samples: what adds it, and how many channels share a value with `mono`."""

    noiser: Noiser
    samples: Array
    channels: int

    def added(self) -> Array:
        """Return the samples with the noise, added apart from all others."""
        return self.noiser.add(self.samples, self.channels)


def add_together(several: Sequence[Wanted]) -> list[Array]:
    """Return what `Wanted.added` returns of each; `BLOCK` samples at most are done at a time."""
    alike: dict[object, list[int]] = {}
    for number, (noiser, samples, channels) in enumerate(several):
        key = noiser.likeness
        key = (key, samples.shape, samples.dtype, channels) if key and samples.size else number
        alike.setdefault(key, []).append(number)
    noisy: dict[int, Array] = {}
    for numbers in alike.values():
        step = max(BLOCK // max(several[numbers[0]].samples.size, 1), 1)
        for start in range(0, len(numbers), step):
            part = numbers[start : start + step]
            noisy |= zip(part, _added([several[number] for number in part]), strict=True)
    return [noisy[number] for number in range(len(several))]


def _added(alike: Sequence[Wanted]) -> list[Array]:
    if len(alike) == 1:
        return [alike[0].added()]
    noisers, samples, channels = zip(*alike, strict=True)
    return Noiser.add_each(noisers, samples, channels[0])
