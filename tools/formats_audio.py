"""Writes docs/formats-audio.md: what a run over recordings of every format shows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import mutagen
import numpy as np

from differential.agreement import agreeing, cell
from noiseaug import Recipe, Running, run
from noiseaug.kinds import KINDS, is_video, target_suffix
from noiseaug.media.audio import formats as audio_formats
from noiseaug.media.audio import reading as audio_reading
from noiseaug.settings.selection import Selection
from support import av_files
from support.av_files import ENCODERS
from support.corpus import sound, write_sound
from support.places import DATA, ROOT
from support.recordings import Made, every_kind, make, read, seen
from support.tagged import put_tags, tag_comments
from support.trees import manifest, tree
from tools.format_names import AUDIO as NAMES

COLUMNS = (
    "format|suffixes|read|written|samples|the same at std 0|byte order|tags kept as bytes|not kept of FLAC|streamed|"
    "agreed with"
)
HEADER = f"| {' | '.join(COLUMNS.split('|'))} |\n{'|---' * len(COLUMNS.split('|'))}|\n"
# The files that the extra `av` reads; of a film, the first sound.
BY_FFMPEG = {
    "AAC (ADTS)": (".aac",),
    "M4A: AAC, ALAC": (".m4a", ".m4b"),
    "AMR": (".3ga", ".amr", ".awb"),
    "Windows Media": (".wma",),
    "Matroska": (".mka", ".weba"),
    "True Audio, WavPack": (".tta", ".wv"),
    "sound of videos": tuple(sorted(suffix for suffix in KINDS["audio"].extras if is_video(f"film{suffix}"))),
}
SAID = {"title": "a title", "artist": "an artist", "album": "an album", "date": "2024", "genre": "a genre"}
FFMPEG = """
What the extra `noiseaug[av]` reads, FFmpeg decodes. It is written as FLAC, unless another format is asked for. Samples
of lossy codecs are floats; FLAC holds them with 24 bits, and `not_kept` says `FLOAT samples`. It names the codec, too,
as in `AAC compression`, and `video`, `picture`, `further sound`, `subtitles`, `chapters` and each tag that is lost. Of
files that are lossless, FLAC has the very samples. The delay of the encoder is taken off, as far as the file tells of
it. Noise is added to the first sound in the file.

Videos in a folder are other files, as long as `--kind audio` does not ask for their sound. A video that is named as
SOURCE is meant, too.
"""


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
    tags = _tags(scratch / "tags")
    rows = [*(_row(form, kinds, source, dest, streamed, tags) for form in NAMES), _mpeg(dest)]
    agreed = agreeing(source.iterdir(), scratch)
    named = [[made.name for made in kinds if made.form == form] for form in NAMES]
    readers = [cell(agreed, names) for names in [*named, ["mpeg.mp3"]]]
    rows = [f"{row} {names} |" for row, names in zip(rows, readers, strict=True)]
    return HEADER + "\n".join([*rows, *(f"{row}  |" for row in _by_ffmpeg(scratch))]) + "\n" + FFMPEG


def _augment(source: Path, dest: Path, block: int) -> None:
    before, audio_reading.BLOCK_SAMPLES = audio_reading.BLOCK_SAMPLES, block
    try:
        run(source, dest, Recipe.of(0.0), Selection(videos=True), Running(engine="threads", workers=1))
    finally:
        audio_reading.BLOCK_SAMPLES = before


def _row(form: str, kinds: list[Made], source: Path, dest: Path, streamed: set[str], tagged: Tags) -> str:
    mine = [made for made in kinds if made.form == form]
    kept = [made for made in mine if seen(source / made.name) == seen(dest / made.name)]
    assert kept == mine
    suffixes = [suffix for suffix, forms in audio_formats.FORMATS.items() if form in forms]
    subtypes = list(dict.fromkeys(made.subtype for made in kept))
    same = {made.subtype for made in kept if np.array_equal(read(source / made.name), read(dest / made.name))}
    orders = {made.endian.lower() for made in kept if seen(dest / made.name).endian == made.endian} - {"file"}
    cells = [
        NAMES[form],
        " ".join(suffixes),
        "yes",
        "yes",
        " ".join(subtypes),
        _all_or_some(subtypes, same),
        " and ".join(sorted(orders)) or "that of the format",
        tagged.own.get(form, "none"),
        tagged.foreign[form],
        "yes" if {made.name for made in mine} <= streamed else "no",
    ]
    return "| " + " | ".join(cells) + " |"


def _all_or_some(subtypes: list[str], same: set[str]) -> str:
    if set(subtypes) == same:
        return "all"
    return " ".join(name for name in subtypes if name in same) or "none (lossy)"


class Tags(NamedTuple):
    """By format: what files of it hold that files made of them hold as it is, and what of a FLAC file they do not."""

    own: dict[str, str]
    foreign: dict[str, str]


def _tags(scratch: Path) -> Tags:
    """What becomes of tags, in a file of their own format and in one of every other."""
    source, dest = scratch / "source", scratch / "dest"
    own: dict[str, str] = {}
    for form in NAMES:
        suffix = _suffix(form)
        path = source / f"own-{form}{suffix}"
        write_sound(path, sound(8000), _subtype(form), form=form)
        if (kept := put_tags(path, form)) is not None:
            own[form] = kept
        else:
            path.unlink()
        flac = write_sound(source / f"flac-{form}{suffix}", sound(8000), "PCM_16", form="FLAC")
        tag_comments(flac)
    run(source, dest, Recipe.of(0.0), running=Running(engine="threads", workers=1))
    lost = {name: row["not_kept"].split(", ") for name, row in manifest(dest).items()}
    assert [lost[f"own-{form}{_suffix(form)}"] for form in own] == [[""]] * len(own)
    named = {form: [name for name in lost[f"flac-{form}{_suffix(form)}"] if "samples" not in name] for form in NAMES}
    every = max(map(len, named.values()))
    told = {form: "all of it" if len(names) == every else ", ".join(names) for form, names in named.items()}
    return Tags(own, {form: names or "nothing" for form, names in told.items()})


def _suffix(form: str) -> str:
    """The suffix under which a file is written in a format, whatever it was."""
    return next((suffix for suffix, forms in audio_formats.FORMATS.items() if form == forms[0]), ".wav")


def _subtype(form: str) -> str:
    return {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}.get(form, "PCM_16")


def _mpeg(dest: Path) -> str:
    row = manifest(dest)["mpeg.mp3"]
    assert row["not_kept"] == "MPEG_LAYER_II samples"
    suffixes = sorted(KINDS["audio"].suffixes - set(audio_formats.FORMATS) - set(KINDS["audio"].extras))
    into = " ".join({target_suffix(suffix, None, as_float=False) for suffix in suffixes})
    cells = ["MPEG layers I and II", " ".join(suffixes), "yes", f"as {into}"]
    return "| " + " | ".join([*cells, "MPEG_LAYER_I MPEG_LAYER_II", "none (lossy)", "", "", "", "yes"]) + " |"


def _by_ffmpeg(scratch: Path) -> list[str]:
    """The rows of what FFmpeg reads, from runs over what can be made here of it."""
    source, dest, blocks = scratch / "ffmpeg", scratch / "flac", scratch / "flac-in-blocks"
    source.mkdir()
    for suffix in ENCODERS:
        av_files.make(source / f"{suffix[1:]}{suffix}", frames=3000, film=is_video(suffix), tags=SAID)
    av_files.make(source / "alac.m4a", frames=3000, encoder="alac", form="s16p", tags=SAID)
    for place, block in ((dest, audio_reading.BLOCK_SAMPLES), (blocks, 512)):
        _augment(source, place, block)
    rows, streamed = manifest(dest), tree(dest) == tree(blocks)
    assert {suffix for several in BY_FFMPEG.values() for suffix in several} == set(KINDS["audio"].extras)
    return [_row_by_ffmpeg(name, suffixes, rows, dest, streamed) for name, suffixes in BY_FFMPEG.items()]


def _row_by_ffmpeg(name: str, suffixes: tuple[str, ...], rows: dict[str, Any], dest: Path, streamed: bool) -> str:
    mine = [row for row in rows.values() if row["source_path"].endswith(suffixes)]
    assert mine and {Path(row["file_name"]).suffix for row in mine} == {".flac"}
    lossless = sorted({row["subtype"] for row in mine if "FLOAT samples" not in row["not_kept"]})
    written = (mutagen.File(dest / row["file_name"]).tags or {} for row in mine)
    tags = [found for tags in written if (found := {name.lower() for name, _ in tags})]  # not every container has some
    cells = [
        *(name, " ".join(suffixes), "with `noiseaug[av]`", "as .flac"),
        " ".join(sorted({row["subtype"] for row in mine})),
        " ".join(lossless) or "none (lossy)",
        "",
        f"texts: {', '.join(tag for tag in SAID if tags and all(tag in found for found in tags)) or 'none'}",
        "",
        "yes" if streamed else "no",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (ROOT / "docs/formats-audio.md").write_text(table(Path(folder)))
