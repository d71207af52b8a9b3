"""The rows of a contact sheet for the arrays of a file: what people see of each, before and after."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import numpy as np

from noiseaug.media.array.reading import Glance, glances
from noiseaug.media.output import Facts
from noiseaug.noise.scale import Array, full_scale
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source
from noiseaug.reports.cells import percent
from noiseaug.reports.charts import Scales, first_slice, histogram, map_or_curve, scales_of
from noiseaug.reports.contact_sheet import CROP, FIT, Cell, Row
from noiseaug.settings.recipe import Recipe
from noiseaug.storage.source_file import SourceFile
from noiseaug.work.in_memory import unwritten

_OF = {"array": "of the std of the array", "column": "of the std of each column"}


def rows_of(root: str, path: str, recipe: Recipe) -> Iterator[Row]:
    """Yield a row for each of some arrays in the file at `path`, which is relative to `root`.

    The noise is that of a run over `root`. Little of a large array is in memory; see `glances`.

    Raises:
        Refused: if it cannot be read, or an array that is to get noise is not of numbers.
        OSError: if it cannot be read.
    """
    targets = tuple(Plan(recipe).targets(path, "array"))
    task = Task(Source(path, "array", 0, 0), recipe, targets, frozenset())
    wanted = unwritten(Job(root, ""), task)
    with SourceFile(os.path.join(root, path)) as source:
        for glance in glances(source, [output for _, output in wanted]):
            yield _row(path, glance, [target for target, _ in wanted])
        source.check_unchanged()


def _row(path: str, glance: Glance, targets: list[Target]) -> Row:
    arrays = [one.array for one in glance.samples if isinstance(one.array, np.ndarray)]
    each_column = glance.samples[0].facts["std_of"] == "column"
    is_kept = not glance.choice.noisy
    arrays = arrays[:1] if is_kept else arrays
    scales = scales_of(arrays, each_column=each_column)
    name = path if glance.alone else f"{path}: {glance.member.name}"
    before = scales.of(arrays[0])
    note = (
        f"kept as it is; --include-member {shlex.quote(glance.member.name)} asks for noise"
        if is_kept
        else _about(arrays[0])
    )
    cells = [Cell("original", note, _pictures(before, scales))]
    for target, array, sample in zip(targets[1:], arrays[1:], glance.samples[1:], strict=False):
        pictures = _pictures(scales.of(array), scales, before)
        cells.append(Cell(_strength(target, sample.facts), _figures(array, sample.facts), pictures))
    return Row(name, ", ".join(_what(glance, arrays[0], scales)), cells)


def _pictures(values: Array, scales: Scales, before: Array | None = None) -> list[Array]:
    shown = map_or_curve(values, scales, *FIT)
    left = np.full((FIT[1], FIT[0], 3), 250, np.uint8)
    top, beside = (FIT[1] - shown.shape[0]) // 2, (FIT[0] - shown.shape[1]) // 2
    left[top : top + shown.shape[0], beside : beside + shown.shape[1]] = shown
    return [left, histogram(values, scales, CROP, FIT[1], before)]


def _what(glance: Glance, clean: Array, scales: Scales) -> Iterator[str]:
    """Yield what an array is, and what is shown of it."""
    member, choice = glance.member, glance.choice
    if choice.noisy and not glance.alone:
        kept = f", {len(choice.kept):,} kept" if choice.kept else ""
        yield f"array {choice.noisy.index(member) + 1:,} of {len(choice.noisy):,} with noise{kept}"
    yield f"{' x '.join(f'{size}' for size in member.shape) or 'a single value'}"
    yield member.values.name
    if clean.size < member.size:
        yield f"the first {clean.size:,} of {member.size:,} values"
    if member.values.parts == 2:
        yield "the real parts"
    if clean.ndim > 1:
        yield f"heat map of {first_slice(clean.shape, *FIT)[1]}"
    if scales.columns:
        yield "each column in units of its own std"
    low, high = (float(f"{edge:.3g}") + 0.0 for edge in scales.edges[[0, -1]])
    yield f"histogram from {low:g} to {high:g}" + (", orange before noise" if choice.noisy else "")


def _about(array: Array) -> str:
    """Return what one should know of an array to choose a strength."""
    numbers = array.view(array.real.dtype) if array.dtype.kind == "c" else array
    values = np.asarray(numbers, np.float64)
    finite = values[np.isfinite(values)]
    if not values.size:
        return "without values"
    others = f"{values.size - finite.size:,} NaN or infinite, which are green"
    if not finite.size:
        return others
    with np.errstate(over="ignore", invalid="ignore"):
        said = f"mean {finite.mean():.3g}, std {finite.std():.3g}"
    return f"{said}, {others}" if finite.size < values.size else said


def _strength(target: Target, facts: Facts) -> str:
    """Return how strong the noise is, in the words of the command line."""
    if facts.get("role") == "clean":
        return f"{target.level.label}: without noise"
    if (ratio := facts.get("snr_db")) is not None:
        return f"SNR {ratio:.3g} dB"
    std, std_of = float(str(facts["std"])), str(facts["std_of"])
    return f"std {100 * std:.3g}% {_OF[std_of]}" if std_of in _OF else f"std {std:.3g}"


def _figures(array: Array, facts: Facts) -> str:
    """Return what was measured of the noise."""
    parts = []
    if isinstance(std := facts.get("noise_std"), float) and facts.get("role") != "clean":
        dtype = array.real.dtype
        parts.append(f"std {std * full_scale(dtype):.3g} as measured")
    if isinstance(ratio := facts.get("snr_db_measured"), float):
        parts.append(f"SNR {round(ratio, 1) + 0.0:.1f} dB")
    if isinstance(clipped := facts.get("clipped"), float) and clipped:
        parts.append(f"{percent(clipped)} clipped")
    return ", ".join(parts)
