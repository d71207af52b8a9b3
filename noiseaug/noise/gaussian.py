"""Gaussian noise on arrays: applied exactly, measured as it is applied. No file, no command line and no clock here.

Strengths cross the public surface as fractions of full scale; inside, integer data counts in levels, the steps of its
lattice.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.noise.figures import Measured, decibels, figure
from noiseaug.noise.sampling import RoundedGaussian, Stream, stream_key
from noiseaug.noise.scale import terms_of
from noiseaug.settings.level import Clip, Level, check_clip, check_mean

Array = NDArray[Any]

# Samples drawn, added and measured at a time, so that the scratch (8 bytes a sample) stays in the second-level cache.
# ns a sample, 512x512x3 uint8, all figures included: 16k 2.5, 32k 1.8, 64k 1.5, 128k 1.4, the whole image 1.2 to 1.9.
BLOCK = 1 << 17

_NOTHING = contextlib.nullcontext()
_UNSIGNED = {np.dtype(np.int16): np.uint16, np.dtype(np.int32): np.uint32}


@dataclass(frozen=True)
class GaussianNoise:
    """Gaussian noise of a given strength, for arrays.

    Args:
        std: standard deviation as a fraction of full scale: a number, a text such as `"25/255"`, or a `Level`. A range
            is drawn from, uniformly, once a key.
        mean: mean of the noise, as a fraction of full scale.
        clip: `"auto"` saturates integers at their range and leaves floats alone; `(low, high)`, in fractions of full
            scale, limits the result; `"none"` turns integers into float32 fractions of full scale, unlimited.
        mono: one value shared by all channels of a pixel or frame, instead of one each.
        seed: any integer. The noise is a function of (seed, key, copy) alone; the strength only scales it.

    Full scale is the maximum of an unsigned dtype (255, 65535), 2**(bits-1) for signed integers (PCM), 1.0 for floats.
    On integers the noise is the rounded Gaussian, sampled exactly: `saturate(x + k)` with
    P(k) = Phi((k + 1/2 - mean) / std) - Phi((k - 1/2 - mean) / std), which is how round(x + N(mean, std**2)) is
    distributed. Integers of more than 16 bits are float64 sums rounded once.

    Raises:
        ValueError: where a parameter is outside its domain.

    >>> grey = np.full((2, 3), 128, np.uint8)
    >>> noise = GaussianNoise(std="25/255", seed=7)
    >>> noise(grey, key="a.png").dtype, bool((noise(grey, key="a.png") == noise(grey, key="a.png")).all())
    (dtype('uint8'), True)
    """

    std: Level | float | str
    mean: float = 0.0
    clip: Clip = "auto"
    mono: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        level = Level.of(self.std)
        if level.unit != "std":
            raise ValueError(f"{level.label} is no standard deviation; only the command line takes an SNR, for audio")
        object.__setattr__(self, "std", level)
        check_mean(self.mean)
        check_clip(self.clip)

    @property
    def level(self) -> Level:
        """The strength, as a level."""
        return Level.of(self.std)

    def __call__(
        self,
        array: Array,
        *,
        key: str = "",
        copy: int = 0,
        bits: int | None = None,
        channels: int | None = None,
        alpha: bool = False,
    ) -> Array:
        """A noisy copy of `array`: the very samples that the command line writes for the source named `key`.

        Args:
            array: samples of any shape, dtype uint8, uint16, int16, int32, float32 or float64; channels, if any,
                interleaved in the last axis in file order of OpenCV (BGR) for images, frames x channels for audio.
            key: the source's path relative to SOURCE, with `/`. Arrays of one shape and key get the same noise.
            copy: the number of the copy, from 0.
            bits: significant bits of left-justified signed integers: 24 for PCM_24 that soundfile reads as int32.
            channels: samples that share a value with `mono`; by default the last axis of a 3-D array, else 1.
            alpha: whether the last channel is alpha, which gets no noise.

        Returns:
            An array of the same shape and dtype (float32 for integers with clip "none"), in native byte order.

        Raises:
            TypeError: if the dtype is not one of those above.
            ValueError: if `bits`, `channels` or `alpha` do not fit the array.
        """
        if channels is None:
            channels = max(array.shape[-1], 1) if array.ndim == 3 else 1
        noiser = Noiser(self, Stream(stream_key(self.seed, key, copy)), array.dtype, bits)
        return noiser.add_beside_alpha(array) if alpha else noiser.add(array, channels)


class Noiser:
    """Adds one target's noise to its samples, block after block in order, and measures it on the way.

    The samples do not depend on how they are cut into blocks. Arguments are as for `GaussianNoise`.

    Attributes:
        std: the standard deviation in force, drawn if the level is a range; fraction of full scale.
        clip: the range the result is limited to, in fractions of full scale, or None.
    """

    def __init__(self, noise: GaussianNoise, stream: Stream, dtype: Any, bits: int | None = None) -> None:
        self._mono, self._stream = noise.mono, stream
        self._terms = terms = terms_of(np.dtype(dtype), bits, noise.clip)
        self.clip = terms.clip
        self.std = noise.level.at(stream.position() if noise.level.is_range else 0.0)
        self._std, self._mean = self.std * terms.unit, noise.mean * terms.unit
        self._table = RoundedGaussian.of(self._std, self._mean) if terms.tabled else None
        self._count = self._outside = 0
        self._sum = self._sum_squares = self._signal_squares = 0.0
        self._scratch: dict[str, Array] = {}

    def add(self, samples: Array, channels: int = 1) -> Array:
        """A new array like `samples` with the stream's next noise on them; `channels` share a value with `mono`."""
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
                self._add_block(x[start:stop], y[start:stop], channels)
        return noisy

    def add_beside_alpha(self, samples: Array) -> Array:
        """`add` to all channels (the last axis) but the last, which is alpha and is kept."""
        if not samples.ndim:
            raise ValueError("a single number has no channels, and so no alpha")
        colour = self.add(samples[..., :-1], max(samples.shape[-1] - 1, 1))
        alpha = samples[..., -1:]
        if self._terms.to_float:
            alpha = alpha.astype(np.float32) / np.float32(self._terms.full_scale)
        return np.concatenate([colour, alpha], axis=-1)

    def _add_block(self, x: Array, y: Array, channels: int) -> None:
        """Noise on the samples `x`, into `y`; both of shape (n,)."""
        shift = 0 if self._terms.to_float else self._terms.spare_bits
        lattice = x >> shift if shift else x
        if self._table is not None:
            self._add_drawn(self._table, lattice, y, channels)
        else:
            self._add_normals(lattice, y, channels)
        if shift:
            np.left_shift(y, shift, out=y)

    def _add_drawn(self, table: RoundedGaussian, x: Array, y: Array, channels: int) -> None:
        """Noise from the table on whole numbers, which saturate."""
        draws = x.size // channels if self._mono else x.size
        drawn = table.draw(self._stream, self._buffer("drawn", draws, np.int16))
        if self._mono:
            drawn = _repeat(drawn, channels)
        if drawn.dtype == x.dtype and self._terms.saturates:
            cv2.add(_row(x), _row(drawn), _row(y))
            change = np.subtract(y, x, out=self._buffer("total", x.size, np.int16))  # no larger than what was drawn
            self._outside += int(np.count_nonzero(change != drawn))
        else:
            wide = np.int16 if x.dtype == np.uint8 and drawn.dtype == np.int16 else np.int32
            change = np.add(x, drawn, out=self._buffer("total", x.size, wide), dtype=wide)
            self._limit(change)
            y[...] = change
            if x.dtype != np.uint8:
                change -= x
        self._tally_whole(x, y, change)

    def _limit(self, total: Array) -> None:
        """Limits whole numbers to the clipping range, and counts those outside."""
        assert self._terms.limits is not None
        low, high = self._terms.limits
        # What is below 0 is, taken for unsigned, beyond all: one comparison for two, 0.06 ns a sample for 0.13.
        above = total - total.dtype.type(low) if low else total
        self._outside += int(np.count_nonzero(above.view(_UNSIGNED[total.dtype]) > high - low))
        total.clip(low, high, out=total)

    def _add_normals(self, x: Array, y: Array, channels: int) -> None:
        """Real noise, on floats or on integers too wide for a table; of these the sum is rounded once."""
        terms = self._terms
        draws = x.size // channels if self._mono else x.size
        normals = self._stream.normals(self._buffer("drawn", draws, terms.dtype if terms.unit == 1 else np.float64))
        normals *= self._std
        normals += self._mean
        if self._mono:
            normals = _repeat(normals, channels)
        total = np.add(x, normals, out=self._buffer("total", x.size, normals.dtype))
        if terms.dtype.kind == "i":
            np.rint(total, out=total)
        if terms.limits is not None:
            low, high = terms.limits
            self._outside += x.size - int(np.count_nonzero((total >= low) & (total <= high)))
            np.clip(total, low, high, out=total)
        y[...] = total
        self._tally_real(x, y)

    def _buffer(self, name: str, count: int, dtype: Any) -> Array:
        held = self._scratch.get(name)
        if held is None or held.size < count:
            held = self._scratch[name] = np.empty(count, dtype)
        return held[:count]

    def _tally_whole(self, x: Array, y: Array, change: Array) -> None:
        """OpenCV's sums take a tenth of the time of NumPy's in float64. Its norms are squares of roots, and exact when
        rounded; but that of two arrays errs on odd sizes of more than 8 bits.
        """
        before = _row(x)
        self._count += x.size
        self._signal_squares += round(cv2.norm(before, cv2.NORM_L2SQR))
        if x.dtype == np.uint8:
            after = _row(y)
            self._sum += cv2.sumElems(after)[0] - cv2.sumElems(before)[0]
            self._sum_squares += round(cv2.norm(after, before, cv2.NORM_L2SQR))
        else:
            self._sum += cv2.sumElems(_row(change))[0]
            self._sum_squares += round(cv2.norm(_row(change), cv2.NORM_L2SQR))

    def _tally_real(self, x: Array, y: Array) -> None:
        self._count += x.size
        values = self._buffer("values", x.size, np.float64)
        values[...] = x
        self._signal_squares += _sum_of_squares(values)
        np.subtract(y, values, out=values)
        self._sum += float(values.sum())
        self._sum_squares += _sum_of_squares(values)

    def measured(self) -> Measured:
        """The figures over all samples so far, to six digits, so that the order of summation does not show in them."""
        count, unit = self._count or 1, self._terms.unit
        mean = self._sum / count / unit
        square = self._sum_squares / count / unit**2
        variance = self._sum_squares / count - (self._sum / count) ** 2
        if self._terms.dtype.kind in "iu" and math.isfinite(
            self._sum_squares
        ):  # sums of whole numbers: nothing cancels
            variance = (int(self._sum_squares) * count - int(self._sum) ** 2) / count**2
        signal = self._signal_squares / count / unit**2
        return Measured(
            noise_mean=figure(mean),
            noise_std=figure(math.sqrt(max(variance, 0.0)) / unit),
            clipped=figure(self._outside / count) or 0.0,
            psnr_db=figure(decibels(1.0, square)),
            snr_db=figure(decibels(signal, square)),
        )


def _row(values: Array) -> Array:
    """Values of shape (n,) as OpenCV takes them."""
    return values.reshape(1, -1)


def _repeat(values: Array, times: int) -> Array:
    return np.repeat(values, times) if times > 1 else values


def _sum_of_squares(values: Array) -> float:
    return float(np.einsum("i,i->", values, values))  # not dot: BLAS would start threads
