"""The noise that an array in a file gets, and its values with that noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from noiseaug.media.array.member import Member, Reading
from noiseaug.media.array.moments import moments_of, numbers_in
from noiseaug.media.output import Output
from noiseaug.noise.ahead import StreamAhead
from noiseaug.noise.array_noise import ArrayNoiser, Axis, Strength, block_of
from noiseaug.noise.ratios import std_of
from noiseaug.noise.scale import terms_of
from noiseaug.noise.streams import stream_key
from noiseaug.storage.source_file import Refused

Open = Callable[[Member], AbstractContextManager[Reading]]
# Channels that share noise values are worked on together, and so are held: 1 GB of noise at most.
_MOST_SHARED = 1 << 27


class Found:
    """What is found in the arrays of a source before they get noise, each at most once for all outputs."""

    def __init__(self, opened: Open) -> None:
        self._opened = opened
        self._known: dict[tuple[str, bool], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def variances(self, member: Member, *, each_column: bool) -> NDArray[np.float64]:
        """Return the variance of an array, or of each of its columns, in its own units; shape (n,)."""
        return _measurable(self._of(member, each_column=each_column)[0], member)

    def power(self, member: Member) -> float:
        """Return the mean square of an array, in its own units."""
        return float(_measurable(self._of(member, each_column=False)[1], member)[0])

    def _of(self, member: Member, *, each_column: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        key = member.name, each_column
        if key not in self._known:
            with self._opened(member) as reading:
                self._known[key] = moments_of(member, reading, each_column=each_column)
        return self._known[key]


def _measurable(found: NDArray[np.float64], member: Member) -> NDArray[np.float64]:
    """Return what was found, if it is finite; raise Refused if values are too large to be squared."""
    if not np.isfinite(found).all():
        raise Refused(
            f"holds values in {member.name!r} whose squares are beyond float64, and so no power; use --std-of value"
        )
    return found


class Noising:
    """One array of a source on its way to an output.

    Attributes:
        member: the array.
        after: what its values are in the output.
        terms: how they are computed with.
        noiser: adds the noise.
        std: of the noise, as a fraction of full scale (root mean square over columns).
        source_std: the standard deviation of the values, in their own units, where the std is a fraction of it.
    """

    def __init__(self, member: Member, output: Output, found: Found, *, alone: bool) -> None:
        recipe, values = output.recipe, member.values
        self.member, self.terms = member, terms_of(values.real, None, recipe.clip)
        self.after = values.as_fractions() if self.terms.to_float else values
        self.source_std: float | None = None
        path = output.source_path if alone else f"{output.source_path}/{member.name}"
        self._shared = _shared_axis(member, recipe.array.channel_axis) if recipe.mono else None
        draws = member.size * values.parts // (self._shared.places if self._shared else 1)
        stream = StreamAhead(stream_key(recipe.seed, path, output.copy), draws)
        strength = self._strength(output, found)
        self.std = math.sqrt(float(np.square(strength.std).mean())) if strength.columns else float(strength.std)
        self.noiser = ArrayNoiser(stream, self.terms, strength, brain=values.name == "bfloat16")

    def blocks(self, reading: Reading) -> Iterator[memoryview]:
        """Yield the bytes of the array with noise, block after block."""
        count, at_once = self.member.size * self.member.values.parts, block_of(self._shared)
        for numbers in numbers_in(self.member, reading, count, at_once):
            yield self.after.encoded(self.noiser.add_next(numbers))

    @property
    def not_finite(self) -> int:
        """How many numbers were NaN or infinite."""
        return self.noiser.not_finite

    def _strength(self, output: Output, found: Found) -> Strength:
        strength, mean, scale = output.strength(), output.recipe.mean, self.terms.full_scale
        std_of_what = output.recipe.array.std_of
        if output.level.unit == "snr":
            power = found.power(self.member)
            if not power:
                return Strength(0.0, 0.0)
            wanted = power / scale**2 / 10 ** (strength / 10)
            steps = self.terms.unit if self.terms.dtype.kind in "iu" else None
            return Strength(std_of(wanted, mean, steps), mean, shared=self._shared)
        if not strength or std_of_what == "full-scale":
            return Strength(strength, mean, shared=self._shared)
        if std_of_what == "value":
            return Strength(strength / scale, mean, shared=self._shared)
        variances = found.variances(self.member, each_column=std_of_what == "column")
        self.source_std = math.sqrt(float(variances.mean()))
        stds = np.sqrt(variances) * strength / scale
        if len(stds) == 1:
            return Strength(float(stds[0]), mean, shared=self._shared)
        return Strength(stds, mean, _axis(self.member, len(self.member.shape) - 1), self._shared)


def _axis(member: Member, axis: int) -> Axis:
    """Return an axis of an array as it lies in the sequence of its numbers."""
    place = len(member.shape) - 1 - axis if member.fortran else axis
    return Axis(member.shape[axis], math.prod(member.stored_shape[place + 1 :]) * member.values.parts)


def _shared_axis(member: Member, axis: int) -> Axis | None:
    """Return the axis of channels that share noise values; None if there is nothing to share."""
    axes = len(member.shape)
    if axes < 2:
        return None
    if not -axes <= axis < axes:
        raise Refused(f"has {axes} axes in {member.name!r}, and so none that --channel-axis {axis} names")
    found = _axis(member, axis % axes)
    if found.group > _MOST_SHARED:
        raise Refused(
            f"has channels of {found.inner:,} values in {member.name!r} that would share noise, which is too much to "
            "hold; save it with the channels in the last axis, or in parts"
        )
    return found if found.places > 1 and member.size else None
