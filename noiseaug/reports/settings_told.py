"""The settings of a run as its rows tell them, and a command line that asks for them.

A manifest holds neither the command line nor the time, as it is the same on every host. Its rows hold what decides
their bytes, but for the exact ends of ranges and the options that choose among files.
"""

from __future__ import annotations

import json
import math
import re
import shlex

from noiseaug.manifest.records import Record
from noiseaug.reports.distributions import Counts
from noiseaug.reports.rows import number, text
from noiseaug.settings.level import CLEAN
from noiseaug.settings.presets import PRESETS

_MOST = 60
_SEPARATOR = re.compile(r", (?![^(]*\))")  # not within brackets
_NONE = -math.inf, math.inf
_RANGES = {"image": (0.0, 1.0), "audio": (-1.0, 1.0)}  # of samples, in fractions of full scale


class SettingsTold:
    """The settings that rows tell of.

    Attributes:
        versions: the packages that made outputs, each as `NAME VERSION`.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[object, ...]] = set()
        self._levels: dict[str, str] = {}  # by label, as options
        self._options: dict[str, None] = {}
        self._made_with = Counts(_MOST)
        self._copies = 0
        self._clean = ""
        self._kinds: dict[str, None] = {}

    def add(self, record: Record) -> None:
        """Take note of what a row tells."""
        copy = record.get("copy")
        if type(copy) is int and copy > self._copies:
            self._copies = copy
        self._made_with.add(text(record, "made_with"))
        level = text(record, "level")
        if level == CLEAN.label:
            self._clean = self._clean or ("tree" if record["file_name"].startswith("clean/") else "beside")
        elif level not in self._levels and len(self._levels) < _MOST and text(record, "role") != "clean":
            self._levels[level] = _strength(level, record)
        kind = str(record["kind"])
        self._kinds[kind] = None
        limits = number(record, "clip_low"), number(record, "clip_high")
        seed, mono, options = record.get("seed"), record.get("mono") is True, text(record, "options")
        seen = kind, number(record, "mean"), *limits, mono, options, seed if type(seed) is int else None
        if seen not in self._seen and len(self._seen) < _MOST:
            self._seen.add(seen)
            self._take(record, kind, limits)

    def _take(self, record: Record, kind: str, limits: tuple[float | None, float | None]) -> None:
        found = [f"--seed {seed}"] if type(seed := record.get("seed")) is int and abs(seed) < 1 << 128 else []
        if mean := number(record, "mean"):
            found.append(f"--mean {mean:.6g}")
        if record.get("mono") is True:
            found.append("--mono")
        low, high = limits
        whole = _RANGES.get(kind)
        if kind == "array":
            whole = None if "clip" in record else _limits_of(text(record, "dtype"))
            found += ["--clip none"] if record.get("clip") == "none" else []
        if low is not None and high is not None and whole and (low > whole[0] or high < whole[1] - 0.01):
            found.append(f"--clip={low:.6g}:{high:.6g}")
        for option in text(record, "options").split():
            found += _spelled_out(kind, option)
        self._options |= dict.fromkeys(found)

    @property
    def versions(self) -> list[str]:
        """The packages that made outputs, sorted, noiseaug first."""
        found = {part for made_with in self._made_with.found for part in _SEPARATOR.split(made_with) if part}
        whole = [part for part in found if not any(other.startswith(f"{part} (") for other in found)]
        return sorted(whole, key=lambda part: (not part.startswith("noiseaug "), part.lower()))

    @property
    def options(self) -> list[str]:
        """The options of `noiseaug run` that ask for what the rows tell."""
        strengths = list(dict.fromkeys(filter(None, self._levels.values())))
        for name, preset in PRESETS.items():
            severities = [f"--preset {name}:{severity}" for severity in preset.severities]
            if all(severity in strengths for severity in severities):
                strengths = [f"--preset {name}"] + [one for one in strengths if one not in severities]
        copies = [f"--copies {self._copies + 1}"] if self._copies else []
        clean = [f"--with-clean {self._clean}"] if self._clean else []
        kinds = [f"--kind {kind}" for kind in self._kinds] if "array" in self._kinds else []
        return [*strengths, *copies, *kinds, *self._options, *clean]

    @property
    def command(self) -> str:
        """The command line that asks for that."""
        return " ".join(["noiseaug run SOURCE DEST", *self.options])


def _limits_of(dtype: str) -> tuple[float, float]:
    """Return the limits of the values of arrays of a dtype, as fractions of full scale."""
    return (0.0, 1.0) if re.fullmatch(r"uint\d+", dtype) else (-1.0, 1.0) if re.fullmatch(r"int\d+", dtype) else _NONE


def _spelled_out(kind: str, option: str) -> list[str]:
    """Return an option of a row as the command line has it: once for each of several texts, which stand as JSON."""
    name, _, value = option.partition("=")
    name = f"{kind}-format" if name == "format" else name.replace("_", "-")
    if value.startswith("["):
        try:
            return [f"--{name}={shlex.quote(str(one))}" for one in json.loads(value)]
        except (ValueError, RecursionError):
            pass  # somebody wrote this, and no run
    return [f"--{name}" if value == "True" else f"--{name} {shlex.quote(value)}"]


def _strength(level: str, record: Record) -> str:
    """Return the option that asks for a level, or nothing where its name does not tell."""
    for name, preset in PRESETS.items():
        for severity, found in preset.levels(name).items():
            if found.label == level:
                return f"--preset {name}:{severity}"
    unit = next((unit for unit in ("std", "snr") if level.startswith(unit)), None)
    if unit is None:
        return ""
    ends = level.removeprefix(unit).removeprefix("log")
    if (split := ends.find("-", 1)) > 0 and ends[split - 1] != "e":  # 5e-05 is one number
        scale = "log:" if level.startswith(f"{unit}log") else ""
        return f"--{unit} {shlex.quote(f'{scale}{ends[:split]}:{ends[split + 1 :]}')}"
    value = number(record, "std" if unit == "std" else "snr_db")
    as_levels = unit == "std" and record["kind"] != "array"
    return "" if value is None else f"--{unit} {spelled(value) if as_levels else f'{value:.6g}'}"


def spelled(std: float) -> str:
    """Return a std as people write it.

    >>> spelled(25 / 255), spelled(0.1)
    ('25/255', '0.1')
    """
    levels = std * 255
    return f"{round(levels)}/255" if levels > 0.5 and abs(levels - round(levels)) < 1e-9 else f"{std:.6g}"
