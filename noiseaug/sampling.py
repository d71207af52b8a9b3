"""Where random numbers come from: keys, their streams, and exact samples of the rounded Gaussian."""

from __future__ import annotations

import functools
import hashlib
import math
import os
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Above this std (in levels) so many table cells straddle two values that rounding float64 normals costs less:
# ns a sample by table, against 8.6 by rounding: std 327 2.3, 1000 4.6, 2000 8.1, 3000 11.
TABLE_MAX_STD = 1000.0
# The table holds int16 samples.
_TABLE_MAX_MEAN = 20_000.0
_UNDECIDED = np.int16(-32768)
_TWO64 = 1 << 64


def stream_key(seed: int, path: str, copy: int) -> str:
    """The name of one random stream: 32 hex digits of SHA-256 over seed, copy and the path's bytes.

    The strength is not in it, so all levels of one copy share one noise realisation.
    """
    digest = hashlib.sha256(b"noiseaug 1\0%d\0%d\0" % (seed, copy) + os.fsencode(path))
    return digest.hexdigest()[:32]


class Stream:
    """The random numbers of one key, in sub-streams by purpose, so that none depends on how far another was read."""

    def __init__(self, key: str) -> None:
        self._entropy = int(key, 16)
        self._cells = self._bits(0)
        self._left = np.empty(0, np.uint16)

    def _bits(self, purpose: int) -> np.random.SFC64:
        return np.random.SFC64(np.random.SeedSequence(self._entropy, spawn_key=(purpose,)))

    @functools.cached_property
    def _refinements(self) -> np.random.SFC64:
        return self._bits(1)

    @functools.cached_property
    def _normals(self) -> np.random.Generator:
        return np.random.Generator(self._bits(2))

    def position(self) -> float:
        """The uniform number in [0, 1) that places a drawn strength in its range."""
        return int(self._bits(3).random_raw()) / _TWO64

    def cells(self, count: int) -> NDArray[np.uint16]:
        """The next `count` uniform 16-bit numbers; four come from a 64-bit draw, least significant first."""
        if not self._left.size and count % 4 == 0:
            return self._quarters(count // 4)
        lacking = max(count - self._left.size, 0)
        numbers = np.concatenate([self._left, self._quarters(-(-lacking // 4))])
        self._left = numbers[count:]
        return numbers[:count]

    def _quarters(self, count: int) -> NDArray[np.uint16]:
        words: NDArray[np.uint64] = self._cells.random_raw(count)
        return words.astype("<u8", copy=False).view("<u2").astype(np.uint16, copy=False)

    def refinements(self, count: int) -> NDArray[np.uint64]:
        """The next `count` uniform 64-bit numbers, for samples that their cell leaves undecided."""
        numbers: NDArray[np.uint64] = self._refinements.random_raw(count)
        return numbers

    def normals(self, out: Array) -> Array:
        """`out` (float32 or float64) filled with the next standard normals.

        They are NumPy's ziggurat (Marsaglia and Tsang 2000): integer draws, table look-ups and multiplications, so
        the same values on every SIMD level.
        """
        return self._normals.standard_normal(dtype=out.dtype.type, out=out)


class RoundedGaussian:
    """Exact samples of round(N(mean, std**2)) for one strength in levels, by inversion of the distribution function.

    A sample is the number of boundaries T[k] = round(2**64 * Phi((k + 1/2 - mean) / std)) that do not exceed a uniform
    64-bit U. The top 16 bits of U choose a cell of a table; where the cell holds no boundary (all but one cell in a few
    hundred) the value is decided, and only for the others are the remaining 48 bits drawn (from a sub-stream of their
    own, so that samples do not depend on how they are cut into blocks) and T searched.

    Error: rounding T moves a boundary by at most 2**-65. Phi is erfc/2 of the side where it is below 1/2, off by less
    than 2**-51 of itself (erfc to a unit or two in the last place; the rounding of its argument matters as
    z**2 * Phi(z), which shrinks). Total variation is at most the sum of what the boundaries are off by:
    2**-51 * 2 * sum(Phi(z_k) for z_k < 0) = 2**-51 * 2 * std / sqrt(2 pi) < 4e-16 * std, plus 2**-65 for each of the
    19 * std + 4 boundaries, plus the 2**-63 that lies beyond the last: 4e-13 at the widest table, TABLE_MAX_STD.
    """

    def __init__(self, std: float, mean: float) -> None:
        reach = 9.3 * std  # Phi(-9.3) < 2**-65
        self._first = math.floor(mean - reach) - 1
        last = math.ceil(mean + reach) + 1
        spread = std or math.ulp(0.0)
        self._boundaries = np.array([_boundary((k + 0.5 - mean) / spread) for k in range(self._first, last)], np.uint64)
        edges = np.arange(65536, dtype=np.uint64) << np.uint64(48)
        self._at_least = np.searchsorted(self._boundaries, edges, side="right")
        at_most = np.searchsorted(self._boundaries, edges + np.uint64((1 << 48) - 1), side="right")
        decided = self._at_least == at_most
        table = np.where(decided, self._at_least + self._first, int(_UNDECIDED))
        self._table = table.astype(np.int16).reshape(1, -1)
        # Whether a sample added to 0..255 stays in int16.
        self.within_int16 = self._first >= -32768 and last + 255 <= 32767

    @staticmethod
    def fits(std: float, mean: float) -> bool:
        """Whether `std` and `mean`, in levels, are in reach of a table."""
        return std <= TABLE_MAX_STD and abs(mean) <= _TABLE_MAX_MEAN

    @staticmethod
    @functools.lru_cache(maxsize=32)
    def of(std: float, mean: float) -> RoundedGaussian:
        """The sampler of this strength, made once (about a millisecond) and kept."""
        return RoundedGaussian(std, mean)

    def draw(self, stream: Stream, out: NDArray[np.int16]) -> NDArray[np.int16]:
        """`out` (shape (n,)) filled with the stream's next n samples, in levels."""
        cells = stream.cells(out.size)
        cv2.LUT(cells.reshape(1, -1), self._table, out.reshape(1, -1))
        undecided = np.flatnonzero(out == _UNDECIDED)
        if undecided.size:
            cell = cells[undecided]
            uniform = (cell.astype(np.uint64) << np.uint64(48)) | (stream.refinements(cell.size) >> np.uint64(16))
            out[undecided] = self._boundaries_up_to(uniform, self._at_least[cell]) + self._first
        return out

    def _boundaries_up_to(self, uniform: NDArray[np.uint64], at_least: NDArray[np.intp]) -> NDArray[np.intp]:
        """How many boundaries do not exceed `uniform`. As a rule a cell holds one; only what is past it is searched."""
        boundaries = self._boundaries
        count = at_least + (boundaries[at_least] <= uniform)
        past = np.flatnonzero(boundaries.take(count, mode="clip") <= uniform)
        count[past] = np.searchsorted(boundaries, uniform[past], side="right")
        return count


def _boundary(z: float) -> int:
    """round(2**64 * Phi(z)), but at most 2**64 - 1."""
    tail = round(math.ldexp(math.erfc(abs(z) / math.sqrt(2)) / 2, 64))
    return tail if z < 0 else min(_TWO64 - tail, _TWO64 - 1)
