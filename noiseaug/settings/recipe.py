"""The recipe: everything about a run that decides the bytes of its outputs."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Unpack

from noiseaug.kinds import KINDS
from noiseaug.settings.array_options import ArrayOptions
from noiseaug.settings.checks import check_types
from noiseaug.settings.level import CLEAN, Clip, Level, Scale, check_clip, check_mean

# Raised when the same recipe gives other bytes than before, so that outputs of older versions are made again.
RECIPE_VERSION = 1

if TYPE_CHECKING:
    from noiseaug.settings.keywords import RecipeKeywords, Strengths

SUBSAMPLINGS = ("444", "422", "420")
MEASURES = ("encoded", "decoded")
SNR_REFERENCES = ("pooled", "channel", "active")
ON_SILENCE = ("copy", "skip", "floor")
ON_CLIP = ("saturate", "rescale")


@dataclass(frozen=True)
class ImageOptions:
    """How images are encoded.

    Attributes:
        quality: of JPEG, lossy WebP and AVIF, 1 to 100; by default 95, which keeps most of the noise.
        subsampling: of JPEG chroma: 444 (none), 422 or 420.
        png_level: of PNG compression: 0 stores, 1 is fast (also where it is None), 2 to 9 are slow and smaller.
        format: the suffix of the format to write, such as png; by default that of the source.
        measure: what the figures of the record are measured on: the samples `encoded`, or those that can be `decoded`
            from the output.
    """

    quality: int | None = None
    subsampling: str = "444"
    png_level: int | None = None
    format: str | None = None
    measure: str = "encoded"

    def __post_init__(self) -> None:
        check_types(self)
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ValueError(f"{self.quality} is no quality: it must be 1 to 100")
        _check("subsampling", self.subsampling, SUBSAMPLINGS)
        _check("png_level", self.png_level, (None, *range(10)))
        _check("format", self.format, (None, *KINDS["image"].writable))
        _check("measure", self.measure, MEASURES)


@dataclass(frozen=True)
class AudioOptions:
    """How noise is applied to audio, and how it is encoded.

    Attributes:
        format: the suffix of the format to write, such as wav; by default that of the source.
        snr_reference: the signal that an SNR refers to: `pooled` over channels, each `channel`, or only what is
            `active` (not in stretches below -60 dB of the peak).
        on_silence: what becomes of a silent source under an SNR: a `copy`, nothing (`skip`), or noise at the `floor` of
            one level of its samples.
        keep_silence: whether digital silence stays silent: on each channel, samples of exactly 0 for more than 100 ms.
        on_clip: whether samples out of range `saturate`, or the file is scaled down (`rescale`) until none are.
        measure: whether the noise that is left when the output is `decoded` is recorded too.
    """

    format: str | None = None
    snr_reference: str = "pooled"
    on_silence: str = "copy"
    keep_silence: bool = False
    on_clip: str = "saturate"
    measure: str = "encoded"

    def __post_init__(self) -> None:
        check_types(self)
        _check("format", self.format, (None, *KINDS["audio"].writable))
        _check("snr_reference", self.snr_reference, SNR_REFERENCES)
        _check("on_silence", self.on_silence, ON_SILENCE)
        _check("on_clip", self.on_clip, ON_CLIP)
        _check("measure", self.measure, MEASURES)


# The options of each kind, which are also attributes of a recipe under the name of the kind.
OPTIONS: dict[str, type[ImageOptions | AudioOptions | ArrayOptions]] = {
    "image": ImageOptions,
    "audio": AudioOptions,
    "array": ArrayOptions,
}


def _check(name: str, value: object, allowed: Iterable[object]) -> None:
    if value not in (choices := list(allowed)):
        raise ValueError(f"{value!r} is no {name}: expected one of {', '.join(map(str, choices))}")


@dataclass(frozen=True)
class Recipe:
    """The noise that each source gets, and how often.

    Attributes:
        levels: the strengths; every source gets each of them. Audio and arrays get those that are an SNR, if there are
            any.
        mean: mean of the noise, fraction of full scale.
        clip: `"auto"`, `"none"` or (low, high) in fractions of full scale; see `GaussianNoise`.
        mono: one noise value for all channels of a pixel or frame.
        seed: chooses the noise; any integer.
        copies: how many versions of a source at each level, each with noise of its own.
        ramp: spreads ranges over the copies, from weak to strong, evenly on their own scale (`linear`) or in the
            logarithm of the std (`log`), instead of drawing a strength for each copy; by default not.
        prob: the share of copies that get noise; the others, chosen by their random streams, stay as their sources are.
        image: how images are encoded.
        audio: how noise is applied to audio, and how it is encoded.
        array: how noise is applied to arrays.

    Raises:
        TypeError: where a parameter is of another type.
        ValueError: where a parameter is outside its domain, or two levels would have the same name.
    """

    levels: tuple[Level, ...]
    mean: float = 0.0
    clip: Clip = "auto"
    mono: bool = False
    seed: int = 0
    copies: int = 1
    ramp: Scale | None = None
    prob: float = 1.0
    image: ImageOptions = field(default_factory=ImageOptions)
    audio: AudioOptions = field(default_factory=AudioOptions)
    array: ArrayOptions = field(default_factory=ArrayOptions)

    def __post_init__(self) -> None:
        check_types(self)
        check_mean(self.mean)
        check_clip(self.clip)
        if self.copies < 1:
            raise ValueError(f"{self.copies} is not a number of copies: it must be 1 or more")
        if not 0 <= self.prob <= 1:
            raise ValueError(f"{self.prob:g} is no probability: it must be 0 to 1")
        self._check_ramp()
        if self.array.std_of == "full-scale" and any(one.unit == "std" and one.high > 1 for one in self.levels):
            raise ValueError("a std above 1 is above full scale; for arrays in other units use --std-of value")
        if not self.levels:
            raise ValueError("no strength is given: say how strong the noise is, such as 25/255")
        named: dict[str, Level] = {}
        for level in self.levels:
            other = named.setdefault(level.label, level)
            if other is not level:
                raise ValueError(_same_name(other, level))

        for kind in KINDS if self.ramp else ():
            targets: set[tuple[str, int]] = set()
            for level, copy in self.strengths(kind):
                if (level.label, copy) in targets:
                    reason = f"copy {copy} is {level.label} twice, of two strengths"
                    raise ValueError(f"{reason}; take strengths that do not meet, or leave out --ramp")
                targets.add((level.label, copy))

    def __hash__(self) -> int:
        """Return a hash of some attributes. With each file it is asked for several times, and of all takes 3 us."""
        return hash((self.seed, self.mean, self.copies, len(self.levels)))

    def _check_ramp(self) -> None:
        _check("ramp", self.ramp, (None, "linear", "log"))
        if not self.ramp:
            return
        ranges = [level for level in self.levels if level.is_range]
        if not ranges or self.copies < 2:
            raise ValueError("a ramp spreads a range over copies: it takes a strength LOW:HIGH and 2 copies or more")
        for level in ranges:
            level.ramped(self.copies, self.ramp)

    @classmethod
    def of(cls, std: Strengths | None = None, **keywords: Unpack[RecipeKeywords]) -> Recipe:
        """Return the recipe that is spelled as on the command line.

        Args:
            std: one standard deviation or several: a number, a text such as `"25/255"` or `"5/255:50/255"`, or a level.
            keywords: the other options of `noiseaug run` that decide bytes, by name: `snr`, `preset`, `mean`, `clip`,
                `mono`, `seed`, `copies`, `ramp`, `prob`, and the fields of `ImageOptions` and `AudioOptions`, where
                `image_format` and `audio_format` stand for the two called `format`. Numbers may be texts, as there:
                `mean="1/255"`, `clip="0:1"`, `prob="50%"`. Options may also come as objects, `image=ImageOptions(...)`.

        Raises:
            TypeError: if there is no such keyword, or a value is of another type; the message says what is expected.
            ValueError: where a value is outside its domain.

        >>> recipe = Recipe.of("25/255", snr="10:30", mean="1/255", image_format="png", keep_silence=True)
        >>> [level.label for level in recipe.levels], recipe.image.format
        (['std0.098', 'snr10-30'], 'png')
        """
        from noiseaug.settings.keywords import recipe_of  # which imports this module

        return recipe_of(std, keywords)

    def options_of(self, kind: str) -> ImageOptions | AudioOptions | ArrayOptions:
        """Return the options for sources of this kind."""
        options: ImageOptions | AudioOptions | ArrayOptions = getattr(self, kind)
        return options

    def levels_of(self, kind: str) -> tuple[Level, ...]:
        """Return the levels that sources of this kind get.

        A kind that takes SNRs gets these if there are any, and else standard deviations, as the others do.

        >>> recipe = Recipe((Level.parse("0.1"), Level.parse("10", "snr")))
        >>> [level.label for level in recipe.levels_of("image")], [level.label for level in recipe.levels_of("audio")]
        (['std0.1'], ['snr10'])
        """
        ratios = tuple(level for level in self.levels if level.unit == "snr")
        if KINDS[kind].takes_snr and ratios:
            return ratios
        return tuple(level for level in self.levels if level.unit == "std")

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a run has one recipe
    def strengths(self, kind: str) -> tuple[tuple[Level, int], ...]:
        """Return the level and the number of each copy of sources of this kind: by level as given, then by number.

        >>> recipe = Recipe.of("0:0.5", copies=3, ramp="linear")
        >>> [(level.low, copy) for level, copy in recipe.strengths("image")]
        [(0.0, 0), (0.25, 1), (0.5, 2)]
        """
        found: list[tuple[Level, int]] = []
        for level in self.levels_of(kind):
            ramped = level.ramped(self.copies, self.ramp) if self.ramp and level.is_range else (level,) * self.copies
            found += [(strength, copy) for copy, strength in enumerate(ramped)]
        return tuple(found)

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a run has one recipe
    def options(self, kind: str) -> str:
        """Return the options of this kind that are not at their defaults, as `name=value`, with spaces between.

        >>> Recipe.of(0.1, image=ImageOptions(quality=90)).options("image")
        'quality=90'
        """
        options = self.options_of(kind)
        given = ((item.name, getattr(options, item.name), item.default) for item in fields(options))
        return " ".join(f"{name}={_spelled(value)}" for name, value, default in given if value != default)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - a run has one recipe
    def fingerprint(self, level: Level, kind: str) -> str:
        """Return 12 hex digits that change with whatever changes the bytes of a target of this kind at `level`."""
        if level == CLEAN:
            settings: list[object] = [RECIPE_VERSION, CLEAN.label, self.clip, self.options(kind)]
        else:
            strength = [level.unit, level.low, level.high]
            settings = [RECIPE_VERSION, *strength, self.mean, self.clip, self.mono, self.seed, self.options(kind)]
            settings += [level.scale] if level.scale != "linear" else []
            settings += [f"prob {self.prob}"] if self.prob < 1 else []
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]


def _same_name(one: Level, other: Level) -> str:
    if (one.low, one.high) == (other.low, other.high):
        return f"two strengths are the same, {one.label}; leave one out"
    first, second = (f"{level.low:g}:{level.high:g}" if level.is_range else f"{level.low:g}" for level in (one, other))
    return (
        f"two strengths, {first} and {second}, would both be called {one.label} in names of files, which have three "
        "digits of them; leave one out"
    )


def _spelled(value: object) -> str:
    """Return the value of an option without spaces: texts of a tuple as JSON, in which a space can be escaped."""
    return json.dumps(value, separators=(",", ":")).replace(" ", r"\u0020") if isinstance(value, tuple) else str(value)


def _read(text: str, type_name: str) -> object:
    """Return the value that `_spelled` spelled, of a field of this type."""
    if type_name.startswith("tuple"):
        return tuple(map(str, json.loads(text)))
    return int(text) if "int" in type_name else True if text == "True" else text


def parse_options(kind: str, text: str) -> ImageOptions | AudioOptions | ArrayOptions:
    """Return the options that `Recipe.options` wrote.

    Raises:
        ValueError: if it did not write that.
    """
    owner = OPTIONS[kind]
    names = {item.name: item for item in fields(owner)}
    values: dict[str, object] = {}
    for pair in text.split():
        name, _, value = pair.partition("=")
        if name not in names:
            raise ValueError(f"{pair!r} is no option of {kind} files")
        values[name] = _read(value, str(names[name].type))
    return owner(**values)  # type: ignore[arg-type] # checked there
