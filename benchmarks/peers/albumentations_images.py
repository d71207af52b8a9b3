"""albumentations' GaussNoise."""

from __future__ import annotations

import functools

import albumentations

from benchmarks.peers import images, pool


@functools.cache
def _transform(std: float) -> albumentations.GaussNoise:
    return albumentations.GaussNoise(std_range=(std, std), p=1)


def add_noise(image: images.Array, std: float) -> images.Array:
    """The image with noise."""
    noisy: images.Array = _transform(std)(image=image)["image"]
    return noisy


def work(task: pool.Task) -> None:
    """One task."""
    images.augment(task, add_noise)


if __name__ == "__main__":
    pool.main(work)
