"""What the manifest says of an output made of arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

from noiseaug.media.array.member import Choice, Member
from noiseaug.media.array.noising import Noising
from noiseaug.media.output import Facts, Output, noise_facts
from noiseaug.noise.figures import Measured, Sums, six_digits


def facts_of(output: Output, choice: Choice, noised: Sequence[Noising], *, alone: bool) -> Facts:
    """Return what is recorded of an output in which these arrays have noise, after it is written.

    `alone` tells whether the file is one array, and so has no names of arrays.
    """
    recipe, measured = output.recipe, _measured(noised)
    std = output.strength() if output.level.unit == "std" else six_digits(_mean_std(noised))
    limits = noised[0].terms.clip if len(noised) == 1 else recipe.clip if isinstance(recipe.clip, tuple) else None
    facts = noise_facts(std or 0.0, limits, measured) | {"snr_db_measured": measured.snr_db}
    if output.level.unit == "snr":
        facts["snr_db"] = output.strength()
    if recipe.clip in ("auto", "none"):
        facts["clip"] = str(recipe.clip)
    if not noised:
        facts |= {"std": 0.0, "role": "clean"}
    facts["std_of"] = recipe.array.std_of
    if found := [one.source_std for one in noised if one.source_std is not None]:
        facts["source_std"] = found
    facts["not_finite"] = sum(one.not_finite for one in noised)
    return facts | _shape_facts(choice, noised, alone=alone)


def _shape_facts(choice: Choice, noised: Sequence[Noising], *, alone: bool) -> Facts:
    shown: Sequence[Member] = [one.member for one in noised] or choice.noisy or (choice.kept if alone else ())
    after = {one.member.name: one.after.name for one in noised}
    facts: Facts = {
        "shape": "; ".join(str(member.shape) for member in shown),
        "dtype": "; ".join(after.get(member.name, member.values.name) for member in shown),
    }
    if not alone:
        facts["members"] = [member.name for member in choice.noisy]
        facts["members_kept"] = [member.name for member in choice.kept]
    labels = [f"{member.name} ({member.values.described})" for member in choice.labels]
    return facts | ({"labels": labels} if labels else {})


def _measured(noised: Sequence[Noising]) -> Measured:
    """Return the figures over all arrays with noise, as fractions of the full scale of each."""
    if len(noised) == 1:
        return noised[0].noiser.measured()
    together = Sums()
    for one in noised:
        together.add_sums(one.noiser.sums, one.terms.unit)
    return together.measured()


def _mean_std(noised: Sequence[Noising]) -> float:
    """Return the root mean square of the std over all finite values, which are those that got noise."""
    squares = math.fsum(one.std**2 * one.noiser.sums.count for one in noised)
    return math.sqrt(squares / max(sum(one.noiser.sums.count for one in noised), 1))
