"""The usual recipe for sounds, in NumPy."""

from __future__ import annotations

import numpy as np

from benchmarks.peers import pool, sounds


def add_noise(samples: sounds.Array, _: int, std: float) -> sounds.Array:
    """The samples (full scale 1.0) with noise."""
    return np.clip(samples + np.random.randn(*samples.shape) * std, -1, 1)


def work(task: pool.Task) -> None:
    """One task."""
    sounds.augment(task, add_noise)


if __name__ == "__main__":
    pool.main(work)
