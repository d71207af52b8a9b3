"""Chunks beside the samples in WAV (also RF64 and big-endian), Sony Wave64, AIFF, 8SVX and Core Audio files."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from noiseaug.media.audio.containers.chunks import Chunk, chunks, label
from noiseaug.media.audio.containers.riff import PLAIN
from noiseaug.media.audio.tags import id3, id3_reading, id3_writing, texts
from noiseaug.media.audio.tags.held import Edit, Family, Found, Part, Place, Tags, names_of, read_places
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import SourceFile

# Chunks that describe the samples, which libsndfile writes for the new ones.
_OF_THE_SAMPLES = PLAIN | {b"desc", b"pakt", b"kuki", b"peak"}
# Chunks that are not true of the new samples: their peaks, a checksum.
_UNTRUE = frozenset({b"levl", b"LEVL", b"MD5 ", b"ovvw"})


# So many zeros stand at most behind the last chunk of a file: libsndfile pads those of CAF and W64, too.
_MOST_STRAY = 8


class _Size(NamedTuple):
    """Where a file counts its bytes: the place, the form of the number, and how many bytes it does not count."""

    at: int
    form: struct.Struct
    less: int


class _Layout(NamedTuple):
    """How chunks lie: the head of each, how much of it their length counts, and what that is rounded up to.

    Others go behind the samples, but not behind those of these names, which libsndfile reads on to the end of the file.
    """

    head: struct.Struct
    counted: int
    align: int
    size: _Size | None
    before: tuple[bytes, ...] = ()


_LAYOUTS = {
    b"RIFF": _Layout(struct.Struct("<4sI"), 0, 2, _Size(4, struct.Struct("<I"), 8)),
    b"RIFX": _Layout(struct.Struct(">4sI"), 0, 2, _Size(4, struct.Struct(">I"), 8)),
    b"RF64": _Layout(struct.Struct("<4sI"), 0, 2, _Size(20, struct.Struct("<Q"), 8)),
    b"FORM": _Layout(struct.Struct(">4sI"), 0, 2, _Size(4, struct.Struct(">I"), 8), (b"BODY",)),
    b"riff": _Layout(struct.Struct("<16sQ"), 24, 8, _Size(16, struct.Struct("<Q"), 0), (b"data",)),
    b"caff": _Layout(struct.Struct(">4sq"), 0, 1, None),
}


def _name(kind: bytes) -> str:
    return f"{label(kind[:4])} chunk"


def _found(source: SourceFile) -> Found:
    """Return the chunks of a source, but for those that describe its samples."""
    places, untrue = [], []
    for chunk in chunks(source):
        if chunk.name[:4] in _UNTRUE:
            untrue.append(_name(chunk.name))
        elif chunk.name[:4] not in _OF_THE_SAMPLES and chunk.length >= 0:
            places.append(Place(chunk.name, chunk.start, chunk.length, _name(chunk.name)))
    parts, left_out = read_places(source, places)
    return Found(parts, (*left_out, *untrue))


def _tags(said_by: Callable[[Part], Tags | None], parts: Sequence[Part]) -> Tags:
    """Return what chunks say: an ID3v2 tag above all, and others where it is silent."""
    said, others = Tags(), []
    for part in parts:
        if part.kind in (b"id3 ", b"ID3 ") and not said.id3 and (tag := id3.exact(part.body)):
            said = id3_reading.tags_of(tag)
    for part in parts:
        if part.kind in (b"id3 ", b"ID3 ") and said.id3:
            continue
        known = {name.upper() for name, _ in said.texts} if said.id3 else set()
        more = said_by(part)
        if more is None:
            others.append(_list_name(part) if part.kind == b"LIST" else _name(part.kind))
        else:
            new = [text for text in more.texts if text[0] not in known]
            said = said._replace(texts=(*said.texts, *new))
            others += more.others
    return said._replace(others=tuple(others))


def _list_name(part: Part) -> str:
    return f"LIST {_name(part.body[:4])}"


def _parts(
    said_by: Callable[[texts.Texts], tuple[list[Part], texts.Texts]], id3_kind: bytes, tags: Tags
) -> tuple[list[Part], list[str]]:
    """Return chunks that say what tags say: an ID3v2 tag, too, if that goes along or chunks of text cannot say all."""
    parts, rest = said_by(tags.texts)
    if not id3_kind:
        return parts, tags._replace(texts=rest).names()
    if not (tags.id3 or rest or tags.pictures):
        return parts, list(tags.others)
    tag, not_in_tag = id3_writing.tag_for(tags)
    lost = [name for name in names_of(rest) if name in not_in_tag] if tag else names_of(rest)
    return [*parts, *([Part(id3_kind, tag)] if tag else [])], [*lost, *tags.others]


def _edits(output: OutputFile, parts: Sequence[Part]) -> list[Edit] | None:
    """Return what puts chunks into a written file."""
    layout, size = _LAYOUTS[output.read_at(4, 0)], output.size()
    written = list(chunks(output))
    samples = next((chunk for chunk in written if chunk.name[:4] in layout.before), None)
    edit = _before(output, written[0], samples, layout) if samples else _behind(output, written[-1], layout)
    if not edit:
        return None
    pieces = [edit.new]
    for kind, part in parts:
        pieces += [layout.head.pack(kind, len(part) + layout.counted), part, bytes(-len(part) % layout.align)]
    content = b"".join(pieces)
    edits = [edit._replace(new=content)]
    if layout.size:
        at, form, less = layout.size
        try:
            new = form.pack(size + len(content) - len(edit.old) - less)
        except struct.error:  # more than 4 GB
            return None
        edits.append(Edit(at, output.read_at(form.size, at), new))
    return edits


def _before(output: OutputFile, first: Chunk, samples: Chunk, layout: _Layout) -> Edit:
    """Return the edit that makes room before the samples. What libsndfile says of itself in 8SVX files goes."""
    end = samples.start - layout.head.size
    start = first.start + first.length if samples.name == b"BODY" else end
    return Edit(start, output.read_at(end - start, start), b"")


def _behind(output: OutputFile, last: Chunk, layout: _Layout) -> Edit | None:
    """Return the edit that fills up the last chunk, or None if more than zeros stand behind that."""
    end = last.start + last.length
    stray = output.read_at(_MOST_STRAY + 1, end) if last.length >= 0 else b"?"
    return None if any(stray) or len(stray) > _MOST_STRAY else Edit(end, stray, bytes(-end % layout.align))


def _nothing(said: texts.Texts) -> tuple[list[Part], texts.Texts]:
    return [], said


def _family(
    reads: Callable[[Part], Tags | None],
    writes: Callable[[texts.Texts], tuple[list[Part], texts.Texts]],
    id3_kind: bytes = b"",
) -> Family:
    return Family(_found, functools.partial(_tags, reads), functools.partial(_parts, writes, id3_kind), _edits)


def _wav(order: str) -> Family:
    return _family(functools.partial(texts.of_wav, order=order), functools.partial(texts.as_wav, order=order), b"id3 ")


WAV, WAV_BIG_ENDIAN = _wav("<"), _wav(">")
AIFF = _family(texts.of_aiff, texts.as_aiff, b"ID3 ")
SVX = _family(texts.of_aiff, functools.partial(texts.as_aiff, align=2))
CAF = _family(texts.of_caf, texts.as_caf)
W64 = _family(lambda part: None, _nothing)
