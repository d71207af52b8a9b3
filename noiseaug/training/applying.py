"""What a call does: the samples are taken out of what holds them, get their noise item by item, and are put back."""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from noiseaug.noise.scale import Array
from noiseaug.noise.streams import stream_key
from noiseaug.training.checks import check_floats
from noiseaug.training.fresh import fresh_key
from noiseaug.training.inputs import Held, held, memory_of
from noiseaug.training.items import ItemNoise, Mask
from noiseaug.training.settings import TransformSettings, whole

Key = str | bytes | int | os.PathLike[str]


@dataclass(frozen=True)
class Request:
    """What is asked of one call; `GaussianNoise.__call__` documents it.

    Attributes:
        key, keys, copy, mask, out: as there.
        here: whether the transform was made in this process.
    """

    key: Key | None
    keys: Sequence[Key] | None
    copy: int | None
    mask: Any
    out: Any
    here: bool

    @property
    def is_keyed(self) -> bool:
        """Whether the noise is a function of keys."""
        return self.key is not None or self.keys is not None

    def streams(self, settings: TransformSettings, items: int) -> list[str]:
        """Return the names of the random streams: one, or of a batch one for each item.

        Raises:
            TypeError: if a key is neither text nor a whole number.
            ValueError: if keys do not fit the items, or there is a copy without a key.
        """
        copy = settings.epoch_now() if self.copy is None else whole("copy", self.copy, 0)
        if not self.is_keyed:
            if self.copy is not None:
                raise ValueError("copy= without a key: noise without one is fresh in each call anyway")
            return [fresh_key(settings.seed, here=self.here) for _ in range(items)]
        if settings.batch != (self.keys is not None) or (self.key is not None and self.keys is not None):
            raise ValueError(
                "a batch takes keys=, one for each item" if settings.batch else "keys= goes with batch=True"
            )
        named: Sequence[Key] = [self.key] if self.key is not None else self.keys or []
        if isinstance(named, str) or len(named) != items:
            raise ValueError(f"there are {len(named)} keys for {items} items; expected one for each")
        return [stream_key(settings.seed, _text(key), copy or 0) for key in named]


def _text(key: Key) -> str:
    if isinstance(key, str | bytes):  # bytes are the texts of TensorFlow
        return os.fsdecode(key)
    if isinstance(key, os.PathLike):
        return PurePath(key).as_posix()
    try:
        return str(operator.index(key))
    except TypeError:
        raise TypeError(f"key is {key!r}; expected text, such as the path of the source, or a whole number") from None


def noise_on(settings: TransformSettings, data: Any, request: Request) -> Any:
    """Return data with noise, as `GaussianNoise.__call__` says."""
    if not settings.training:
        if request.out is not None:
            array = held(data).array
            memory_of(request.out, data, array.shape, array.dtype)[...] = array
        stds = [0.0] * (len(data) if settings.batch else 1)
        return _returned(settings, data if request.out is None else request.out, data, stds)
    source = held(data)
    array = source.array
    _check_shape(settings, source)
    axis = _channel_axis(settings, source)
    noise = _item_noise(settings, source, axis, keyed=request.is_keyed)
    if array.dtype.kind == "f" and settings.full_scale is None and noise.level.unit == "std":
        check_floats(array, noise.level.high)
    if request.out is None:
        noisy = np.empty(array.shape, noise.terms.dtype)
    else:
        noisy = memory_of(request.out, data, array.shape, noise.terms.dtype)
    mask = _mask(request.mask, array, axis)
    streams = request.streams(settings, len(array) if settings.batch else 1)
    items: list[Any] = [(number, ...) for number in range(len(array))] if settings.batch else [...]
    stds = [
        noise.put(array[item], noisy[item], key, None if mask is None else mask[item])
        for item, key in zip(items, streams, strict=True)
    ]
    return _returned(settings, source.give_back(noisy) if request.out is None else request.out, data, stds)


def _returned(settings: TransformSettings, result: Any, data: Any, stds: list[float]) -> Any:
    if not settings.return_std:
        return result
    if not settings.batch:
        return result, stds[0]
    found = np.array(stds, np.float32)
    return result, found if isinstance(data, np.ndarray) else sys.modules["torch"].from_numpy(found)


def _check_shape(settings: TransformSettings, source: Held) -> None:
    if settings.batch and not source.array.ndim:
        raise ValueError("a single number is no batch")
    if source.is_picture and (settings.batch or settings.channel_axis is not None or settings.clip == "none"):
        raise ValueError(
            "batch=, channel_axis= and clip='none' do not go with a picture; take noise(np.asarray(image))"
        )


def _item_noise(settings: TransformSettings, source: Held, axis: int | None, *, keyed: bool) -> ItemNoise:
    alpha = source.alpha or settings.alpha
    matters = keyed or alpha or settings.mono or settings.keep_silence
    item_axis = axis - settings.batch if axis is not None and matters else None
    return ItemNoise(settings, settings.level_at(settings.epoch_now()), source.array.dtype, item_axis, alpha)


def _channel_axis(settings: TransformSettings, source: Held) -> int | None:
    """Return the axis of the array that holds channels, from the first one on, or None."""
    array, batch = source.array, int(settings.batch)
    axis = settings.channel_axis
    if axis is None:
        if array.ndim - batch != 3 and not (source.alpha or settings.alpha):
            return None
        axis = batch if source.channels_first else -1
    if not array.ndim:
        raise ValueError("a single number has no channels, and so no alpha")
    found = normalize_axis_index(axis, array.ndim)
    if found < batch:
        raise ValueError(f"channel_axis={settings.channel_axis} is the axis that counts the items of a batch")
    return found


def _mask(mask: Any, array: Array, axis: int | None) -> Mask | None:
    """Return where noise goes, in the shape of the array.

    Raises:
        TypeError: if the mask is of numbers that are no truth values.
        ValueError: if it does not fit.
    """
    if mask is None:
        return None
    found = np.asarray(mask)
    if found.dtype.kind not in "biu":
        raise TypeError(f"the mask is {found.dtype}; expected true or false, such as mask > 0.5")
    if axis is not None and found.ndim == array.ndim - 1:
        found = np.expand_dims(found, axis)
    try:
        return np.broadcast_to(found.astype(bool, copy=False), array.shape)
    except ValueError:
        raise ValueError(
            f"the mask has shape {np.shape(mask)}, the samples {array.shape}; expected the same, or without the axis "
            "of channels, which channel_axis= names"
        ) from None
