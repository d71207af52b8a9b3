"""What was found, by format, and docs/formats-processors.md, which says it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.image.formats import FORMATS
from support.places import ROOT
from tools.cross.comparing import Difference, Output, decoded_otherwise, encoded_otherwise
from tools.format_names import ARRAYS, AUDIO, IMAGES

PAGE = ROOT / "docs/formats-processors.md"
READ, WRITTEN = "read", "written"
_SAME, _OTHER, _SELDOM = "the same", "other", "seldom other"
# Formats that are written otherwise so seldom that a run of a few minutes need not come upon it; of MP3, 1 of 240.
_SELDOM_ON_AARCH64 = ("MP3",)
_ALL_THE_SAME = {READ: "Decoded to the same samples on all: ", WRITTEN: "Written with the same bytes on all: "}
_TITLES = {
    **{FORMATS[f".{suffix}"].name: title for suffix, title in IMAGES.items()},
    "pbm": "PBM",
    "heic": "HEIC",
    **{form: title for form, title in AUDIO.items() if form != "OGG"},
    **ARRAYS,
}


# What experiments told about the differences; written by hand.
_WHY = """\
- MP3, MPEG layer II, Ogg Vorbis, Ogg Opus, AAC, Opus and WMA are decoded with floats, whose last bit depends on the
  instructions that a decoder has code for. Vorbis and MP3 are encoded with floats, too. Of MP3 this seldom shows: on
  aarch64, 1 of 240 outputs of 3,000 samples was another.
- Ogg Opus is encoded with approximate reciprocals (`rcpps`, `rsqrtps`), whose precision each maker of x86-64
  processors chooses, and which are full in qemu. All models that it plays give one result, and this processor another.
- AVIF is no exception: qemu 7.2 errs in AVX2. dav1d decodes the file to the same samples with AVX2 on a real processor
  (`dav1d --cpumask avx2`) and without, and to others on qemu's Haswell.

`made_with` in the manifest is not compared: it names the zlib within OpenCV, which is 1.2.11 in the wheels for x86-64
and 1.2.7 in those for aarch64. Nothing else in a manifest differs where the outputs are the same."""


class Found(NamedTuple):
    """What was found: for `READ` and `WRITTEN`, of each format the processors on which it is not the same."""

    read: dict[str, frozenset[str]]
    written: dict[str, frozenset[str]]

    def by_direction(self) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
        """Yield `READ` and `WRITTEN`, each with its formats."""
        yield READ, self.read
        yield WRITTEN, self.written


def found_in(outputs: list[Output], differences: dict[str, list[Difference]]) -> Found:
    """Return what differences tell.

    Args:
        outputs: all that were compared.
        differences: those of each processor.
    """
    found = Found(
        dict.fromkeys((_title(output.source) for output in outputs), frozenset()),
        dict.fromkeys((_title(output.written) for output in outputs), frozenset()),
    )
    for processor, unlike in differences.items():
        for name in decoded_otherwise(unlike):
            found.read[_title(name)] |= {processor}
        for name in encoded_otherwise(unlike):
            found.written[_title(name)] |= {processor}
    return found


def _title(name: str) -> str:
    return _TITLES.get(name, name)


def page(found: Found, instructions: dict[str, str], count: int) -> str:
    """Return the text of the page.

    Args:
        found: for all processors.
        instructions: what each processor offers.
        count: how many outputs there are.
    """
    here, *others = instructions
    models = "\n".join(f"- {name}: {instructions[name]}" for name in others)
    rows = [["format", "", *others], ["---"] * (2 + len(others))]
    for direction, formats in found.by_direction():
        rows += [
            [title, direction, *(_cell(found, direction, title, name) for name in others)]
            for title in sorted(formats, key=_place)
            if formats[title] or _is_seldom(direction, title)
        ]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    lists = "\n\n".join(_all_the_same(direction, formats) for direction, formats in found.by_direction())
    return f"""\
Written by `make cross`, which runs noiseaug over files of every format on several processors that `qemu-user` plays,
and compares all {count:,} outputs, byte for byte, and their rows in the manifests with those of an x86-64 processor
that has {instructions[here]}. The others, with what NumPy finds beyond SSE4.2 or NEON
(X86_V3 is AVX2 and FMA, X86_V4 is AVX-512, which qemu does not play):

{models}

{lists}

What is not the same depends on the codec:

{table}

{_WHY}
"""


def _is_seldom(direction: str, title: str) -> bool:
    return direction == WRITTEN and title in _SELDOM_ON_AARCH64


def _cell(found: Found, direction: str, title: str, processor: str) -> str:
    if processor in dict(found.by_direction())[direction][title]:
        return _OTHER
    return _SELDOM if _is_seldom(direction, title) and processor.startswith("aarch64") else _SAME


def _place(title: str) -> tuple[int, str]:
    """Return where a format stands: in the order of the other pages, and then by name."""
    known = list(_TITLES.values())
    return known.index(title) if title in known else len(known), title


def _all_the_same(direction: str, formats: dict[str, frozenset[str]]) -> str:
    same = (title for title in formats if not formats[title] and not _is_seldom(direction, title))
    titles = "; ".join(sorted(same, key=_place))
    return textwrap.fill(_ALL_THE_SAME[direction] + titles, 120, break_long_words=False, break_on_hyphens=False)


def said(text: str) -> Found:
    """Return what a page says."""
    found = Found({}, {})
    header: list[str] = []
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        for direction, formats in found.by_direction():
            if line.startswith(start := _ALL_THE_SAME[direction]):
                formats |= dict.fromkeys(line.removeprefix(start).split("; "), frozenset())
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and cells[0] == "format":
            header = cells
        elif cells and cells[1] in (READ, WRITTEN):
            unlike = frozenset(name for name, cell in zip(header, cells, strict=True) if cell in (_OTHER, _SELDOM))
            dict(found.by_direction())[cells[1]][cells[0]] = unlike
    return found


def broken(found: Found, said: Found) -> Iterator[str]:
    """Yield what is not as the page says: formats that differ where it says that they are the same."""
    for (direction, formats), (_, promised) in zip(found.by_direction(), said.by_direction(), strict=True):
        for title, unlike in formats.items():
            if title not in promised:
                yield f"{title} is {direction}, and {PAGE.name} does not have it"
            elif more := unlike - promised[title]:
                yield f"{title} is not the same, {direction} on {', '.join(sorted(more))}; {PAGE.name} says it is"
