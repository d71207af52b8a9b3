"""Exact samples of the rounded Gaussian, by inversion of its distribution function."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.noise.scale import Array
from noiseaug.noise.streams import Stream

# The widest std (in levels) whose values are sampled one by one; wider ones go by buckets of values. Wider tables have
# more cells to refine, buckets cost a second draw: ns a sample, std 327 2.3, 1000 3.9, 6500 by buckets 5, rounded 9.
_WIDEST = 1024.0
# Share of samples whose place in its bucket is drawn exactly. Over a bucket, the probability changes by less than
# 9.3 / _WIDEST = 0.9 % either way from its mean, so that the others can be drawn uniformly.
_EXACT = 1 / 64
_KEPT_PLACES = 32  # in a bucket, of which distributions are kept: 5 MB
_LEAST = -32768  # of int16
_MANY = 1 << 14  # cells that are worth more calls
_TWO64 = 1 << 64


class RoundedGaussian:
    """Exact samples of round(N(mean, std**2)) for one strength in levels, by inversion of the distribution function.

    A sample is the number of boundaries T[k] = round(2**64 * Phi((k + 1/2 - mean) / std)) that do not exceed a uniform
    64-bit U. The top 16 bits of U (`Stream.cells`) choose a cell of a table. Where the cell holds no boundary (all but
    one cell in a few hundred), the value is decided. Only for the others are the remaining 48 bits drawn, and T
    searched. They come from a sub-stream of their own (`refinements`), so that samples do not depend on how they are
    cut into blocks.

    Where std is above 1024 levels, a bucket of 2, 4, 8, .. values is drawn in this way, and then a place in it. The
    place is uniform with probability 63/64 (`places`). Else it is drawn from what the exact distribution in the bucket
    has over 63/64 of a uniform one, again by inversion (`exact_places`).

    Error: rounding T moves a boundary by at most 2**-65. Phi is erfc/2 of the side where it is below 1/2, and off by
    less than 2**-51 of itself (erfc to a unit or two in the last place; the rounding of its argument matters as
    z**2 * Phi(z), which shrinks). Total variation is at most the sum of the errors of the boundaries. With s the std in
    buckets (at most 1024), that is 2**-51 * 2 * sum(Phi(z_k) for z_k < 0) = 2**-51 * 2 * s / sqrt(2 pi) < 4e-16 * s,
    plus 2**-65 for each of the 19 * s + 4 boundaries, plus the 2**-63 that lies beyond the last: 4e-13. In a bucket, a
    value has the mass of the density at its middle times 1 + (z**2 - 1) / (24 std**2), Simpson's correction. The next
    term is below 1e-11 * z**4 / 1920: less than 1e-13 in the mean.

    Samples are int16 where they fit with 255 to spare, else int32.
    """

    def __init__(self, std: float, mean: float) -> None:
        self._std, self._mean = std or math.ulp(0.0), mean
        self._bucket = 1 << math.ceil(math.log2(max(std / _WIDEST, 1)))
        reach = 9.3 * std  # Phi(-9.3) < 2**-65
        self._first = math.floor(mean - reach) - 1
        last = math.ceil(mean + reach) + 1
        ends = range(self._first + self._bucket, last + self._bucket, self._bucket)
        boundaries = [_boundary((end - 0.5 - mean) / self._std) for end in ends]
        self._boundaries = np.array(boundaries, np.uint64)
        # Of each cell: how many boundaries there are up to its first number and up to its last. (To search for them
        # takes four times as long, and a range of strengths has a table for each draw.)
        cell_of_each = (self._boundaries >> np.uint64(48)).astype(np.intp)
        within = np.bincount(cell_of_each, minlength=65536)
        on_edges = np.bincount(cell_of_each[self._boundaries & np.uint64((1 << 48) - 1) == 0], minlength=65536)
        at_most = np.cumsum(within)
        at_least = at_most - within + on_edges
        # The undecided cells, first those with one boundary: in the table, their numbers stand from the bottom up.
        cells = np.flatnonzero(at_least < at_most)
        cells = cells[np.argsort(at_most[cells] - at_least[cells] > 1, kind="stable")]
        self._cells = cells.astype(np.uint64) << np.uint64(48)
        self._simple = int(np.count_nonzero(at_most[cells] - at_least[cells] == 1))
        undecided = _LEAST + len(cells)
        self._undecided = np.int16(undecided)
        fits = self._bucket == 1 and max(undecided, -32000) < self._first and last < 32000
        self._offset = self._first if fits else 0  # in the table already
        table = at_least + self._offset
        table[cells] = np.arange(_LEAST, undecided)
        self._table = table.astype(np.int16).reshape(1, -1)
        self._below = (at_least[cells] + self._offset).astype(np.int16)
        # With 48 bits more, a place in the cell: those of its (first) boundary.
        self._splits = self._boundaries[at_least[cells]] << np.uint64(16)

    @staticmethod
    @functools.lru_cache(maxsize=32)
    def of(std: float, mean: float) -> RoundedGaussian:
        """Return the sampler of this strength, which is made once (about a millisecond) and kept."""
        return RoundedGaussian(std, mean)

    @property
    def is_direct(self) -> bool:
        """Whether the table holds the samples themselves, as int16, so that `draw_each` can be called."""
        return self._offset == self._first

    def draw(self, stream: Stream, scratch: NDArray[np.int16]) -> Array:
        """Return the next samples, in levels: as many as `scratch`, shape (n,), has room for, and often in it."""
        self.draw_each([stream], scratch)
        return scratch if self.is_direct else self._placed(stream, scratch)

    def draw_each(self, streams: Sequence[Stream], scratch: NDArray[np.int16]) -> None:
        """Fill `scratch`, shape (n,), with the next samples (or buckets) of each stream, n / len(streams) of each."""
        each = scratch.size // len(streams)
        pieces = [stream.cells(each) for stream in streams]
        cells = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        cv2.LUT(cells.reshape(1, -1), self._table, scratch.reshape(1, -1))
        undecided = _places(scratch < self._undecided)
        if undecided.size:
            numbers = scratch[undecided].astype(np.intp) - _LEAST
            scratch[undecided] = self._refined(numbers, _refinements_of_each(streams, undecided, each))

    def _refined(self, numbers: NDArray[np.intp], refinements: NDArray[np.uint64]) -> NDArray[np.int16]:
        """Return samples in the undecided cells of these numbers, by 48 bits more (the upper ones of `refinements`)."""
        found: NDArray[np.int16] = self._below[numbers] + (self._splits[numbers] <= refinements)
        if self._simple < len(self._splits):
            several = (numbers >= self._simple).nonzero()[0]
            if several.size:
                uniform = self._cells[numbers[several]] | (refinements[several] >> np.uint64(16))
                found[several] = np.searchsorted(self._boundaries, uniform, side="right") + self._offset
        return found

    def _placed(self, stream: Stream, buckets: NDArray[np.int16]) -> NDArray[np.int32]:
        """Return samples in the buckets of these numbers."""
        samples = buckets.astype(np.int32)
        samples *= self._bucket
        samples += self._first
        if self._bucket > 1:
            drawn = stream.places(buckets.size)
            exact = (drawn < int(65536 * _EXACT)).nonzero()[0]
            places = drawn & np.uint16(self._bucket - 1)
            places[exact] = self._exact_places(buckets[exact], stream.exact_places(exact.size))
            samples += places
        return samples

    def _exact_places(self, buckets: NDArray[np.int16], uniform: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return places in the buckets of these numbers, from what is left of their distribution."""
        left = self._lefts[buckets] if self._bucket <= _KEPT_PLACES else self._left(buckets)
        below: NDArray[np.intp] = np.count_nonzero(left <= (uniform * (_EXACT / _TWO64))[:, None], axis=1)
        return below

    def _left(self, buckets: Array) -> NDArray[np.float64]:
        """Return, for each bucket, its share up to each place but the last, over what is drawn uniformly."""
        lowest = buckets.astype(np.int32) * self._bucket + self._first
        places = np.arange(self._bucket)
        z = (lowest[:, None] + (places - self._mean)) / self._std
        middle = z[:, self._bucket // 2, None]
        mass = np.exp((middle * middle - z * z) / 2) * (1 + (z * z - 1) / (24 * self._std**2))
        share = np.cumsum(mass, axis=1)
        left: NDArray[np.float64] = share / share[:, -1:] - (1 - _EXACT) * (places + 1) / self._bucket
        return left[:, :-1]

    @functools.cached_property
    def _lefts(self) -> NDArray[np.float64]:
        """`_left` of each bucket. At std 6425, a sample takes 3 ns so, and 5 ns without."""
        return self._left(np.arange(len(self._boundaries) + 1))


def _places(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return where a mask is true, as `nonzero` does, which looks at four bytes at a time.

    Of 131,072 cells, with 0.3 % undecided this takes 12 us for 19, with 3 % 43 for 63, and with 8 % 73 for 163.
    """
    if mask.size < _MANY or mask.size % 8:
        return mask.nonzero()[0]
    words = mask.view(np.uint64)
    found = (words != 0).nonzero()[0]
    within = words.take(found).view(np.bool_).nonzero()[0]
    places: NDArray[np.intp] = found.take(within >> 3)
    places <<= 3
    within &= 7
    places |= within
    return places


def _refinements_of_each(streams: Sequence[Stream], undecided: NDArray[np.intp], each: int) -> NDArray[np.uint64]:
    """Return the next refinements: of each stream as many as there are among its `each` samples."""
    if len(streams) == 1:
        return streams[0].refinements(undecided.size)
    ends = np.searchsorted(undecided, np.arange(each, each * len(streams) + 1, each)).tolist()
    counts = zip(streams, [0, *ends], ends, strict=False)
    return np.concatenate([stream.refinements(end - start) for stream, start, end in counts if end > start])


def _boundary(z: float) -> int:
    """Return round(2**64 * Phi(z)), but at most 2**64 - 1."""
    tail = round(math.ldexp(math.erfc(abs(z) / math.sqrt(2)) / 2, 64))
    return tail if z < 0 else min(_TWO64 - tail, _TWO64 - 1)
