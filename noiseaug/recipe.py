"""The recipe: everything about a run that decides the bytes of its outputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from noiseaug.level import Clip, Level, check_clip, check_mean

# Raised when the same recipe gives other bytes than before, so that outputs of older versions are made again.
RECIPE_VERSION = 1

Strength = float | str | Level


@dataclass(frozen=True)
class Recipe:
    """What noise each source gets, and how often.

    Attributes:
        levels: the strengths; every source gets each of them.
        mean: mean of the noise, fraction of full scale.
        clip: `"auto"`, `"none"` or (low, high) in fractions of full scale; see `GaussianNoise`.
        mono: one noise value for all channels of a pixel or frame.
        seed: chooses the noise; any integer.
        copies: how many versions of a source at each level, each with noise of its own.

    Raises:
        ValueError: where a parameter is outside its domain, or two levels would have the same name.
    """

    levels: tuple[Level, ...]
    mean: float = 0.0
    clip: Clip = "auto"
    mono: bool = False
    seed: int = 0
    copies: int = 1

    def __post_init__(self) -> None:
        check_mean(self.mean)
        check_clip(self.clip)
        if self.copies < 1:
            raise ValueError(f"{self.copies} is not a number of copies: it must be 1 or more")
        if not self.levels:
            raise ValueError("no strength is given: say how strong the noise is, such as 25/255")
        labels = [level.label for level in self.levels]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                raise ValueError(f"two strengths are called {label}: give each once, and apart by three digits")

    @classmethod
    def of(
        cls, std: float | str | Level | Iterable[float | str | Level], **settings: Clip | float | int | bool
    ) -> Recipe:
        """A recipe from strengths as `Level.of` takes them, one or several, and the other attributes by name."""
        several = [std] if isinstance(std, float | int | str | Level) else std
        return cls(tuple(Level.of(level) for level in several), **settings)  # type: ignore[arg-type] # checked there

    def fingerprint(self, level: Level) -> str:
        """12 hex digits that change with whatever changes the bytes of a target at `level`."""
        settings = [RECIPE_VERSION, level.low, level.high, self.mean, self.clip, self.mono, self.seed]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]
