"""Writes docs/formats-audio.md: what a run over recordings of every format shows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from differential.agreement import agreeing, cell
from noiseaug import Recipe, Running, run
from noiseaug.kinds import KINDS, target_suffix
from noiseaug.media.audio import formats as audio_formats
from noiseaug.media.audio import reading as audio_reading
from support.places import DATA, ROOT
from support.recordings import TAGS, Made, every_kind, make, read, seen, tags_of
from support.trees import manifest, tree

HEADER = """\
| format | suffixes | read | written | samples | the same at std 0 | byte order | tags | streamed | agreed with |
|---|---|---|---|---|---|---|---|---|---|
"""
NAMES = {
    "WAV": "WAV",
    "WAVEX": "WAV, extensible",
    "RF64": "RF64",
    "NIST": "NIST SPHERE",
    "W64": "Sony Wave64",
    "AIFF": "AIFF, AIFF-C",
    "AU": "Sun/NeXT AU",
    "AVR": "AVR",
    "CAF": "Core Audio",
    "FLAC": "FLAC",
    "HTK": "HTK",
    "MP3": "MP3",
    "OGG": "Ogg",
    "PVF": "Portable Voice",
    "IRCAM": "IRCAM",
    "SVX": "Amiga 8SVX, 16SV",
    "VOC": "Creative VOC",
}


def table(scratch: Path) -> str:
    """The rows, from runs over recordings made in `scratch`."""
    source = scratch / "source"
    source.mkdir()
    kinds = every_kind()
    for made in kinds:
        make(source, made, frames=1500, tags=True)
    (source / "mpeg.mp3").write_bytes((DATA / "tone.mp2").read_bytes())
    dest, again = scratch / "whole", scratch / "blocks"
    _augment(source, dest, audio_reading.BLOCK_SAMPLES)
    _augment(source, again, 512)
    blocks = tree(again)
    streamed = {name for name, digest in tree(dest).items() if blocks[name] == digest}
    rows = [*(_row(form, kinds, source, dest, streamed) for form in NAMES), _mpeg(dest)]
    agreed = agreeing(source.iterdir(), scratch)
    named = [[made.name for made in kinds if made.form == form] for form in NAMES]
    readers = [cell(agreed, names) for names in [*named, ["mpeg.mp3"]]]
    return HEADER + "\n".join(f"{row} {names} |" for row, names in zip(rows, readers, strict=True)) + "\n"


def _augment(source: Path, dest: Path, block: int) -> None:
    before, audio_reading.BLOCK_SAMPLES = audio_reading.BLOCK_SAMPLES, block
    try:
        run(source, dest, Recipe.of(0.0), running=Running(engine="threads", workers=1))
    finally:
        audio_reading.BLOCK_SAMPLES = before


def _row(form: str, kinds: list[Made], source: Path, dest: Path, streamed: set[str]) -> str:
    mine = [made for made in kinds if made.form == form]
    kept = [made for made in mine if seen(source / made.name) == seen(dest / made.name)]
    assert kept == mine
    suffixes = [suffix for suffix, forms in audio_formats.FORMATS.items() if form in forms]
    subtypes = list(dict.fromkeys(made.subtype for made in kept))
    same = {made.subtype for made in kept if np.array_equal(read(source / made.name), read(dest / made.name))}
    orders = {made.endian.lower() for made in kept if seen(dest / made.name).endian == made.endian} - {"file"}
    tags = set.intersection(*(set(tags_of(dest / made.name)) for made in kept))
    cells = [
        NAMES[form],
        " ".join(suffixes),
        "yes",
        "yes",
        " ".join(subtypes),
        _all_or_some(subtypes, same),
        " and ".join(sorted(orders)) or "that of the format",
        _tags(tags),
        "yes" if {made.name for made in mine} <= streamed else "no",
    ]
    return "| " + " | ".join(cells) + " |"


def _all_or_some(subtypes: list[str], same: set[str]) -> str:
    if set(subtypes) == same:
        return "all"
    return " ".join(name for name in subtypes if name in same) or "none (lossy)"


def _tags(tags: set[str]) -> str:
    people = [tag for tag in TAGS if tag != "software"]
    if tags == set(people):
        return "all"
    return ", ".join(tag for tag in people if tag in tags) or "none"


def _mpeg(dest: Path) -> str:
    row = manifest(dest)["mpeg.mp3"]
    assert row["not_kept"] == "MPEG_LAYER_II samples"
    suffixes = sorted(KINDS["audio"].suffixes - set(audio_formats.FORMATS))
    into = " ".join({target_suffix(suffix, None, as_float=False) for suffix in suffixes})
    cells = ["MPEG layers I and II", " ".join(suffixes), "yes", f"as {into}"]
    return "| " + " | ".join([*cells, "MPEG_LAYER_I MPEG_LAYER_II", "none (lossy)", "", "", "yes"]) + " |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (ROOT / "docs/formats-audio.md").write_text(table(Path(folder)))
