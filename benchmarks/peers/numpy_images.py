"""The usual recipe for images, in NumPy."""

from __future__ import annotations

import numpy as np

from benchmarks.peers import images, pool


def add_noise(image: images.Array, std: float) -> images.Array:
    """The image with noise, on the scale of its dtype."""
    top = np.iinfo(image.dtype).max
    return np.clip(image + np.random.randn(*image.shape) * (std * top), 0, top).astype(image.dtype)


def work(task: pool.Task) -> None:
    """One task."""
    images.augment(task, add_noise)


if __name__ == "__main__":
    pool.main(work)
