"""The samples that a run would write, one after the other in memory, for programs that want no files."""

from __future__ import annotations

import functools
import os
import posixpath
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Unpack

import numpy as np

from noiseaug.errors import FailedSource, Misplaced, NothingToDo
from noiseaug.kinds import FILE
from noiseaug.manifest.rows import ManifestRow, row_of
from noiseaug.media.output import Samples
from noiseaug.noise.scale import Array, full_scale
from noiseaug.pipeline.preparing import as_meant, nothing_in, walk_of
from noiseaug.planning.ends import Ends, located
from noiseaug.planning.targets import Plan, Target
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source
from noiseaug.settings.checks import path_of, typed
from noiseaug.settings.keywords import StreamKeywords, keywords_of, request_of
from noiseaug.settings.layout import Layout
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.request import Request
from noiseaug.settings.running import Running
from noiseaug.settings.selection import Selection
from noiseaug.work.in_memory import Pair, pairs
from noiseaug.work.perform import why_failed

OnError = Literal["raise", "warn", "skip"] | Callable[[FailedSource], object]
# Of `Layout` and `Running`, what matters where no file is written.
_KEYWORDS = {
    Recipe: keywords_of(Recipe),
    Selection: keywords_of(Selection),
    Running: ("max_pixels", "accept_damaged"),
    Layout: ("label_folder",),
}


class Sample(NamedTuple):
    """One noisy version of a source, in memory.

    Attributes:
        path: the source, relative to SOURCE, with `/`.
        clean: its samples, in the shape and dtype of `noisy`.
        noisy: the same with noise.
        record: what the manifest of a run would say of it, but for the file: `bytes` and `sha256` are None.
    """

    path: str
    clean: Any  # an array; of a file that holds several, these by name
    noisy: Any
    record: ManifestRow


@dataclass(frozen=True)
class _Form:
    """The form in which samples are handed out.

    Attributes:
        dtype: float32 for fractions of full scale, or None for the samples as they are stored.
        channels: the order of colours.
    """

    dtype: Literal["float32"] | None
    channels: Literal["rgb", "bgr"]

    def of(self, samples: Samples, *, fresh: bool) -> Any:
        """Return the samples in this form; a copy, if they are to be `fresh`."""
        turned = samples.is_bgr and self.channels == "rgb"
        if isinstance(samples.array, dict):
            return {name: self._array(array, turned=False, fresh=fresh) for name, array in samples.array.items()}
        return self._array(samples.array, turned=turned, fresh=fresh)

    def _array(self, array: Array, *, turned: bool, fresh: bool) -> Array:
        is_number = array.dtype.kind in "iuf"
        scale = full_scale(array.dtype) if self.dtype and is_number and array.dtype != self.dtype else None
        if not turned and scale is None:
            return array.copy() if fresh or not array.flags.writeable else array
        made = np.empty(array.shape, self.dtype or array.dtype)
        order = [2, 1, 0, *range(3, array.shape[-1])] if turned else None
        for place, of in enumerate(order or ()):  # several times as fast as an index of all channels
            np.copyto(made[..., place], array[..., of], casting="unsafe")
        if order is None:
            np.copyto(made, array, casting="unsafe")
        if scale not in (None, 1.0):
            made /= np.float32(scale)
        return made


def stream(
    source: str | os.PathLike[str],
    recipe: Recipe | None = None,
    selection: Selection | None = None,
    *,
    copy: int | None = None,
    dtype: Literal["float32"] | None = None,
    channels: Literal["rgb", "bgr"] = "rgb",
    on_error: OnError = "raise",
    **keywords: Unpack[StreamKeywords],
) -> Iterator[Sample]:
    """Return an iterator over the noisy versions of the files in SOURCE, in memory; nothing is written.

    The samples are those that `run` encodes with the same recipe: noise depends on the path of a file relative to
    SOURCE, the seed and the number of the copy. They come in the order of the manifest: by path, level and copy. One
    file at a time is read, when its first sample is asked for. Formats and qualities to write have no effect, but that
    samples are on the lattice of the format.

    Images have the shape (height, width), or (height, width, channels) with alpha, if any, last; several pages or
    frames have one axis more in front. Recordings have (frames, channels). Integers of fewer bits than their dtype, as
    those of 24-bit recordings, are left-justified.

    Args:
        source: a directory, or one file.
        recipe: what noise is wanted; or the keywords of `Recipe.of` in its place.
        selection: which of the files are meant; or its attributes as keywords. `shard="2/8"` is the second of eight
            parts, one for each worker of a data loader.
        copy: only the copy of this number of each source and level, from 0, which may be beyond the copies of the
            recipe: the number of an epoch, for fresh noise in each.
        dtype: `"float32"` for fractions of full scale (0 to 1 for images, -1 to 1 for recordings) in place of the
            samples as they are stored.
        channels: the order of colours: `"rgb"` as most libraries have it, or `"bgr"` as OpenCV does.
        on_error: what becomes of a file that cannot be read: `"raise"` raises FailedSource, `"warn"` warns and goes on,
            `"skip"` goes on; a function is called with the FailedSource, and then it goes on.
        keywords: those of `Recipe.of`, the attributes of `Selection`, `max_pixels` and `accept_damaged` of `Running`,
            and `label_folder` of `Layout`.

    Raises:
        TypeError: if there is no such keyword, or a value is of another type; the message says what is expected.
        ValueError: where a value is outside its domain.
        Misplaced: if SOURCE is missing.
        FailedSource: while iterating, at a file that cannot be read.
        NothingToDo: while iterating, if SOURCE holds no file to work on.

    Warns:
        UserWarning: at the end, if images got noise in folders whose names say that they are masks or labels.

    >>> next(stream("no/such/folder", std="25/255", seed=7))
    Traceback (most recent call last):
    noiseaug.errors.Misplaced: SOURCE no/such/folder does not exist
    """
    if dtype is not None and not isinstance(dtype, str):
        dtype = getattr(dtype, "__name__", str(dtype))  # of numpy.float32, say
    form = _Form(typed("dtype", dtype, Literal["float32"] | None), typed("channels", channels, Literal["rgb", "bgr"]))
    if not callable(on_error):
        typed("on_error", on_error, Literal["raise", "warn", "skip"])
    request = request_of("stream", {Recipe: recipe, Selection: selection}, keywords, _KEYWORDS)
    root, name = located(path_of("source", source), request.selection.root)
    if request.selection.shard and (name or request.selection.limit):
        raise Misplaced("a shard is a part of a directory, without a limit; leave out shard, or name a directory")
    ends = Ends(root, name, "", None)
    reading = _Reading(as_meant(request, ends), ends, _number(copy, request.recipe))
    return reading.samples(form, on_error)


def _number(copy: int | None, recipe: Recipe) -> int | None:
    number = typed("copy", copy, int | None)
    if number is not None and number < 0:
        raise ValueError(f"{number} is no number of a copy: it must be 0 or more")
    if number is not None and recipe.ramp and number >= recipe.copies:
        raise ValueError(
            f"a ramp over {recipe.copies} copies has no copy {number}; give a number below, or more copies"
        )
    return number  # type: ignore[no-any-return] # `typed` checked it


class _Reading:
    """The reading of the files in SOURCE, one after the other.

    Args:
        request: what is asked for.
        ends: where SOURCE is.
        copy: the number of the one copy that is wanted, or None for all.
    """

    def __init__(self, request: Request, ends: Ends, copy: int | None) -> None:
        self._request, self._ends, self._copy = request, ends, copy
        self._plan = Plan(request.recipe)
        running = request.running
        self._job = Job(ends.source_root, "", max_pixels=running.max_pixels, accept_damaged=running.accept_damaged)

    def samples(self, form: _Form, on_error: OnError) -> Iterator[Sample]:
        """Yield the samples of all files."""
        walk, found_any = walk_of(self._request.selected, self._ends), False
        for found in walk:
            found_any = True
            try:
                if not isinstance(found, Source):
                    raise FailedSource(found.path, found.reason)
                yield from self._of(found, form)
            except FailedSource as failed:
                _tell(failed, on_error)
        if not found_any and not walk.elsewhere:
            raise NothingToDo(nothing_in(self._request, self._ends, walk))
        if note := walk.mask_folders.warning():
            warnings.warn(note, stacklevel=2)

    def _of(self, source: Source, form: _Form) -> Iterator[Sample]:
        """Yield the samples of one file."""
        if source.kind == FILE:  # kept as it is, whatever is in it
            return
        targets, label = tuple(self._targets(source)), self._request.layout.label_of(source.path)
        made = pairs(self._job, Task(source, self._plan.recipe, targets, frozenset(), label=label))
        while (pair := _next(made, source.path)) is not None:
            # Further targets are made of the array that is the clean one, and whoever asked for it may write to it.
            clean = form.of(pair.clean, fresh=len(targets) > 1)
            noisy = form.of(pair.noisy, fresh=pair.noisy.array is pair.clean.array)
            yield Sample(source.path, clean, noisy, row_of(pair.record))

    def _targets(self, source: Source) -> list[Target]:
        """Return the targets of a source: all, or those of the one copy that is wanted."""
        targets = self._plan.targets(source.path, source.kind, kept=source.kept)
        if self._copy is None or source.kept:
            return targets
        if self._plan.recipe.ramp:
            return [target for target in targets if target.copy == self._copy]
        suffix = posixpath.splitext(targets[0].file_name)[1]
        levels = dict.fromkeys(target.level for target in targets)
        name = functools.partial(self._plan.layout.named, source.path, suffix, copy=self._copy, single=False)
        return [Target(name(level=level), level, self._copy) for level in levels]


def _next(made: Iterator[Pair], path: str) -> Pair | None:
    """Return the next of the pairs of a file, or None at their end. Raise FailedSource if it cannot be made."""
    try:
        return next(made, None)
    except Exception as error:
        raise FailedSource(path, why_failed(error, path)) from error


def _tell(failed: FailedSource, on_error: Any) -> None:
    if on_error == "raise":
        raise failed
    if on_error == "warn":
        warnings.warn(str(failed), stacklevel=3)
    elif callable(on_error):
        on_error(failed)
