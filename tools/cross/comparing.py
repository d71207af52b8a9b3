"""Finds what two processors wrote differently, and whether it is for how a source was decoded or an output encoded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import soundfile

from noiseaug.kinds import extra_of, kind_of
from noiseaug.media.image.formats import FORMATS
from support.trees import INDEX
from tools.cross.runs import DECODED, RUNS

_MANIFEST = "manifest.jsonl"
_PROVENANCE = "made_with"  # names the codecs in the wheel of OpenCV, which are not the same for each architecture
_LOSSY = {"VORBIS": "Ogg Vorbis", "OPUS": "Ogg Opus", "MPEG_LAYER_III": "MP3", "MPEG_LAYER_II": "MPEG layer II"}


class Output(NamedTuple):
    """An output: its run, its name in DEST, and the formats of its source and its own."""

    run: str
    name: str
    source: str
    written: str


class Difference(NamedTuple):
    """An output that is not the same on a processor as on this one, and in what."""

    output: Output
    what: str


def outputs(sources: Path, dest: Path) -> list[Output]:
    """Return all outputs of all runs in `dest`."""
    found = []
    for run, (folder, _) in RUNS.items():
        for name, row in _rows(dest / run / _MANIFEST).items():
            formats = format_of(sources / folder / row["source_path"]), format_of(dest / run / name)
            found.append(Output(run, name, *formats))
    return found


def format_of(path: Path) -> str:
    """Return the format of an image or of arrays by the suffix, and of a recording by its content."""
    suffix = path.suffix.lower()
    if kind_of(path.name) == "array":
        return suffix[1:]
    if kind_of(path.name) == "image":
        return FORMATS[suffix].name if suffix in FORMATS else suffix[1:]
    if extra_of(path.name) == "av":
        with av.open(path) as file:
            return f"{file.streams.audio[0].codec_context.codec.canonical_name.upper()} by FFmpeg"
    about = soundfile.info(path)
    return _LOSSY.get(about.subtype, about.format)


def differences(found: list[Output], expected: Path, other: Path) -> Iterator[Difference]:
    """Yield each output that is not the same in `other` as in `expected`, with the first thing that differs.

    Raises:
        RuntimeError: if files differ that are no outputs, such as the list of failures.
    """
    unlike = {path for path in _files(expected) | _files(other) if not _same(expected / path, other / path)}
    of_outputs = {Path(output.run, output.name) for output in found}
    manifests = {Path(run, _MANIFEST) for run in RUNS}
    if unexpected := unlike - of_outputs - manifests:
        raise RuntimeError(f"these differ, and are no outputs: {', '.join(sorted(map(str, unexpected)))}")
    rows = {run: [_rows(dest / run / _MANIFEST) for dest in (expected, other)] for run in RUNS}
    for output in found:
        one, another = (by_name[output.name] for by_name in rows[output.run])
        keys = [key for key in (one.keys() | another.keys()) - {_PROVENANCE} if one.get(key) != another.get(key)]
        if keys or Path(output.run, output.name) in unlike:
            told = (key if key == "sha256" else f"{key} {one.get(key)} / {another.get(key)}" for key in sorted(keys))
            yield Difference(output, ", ".join(told))


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a manifest by file name; none if its run was left out."""
    if not path.exists():
        return {}
    return {row["file_name"]: row for row in map(json.loads, path.read_text().splitlines())}


def _files(root: Path) -> set[Path]:
    """Return the files below a directory, but no indexes of manifests, which are digests of whole rows."""
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.name != INDEX}


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def decoded_otherwise(found: list[Difference]) -> set[str]:
    """Return the formats whose sources are decoded to other samples."""
    return {difference.output.source for difference in found if difference.output.run == DECODED}


def encoded_otherwise(found: list[Difference]) -> set[str]:
    """Return the formats in which the same samples are written otherwise."""
    decoded = decoded_otherwise(found)
    return {difference.output.written for difference in found if difference.output.source not in decoded}
