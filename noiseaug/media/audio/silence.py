"""Digital silence within recordings: runs of samples that are exactly 0, on each channel for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from noiseaug.noise.scale import Array

KEPT_SECONDS = 0.1  # runs longer than this are kept silent
Channels = NDArray[np.bool_]


def pieces(blocks: Iterable[Array], longest: int) -> Iterator[tuple[Array, Channels]]:
    """Yield the frames of `blocks` in pieces, each with the channels that are in a run of more than `longest` zeros.

    It does not matter where one block ends and the next begins. Up to twice `longest` frames are held back until it is
    known how long the runs in them are. A piece is not to be used after the next block was taken.
    """
    waiting: list[Array] = []
    within = np.zeros(1, bool)  # of each channel: whether the last frame so far is in a long run
    for block in blocks:
        if waiting and sum(map(len, waiting)) + len(block) <= 2 * longest:
            waiting.append(block.copy())
            continue
        samples = np.concatenate([*waiting, block]) if waiting else block
        silent, known = _silent(samples, longest, within)
        yield from _cut(samples[:known], silent)
        within = silent[known - 1] if known else within
        waiting = [samples[known:].copy()] if known < len(samples) else []
    if waiting:
        samples = np.concatenate(waiting)
        silent, known = _silent(samples, longest, within)
        yield from _cut(samples, silent)


def _silent(samples: Array, longest: int, within: Channels) -> tuple[Channels, int]:
    """Return which samples are in long runs, and of how many frames from the beginning that is known."""
    silent, known = np.zeros(samples.shape, bool), len(samples)
    for channel, goes_on in enumerate(np.broadcast_to(within, samples.shape[1:])):
        zero = np.concatenate([[False], samples[:, channel] == 0, [False]])
        edges = np.flatnonzero(zero[1:] != zero[:-1])
        starts, stops = edges[::2], edges[1::2]
        long = (stops - starts > longest) | (goes_on & (starts == 0))
        for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True):
            silent[start:stop, channel] = True
        if len(stops) and stops[-1] == len(samples) and not long[-1]:
            known = min(known, int(starts[-1]))
    return silent, known


def _cut(samples: Array, silent: Channels) -> Iterator[tuple[Array, Channels]]:
    """Yield samples cut where channels begin or end to be silent."""
    inner = silent[: len(samples)]
    cuts = [0, *(np.flatnonzero((inner[1:] != inner[:-1]).any(axis=1)) + 1).tolist(), len(samples)]
    for start, stop in pairwise(cuts):
        if start < stop:
            yield samples[start:stop], silent[start]
