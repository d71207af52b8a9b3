"""Digital silence within recordings: runs of frames that are exactly 0 on all channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from noiseaug.noise.scale import Array

KEPT_SECONDS = 0.1  # runs longer than this are kept silent


def pieces(blocks: Iterable[Array], longest: int) -> Iterator[tuple[Array, bool]]:
    """Yield the frames of `blocks` in pieces, each with whether it lies in a run of more than `longest` silent frames.

    It does not matter where one block ends and the next begins. A run that has not ended with its block and is not long
    enough yet is held back, but only by number, as what is in it is known.
    """
    held, within_run, like = 0, False, np.empty((0, 1))
    for like in blocks:
        done = 0
        for start, stop in [*_runs(like, longest), (len(like), len(like))]:
            if done < start:
                if held:
                    yield _zeros(held, like), False
                held, within_run = 0, False
                yield like[done:start], False
            held, done = held + stop - start, stop
            if held and (within_run or held > longest):
                yield _zeros(held, like), True
                held, within_run = 0, True
    if held:
        yield _zeros(held, like), False


def _zeros(frames: int, like: Array) -> Array:
    return np.zeros((frames, like.shape[1]), like.dtype)


def _runs(block: Array, longest: int) -> list[tuple[int, int]]:
    """Return the runs of silent frames that are long, or that may go on beyond an end of the block."""
    silent = np.concatenate([[False], ~block.any(axis=1), [False]])
    edges = np.flatnonzero(silent[1:] != silent[:-1])
    starts, stops = edges[::2], edges[1::2]
    wanted = (stops - starts > longest) | (starts == 0) | (stops == len(block))
    return list(zip(starts[wanted].tolist(), stops[wanted].tolist(), strict=True))
