"""Settings by name, as `Recipe.of`, `run` and `stream` take them: which class each belongs to, and what was meant by a
name that there is not."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypedDict, cast

from noiseaug.settings.array_options import ArrayOptions
from noiseaug.settings.checks import misfit, with_article
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import LabelFolder, Layout, WithClean
from noiseaug.settings.level import Clip, Level, Scale, Unit, parse_clip, parse_fraction
from noiseaug.settings.presets import parse_preset
from noiseaug.settings.recipe import OPTIONS, AudioOptions, ImageOptions, Recipe
from noiseaug.settings.request import Request
from noiseaug.settings.running import EngineName, Running
from noiseaug.settings.selection import Selection
from noiseaug.settings.shard import Shard
from noiseaug.settings.spelling import nearest
from noiseaug.storage.output_file import Link

Strength = float | str | Level
Strengths = Strength | Iterable[Strength]
Texts = str | Iterable[str]


class RecipeKeywords(TypedDict, total=False):
    """The keywords of `Recipe.of` besides `std`; the attributes of `Recipe`, `ImageOptions` and `AudioOptions`."""

    snr: Strengths
    preset: Texts
    levels: Iterable[Level]
    mean: float | str
    clip: Clip | str
    mono: bool
    seed: int | Literal["random"]
    copies: int
    ramp: Scale | None
    prob: float | str
    image: ImageOptions
    audio: AudioOptions
    image_format: str | None
    audio_format: str | None
    quality: int | None
    subsampling: str
    png_level: int | None
    measure: str
    snr_reference: str
    on_silence: str
    keep_silence: bool
    on_clip: str
    array: ArrayOptions
    std_of: str
    channel_axis: int
    include_member: Texts
    exclude_member: Texts


class SelectionKeywords(TypedDict, total=False):
    """The attributes of `Selection`."""

    include: Texts
    exclude: Texts
    keep: Texts
    masks: Texts
    kinds: Texts
    videos: bool
    hidden: bool
    follow_symlinks: bool
    names: Iterable[str] | None
    limit: int | None
    root: str | os.PathLike[str] | None
    shard: Shard | str | None


class _OtherKeywords(TypedDict, total=False):
    """The attributes of `Running`, `Layout` and `Companions`."""

    engine: EngineName
    scheduler: str | None
    workers: int | None
    max_pixels: int
    accept_damaged: bool
    timeout: float
    force: bool
    checksum: bool
    prune: bool
    fail_fast: bool
    max_failures: int | float
    overwrite: bool
    verbose: bool
    name: str | None
    with_clean: WithClean | None
    link: Link
    sidecars: Texts
    label_folder: LabelFolder
    manifest: str
    annotations: str | os.PathLike[str] | None
    label_smoothing: float | None


class RunKeywords(RecipeKeywords, SelectionKeywords, _OtherKeywords, total=False):
    """The keywords of `run`: those of `Recipe.of` and the attributes of the other settings."""

    std: Strengths


class StreamKeywords(RecipeKeywords, SelectionKeywords, total=False):
    """The keywords of `stream`."""

    std: Strengths
    max_pixels: int
    accept_damaged: bool
    label_folder: LabelFolder


# What others call what is a keyword here.
_ELSEWHERE = {
    **dict.fromkeys(("sigma", "stddev", "stdev", "scale", "noise"), "std"),
    **dict.fromkeys(("jobs", "n_jobs", "num_workers"), "workers"),
    **dict.fromkeys(("random_state", "rng", "random_seed"), "seed"),
    **dict.fromkeys(("p", "probability"), "prob"),
    "db": "snr",
    "kind": "kinds",
    "files_from": "names",
}


def keywords_of(owner: type) -> tuple[str, ...]:
    """Return the keywords that a class of settings is made of, where keywords are given directly.

    Those of a recipe include the fields of the options of each kind, which are found here by themselves.
    """
    names = [item.name for item in fields(owner)]
    if owner is not Recipe:
        return tuple(names)
    flat = (_flat(kind, item.name) for kind, options in OPTIONS.items() for item in fields(options))
    return tuple(dict.fromkeys(("std", "snr", "preset", *names, *flat)))


def request_of(
    call: str,
    given: Mapping[type, object],
    keywords: Mapping[str, object],
    known: Mapping[type, tuple[str, ...]] | None = None,
) -> Request:
    """Return what is asked of a run, by objects and by keywords.

    Args:
        call: the function that was called, for messages.
        given: for each class of settings, the object that was given, or None.
        keywords: the keywords that were.
        known: the keywords that the function takes, by class; all of them by default.

    Raises:
        TypeError: if there is no such keyword, a value is of another type, or an object and its keywords were given.
        ValueError: where a value is outside its domain.
    """
    owners = (Recipe, Selection, Running, Layout, Companions)
    known = known or {owner: keywords_of(owner) for owner in owners}
    _refuse_unknown(call, keywords, [name for names in known.values() for name in names])
    made: dict[str, Any] = {}
    for owner in owners:
        own = {name: keywords[name] for name in known.get(owner, ()) if name in keywords}
        made[owner.__name__.lower()] = _made(call, owner, given.get(owner), own)
    return Request(**made)


def _made(call: str, owner: type, given: object, own: dict[str, object]) -> object:
    """Return the settings of a class: the object that was given, or one made of its keywords."""
    name = owner.__name__.lower()
    if given is None:
        return recipe_of(None, own) if owner is Recipe else owner(**own)
    if not isinstance(given, owner):
        hint = "; write std=0.1, or Recipe.of(0.1)" if owner is Recipe else ""
        raise misfit(f"{name} of {call}()", with_article(owner.__name__), given, hint)
    if own:
        raise TypeError(f"{call}() got {name} and {', '.join(own)}, which belongs to that; give one of them")
    return given


def recipe_of(std: Strengths | None, keywords: Mapping[str, object]) -> Recipe:
    """Return the recipe that is spelled by keywords; see `Recipe.of`."""
    _refuse_unknown("Recipe.of", keywords, keywords_of(Recipe))
    left = dict(keywords)
    _spell(left)
    options = {kind: _options_of(kind, left) for kind in OPTIONS}
    unbounded = cast(ArrayOptions, options["array"]).std_of != "full-scale"
    levels = _levels(left.pop("std", std), left, unbounded=unbounded)
    own = {item.name: left[item.name] for item in fields(Recipe) if item.name in left}
    return Recipe(levels, **{**own, **options})  # type: ignore[arg-type] # checked there


def _levels(std: object, left: dict[str, object], *, unbounded: bool) -> tuple[Level, ...]:
    """Return the strengths in the order of the command line, and take their keywords out of `left`."""
    found = [Level.of(cast(Strength, level)) for level in _several(left.pop("levels", None))]
    found += [Level.of(cast(Strength, level), unbounded=unbounded) for level in _several(std)]
    for preset in _several(left.pop("preset", None)):
        if not isinstance(preset, str):
            raise misfit("preset", "a text such as 'imagenet-c:3'", preset)
        found += parse_preset(preset)
    unit: Unit = "snr"
    for ratio in _several(left.pop("snr", None)):
        level = Level.of(cast(Strength, ratio), unit)
        if level.unit != unit:
            raise ValueError(f"{level.label} is a standard deviation, and was given as snr; give it as std")
        found.append(level)
    if not found:
        raise ValueError("no strength is given: say how strong the noise is, such as std='25/255', or snr=10 for audio")
    return tuple(found)


def _several(value: object) -> tuple[object, ...]:
    """Return one or several values as several."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else (value,)


def _spell(left: dict[str, object]) -> None:
    """Put values in the place of the texts that spell them."""
    for name in ("mean", "prob"):
        if isinstance(text := left.get(name), str):
            left[name] = _parsed(name, parse_fraction, text)
    if isinstance(text := left.get("clip"), str):
        left["clip"] = _parsed("clip", parse_clip, text)
    if left.get("seed") == "random":
        import secrets

        left["seed"] = secrets.randbits(32)


def _parsed(name: str, parse: Any, text: str) -> object:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _options_of(kind: str, left: dict[str, object]) -> object:
    """Return the options for sources of a kind: an object, or made of keywords."""
    owner = OPTIONS[kind]
    names = {_flat(kind, item.name): item.name for item in fields(owner)}
    own = [name for name in names if name in left]
    if left.get(kind) is None:
        return owner(**{names[name]: left[name] for name in own})  # type: ignore[arg-type] # checked there
    if own:
        raise TypeError(f"Recipe.of() got {kind} and {', '.join(own)}, which belongs to that; give one of them")
    return left[kind]


def _flat(kind: str, field: str) -> str:
    """Return the keyword of a field of the options for a kind, as the command line has it."""
    return f"{kind}_{field}" if field == "format" else field


def _refuse_unknown(call: str, keywords: Iterable[str], known: Collection[str]) -> None:
    for name in keywords:
        if name in known:
            continue
        meant = _ELSEWHERE.get(name) or nearest(name, known) or ""
        hint = f"did you mean {meant}?" if meant in known else f"there are {', '.join(sorted(known))}"
        raise TypeError(f"{call}() takes no keyword {name!r}; {hint}")
