"""Types of options: each parses its text once, and names what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any

import click
from click.shell_completion import CompletionItem

from noiseaug.kinds import kind_of
from noiseaug.settings.companions import check_label_smoothing, check_manifest_name
from noiseaug.settings.layout import Layout
from noiseaug.settings.level import Level, check_mean, parse_clip, parse_fraction
from noiseaug.settings.presets import PRESETS, parse_preset
from noiseaug.settings.running import check_max_failures
from noiseaug.settings.selection import Selection
from noiseaug.settings.shard import Shard

_MOST_SECONDS = 1_000_000  # eleven days; the system's own limit on waiting is not far above


class Parsed(click.ParamType[Any]):
    """A type of options whose value `parse` makes of the text; it raises ValueError if there is none.

    Shells complete `words`.
    """

    def __init__(self, name: str, parse: Callable[[str], Any], words: Iterable[str] = ()) -> None:
        self.name = name
        self._parse, self._words = parse, tuple(words)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self._words if word.startswith(incomplete)]

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Whole(click.IntRange):
    """A type of options that are whole numbers of a range."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        expected = f"{self.min} or more" if self.max is None else f"{self.min} to {self.max}"
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number; it must be {expected}", param, ctx)
        if number < (self.min or 0) or (self.max is not None and number > self.max):
            self.fail(f"{number} is out of range; it must be {expected}", param, ctx)
        return number


class Axis(click.IntRange):
    """A type of options that number an axis of arrays; negative numbers count from the last."""

    name = "axis"

    def __init__(self) -> None:
        super().__init__(-64, 63)

    def _describe_range(self) -> str:
        return ""


class Format(click.Choice[str]):
    """A type of options that name a format by its suffix: with or without the dot, in any case, under any of its names.

    >>> [Format(["jpg", "tif"]).convert(text, None, None) for text in ("JPG", ".tiff", "jpeg")]
    ['jpg', 'tif', 'jpg']
    """

    _OTHER_NAMES = MappingProxyType(
        {"jpeg": "jpg", "jpe": "jpg", "tiff": "tif", "aif": "aiff", "wave": "wav", "oga": "ogg", "jpeg2000": "jp2"}
    )

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        name = str(value).lower().removeprefix(".")
        name = self._OTHER_NAMES.get(name, name)
        return super().convert(name if name in self.choices else value, param, ctx)


def _seed(text: str) -> int | str:
    if text == "random":
        return "random"
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a whole number nor 'random'") from None


def _seconds(text: str) -> float:
    seconds = parse_fraction(text)
    if not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(f"{text} is not a time in seconds: it must be above 0, and {_MOST_SECONDS:,} at most")
    return seconds


def _max_failures(text: str) -> int | float:
    """Return the files that 10 stands for, or the fraction of them that 2% does."""
    if re.fullmatch(r"[0-9]{1,15}", text.strip()):
        return int(text)
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?%", text.strip()) and float(text.strip()[:-1]) <= 100:
        return check_max_failures(parse_fraction(text))
    raise ValueError(f"{text!r} does not say how many files may fail; expected a number such as 10, or one such as 2%")


def _suffixes(text: str) -> tuple[str, ...]:
    suffixes = tuple(suffix.strip() for suffix in text.split(",") if suffix.strip())
    Layout(sidecars=suffixes)
    return suffixes


def _folders(text: str) -> tuple[str, ...]:
    folders = tuple(name.strip().rstrip("/") for name in text.split(",") if name.strip())
    Selection(masks=folders)
    return folders


def _ramp(text: str) -> str:
    if text not in ("linear", "log"):
        raise ValueError(
            f"{text!r} is neither linear nor log; put --ramp behind SOURCE and DEST, or write --ramp linear"
        )
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"((tcp|tls|ws|wss)://)?[^\s/]+:[0-9]+", text):
        raise ValueError(f"{text!r} is no address of a Dask scheduler: expected one such as tcp://host:8786")
    return text


_PRESET_NAMES = (
    one for name, preset in PRESETS.items() for one in (name, *(f"{name}:{severity}" for severity in preset.severities))
)


class _Strength(Parsed):
    """A type of options that are standard deviations: at most 1, unless --std-of says that they are no fractions."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        given = ctx.params if ctx else {}
        told = ctx.lookup_default("std_of") if ctx else None  # by a file of options that is being read
        unbounded = (given.get("std_of") or told or "full-scale") != "full-scale"
        try:
            return Level.parse(value, unbounded=unbounded)
        except ValueError as error:
            named = [given.get("source") or "", *given.get("paths", ())]
            are_arrays = "array" in (given.get("kind") or ()) or "array" in map(kind_of, named)
            hint = "; in the units of an array, use --std-of value" if are_arrays and not unbounded else ""
            self.fail(f"{error}{hint}", param, ctx)


LEVEL = _Strength("LEVEL", Level.parse, ("5/255", "10/255", "15/255", "25/255", "50/255"))
SNR = Parsed("DB", lambda text: Level.parse(text, "snr"), ("0", "10", "20", "30"))
MEAN = Parsed("FRACTION", lambda text: check_mean(parse_fraction(text)))
CLIP = Parsed("auto|none|LO:HI", parse_clip, ("auto", "none"))
ADDRESS = Parsed("ADDRESS", _address)
SHARD = Parsed("I/N", Shard.parse)
SECONDS = Parsed("SECONDS", _seconds)
MAX_FAILURES = Parsed("N|P%", _max_failures)
PRESET = Parsed("NAME[:SEVERITY]", parse_preset, _PRESET_NAMES)
PROBABILITY = Parsed("P", parse_fraction)
SUFFIXES = Parsed("SUFFIX,..", _suffixes)
FOLDERS = Parsed("FOLDER,..", _folders)
RAMP = Parsed("[linear|log]", _ramp, ("linear", "log"))
SEED = Parsed("N|random", _seed, ("random",))
MANIFEST_NAME = Parsed("NAME", check_manifest_name)
LABEL_SMOOTHING = Parsed("EPS", lambda text: check_label_smoothing(parse_fraction(text)))
