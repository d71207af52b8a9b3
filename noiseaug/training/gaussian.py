"""Gaussian noise as a transform: a strength and a seed, applied to what a program has in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from noiseaug.training.applying import Key, Request, noise_on
from noiseaug.training.settings import TransformSettings


@dataclass(frozen=True)
class GaussianNoise(TransformSettings):
    """Gaussian noise of a given strength, for arrays, tensors and pictures, fresh in each call.

    Args:
        std: standard deviation as a fraction of full scale: a number, a text such as `"25/255"`, or a `Level`. From a
            range, `"5/255:50/255"`, each item draws one, uniformly. A list is a schedule: one strength an epoch.
        mean: mean of the noise, as a fraction of full scale.
        clip: `"auto"` saturates integers at their range and leaves floats alone; `(low, high)`, in fractions of full
            scale, limits the result; `"none"` turns integers into float32 fractions of full scale, unlimited.
        mono: one value shared by all channels of a pixel or frame, instead of one each.
        seed: any integer. With a key, the noise is a function of (seed, key, copy) alone; the strength only scales it.
        snr: the signal-to-noise ratio in dB instead of a std: a number, a text such as `"5:20"`, a `Level` or a list.
            It refers to the mean square over all channels of an item, as on the command line.
        p: the probability with which an item gets noise.
        full_scale: what 1.0 means in the data, such as 255 for float images of 0 to 255. By default the maximum of an
            unsigned dtype (255, 65535), 2**(bits-1) for signed integers (PCM), 1.0 for floats.
        bits: significant bits of left-justified signed integers: 24 for PCM_24 that soundfile reads as int32.
        channel_axis: the axis that holds channels. By default the last of a 3-D item, or the first of a 3-D tensor of
            torch; others have none. It matters to `mono`, to `keep_silence`, and to which noise a key gives.
        alpha: whether the last channel is alpha, which gets no noise. Pictures of Pillow say so themselves.
        batch: whether the first axis counts items, each with a strength, a probability and a key of its own.
        epoch: the number of the epoch, from 0: a whole number, or what holds it now, a `multiprocessing.Value` or a
            tensor in shared memory, which workers see when it is set. It picks the strength of a schedule, and is the
            copy of a key.
        keep_silence: whether digital silence stays silent, as on the command line: runs of more than 100 ms (with
            `sample_rate`), or of more than so many samples.
        sample_rate: of audio, in Hz.
        training: with False, what is given is returned as it is.
        return_std: returns a pair: the result, and the std of its noise as a fraction of full scale (0 if it has none):
            a number, or of a batch float32 of shape (items,).

    On integers the noise is the rounded Gaussian, sampled exactly: `saturate(x + k)` with
    P(k) = Phi((k + 1/2 - mean) / std) - Phi((k - 1/2 - mean) / std), which is how round(x + N(mean, std**2)) is
    distributed. Integers of more than 16 bits are float64 sums rounded once.

    Raises:
        TypeError: where a parameter is of the wrong type.
        ValueError: where it is outside its domain.

    >>> import numpy as np
    >>> grey = np.full((20, 30), 128, np.uint8)
    >>> noise = GaussianNoise(std="25/255", seed=7)
    >>> bool((noise(grey) == noise(grey)).all()), bool((noise(grey, key="a.png") == noise(grey, key="a.png")).all())
    (False, True)
    """

    _here: ClassVar[bool] = True  # whether it was made in this process

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What was pickled may have come to several processes, which must not make the same noise.
        self.__dict__.update(state, _here=False)

    def __copy__(self) -> GaussianNoise:
        return self  # it cannot change

    def __deepcopy__(self, _: Any) -> GaussianNoise:
        return self

    def __call__(
        self,
        data: Any = None,
        *along: Any,
        key: Key | None = None,
        keys: Sequence[Key] | None = None,
        copy: int | None = None,
        mask: Any = None,
        out: Any = None,
        **named: Any,
    ) -> Any:
        """Return `data` with noise: fresh without a key, else the very samples that the command line writes.

        Args:
            data: a NumPy array of any shape, of uint8, uint16, uint32, int16, int32, float16, float32 or float64; a
                torch tensor on the CPU; or a picture of Pillow. Arrays of files are in their order: BGR as OpenCV reads
                them, frames x channels as soundfile does.
            along: what comes with the data, returned beside it as it is (torchvision v2); or, of an array, its sample
                rate (audiomentations).
            key: the source's path relative to SOURCE, with `/`; or any other name or number of the item. Items of one
                shape and key get the same noise.
            keys: one for each item of a batch.
            copy: the number of the copy, from 0; by default the epoch.
            mask: where noise goes: true or false for each sample, or for each pixel or frame.
            out: an array, or a tensor, for the result; it may be `data`.
            named: any setting, for this call alone, such as `epoch=3`. Or the data: `samples=` (audiomentations), or
                `image=` (albumentations), which returns a dictionary with all that is named beside it.

        Returns:
            The like of `data`, of the same shape and dtype (float32 for integers with clip "none"), in native byte
            order; no memory is shared, but with `out`.

        Raises:
            TypeError: if the data, or its dtype, is none of those above.
            ValueError: if a setting does not fit the data; or if floats are whole numbers up to 255, and `full_scale`
                does not say what they mean.
        """
        settings = {name: named.pop(name) for name in list(named) if name in _SETTINGS}
        if len(along) == 1 and isinstance(data, np.ndarray) and isinstance(along[0], Real):
            settings["sample_rate"], along = along[0], ()
        noise = replace(self, **_strengths(settings)) if settings else self
        if data is None and "image" in named:
            beside = named if mask is None else named | {"mask": mask}
            request = Request(key, keys, copy, None, out, self._here)
            return beside | {"image": noise_on(noise, named["image"], request)}
        if data is None and "samples" in named:
            data = named.pop("samples")
        if named or data is None:
            unknown = f"{next(iter(named))!r} is no setting" if named else "no samples are given"
            raise TypeError(f"{unknown}; expected noise(x), and settings among {', '.join(sorted(_SETTINGS))}")
        noisy = noise_on(noise, data, Request(key, keys, copy, mask, out, self._here))
        return (noisy, *along) if along else noisy


def _strengths(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings for one call, in which a std takes the place of an SNR, and an SNR that of a std."""
    given = [name for name in ("std", "snr") if name in settings]
    return dict.fromkeys(("std", "snr") if given else ()) | settings


_SETTINGS = frozenset(field.name for field in fields(GaussianNoise))
