"""Times `GaussianNoise` on what is in memory, beside the usual ways, by turns in one process: CPU time, medians."""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.corpus import photograph, recording
from noiseaug import GaussianNoise

Array = np.ndarray[Any, Any]
Call = Callable[[], object]

_LEVELS, _AMPLITUDE = 25, 0.02
_CALLS = 3  # that are timed together


class Row(NamedTuple):
    """One way to noise beside ours.

    Attributes:
        what: the samples.
        ours: what is called.
        other: beside what.
        milliseconds: of ours and of the other.
        goal: how many times the time of ours the other is to take at least; None where no goal is set.
    """

    what: str
    ours: str
    other: str
    milliseconds: tuple[float, float]
    goal: float | None

    @property
    def ratio(self) -> float:
        """How many times the time of ours the other takes."""
        ours, other = self.milliseconds
        return other / ours


def rows(rounds: int = 7) -> Iterator[Row]:
    """Measures all that is installed."""
    cv2.setNumThreads(1)
    images = np.stack([photograph(number, (224, 224)) for number in range(64)])
    yield from _compared("64 images of 224x224x3", _noises(images), _on_images(images), _IMAGE_GOALS, rounds)
    speech = np.tile(recording(0)[:, 0] if recording(0).ndim > 1 else recording(0), 8)[: 16 * 16_000]
    sound = (speech / 32768).astype(np.float32)
    yield from _compared("16 s of float32 at 16 kHz", _noises(sound), _on_sound(sound), _SOUND_GOALS, 4 * rounds)


_IMAGE_GOALS = {"numpy": 3.5, "albumentations": 1.8, "cv2.randn, cv2.add": 1.0}
_SOUND_GOALS = {"standard_normal, float32": 1 / 1.2, "audiomentations": 1.5}


def _noises(samples: Array) -> Mapping[str, Call]:
    noise = GaussianNoise(f"{_LEVELS}/255" if samples.dtype == np.uint8 else _AMPLITUDE)
    out = np.empty_like(samples)
    ways: dict[str, Call] = {"noise(x)": lambda: noise(samples), "noise(x, out=y)": lambda: noise(samples, out=out)}
    if samples.ndim > 1:
        ways["noise(x, batch=True)"] = lambda: noise(samples, batch=True)
    return ways


def _on_images(images: Array) -> Mapping[str, Call]:
    generator = np.random.default_rng(0)
    rows = images.reshape(len(images) * images.shape[1], -1)
    ways: dict[str, Call] = {
        "numpy": lambda: np.clip(images + generator.normal(0, _LEVELS, images.shape), 0, 255).astype(np.uint8),
        "cv2.randn, cv2.add": lambda: cv2.add(
            rows, cv2.randn(np.empty(rows.shape, np.int16), 0, _LEVELS), dtype=cv2.CV_8U
        ),
    }
    if library := _installed("albumentations"):
        share = _LEVELS / 255
        transform = library.GaussNoise(std_range=(share, share), p=1)
        ways["albumentations"] = lambda: [transform(image=image)["image"] for image in images]
    if torch := _installed("torch"):
        torch.set_num_threads(1)
        tensor = torch.from_numpy(images)
        ways["torch"] = lambda: (tensor + torch.randn(tensor.shape) * _LEVELS).round_().clamp_(0, 255).to(torch.uint8)
    return ways


def _on_sound(sound: Array) -> Mapping[str, Call]:
    generator = np.random.default_rng(0)
    ways: dict[str, Call] = {
        "standard_normal, float32": lambda: generator.standard_normal(len(sound), dtype=np.float32),
        "numpy": lambda: sound + generator.normal(0, _AMPLITUDE, len(sound)).astype(np.float32),
    }
    if library := _installed("audiomentations"):
        transform = library.AddGaussianNoise(_AMPLITUDE, _AMPLITUDE, p=1)
        ways["audiomentations"] = lambda: transform(samples=sound, sample_rate=16_000)
    return ways


def _installed(name: str) -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version of itself
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _compared(
    what: str, ours: Mapping[str, Call], others: Mapping[str, Call], goals: Mapping[str, float], rounds: int
) -> Iterator[Row]:
    times: dict[str, list[float]] = {name: [] for name in (*ours, *others)}
    for _ in range(rounds + 2):
        for name, call in (*ours.items(), *others.items()):
            call()  # finds the caches as another one left them
            start = time.process_time()
            for _ in range(_CALLS):
                call()
            times[name].append((time.process_time() - start) / _CALLS * 1e3)
    medians = {name: statistics.median(found[2:]) for name, found in times.items()}
    for name in ours:
        for other in others:
            yield Row(what, name, other, (medians[name], medians[other]), goals.get(other))


def table(found: list[Row]) -> str:
    """The rows in Markdown: goals that are met stand in bold."""
    lines = ["| samples | call | ms | beside | ms | x | goal |", "|---|---|---:|---|---:|---:|---:|"]
    for row in found:
        ours, other = row.milliseconds
        met = row.goal is not None and row.ratio >= row.goal
        ratio = f"**{row.ratio:.2f}**" if met else f"{row.ratio:.2f}"
        goal = "" if row.goal is None else f"{row.goal:.2g}"
        lines.append(f"| {row.what} | `{row.ours}` | {ours:.2f} | {row.other} | {other:.2f} | {ratio} | {goal} |")
    return "\n".join(lines)
