"""The arrays in a file, read into memory: as they are or with their noise, as a whole or their first values."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from noiseaug.media.array.container import Container, Npy
from noiseaug.media.array.facts import facts_of
from noiseaug.media.array.member import Choice, Member, chosen
from noiseaug.media.array.noising import Found, Noising
from noiseaug.media.array.npz import Npz
from noiseaug.media.array.safetensors import Safetensors
from noiseaug.media.array.values import BFLOAT16
from noiseaug.media.output import Output, Samples
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused, SourceFile

MOST_VALUES = 1 << 20  # of an array that is looked at
_MOST_ARRAYS = 3


def opened(source: SourceFile) -> Container:
    """Return what reads the source, by its suffix. Content of another format is refused there."""
    suffix = os.path.splitext(source.path)[1].lower()
    if not source.size:
        raise Refused("is empty; expected an array")
    if suffix == ".npy":
        return Npy(source)
    return Npz(source) if suffix == ".npz" else Safetensors(source)


def values_in(container: Container, member: Member, noising: Noising | None = None, most: int | None = None) -> Array:
    """Return an array of a file, with its noise if it gets any; bfloat16 as float32.

    With `most`, it is only the beginning as it lies in the file, of so many values: leading axes are shorter.
    """
    values = noising.after if noising else member.values
    if values.stored.hasobject:
        raise Refused(f"holds {values.described} in {member.name!r}; leave the file out with exclude")
    shape = member.stored_shape if most is None else beginning(member.stored_shape, most)
    size, content = math.prod(shape) * values.stored.itemsize, bytearray()
    with container.opened(member) as reading:
        for block in noising.blocks(reading) if noising else [reading.read(size)]:
            content += block
            if len(content) >= size:
                break
    del content[size:]
    bare = values.name == BFLOAT16
    array = values.decoded(bytes(content)) if bare else np.frombuffer(content, values.stored)
    array = array.astype(array.dtype.newbyteorder("="), copy=False).reshape(shape)
    return array.T if member.fortran else array


def beginning(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the shape of the first values of an array in C order, `most` or a little fewer: of whole rows.

    >>> beginning((1000, 3, 4), 100), beginning((5, 1000), 100), beginning((), 100)
    ((8, 3, 4), (1, 100), ())
    """
    if not shape:
        return ()
    inner = math.prod(shape[1:])
    if inner <= most:
        return (min(shape[0], most // max(inner, 1)), *shape[1:])
    return (min(shape[0], 1), *beginning(shape[1:], most))


class Glance(NamedTuple):
    """The beginning of one array of a file in several versions.

    Attributes:
        member: the array.
        choice: which arrays of the file get noise.
        alone: whether the file is one array, without names of arrays.
        samples: of each output, the first values, and the facts about this array in it.
    """

    member: Member
    choice: Choice
    alone: bool
    samples: list[Samples]


def glances(source: SourceFile, outputs: Sequence[Output]) -> Iterator[Glance]:
    """Yield the beginnings of some arrays with noise: the first, one in the middle and the last; else of those without.

    At most `MOST_VALUES` values of each are in memory, though a std that is a fraction of the array's own is found in
    all of it. The noise is that of `perform`; the figures among the facts are of these values.

    Raises:
        Refused: as `perform` does; and if no array is of numbers or booleans.
    """
    container = opened(source)
    alone = isinstance(container, Npy)
    choice = chosen(container.members, outputs[0].recipe.array, alone=alone)
    container.check_noisy(choice.noisy)
    shown = _spread(choice.noisy or [one for one in choice.kept if is_seen(one)])
    if not shown:
        raise Refused("holds no array of numbers, and so nothing to show")
    found = Found(container.opened)
    for member in shown:
        made = []
        for output in outputs:
            has_noise = choice.noisy and not output.link
            noised = [Noising(member, output, found, alone=alone)] if has_noise else []
            values = values_in(container, member, noised[0] if noised else None, MOST_VALUES)
            made.append(Samples(values, facts_of(output, choice, noised, alone=alone)))
        yield Glance(member, choice, alone, made)


def is_seen(member: Member) -> bool:
    """Tell whether there is a picture of an array: of numbers and of booleans."""
    return not member.packed and (member.values.are_numbers or member.values.stored.kind == "b")


def _spread(members: Sequence[Member]) -> list[Member]:
    places = np.linspace(0, len(members) - 1, min(_MOST_ARRAYS, len(members)))
    return [members[int(place)] for place in places]
