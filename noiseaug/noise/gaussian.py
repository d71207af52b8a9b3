"""Gaussian noise as users ask for it: a strength and a seed, applied to arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import Array, terms_of
from noiseaug.noise.streams import Stream, stream_key
from noiseaug.settings.level import Clip, Level, check_clip, check_mean


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
    distributed. Integers of 32 bits are float64 sums rounded once; to those of 64 bits noise is added
    exactly that is rounded to whole numbers, of 53 bits.

    Raises:
        ValueError: where a parameter is outside its domain.

    >>> import numpy as np
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
        """Return a noisy copy of `array`: the very samples that the command line writes for the source named `key`.

        Args:
            array: samples of any shape, of integers of 8 to 64 bits, float16, float32 or float64; channels, if any,
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
        noiser = self.noiser(Stream(stream_key(self.seed, key, copy)), array.dtype, bits)
        return noiser.add_beside_alpha(array) if alpha else noiser.add(array, channels)

    def noiser(self, stream: Stream, dtype: Any, bits: int | None = None) -> Noiser:
        """Return what adds this noise to samples of `dtype`, drawn from a stream at its beginning.

        Raises:
            TypeError: if samples of this dtype get no noise.
            ValueError: if `bits` do not fit the dtype.
        """
        std = self.level.at(stream.position()) if self.level.is_range else self.level.low
        return Noiser(stream, terms_of(dtype, bits, self.clip), std, self.mean, mono=self.mono)
