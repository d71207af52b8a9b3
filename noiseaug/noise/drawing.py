"""Noise before it is added: drawn in the units that samples are computed in, whole numbers or real ones."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from noiseaug.noise.sampling import RoundedGaussian
from noiseaug.noise.scale import Array, Terms
from noiseaug.noise.streams import Stream


class Draws:
    """The noise of one target, drawn from its random stream in order.

    Args:
        stream: where the random numbers come from.
        terms: how the samples that get the noise are computed with.
        std, mean: of the noise, as fractions of full scale.
        mono: whether the channels of a pixel or frame share a value.

    Attributes:
        dtype: of the memory that it draws in.
    """

    def __init__(self, stream: Stream, terms: Terms, std: float, mean: float, *, mono: bool) -> None:
        self._stream, self._mono = stream, mono
        self._std, self._mean = std * terms.unit, mean * terms.unit
        self._table = RoundedGaussian.of(self._std, self._mean) if terms.tabled else None
        real = np.float64 if terms.unit != 1 else max(terms.dtype, np.dtype(np.float32))  # float16 is rounded once
        self.dtype = np.dtype(np.int16 if terms.tabled else real)
        self._scratch = np.empty(0, self.dtype)

    def use(self, scratch: Array) -> None:
        """Draw in this memory, of shape (n,), as long as it has room."""
        self._scratch = scratch

    def take(self, count: int, channels: int) -> Array:
        """Return the noise on the next `count` samples, of so many channels each, shape (count,).

        The array is used again for the samples after them.
        """
        draws = count // channels if self._mono else count
        if self._scratch.size < draws:
            self._scratch = np.empty(draws, self._scratch.dtype)
        if self._table is not None:
            drawn = self._table.draw(self._stream, self._scratch[:draws])
        else:
            drawn = self._stream.normals(self._scratch[:draws])
            drawn *= self._std
            drawn += self._mean
        return np.repeat(drawn, channels) if self._mono and channels > 1 else drawn

    @property
    def likeness(self) -> Hashable:
        """What draws have in common that `take_each` can take together; None if they cannot be."""
        return (id(self._table), self._mono) if self._table is not None and self._table.is_direct else None

    @staticmethod
    def take_each(several: Sequence[Draws], count: int, channels: int) -> Array:
        """Return what `take` returns of each of several alike, one after the other, shape (len(several) * count,)."""
        first = several[0]
        assert first._table is not None
        drawn = np.empty(len(several) * (count // channels if first._mono else count), np.int16)
        first._table.draw_each([draws._stream for draws in several], drawn)
        return np.repeat(drawn, channels) if first._mono and channels > 1 else drawn
