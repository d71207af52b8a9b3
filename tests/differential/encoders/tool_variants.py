"""How programs of the system are called to write the corpus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Variant(NamedTuple):
    """A way to call a program: what files it makes of what contents. {source} and {output} are paths."""

    program: str
    label: str
    arguments: str
    suffix: str
    contents: tuple[str, ...]


PNGS = ("rgb.png", "grey.png", "rgba.png")


def word(option: str) -> str:
    return (
        "".join(letter if letter.isalnum() else "-" for letter in option.replace("-define", "").replace("-type", ""))
        .strip("-")
        .replace("--", "-")
    )


def unique(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Those with a label of their own for each content: the number tells them apart where options do not."""
    seen: dict[tuple[str, str], int] = {}
    made = []
    for variant in variants:
        key = variant.label, variant.contents[0]
        seen[key] = seen.get(key, 0) + 1
        label = variant.label if seen[key] == 1 else f"{variant.label}-{seen[key]}"
        made.append(variant._replace(label=label))
    return tuple(made)
