"""Arrays in .npy, .npz and .safetensors files: streamed in blocks; each array has noise of its own, or is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from noiseaug.media.array.container import Container, Npy
from noiseaug.media.array.facts import facts_of
from noiseaug.media.array.member import Choice, chosen
from noiseaug.media.array.noising import Found, Noising
from noiseaug.media.array.reading import opened, values_in
from noiseaug.media.output import Facts, Output, Samples
from noiseaug.media.steps import Steps
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.version import __version__

_MADE_WITH = f"noiseaug {__version__}, numpy {np.__version__}, opencv {cv2.__version__}"


def perform(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Steps[list[Facts]]:
    """Write each output with noise on the arrays that get it; the others are kept to the bit.

    Returns:
        The facts that are recorded of each.

    Raises:
        Refused: if the source cannot be read, or holds what gets no noise where noise is asked for.
    """
    yield from ()  # arrays are not done together with others
    container = _opened(source, outputs)
    if all(output.link for output in outputs):  # copies, of whatever is in it
        choice = Choice((), tuple(container.members), ())
    else:
        choice = chosen(container.members, outputs[0].recipe.array, alone=isinstance(container, Npy))
    container.check_noisy(choice.noisy)
    found = Found(container.opened)
    return [_made(source, container, choice, found, output) for output in outputs]


def samples(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Iterator[Samples | None]:
    """Yield the values of each output as `perform` would write them: an array, or the arrays of a file by name.

    Raises:
        Refused: as `perform` does; and if an array that is kept holds no plain values.
    """
    container = _opened(source, outputs)
    alone = isinstance(container, Npy)
    choice = chosen(container.members, outputs[0].recipe.array, alone=alone)
    container.check_noisy(choice.noisy)
    found = Found(container.opened)
    for output in outputs:
        wanted = () if output.link else choice.noisy
        noised = {member.name: Noising(member, output, found, alone=alone) for member in wanted}
        arrays = {one.name: values_in(container, one, noised.get(one.name)) for one in container.members}
        facts = facts_of(output, choice, list(noised.values()), alone=alone)
        about: Facts = {"source_format": container.format, "not_kept": "", "made_with": _MADE_WITH}
        yield Samples(next(iter(arrays.values())) if alone else arrays, facts | about)


def _opened(source: SourceFile, outputs: Sequence[Output]) -> Container:
    """Return what reads the source, of which outputs have the format."""
    container, suffix = opened(source), os.path.splitext(source.path)[1].lower()
    if other := next((output.suffix for output in outputs if output.suffix != suffix), None):
        raise Refused(f"cannot be written as {other}: arrays stay in the format of their source; name a {suffix} file")
    return container


def _made(source: SourceFile, container: Container, choice: Choice, found: Found, output: Output) -> Facts:
    """Write one output, and return the facts of it."""
    alone = isinstance(container, Npy)
    noised: list[Noising] = []
    if output.link or not choice.noisy:
        output.file.take(source, output.link or "copy")
    else:
        noised = [Noising(member, output, found, alone=alone) for member in choice.noisy]
        container.write(output.file, {one.member.name: one for one in noised})
    made_by = f", {container.made_by}" if container.made_by and noised else ""
    return facts_of(output, choice, noised, alone=alone) | {
        "source_format": container.format,
        "not_kept": "",
        "made_with": _MADE_WITH + made_by,
    }
