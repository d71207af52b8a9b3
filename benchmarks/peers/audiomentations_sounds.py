"""audiomentations' AddGaussianNoise."""

from __future__ import annotations

import functools

import audiomentations

from benchmarks.peers import pool, sounds


@functools.cache
def _transform(std: float) -> audiomentations.AddGaussianNoise:
    return audiomentations.AddGaussianNoise(min_amplitude=std, max_amplitude=std, p=1)


def add_noise(samples: sounds.Array, rate: int, std: float) -> sounds.Array:
    """The samples with noise."""
    noisy: sounds.Array = _transform(std)(samples=samples, sample_rate=rate)
    return noisy


def work(task: pool.Task) -> None:
    """One task. (It takes float32 samples alone.)"""
    sounds.augment(task, add_noise, dtype="float32")


if __name__ == "__main__":
    pool.main(work)
