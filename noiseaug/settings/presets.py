"""Strengths that the field compares itself at, by name."""

from __future__ import annotations

from typing import NamedTuple

from noiseaug.settings.level import Level, parse_fraction


class Preset(NamedTuple):
    """Strengths that belong together.

    Attributes:
        severities: each strength, as `Level.parse` takes it, under the name of its severity.
        source: where the strengths come from.
    """

    severities: dict[str, str]
    source: str

    def levels(self, name: str) -> dict[str, Level]:
        """Return the levels by severity, called `name` and the severity, or just `name` if there is but one."""
        return {
            severity: Level(*_ends(text), name=f"{name}-{severity}" if len(self.severities) > 1 else name)
            for severity, text in self.severities.items()
        }


def _ends(text: str) -> tuple[float, float]:
    low, colon, high = text.partition(":")
    return parse_fraction(low), parse_fraction(high if colon else low)


def _by_severity(*strengths: str) -> dict[str, str]:
    return {str(number): strength for number, strength in enumerate(strengths, start=1)}


PRESETS = {
    "imagenet-c": Preset(
        _by_severity("0.08", "0.12", "0.18", "0.26", "0.38"),
        "ImageNet-C, Gaussian noise: Hendrycks and Dietterich, Benchmarking Neural Network Robustness, ICLR 2019",
    ),
    "tiny-imagenet-c": Preset(
        _by_severity("0.04", "0.08", "0.12", "0.15", "0.18"),
        "Tiny ImageNet-C and ImageNet-64-C, Gaussian noise: Hendrycks and Dietterich, ICLR 2019",
    ),
    "cifar-c": Preset(
        _by_severity("0.04", "0.06", "0.08", "0.09", "0.10"),
        "CIFAR-10-C and CIFAR-100-C, Gaussian noise: Hendrycks and Dietterich, ICLR 2019",
    ),
    "denoise": Preset(
        {"15": "15/255", "25": "25/255", "50": "50/255"},
        "the usual test of denoisers, such as DnCNN: Zhang et al., Beyond a Gaussian Denoiser, TIP 2017",
    ),
    "denoise-blind": Preset(
        {"1": "0:55/255"},
        "blind training of DnCNN-B: Zhang et al., Beyond a Gaussian Denoiser, TIP 2017",
    ),
}


def parse_preset(text: str) -> tuple[Level, ...]:
    """Return the levels of a preset, or of one of its severities, `NAME:SEVERITY`.

    Raises:
        ValueError: if there is none of that name; the message lists those there are.

    >>> [level.label for level in parse_preset("denoise")], parse_preset("imagenet-c:3")[0].low
    (['denoise-15', 'denoise-25', 'denoise-50'], 0.18)
    """
    name, colon, severity = text.partition(":")
    if name not in PRESETS:
        raise ValueError(f"{name!r} is no preset: there are {', '.join(PRESETS)}; see `noiseaug presets`")
    levels = PRESETS[name].levels(name)
    if not colon:
        return tuple(levels.values())
    if severity not in levels:
        raise ValueError(f"{severity!r} is no severity of {name}: there are {', '.join(levels)}")
    return (levels[severity],)
