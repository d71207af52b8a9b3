"""Work in steps, so that many small files can be done together: all are read, all are decoded, and so on.

The code and the tables of a decoder, or of the system's calls, stay in the processor's caches while it goes through
many files. 4,000 PNG of 32x32 took 0.41 ms of CPU time each when they were done one by one, and 0.24 ms when each step
was done for 64 of them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

from noiseaug.noise.scale import Array
from noiseaug.noise.together import Wanted

# Bytes of samples, in all outputs of a source, up to which work pauses between its steps. What waits is in memory, and
# no file of it is open.
SMALL = 1 << 17

T = TypeVar("T")
# Work that pauses between its steps: it yields None, or noise that it wants and is sent, and returns its result.
Steps = Generator[Wanted | None, Array | None, T]


def done(steps: Steps[T]) -> T:
    """Go through the steps without a pause, and return the result."""
    answer = None
    while True:
        try:
            wanted = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = wanted.added() if wanted else None


def in_turn(several: Iterable[Steps[T]]) -> Steps[list[T]]:
    """Go through the steps of several works, one after the other, and return their results."""
    results = []
    for steps in several:
        results.append((yield from steps))  # noqa: PERF401 - a comprehension cannot yield
    return results


def wanted(noise: Wanted) -> Steps[Array]:
    """Return the samples with the noise that is wanted."""
    samples = yield noise
    assert samples is not None
    return samples
