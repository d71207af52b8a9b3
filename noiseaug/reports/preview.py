"""Files with noise of several strengths, to look at and to listen to before a run."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import soundfile

from noiseaug.engines.choice import available_cores
from noiseaug.errors import NoiseaugError, NothingToDo
from noiseaug.kinds import KINDS, kind_of
from noiseaug.noise.scale import Array, full_scale
from noiseaug.pipeline.preparing import nothing_in, walk_of
from noiseaug.planning.ends import Ends, located
from noiseaug.planning.walk import Source
from noiseaug.reports.array_rows import rows_of
from noiseaug.reports.cells import cells_of, excerpt
from noiseaug.reports.contact_sheet import WRITTEN_BY, Row, drawn
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.request import Request
from noiseaug.settings.selection import Selection
from noiseaug.storage import disk
from noiseaug.training.stream import Sample, stream
from noiseaug.work.perform import why_failed

LEVELS = ("5/255", "15/255", "25/255", "50/255")
RATIOS = ("30", "20", "10", "0")
SHARES = ("5%", "10%", "20%", "50%")
_AT_ONCE = 2  # files: each has all of its versions in memory


@dataclass(frozen=True)
class Clip:
    """An excerpt to listen to: the name of its file, and a WAV file in 16 bits."""

    name: str
    content: bytes


class Preview(NamedTuple):
    """A preview that is made.

    Attributes:
        sheet: the contact sheet, a PNG file.
        shown: how many files are shown.
        failed: the names of those that cannot be, and why.
        clips: excerpts of recordings, if asked for.
    """

    sheet: bytes
    shown: int
    failed: list[tuple[str, str]]
    clips: list[Clip]


class _Wanted(NamedTuple):
    """A file to show: where its path begins, and its path."""

    root: str
    path: str


def preview(
    paths: Sequence[str | os.PathLike[str]],
    recipes: Mapping[str, Recipe] | None = None,
    selection: Selection | None = None,
    *,
    count: int = 6,
    seed: int = 0,
    with_clips: bool = False,
) -> Preview:
    """Return a contact sheet of files, each with the very noise that `run` would give it.

    Args:
        paths: files, and directories of which a few files are shown. Noise depends on the path below the directory, or
            below `selection.root` for files.
        recipes: what noise is wanted, for each kind of files; by default standard deviations of 5, 15, 25 and 50/255
            for images, signal-to-noise ratios of 30, 20, 10 and 0 dB for recordings, and for arrays 5, 10, 20 and 50 %
            of the standard deviation of each.
        selection: which files in directories are meant.
        count: how many files are shown of each directory, of as many folders and formats as there are.
        seed: chooses these files.
        with_clips: whether excerpts of recordings are made.

    Raises:
        Misplaced: if one of the paths does not exist.
        NothingToDo: if there is no file to show.
    """
    known = dict.fromkeys(KINDS, Recipe.of(std=LEVELS, snr=RATIOS)) | {"array": Recipe.of(std=SHARES, std_of="array")}
    known |= recipes or {}
    selection = selection or Selection()
    wanted = [one for path in paths for one in _files(os.fspath(path), known["image"], selection, count, seed)]
    with ThreadPoolExecutor(min(_AT_ONCE, available_cores())) as pool:
        made = list(pool.map(lambda one: _shown(one, known, with_clips=with_clips), wanted))
    rows, clips = [row for several, _ in made for row in several], [clip for _, several in made for clip in several]
    failed = [(row.name, row.problem) for row in rows if row.problem]
    return Preview(drawn(rows), len(made) - len(failed), failed, _told_apart(clips))


def _files(path: str, recipe: Recipe, selection: Selection, count: int, seed: int) -> list[_Wanted]:
    """Return the file at `path`, or some of the files below it."""
    if not disk.is_directory(path):
        root, name = located(path, selection.root)
        return [_Wanted(root, name or "")]
    selection = replace(selection, root=None)
    ends = Ends(path, None, "", None)
    walk = walk_of(selection, ends)
    found = [source.path for source in walk if isinstance(source, Source)]
    if not found:
        raise NothingToDo(nothing_in(Request(recipe, selection), ends, walk))
    return [_Wanted(path, name) for name in diverse(found, count, seed)]


def diverse(paths: Sequence[str], count: int, seed: int) -> list[str]:
    """Return at most `count` of the paths, in their order: of as many folders and suffixes as possible, by chance.

    >>> diverse(["a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/1.wav"], 3, seed=0)
    ['a/3.png', 'b/1.png', 'b/1.wav']
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        groups.setdefault((os.path.dirname(path), os.path.splitext(path)[1].lower()), []).append(path)
    chance = random.Random(seed)
    several = list(groups.values())
    chance.shuffle(several)
    for group in several:
        chance.shuffle(group)
    turns = (group[turn] for turn in range(max(map(len, several))) for group in several if turn < len(group))
    chosen = {path for path, _ in zip(turns, range(count), strict=False)}
    return [path for path in paths if path in chosen]


def _shown(wanted: _Wanted, recipes: Mapping[str, Recipe], *, with_clips: bool) -> tuple[list[Row], list[Clip]]:
    """Return the rows of a file, and excerpts of it."""
    root, path = wanted
    kind = kind_of(path) or "image"
    try:
        if kind == "array":
            return list(rows_of(root, path, recipes[kind])), []
        samples = list(stream(os.path.join(root, path), recipes[kind], Selection(root=root)))
        about, cells = cells_of(samples)
    except NoiseaugError as error:
        return [Row(path, "", [], _without(path, str(error)))], []
    except Exception as error:
        if kind != "array":  # of others, `stream` tells
            raise
        return [Row(path, "", [], why_failed(error, path))], []
    return [Row(path, about, cells)], list(_clips(samples)) if with_clips else []


def _without(name: str, message: str) -> str:
    """Return a message that stands behind the name of a file, without that name."""
    return message.removeprefix(f"{name}: ").removeprefix(f"{name} ")


def _clips(samples: Sequence[Sample]) -> Iterator[Clip]:
    """Yield excerpts of a recording: of the original, and of each noisy version."""
    record = samples[0].record
    if record.kind != "audio":
        return
    stem, rate = os.path.splitext(os.path.basename(record.source_path))[0], record.sampling_rate or 1
    part = excerpt(len(samples[0].clean), rate)
    yield Clip(f"{stem}-original.wav", _as_wav(samples[0].clean[part], rate))
    for sample in samples:
        name = f"{stem}-{sample.record.level}" + (f"-{sample.record.copy}" if sample.record.copy else "")
        yield Clip(f"{name}.wav", _as_wav(sample.noisy[part], rate))


def _as_wav(samples: Array, rate: int) -> bytes:
    content = io.BytesIO()
    sound = np.clip(np.nan_to_num(samples / full_scale(samples.dtype)), -1, 1)
    with soundfile.SoundFile(content, "w", rate, sound.shape[1], "PCM_16", format="WAV") as file:
        file.software = WRITTEN_BY
        file.write(sound)
    return content.getvalue()


def _told_apart(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips with a number before the names that several have."""
    names = [clip.name for clip in clips]
    return [
        replace(clip, name=f"{number}-{clip.name}") if names.count(clip.name) > 1 else clip
        for number, clip in enumerate(clips, start=1)
    ]
