"""Tags: what a recording holds beside its samples, and how it goes into an output.

Into a file of its own kind everything goes as it is, byte by byte; into another, what both know. There is one module a
kind of file; `held` has the values that they exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import soundfile

from noiseaug.media.audio.containers import nist
from noiseaug.media.audio.tags.chunks import AIFF, CAF, SVX, W64, WAV, WAV_BIG_ENDIAN
from noiseaug.media.audio.tags.flac import FLAC
from noiseaug.media.audio.tags.held import Edit, Family, Found, Part, Tags
from noiseaug.media.audio.tags.mp3 import MP3
from noiseaug.media.audio.tags.ogg import OGG
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile

_FAMILIES = {"FLAC": FLAC, "OGG": OGG, "MP3": MP3, "AIFF": AIFF, "CAF": CAF, "SVX": SVX, "W64": W64}
_BY_MAGIC = {b"RIFF": WAV, b"RF64": WAV, b"RIFX": WAV_BIG_ENDIAN}
_MOST_NAMES = 20


class Held(NamedTuple):
    """What a source holds beside its samples, and the family of files that it belongs to."""

    family: Family | None
    found: Found


def held_by(source: SourceFile, format: str) -> Held:
    """Return what a source in this format, one of libsndfile, holds beside its samples."""
    family = _family_of(source, format)
    if format == "NIST":
        return Held(None, Found(left_out=tuple(nist.lost(source))))
    return Held(family, family.found(source) if family else Found())


def held_as_texts(texts: Iterable[tuple[str, str]], left_out: Iterable[str]) -> Held:
    """Return what a source holds: texts by the names of Vorbis comments, and names of what no output will have."""
    parts = tuple(Part(name.encode(), text.encode()) for name, text in texts)
    return Held(_TEXTS, Found(parts, tuple(left_out)))


def _texts_of(parts: Sequence[Part]) -> Tags:
    return Tags(texts=tuple((part.kind.decode(), part.body.decode()) for part in parts))


_TEXTS = Family(lambda _: Found(), _texts_of, lambda tags: ([], tags.names()), lambda *_: None)


def _family_of(file: OpenFile, format: str) -> Family | None:
    return _FAMILIES.get(format) or _BY_MAGIC.get(file.read_at(4, 0))


def carry(held: Held, output: OutputFile, format: str, settle: Callable[[OutputFile], None]) -> tuple[str, ...]:
    """Put what a source holds into a finished file, and return names of what does not go, 20 at most, each once.

    The samples stay as they are: a file that libsndfile does not read as it did before is put back, and all is named.

    Args:
        held: what the source holds.
        output: the file.
        format: that of the file.
        settle: numbers the pages of a file anew, where it has pages, and takes the time of writing out.
    """
    family = _family_of(output, format)
    taken, lost = _for(family, held)
    before = _properties(output) if taken else None
    edits = family.edits(output, taken) if family and before else None
    _apply(edits or [], output)
    settle(output)
    if edits and _properties(output) != before:
        _apply([Edit(at, new, old) for at, old, new in reversed(edits)], output)
        settle(output)
        edits = None
    if taken and not edits:
        lost = _said(held).names()
    return tuple(dict.fromkeys([*held.found.left_out, *lost]))[:_MOST_NAMES]


def _for(family: Family | None, held: Held) -> tuple[Sequence[Part], list[str]]:
    """Return the parts that go into a file of a family, and names of what they do not say."""
    if family is held.family:
        return held.found.parts, []
    return family.parts(_said(held)) if family else ([], _said(held).names())


def _said(held: Held) -> Tags:
    return held.family.tags(held.found.parts) if held.family and held.found.parts else Tags()


def _apply(edits: Sequence[Edit], output: OutputFile) -> None:
    for edit in edits:
        output.replace_at(edit.new, edit.at, len(edit.old))


def _properties(output: OutputFile) -> tuple[str | int, ...] | None:
    """Return what libsndfile says of a file, or None if it does not read it."""
    try:
        with soundfile.SoundFile(output.rewound(), closefd=False) as file:
            return file.format, file.subtype, file.samplerate, file.channels, file.frames
    except soundfile.SoundFileError:
        return None
