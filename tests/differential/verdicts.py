"""Verdicts: whether what differs between a source and its output is explained by what the run said that it lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from differential.readers import readers_of, readings


class Verdict(NamedTuple):
    """What came of one file.

    Attributes:
        name: of the file.
        verdict: one of VERDICTS.
        reader: the independent reader that agreed or, of a file that was refused, that can read it.
        detail: what differs, or why the file was refused.
    """

    name: str
    verdict: str
    reader: str
    detail: str


class Job(NamedTuple):
    """A file to be judged.

    Attributes:
        source: where it is.
        kind: "image" or "audio".
        message: why it was refused, or "".
        output: what the run made of it.
        plain: what another run made of it in a lossless format, if that of the output is lossy.
        names: of what the run says that it did not keep.
        subtype: of the samples of the output, if it is a recording.
        programs: whether programs of the system are readers, too.
        damaged: whether the source was damaged on purpose, so that readers may rightly differ.
    """

    source: Path
    kind: str
    message: str = ""
    output: Path = Path()
    plain: Path | None = None
    names: str = ""
    subtype: str = ""
    programs: bool = True
    damaged: bool = False


class Told(NamedTuple):
    """What differs between source and output to one reader, by name, and how much."""

    reader: str
    differences: set[str]
    much: str


VERDICTS = {
    "equal": "samples, shape, depth and alpha are those that an independent reader sees in the source",
    "named": "the same, but for what `not_kept` names",
    "refused": "with a message that says what the file is",
    "disbelieved": "refused as if it were damaged, though an independent reader reads it",
    "ambiguous": "independent readers disagree with each other, or on whether it can be read, and with the output",
    "unjudged": "no independent reader here reads it",
    "wrong": "the output differs, and nothing says so; or the message is a decoder's",
}

# Which name in `not_kept` explains which difference. Nothing explains other sizes, rates, channels or pixels.
_EXPLAINED_BY = {
    "colours": re.compile(r"palette|GIF palette|CMYK|YCbCr"),
    "kind": re.compile(r"palette|GIF palette|\d+-bit depth|16-bit pixels|maximum of 1|CMYK|YCbCr"),
    "alpha or none": re.compile(r"transparent colour|GIF palette|palette|opaque alpha|undeclared alpha"),
    "inks": re.compile(r"CMYK|YCbCr"),
    "alpha": re.compile(r"exact alpha|undeclared alpha"),
    "frames": re.compile(r"poster|further images"),
    "resolution": re.compile(r"\w+ samples"),
    "number of samples": re.compile(r"number of samples"),
    "order of channels": re.compile(r"order of channels"),
}
_DECODERS_WORDS = re.compile(
    r"File does not exist|[Ii]nternal error|unpack_from|psf_fseek|static_cast|Traceback|SF_INFO|unexpected|error:"
)
_DISBELIEF = re.compile(r"damaged|cannot be decoded|truncated|no image", re.IGNORECASE)


def unexplained(differences: set[str], names: str) -> set[str]:
    """Return the differences that none of the names of what was not kept explains."""
    given = [name.strip() for name in names.split(",")]
    return {
        what
        for what in differences
        if what not in _EXPLAINED_BY or not any(_EXPLAINED_BY[what].fullmatch(name) for name in given)
    }


def judged(name: str, told: list[Told], names: str, *, disputed: bool) -> Verdict:
    """Return the verdict on what readers told of a file: one may differ if another agrees, but not two."""
    if not told:
        return Verdict(name, "unjudged", "", "")
    agreeing = [each for each in told if not unexplained(each.differences, names)]
    if agreeing and len(told) - len(agreeing) < 2:
        reader, differences, much = agreeing[0]
        if not differences:
            return Verdict(name, "equal", reader, much)
        return Verdict(name, "named", reader, f"{', '.join(sorted(differences))} {much} [not kept: {names}]")
    said = "; ".join(
        f"{reader}: {', '.join(sorted(unexplained(differences, names))) or 'agrees'} {much}".strip()
        for reader, differences, much in told
    )
    return Verdict(name, "ambiguous" if disputed else "wrong", "", f"{said} [not kept: {names}]" if names else said)


def trusted(source: Path, kind: str, told: list[Told]) -> bool:
    """Tell whether the first that told anything of a file is the most trusted reader of its format."""
    return not told or told[0].reader == readers_of(source, kind)[0][0]


def refusal(job: Job, *, tried: bool = True) -> Verdict:
    """Return what a refusal is worth; whether other readers read the file is `tried` unless it may harm them."""
    found = readings(job.source, job.kind, programs=job.programs) if tried else iter(())
    reader = next((name for name, _ in found), "")
    if _DECODERS_WORDS.search(job.message):
        return Verdict(job.source.name, "wrong", reader, f"refused in the words of a decoder: {job.message}")
    if reader and _DISBELIEF.search(job.message):
        return Verdict(job.source.name, "disbelieved", reader, job.message)
    return Verdict(job.source.name, "refused", reader, job.message)
