"""What a transform is set to."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from noiseaug.settings.level import Clip, Level, Unit, check_clip, check_mean

Strength = Level | float | str
Strengths = Strength | Sequence[Strength]


@dataclass(frozen=True)
class TransformSettings:
    """The settings of `GaussianNoise`, which documents them, checked and as levels.

    Raises:
        TypeError: where one is of the wrong type.
        ValueError: where one is outside its domain.
    """

    std: Strengths | None = None
    mean: float = 0.0
    clip: Clip = "auto"
    mono: bool = False
    seed: int = 0
    snr: Strengths | None = field(default=None, kw_only=True)
    p: float = field(default=1.0, kw_only=True)
    full_scale: float | None = field(default=None, kw_only=True)
    bits: int | None = field(default=None, kw_only=True)
    channel_axis: int | None = field(default=None, kw_only=True)
    alpha: bool = field(default=False, kw_only=True)
    batch: bool = field(default=False, kw_only=True)
    epoch: Any = field(default=None, kw_only=True, compare=False)
    keep_silence: bool | int = field(default=False, kw_only=True)
    sample_rate: float | None = field(default=None, kw_only=True)
    training: bool = field(default=True, kw_only=True)
    return_std: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if (self.std is None) == (self.snr is None):
            raise ValueError("expected a strength: either std=, such as '25/255', or snr= in dB, such as 10")
        for name in ("std", "snr"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, _levels(given, name))
        check_mean(_number("mean", self.mean))
        object.__setattr__(self, "clip", check_clip(_limits(self.clip)))
        object.__setattr__(self, "seed", whole("seed", self.seed))
        for name in ("mono", "alpha", "batch", "training", "return_std"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected True or False")
        for name, least in (("bits", 2), ("keep_silence", 0), ("channel_axis", None)):
            if (given := getattr(self, name)) is not None:
                whole(name, given, least)
        if not 0 <= _number("p", self.p) <= 1:
            raise ValueError(f"{self.p:g} is no probability: p must be 0 to 1")
        if self.full_scale is not None and not 0 < _number("full_scale", self.full_scale) < math.inf:
            raise ValueError(f"full_scale is {self.full_scale:g}; expected what 1.0 means in the data, such as 255")
        if self.sample_rate is not None and not 0 < _number("sample_rate", self.sample_rate) < math.inf:
            raise ValueError(f"sample_rate is {self.sample_rate:g}; expected samples a second, such as 16000")

    @property
    def longest_silence(self) -> int | None:
        """How many frames of silence in a row get noise at most: more stay silent. None if none do.

        Raises:
            ValueError: if it is a time, and no sample rate is said.
        """
        from noiseaug.media.audio.silence import KEPT_SECONDS  # loads libsndfile

        if self.keep_silence is not True:
            return int(self.keep_silence) or None
        if not self.sample_rate:
            raise ValueError(
                "keep_silence=True keeps runs of more than 100 ms: say sample_rate= too, or keep_silence= in samples"
            )
        return int(self.sample_rate * KEPT_SECONDS)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The strengths: one, or one an epoch."""
        found = self.std if self.snr is None else self.snr
        return found if isinstance(found, tuple) else (found,)

    def epoch_now(self) -> int | None:
        """Return the number of the epoch, if one is given: a number, or what a shared value has now."""
        if self.epoch is None:
            return None
        return whole("epoch", getattr(self.epoch, "value", self.epoch), 0)

    def level_at(self, epoch: int | None) -> Level:
        """Return the strength in this epoch: the last of a schedule goes on.

        Raises:
            ValueError: if there is a schedule, and no epoch.
        """
        levels = self.levels
        if epoch is None and len(levels) > 1:
            raise ValueError(
                f"{len(levels)} strengths are a schedule, one an epoch: say epoch=. (A range is '5/255:50/255'.)"
            )
        return levels[min(epoch or 0, len(levels) - 1)]


def whole(name: str, given: Any, least: int | None = None) -> int:
    """Return what is given as an int, if it is a whole number of any type, a tensor of one included.

    Raises:
        TypeError: if it is none.
        ValueError: if it is less than the least.
    """
    try:
        found = operator.index(given)
    except TypeError:
        raise TypeError(f"{name} is {given!r}; expected a whole number") from None
    if least is not None and found < least:
        raise ValueError(f"{name} is {found}; expected {least} or more")
    return found


def _limits(clip: Any) -> Clip:
    if isinstance(clip, str):
        return clip  # type: ignore[return-value] # check_clip says which texts there are
    if not isinstance(clip, list | tuple) or len(clip) != 2:
        raise TypeError(f"clip is {clip!r}; expected 'auto', 'none' or two numbers, such as (0, 1)")
    return float(_number("clip", clip[0])), float(_number("clip", clip[1]))


def _levels(given: Strengths, unit: Unit) -> Level | tuple[Level, ...]:
    """Return a strength, or each of several, as a level of this unit."""
    if isinstance(given, list | tuple):
        if not given:
            raise ValueError(f"{unit} is empty; expected a strength, or one for each epoch")
        return tuple(_level(one, unit) for one in given)
    return _level(given, unit)  # type: ignore[arg-type] # of other sequences, _level says what is wrong


def _level(given: Strength, unit: Unit) -> Level:
    if isinstance(given, str):
        return Level.parse(given, unit)
    if not isinstance(given, Level):
        value = float(_number(unit, given))
        return Level(value, value, unit)
    if given.unit != unit:
        raise ValueError(f"{given.label} is no {unit}; say {given.unit}=")
    return given


def _number(name: str, given: Any) -> Any:
    """Return what is given, if it is a number."""
    if isinstance(given, bool) or not isinstance(given, Real):
        example = "0.1 or '25/255'" if name == "std" else "a number"
        raise TypeError(f"{name} is {given!r}; expected {example}")
    return given
