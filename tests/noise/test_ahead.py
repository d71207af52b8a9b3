"""Normals that are drawn ahead are those of the stream, however they are taken."""

from __future__ import annotations

import numpy as np
import pytest

from noiseaug.noise.ahead import StreamAhead
from noiseaug.noise.streams import Stream

TAKEN = {
    "blocks and a rest": (100, 100, 100, 50),
    "less than what was drawn": (100, 30, 30, 40, 100, 50),
    "more than what was drawn": (10, 100, 240),
    "more than was expected": (100, 200, 200, 200),
    "all at once": (350,),
}


@pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_they_are_those_of_the_stream(taken, dtype):
    expected, ahead, memory = Stream("a" * 32), StreamAhead("a" * 32, 350), np.empty(sum(taken), dtype)
    for count in taken:
        found = ahead.normals(memory[:count])
        assert np.array_equal(found, expected.normals(np.empty(count, dtype)))
