"""The beginning of an array in an output of a run, and of the same array in its original, as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from noiseaug.manifest.records import Record
from noiseaug.media.array.container import Npy
from noiseaug.media.array.reading import MOST_VALUES, is_seen, opened, values_in
from noiseaug.noise.scale import Array, full_scale
from noiseaug.reports.charts import first_slice, histogram, map_or_curve, scales_of
from noiseaug.reports.rows import shortened, text
from noiseaug.storage.source_file import Refused, SourceFile

_MAP, _HISTOGRAM = (420, 315), (480, 140)  # pixels


class Shown(NamedTuple):
    """Pictures of an array, uint8 in BGR: heat maps or curves, and histograms; None where there is no original.

    Attributes:
        note: what one should know of them.
    """

    clean: Array | None
    noisy: Array
    clean_histogram: Array | None
    noisy_histogram: Array
    note: str


class _Read(NamedTuple):
    name: str
    values: Array
    size: int
    described: str


def shown(record: Record, path: str, original: str | None) -> Shown:
    """Return pictures of the first array with noise in the output at `path`, whose row is `record`.

    At most `MOST_VALUES` values of it are read.

    Raises:
        Refused: if it cannot be read, or has another shape than in the original.
        OSError: if a file cannot be read.
    """
    names = record.get("members")
    wanted = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    noisy = _read(path, wanted)
    clean = _read(original, [noisy.name] if wanted else []) if original else None
    if clean and clean.values.shape != noisy.values.shape:
        raise Refused("has another shape than its original")
    before = None if clean is None else _in_units_of(clean.values, noisy.values)
    versions = [noisy.values] if before is None else [before, noisy.values]
    scales = scales_of(versions, each_column=text(record, "std_of") == "column")
    looks = [scales.of(version) for version in versions]
    maps = [_bgr(map_or_curve(look, scales, *_MAP)) for look in looks]
    bars = [_bgr(histogram(looks[-1], scales, *_HISTOGRAM, looks[0] if clean else None))]
    if clean:
        bars = [_bgr(histogram(looks[0], scales, *_HISTOGRAM)), *bars]
    low, high = scales.edges[[0, -1]]
    said = [*_notes(noisy, wanted, in_columns=scales.columns is not None), f"Histogram from {low:.3g} to {high:.3g}"]
    note = ". ".join(said) + (", orange before noise." if clean else ".")
    return Shown(maps[0] if clean else None, maps[-1], bars[0] if clean else None, bars[-1], note)


def _bgr(pixels: Array) -> Array:
    return np.ascontiguousarray(pixels[..., ::-1])


def _read(path: str, wanted: list[str]) -> _Read:
    with SourceFile(path) as file:
        container = opened(file)
        members = [one for one in container.members if is_seen(one)]
        if not isinstance(container, Npy):
            members = [one for one in members if one.name in wanted]
        if not members:
            raise Refused("holds no array with noise")
        member = members[0]
        container.check_noisy([member])
        values = values_in(container, member, most=MOST_VALUES)
    shape = " \N{MULTIPLICATION SIGN} ".join(map(str, member.shape)) or "a single value"
    return _Read(member.name, values, member.size, f"{shape} {member.values.name}")


def _in_units_of(clean: Array, noisy: Array) -> Array:
    """Return the values of an original as its output has them: fractions of full scale, where they became floats."""
    if clean.dtype.kind in "iu" and noisy.dtype.kind == "f":
        fractions: Array = clean / full_scale(clean.dtype)
        return fractions
    return clean


def _notes(noisy: _Read, wanted: list[str], *, in_columns: bool) -> Iterator[str]:
    """Yield what one should know of the pictures of an array."""
    values = noisy.values
    if wanted:
        several = f"one of {len(wanted):,} arrays with noise, " if len(wanted) > 1 else ""
        yield f"Array {shortened(noisy.name, 60)}, {several}{noisy.described}"
    if values.size < noisy.size:
        yield f"The first {values.size:,} of {noisy.size:,} values"
    if values.dtype.kind == "c":
        yield "The real parts"
    if values.ndim > 1:
        yield f"Heat map of {first_slice(values.shape, *_MAP)[1]}"
    if in_columns:
        yield "Each column in units of its own standard deviation"
    if not np.isfinite(values).all():
        yield "What is NaN or infinite is green"
