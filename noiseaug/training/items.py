"""Noise on one item: an image, a recording, or what else stands for itself in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noiseaug.media.output import WantedNoise
from noiseaug.noise.adding import add_unmeasured
from noiseaug.noise.drawing import Draws
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import Array, Terms, full_scale, terms_of
from noiseaug.noise.streams import Stream
from noiseaug.settings.level import Clip, Level
from noiseaug.settings.recipe import Recipe
from noiseaug.training.settings import TransformSettings

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ItemNoise:
    """The noise that each item of a call gets.

    Attributes:
        settings: of the transform.
        level: how strong it is.
        dtype: of the samples.
        channel_axis: the axis of an item that holds channels, which are gone through by turns, as in files; None if it
            does not matter which noise a sample gets.
        alpha: whether the last channel is alpha, which is kept.
    """

    settings: TransformSettings
    level: Level
    dtype: np.dtype[Any]
    channel_axis: int | None
    alpha: bool

    @cached_property
    def unit(self) -> float:
        """Full scale as a multiple of that of the dtype: 255 for floats whose white is 255.

        Raises:
            ValueError: if integers cannot reach full scale.
        """
        given, own = self.settings.full_scale, full_scale(self.dtype, self.settings.bits)
        if given is None:
            return 1.0
        if self.dtype.kind in "iu" and given > own:
            raise ValueError(f"full_scale is {given:g}; samples of {self.dtype} reach {own:g}")
        return given / own

    @cached_property
    def terms(self) -> Terms:
        """How the samples are computed with."""
        return terms_of(self.dtype, self.settings.bits, self._clip)

    @property
    def _clip(self) -> Clip:
        """The limits, in fractions of the full scale of the dtype."""
        clip = self.settings.clip
        if clip == "auto" and self.unit != 1 and self.dtype.kind in "iu":
            clip = (0.0, 1.0) if self.dtype.kind == "u" else (-1.0, 1.0 - 1 / (self.settings.full_scale or 1))
        return (clip[0] * self.unit, clip[1] * self.unit) if isinstance(clip, tuple) else clip

    def put(self, samples: Array, noisy: Array, key: str, mask: Mask | None = None) -> float:
        """Put samples with the noise of a stream into `noisy`: of the same shape, in other memory or in the very same.

        Args:
            samples: an item, of any shape.
            noisy: memory for the result, of the dtype that `terms` says.
            key: the name of the random stream.
            mask: where noise goes, of the same shape; by default everywhere.

        Returns:
            The standard deviation of the noise, as a fraction of full scale: 0 if the item gets none.
        """
        stream = Stream(key)
        if self.settings.p < 1 and not stream.chooses(self.settings.p):
            noisy[...] = self._clean(samples)
            return 0.0
        if not self.alpha and mask is None:
            return self._put_everywhere(samples, noisy, key, stream)
        clean = self._clean(samples)
        made = clean.copy()
        if self.alpha:
            axis = self.channel_axis or 0
            colours = (slice(None),) * (axis % samples.ndim) + (slice(-1),)
            std = self._put_everywhere(samples[colours], made[colours], key, stream)
        else:
            std = self._put_everywhere(samples, made, key, stream)
        noisy[...] = made if mask is None else np.where(mask, made, clean)
        return std

    def _clean(self, samples: Array) -> Array:
        """Return the samples as they are without noise: where nothing is clipped, integers as fractions."""
        if not self.terms.to_float:
            return samples
        fractions = self.terms.as_fractions(samples)
        return fractions if self.unit == 1 else fractions / np.float32(self.unit)

    def _put_everywhere(self, samples: Array, noisy: Array, key: str, stream: Stream) -> float:
        axis = self.channel_axis
        ordered = samples if axis is None else np.moveaxis(samples, axis, -1)
        channels = 1 if axis is None else max(ordered.shape[-1], 1)
        if self.level.unit == "snr" or self.settings.keep_silence:
            made, std = self._put_by_ratio(ordered, channels, key)
        else:
            x = self._clean(ordered)
            x = np.asarray(x, x.dtype.newbyteorder("="), order="C")
            direct = noisy.flags.c_contiguous and axis in (None, samples.ndim - 1)
            made = noisy if direct else np.empty(x.shape, self.terms.dtype)
            std = self._add(x.reshape(-1), made.reshape(-1), stream, channels)
        if made is not noisy:
            noisy[...] = made if axis is None else np.moveaxis(made, -1, axis)
        return std

    def _add(self, x: Array, y: Array, stream: Stream, channels: int) -> float:
        std = self.level.at(stream.position()) if self.level.is_range else self.level.low
        terms, unit = self.terms, self.unit
        if terms.to_float:  # they are fractions already
            terms, unit = terms_of(terms.dtype, None, "none"), 1.0
        if terms.dtype.kind in "iu" and terms.dtype.itemsize > 4:  # beyond what float64 holds
            noiser = Noiser(stream, terms, std * unit, self.settings.mean * unit, mono=self.settings.mono)
            y[...] = noiser.add(x, channels)
            return std
        draws = Draws(stream, terms, std * unit, self.settings.mean * unit, mono=self.settings.mono)
        add_unmeasured(x, y, draws, terms, channels)
        return std

    def _put_by_ratio(self, ordered: Array, channels: int, key: str) -> tuple[Array, float]:
        """Return samples with noise that depends on them, as the command line makes it, and its std."""
        from noiseaug.training import ratios  # loads libsndfile

        if not ordered.size:
            return self._clean(ordered), 0.0
        settings, unit = self.settings, self.unit
        if unit != 1 and self.dtype.kind in "iu":
            raise ValueError("full_scale= of integers goes with std= alone, not with snr= or keep_silence=")
        x = ordered if unit == 1 else ordered / unit
        x = x.astype(np.float32 if self.dtype == np.float16 else x.dtype.newbyteorder("="), copy=False)
        recipe = Recipe((self.level,), settings.mean, settings.clip, settings.mono)
        samples = ratios.SamplesInMemory(x.reshape(-1, channels), settings.bits, settings.longest_silence)
        made, std = ratios.with_noise(samples, WantedNoise(recipe, self.level, key))
        if unit != 1:
            made *= unit
        return made.reshape(ordered.shape), std
