"""Stands in for audiomentations: `Compose` hands samples and their rate to each transform, by place."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


class PolarityInversion:
    """Turns samples upside down."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, samples, sample_rate: int):
        return -samples if random.random() < self.p else samples


class Compose:
    """Hands samples from transform to transform."""

    def __init__(self, transforms: Sequence[Callable], p: float = 1.0) -> None:
        self.transforms, self.p = transforms, p

    def __call__(self, samples, sample_rate: int):
        if random.random() < self.p:
            for transform in self.transforms:
                samples = transform(samples, sample_rate)
        return samples
