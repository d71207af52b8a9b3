"""Strengths and limits of noise as people write them: `0.1`, `10%`, `25/255`, and ranges such as `5/255:50/255` or
`log:5/255:50/255`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal

from noiseaug.settings.checks import check_types, misfit

Clip = Literal["auto", "none"] | tuple[float, float]
Unit = Literal["std", "snr"]
Scale = Literal["linear", "log"]

_MAX_SNR = 300  # dB; below the precision of float64 samples


def parse_fraction(text: str) -> float:
    """Return the number that `text` spells: a decimal (`0.1`), a percentage (`10%`) or a quotient (`25/255`).

    Raises:
        ValueError: if it spells no finite number; the message says what was expected.
    """
    body = text.strip()
    try:
        if body.endswith("%"):
            value = float(body[:-1]) / 100
        elif "/" in body:
            top, bottom = body.split("/")
            value = float(top) / float(bottom) if math.isfinite(float(bottom)) else math.nan
        else:
            value = float(body)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is not a number such as 0.1, 10% or 25/255") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    return value


@dataclass(frozen=True)
class Level:
    """A noise strength, one value or a range to draw from.

    Attributes:
        low: the strength, or the least one of a range: a standard deviation as a fraction of full scale (0 to 1), or a
            signal-to-noise ratio in dB.
        high: the greatest strength; equal to `low` where it is fixed.
        unit: `std` or `snr`.
        scale: whether a range is drawn from, or spread, evenly in the strength or in its logarithm.
        name: what it is called instead of by its numbers.
        unbounded: whether a std may be above 1, as it is no fraction of full scale.

    Raises:
        TypeError: where one of them is of another type.
        ValueError: if there is no such strength.
    """

    low: float
    high: float
    unit: Unit = "std"
    scale: Scale = "linear"
    name: str = ""
    unbounded: bool = False

    def __post_init__(self) -> None:
        check_types(self)
        if self.scale == "log" and self.unit == "snr":
            raise ValueError("a range of dB is logarithmic as it is; leave out log:")
        if self.scale == "log" and not self.low > 0:
            raise ValueError(f"a logarithmic range begins above 0, not at {self.low:g}")
        for value in (self.low, self.high):
            if not math.isfinite(value):
                raise ValueError(f"{value:g} is not finite")
            if self.unit == "snr":
                if abs(value) > _MAX_SNR:
                    raise ValueError(
                        f"{value:g} dB is not a ratio that samples can have: at most {_MAX_SNR} either way"
                    )
                continue
            if value < 0:
                raise ValueError(f"{value:g} is not a standard deviation: it must be 0 or more")
            if value > 1 and not self.unbounded:
                raise ValueError(_above_full_scale(f"{value:g}"))
        object.__setattr__(self, "low", self.low + 0.0)  # -0.0 would show in names
        object.__setattr__(self, "high", self.high + 0.0)
        if self.low > self.high:
            raise ValueError(f"the range {self.low:g}:{self.high:g} is reversed; write {self.high:g}:{self.low:g}")

    @classmethod
    def parse(cls, text: str, unit: Unit = "std", *, unbounded: bool = False) -> Level:
        """Return the level that `text` spells.

        Raises:
            ValueError: if it is empty, not finite, a reversed range, or a std that is negative or above full scale.

        >>> Level.parse("10%").low
        0.1
        >>> Level.parse("-5:30", "snr").is_range, Level.parse("log:1/255:0.1").scale
        (True, 'log')
        """
        scale: Scale = "log" if text.startswith("log:") else "linear"
        low, colon, high = text.removeprefix("log:").partition(":")
        if scale == "log" and not colon:
            raise ValueError(f"{text!r} is no range such as log:5/255:50/255")
        parse = _parse_ratio if unit == "snr" else parse_fraction if unbounded else _parse_std
        return cls(parse(low), parse(high if colon else low), unit, scale, unbounded=unbounded)

    @classmethod
    def of(cls, value: Level | float | str, unit: Unit = "std", *, unbounded: bool = False) -> Level:
        """Return `value` as a level: one already, a number for a fixed strength, or a text for `parse`.

        Raises:
            TypeError: if it is none of these.
            ValueError: if there is no such strength.

        >>> Level.of("25/255").label, Level.of(10, "snr").label
        ('std0.098', 'snr10')
        """
        if isinstance(value, str):
            return cls.parse(value, unit, unbounded=unbounded)
        if isinstance(value, Level):
            return value
        if isinstance(value, bool) or not isinstance(value, Real):
            example = "10 or '10:30'" if unit == "snr" else "0.1 or '25/255'"
            raise misfit(unit, f"a number or a text such as {example}, or a Level", value)
        return cls(float(value), float(value), unit, unbounded=unbounded)

    @property
    def is_range(self) -> bool:
        """Whether the strength is drawn from a range."""
        return self.low != self.high

    @property
    def label(self) -> str:
        """The level as it stands in file names and manifests.

        >>> Level.parse("25/255").label, Level.parse("5/255:50/255").label, Level.parse("10", "snr").label
        ('std0.098', 'std0.0196-0.196', 'snr10')
        >>> Level.parse("log:5/255:50/255").label
        'stdlog0.0196-0.196'
        """
        if self.name or not self.is_range:
            return self.name or f"{self.unit}{self.low:.3g}"
        return f"{self.unit}{'log' if self.scale == 'log' else ''}{self.low:.3g}-{self.high:.3g}"

    def at(self, position: float) -> float:
        """Return the strength at `position` (0 to 1) of the range: evenly in std, in dB or in the logarithm of the std.

        >>> Level.parse("0:0.5").at(0.5), Level.parse("log:0.0625:0.25").at(0.5)
        (0.25, 0.125)
        """
        if not self.is_range:
            return self.low
        if self.scale == "log":
            return min(self.low * math.pow(self.high / self.low, position), self.high)
        return min(self.low + (self.high - self.low) * position, self.high)

    def ramped(self, copies: int, scale: Scale) -> tuple[Level, ...]:
        """Return the range spread over so many copies, from its least strength to its greatest, each a level.

        >>> [level.label for level in Level.parse("0:0.5").ramped(3, "linear")]
        ['std0', 'std0.25', 'std0.5']
        """
        spread = replace(self, scale="log") if scale == "log" and self.unit == "std" else self
        strengths = [spread.at(copy / max(copies - 1, 1)) for copy in range(copies)]
        return tuple(Level(value, value, self.unit, unbounded=self.unbounded) for value in strengths)


def _parse_std(text: str) -> float:
    """Return the standard deviation that `text` spells, as a fraction of full scale."""
    std = parse_fraction(text)
    if std > 1:
        raise ValueError(_above_full_scale(text.strip()))
    return std


def _parse_ratio(text: str) -> float:
    """Return the ratio in dB that `text` spells: a plain number."""
    try:
        ratio = float(text)
    except ValueError:
        hint = "; for a fraction of full scale use --std" if text.endswith("%") or "/" in text else ""
        raise ValueError(f"{text!r} is not a ratio in dB, such as 10, -5 or 10:30{hint}") from None
    if not math.isfinite(ratio):
        raise ValueError(f"{text!r} is not finite")
    return ratio


def _above_full_scale(text: str) -> str:
    """Return what is wrong with a standard deviation above 1, and what was probably meant.

    >>> _above_full_scale("25"), _above_full_scale("150%")
    ('25 is above full scale; did you mean 25/255?', '150% is above full scale, 100%; did you mean 15% or 150/255?')
    """
    number, slash, _ = text.removesuffix("%").partition("/")
    value = float(number)
    if slash:
        return f"{text} is above full scale; the first number is at most the second"
    if text.endswith("%"):
        meant = [f"{value / 10:g}%"] * (value <= 1000) + [f"{value:g}/255"] * (value <= 255)
        return f"{text} is above full scale, 100%; " + (f"did you mean {' or '.join(meant)}?" if meant else "use less")
    if value > 65535:
        return f"{text} is above full scale, which is 1; use a fraction of it such as 0.1 or 25/255"
    meant = [f"{value:g}/255" if value <= 255 else f"{value:g}/65535"]
    meant += [f"{value:g}%"] * (not value.is_integer() and value < 100)
    return f"{text} is above full scale; did you mean {' or '.join(meant)}?"


# What a file without noise has; its samples are those of its source.
CLEAN = Level(0.0, 0.0, name="clean")


def check_mean(mean: float) -> float:
    """Return `mean`, if it is a fraction of full scale.

    Raises:
        ValueError: otherwise.
    """
    if not -1 <= mean <= 1:
        raise ValueError(f"{mean:g} is not a mean: it must be a fraction of full scale, -1 to 1")
    return mean


def check_clip(clip: Clip) -> Clip:
    """Return `clip`, if it is `"auto"`, `"none"` or a pair (low, high) of finite fractions of full scale, low < high.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(clip, tuple):
        low, high = clip
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"{low:g}:{high:g} is not a clipping range: the first must be below the second")
    elif clip not in ("auto", "none"):
        raise ValueError(f"{clip!r} is not a way to clip: it must be 'auto', 'none' or two limits")
    return clip


def parse_clip(text: str) -> Clip:
    """Return the limits that `text` spells: `auto`, `none` or `LOW:HIGH` in fractions of full scale.

    Raises:
        ValueError: if it spells none.

    >>> parse_clip("0:1")
    (0.0, 1.0)
    """
    if text == "auto":
        return "auto"
    if text == "none":
        return "none"
    low, colon, high = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is not auto, none or LOW:HIGH such as 0:1")
    return check_clip((parse_fraction(low), parse_fraction(high)))
