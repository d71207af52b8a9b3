"""One output as the packages of media are given it: where it goes and what noise it gets."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from noiseaug.noise.figures import Measured
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import Array, terms_of
from noiseaug.noise.streams import SharedCells, Stream
from noiseaug.settings.level import Level
from noiseaug.settings.recipe import Recipe
from noiseaug.storage.output_file import Link, OutputFile
from noiseaug.storage.source_file import Refused

Facts = dict[str, str | int | float | bool | list[str] | list[float] | None]


class Unwritten(OutputFile):
    """An output that has a name and is not written, as its samples are wanted in memory."""

    def __init__(self, path: str) -> None:
        self.path = path


class Samples(NamedTuple):
    """The samples of an output in memory, as they would be encoded.

    Attributes:
        array: images have the shape (height, width) or (height, width, channels), several pages or frames one axis more
            in front; recordings have (frames, channels). Integers of fewer bits than their dtype are left-justified. Of
            a file that holds several arrays, these by name.
        facts: what the manifest would say of them.
        is_bgr: whether the first three channels are blue, green and red.
    """

    array: Array | dict[str, Array]
    facts: Facts
    is_bgr: bool = False


@dataclass(frozen=True)
class WantedNoise:
    """The noise that samples are to get.

    Attributes:
        recipe: how the noise is applied, and how the samples are encoded.
        level: how strong the noise is.
        key: the name of its random stream.
        cells: random numbers that it shares with other levels of the copy, if there are any.
        source_path: the path of the source relative to SOURCE, and
        copy: the number of the copy: what the key was made of.
    """

    recipe: Recipe
    level: Level
    key: str
    cells: SharedCells | None = None
    source_path: str = ""
    copy: int = 0

    def strength(self) -> float:
        """Return the strength, a std or an SNR: that of the level, or one that the stream draws from its range."""
        return self.level.at(Stream(self.key).position()) if self.level.is_range else self.level.low

    def noiser(self, std: float, dtype: Any, bits: int | None = None) -> Noiser:
        """Return what adds noise of this strength to samples of `dtype`, from the beginning of the random stream.

        Raises:
            Refused: if samples of this dtype get no noise.
        """
        recipe = self.recipe
        try:
            terms = terms_of(dtype, bits, recipe.clip)
        except TypeError as error:
            raise Refused(f"cannot be augmented: its {error}; convert it") from None
        stream = Stream(self.key, self.cells.join() if self.cells else None)
        return Noiser(stream, terms, std, recipe.mean, mono=recipe.mono)


@dataclass(frozen=True)
class Output(WantedNoise):
    """An output in the making.

    Attributes:
        file: where the encoded samples go.
        link: how the source itself becomes the output, which then gets no noise; None where samples are encoded.
    """

    file: OutputFile = field(kw_only=True)
    link: Link | None = field(default=None, kw_only=True)

    @property
    def suffix(self) -> str:
        """The suffix of the final name, in small letters: the format to write."""
        return os.path.splitext(self.file.path)[1].lower()


def damage_facts(damage: str) -> Facts:
    """Return what the manifest says of a source of which a part is missing or corrupt; nothing of others."""
    return {"damaged": damage} if damage else {}


def noise_facts(std: float, clip: tuple[float, float] | None, measured: Measured) -> Facts:
    """Return what the manifest says of the noise on an output of any kind: its std, its limits and its figures."""
    limits: Facts = {} if clip is None else {"clip_low": clip[0], "clip_high": clip[1]}
    figures = {"noise_mean": measured.noise_mean, "noise_std": measured.noise_std, "clipped": measured.clipped}
    return {"std": std, **limits, **figures}
