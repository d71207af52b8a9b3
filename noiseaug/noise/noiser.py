"""Noise on samples: added block after block, limited and rounded, and measured on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.noise.drawing import Draws
from noiseaug.noise.figures import Measured, Sums
from noiseaug.noise.scale import Array, Terms
from noiseaug.noise.streams import Stream
from noiseaug.noise.wide import add_wide, wide_change

# Samples drawn, added and measured at a time, so that the scratch (8 bytes a sample) stays in the second-level cache.
# ns a sample, 512x512x3 uint8, all figures included: 16k 2.5, 32k 1.8, 64k 1.5, 128k 1.4, the whole image 1.2 to 1.9.
BLOCK = 1 << 17

_NOTHING = contextlib.nullcontext()
_UNSIGNED = {np.dtype(np.int16): np.uint16, np.dtype(np.int32): np.uint32}


class Noiser:
    """Adds the noise of one target to its samples, block after block in order, and measures it on the way.

    The samples do not depend on how they are cut into blocks.

    Args:
        stream: the random stream of the target, at its beginning.
        terms: how its samples are computed with.
        std, mean: of the noise, as fractions of full scale.
        mono: whether the channels of a pixel or frame share a value.

    Attributes:
        std: the standard deviation, as a fraction of full scale.
        clip: the range that the result is limited to, in fractions of full scale, or None.
    """

    def __init__(self, stream: Stream, terms: Terms, std: float, mean: float = 0.0, *, mono: bool = False) -> None:
        self.std, self.clip = std, terms.clip
        self._terms = terms
        self._draws = Draws(stream, terms, std, mean, mono=mono)
        self._sums = Sums()
        self._scratch: Array | None = None

    def add(self, samples: Array, channels: int = 1) -> Array:
        """Return a new array like `samples` with the next noise on them; `channels` share a value with `mono`."""
        if channels < 1:
            raise ValueError(f"{channels} is not a number of channels: it must be 1 or more")
        samples = np.asarray(samples, samples.dtype.newbyteorder("="), order="C")
        if self._terms.to_float:
            samples = self._terms.as_fractions(samples)
        noisy = np.empty_like(samples)
        x, y = samples.reshape(-1), noisy.reshape(-1)
        step = BLOCK // channels * channels or channels
        # Float samples may be NaN or infinite, and stay so. (To say this costs as much as 10,000 samples.)
        with np.errstate(invalid="ignore", over="ignore") if x.dtype.kind == "f" else _NOTHING:
            for start in range(0, x.size, step):
                stop = start + step
                block = x[start:stop]
                self._add_drawn(block, y[start:stop], self._draws.take(block.size, channels))
        return noisy

    @property
    def likeness(self) -> Hashable:
        """What noisers have in common that `add_each` takes together; None where each has to add by itself."""
        draws = self._draws.likeness
        return (id(self._terms), draws) if draws and not self._terms.spare_bits else None

    @staticmethod
    def add_each(noisers: Sequence[Noiser], samples: Sequence[Array], channels: int) -> list[Array]:
        """Return what `add` returns of each of several that are alike, for samples of one shape and dtype.

        Small arrays are done so in a few calls for all.
        """
        first, size, shape = noisers[0], samples[0].size, samples[0].shape
        x = np.concatenate([one.reshape(-1) for one in samples], dtype=samples[0].dtype.newbyteorder("="))
        y = np.empty_like(x)
        drawn = Draws.take_each([noiser._draws for noiser in noisers], size, channels)
        change, beyond = first._sum(x, y, drawn)
        noisy = []
        for noiser, start in zip(noisers, range(0, x.size, size), strict=True):
            part = slice(start, start + size)
            if beyond is not None:
                noiser._sums.outside += int(np.count_nonzero(beyond[part]))
            noiser._sums.add_whole(x[part], y[part], change[part])
            noisy.append(y[part].reshape(shape))
        return noisy

    def add_beside_alpha(self, samples: Array) -> Array:
        """Return what `add` makes of all channels (the last axis) but the last, which is alpha and is kept."""
        if not samples.ndim:
            raise ValueError("a single number has no channels, and so no alpha")
        return self.beside_alpha(self.add(samples[..., :-1], max(samples.shape[-1] - 1, 1)), samples)

    def beside_alpha(self, colour: Array, samples: Array) -> Array:
        """Return colours with noise, and beside them the last channel of `samples`, which is alpha and is kept."""
        alpha = samples[..., -1:]
        if self._terms.to_float:
            alpha = alpha.astype(np.float32) / np.float32(self._terms.full_scale)
        return np.concatenate([colour, alpha], axis=-1)

    def add_but(self, samples: Array, silent: NDArray[np.bool_]) -> Array:
        """Return what `add` makes of samples, shape (frames, channels), but zeros in channels that are `silent`.

        The stream moves on as far, and what is silent is not measured.
        """
        channels, heard = len(silent), np.flatnonzero(~silent)
        if len(heard) == channels:
            return self.add(samples, channels)
        noisy = np.zeros(samples.shape, self._terms.dtype)
        step = max(BLOCK // channels, 1)
        for start in range(0, len(samples), step):
            block = samples[start : start + step]
            drawn = self._draws.take(block.size, channels).reshape(-1, channels)
            if len(heard):
                x = np.ascontiguousarray(block[:, heard])
                x = self._terms.as_fractions(x) if self._terms.to_float else x
                y = np.empty_like(x)
                with np.errstate(invalid="ignore", over="ignore"):
                    self._add_drawn(x.reshape(-1), y.reshape(-1), np.ascontiguousarray(drawn[:, heard]).reshape(-1))
                noisy[start : start + step, heard] = y
        return noisy

    def measured(self) -> Measured:
        """Return the figures over all samples so far."""
        return self._sums.measured(self._terms.unit, whole=self._terms.dtype.kind in "iu")

    def _add_drawn(self, x: Array, y: Array, drawn: Array) -> None:
        """Put the samples `x` with the noise `drawn` into `y`; all have the shape (n,)."""
        shift = 0 if self._terms.to_float else self._terms.spare_bits
        lattice = x >> shift if shift else x
        if self._terms.tabled:
            self._add_whole(lattice, y, drawn)
        else:
            self._add_real(lattice, y, drawn)
        if shift:
            np.left_shift(y, shift, out=y)

    def _add_whole(self, x: Array, y: Array, drawn: Array) -> None:
        """Add whole numbers to whole numbers, and measure it."""
        change, beyond = self._sum(x, y, drawn)
        if beyond is not None:
            self._sums.outside += int(np.count_nonzero(beyond))
        self._sums.add_whole(x, y, change)

    def _sum(self, x: Array, y: Array, drawn: Array) -> tuple[Array, NDArray[np.bool_] | None]:
        """Put the whole numbers x + drawn, which saturate, into `y`.

        Return their change (for uint8, the sum) and which sums were outside the limits; None if none was.
        """
        if drawn.dtype == x.dtype and self._terms.saturates:
            cv2.add(x.reshape(1, -1), drawn.reshape(1, -1), y.reshape(1, -1))
            change = np.subtract(y, x, out=self._room(x.size, np.int16))  # no larger than what was drawn
            return change, change != drawn
        wide = np.int16 if x.dtype == np.uint8 and drawn.dtype == np.int16 else np.int32
        change = np.add(x, drawn, out=self._room(x.size, wide), dtype=wide)
        beyond = self._limit(change)
        y[...] = change
        if x.dtype != np.uint8:
            change -= x
        return change, beyond

    def _limit(self, total: Array) -> NDArray[np.bool_] | None:
        """Limit whole numbers to the clipping range; return which were outside, or None if none was."""
        assert self._terms.limits is not None
        low, high = self._terms.limits
        # Taken for unsigned, what is below 0 is beyond all: one comparison for two, 0.06 ns a sample for 0.13.
        above = total - total.dtype.type(low) if low else total
        beyond: NDArray[np.bool_] = above.view(_UNSIGNED[total.dtype]) > high - low
        if not beyond.any():
            return None
        total.clip(total.dtype.type(low), total.dtype.type(high), out=total)  # of int, NumPy would look up limits
        return beyond

    def _add_real(self, x: Array, y: Array, drawn: Array) -> None:
        """Add real numbers to floats, or to integers too wide for a table, of which the sum is rounded once."""
        terms = self._terms
        if terms.dtype.kind in "iu" and terms.dtype.itemsize == 8:
            self._sums.outside += add_wide(x, y, drawn, terms.limits)
            self._sums.add_change(x, wide_change(x, y))
            return
        total = np.add(x, drawn, out=self._room(x.size, drawn.dtype))
        if terms.dtype.kind in "iu":
            np.rint(total, out=total)
        if terms.limits is not None:
            low, high = terms.limits
            self._sums.outside += x.size - int(np.count_nonzero((total >= low) & (total <= high)))
            np.clip(total, low, high, out=total)
        self._put(total, y)
        self._sums.add_real(x, y)

    def _put(self, total: Array, y: Array) -> None:
        """Put sums where they are to be, in the dtype that they have there."""
        y[...] = total

    def _room(self, count: int, dtype: Any) -> Array:
        """Return memory for so many sums, the same for each block. All blocks of a target have one dtype."""
        if self._scratch is None or self._scratch.size < count:
            self._scratch = np.empty(count, dtype)
        return self._scratch[:count]
