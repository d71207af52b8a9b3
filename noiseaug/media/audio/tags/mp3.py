"""Tags of MP3 files: ID3v2 before the frames of sound; ID3v1, APE and Lyrics3 behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from noiseaug.media.audio.containers.mpeg import TAG_HEADER, end_of_tags, length_of_tag
from noiseaug.media.audio.tags import id3, id3_names, id3_reading, id3_writing
from noiseaug.media.audio.tags.held import (
    Edit,
    Family,
    Found,
    Part,
    Place,
    Tags,
    printable,
    read_places,
)
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile

_ID3, _ID3V1, _EXTENDED_V1, _APE, _LYRICS = b"ID3", b"TAG", b"TAG+", b"APETAGEX", b"LYRICS200"
_NAMES = {_ID3: "ID3 tag", _ID3V1: "ID3v1 tag", _EXTENDED_V1: "ID3v1 tag", _APE: "APE tag", _LYRICS: "Lyrics3 tag"}
_V1_SIZE, _EXTENDED_V1_SIZE, _APE_SIZE = 128, 227, 32
_HAS_HEADER = 1 << 31
_APE_KINDS = 0b110  # of an item: 0 is text
_PADDING_READ = 1 << 16
_APE_COMMENTS = {"YEAR": "DATE", "TRACK": "TRACKNUMBER", "DISC": "DISCNUMBER", "ALBUM ARTIST": "ALBUMARTIST"}
_V1_FIELDS = {"TITLE": slice(3, 33), "ARTIST": slice(33, 63), "ALBUM": slice(63, 93), "DATE": slice(93, 97)}


def _found(source: SourceFile) -> Found:
    """Return the tags of a source. One before the sound is not kept if it ends elsewhere than where it says."""
    before = list(_before(source))
    start = sum(place.length for place in before)
    behind = sorted(_behind(source, start), key=lambda place: place.start)
    parts, left_out = read_places(source, [*before, *behind])
    follows = source.read_at(_PADDING_READ, start).lstrip(b"\0") if before else b""
    if follows and not (follows[0] == 0xFF and follows[1:2] >= b"\xe0"):
        lies = [part for part in parts if part.kind == _ID3 and not id3.is_whole(part.body)]
        names = [name for part in lies for name in id3_reading.tags_of(part.body).names()]
        return Found(tuple(part for part in parts if part not in lies), (*left_out, *names))
    return Found(parts, left_out)


def _before(source: SourceFile) -> Iterator[Place]:
    at = 0
    while length := length_of_tag(source.read_at(TAG_HEADER, at)):
        if at + length > source.size:
            return
        yield Place(_ID3, at, length, _NAMES[_ID3])
        at += length


def _behind(source: OpenFile, start: int) -> Iterator[Place]:
    """Yield the tags at the end of a source, the last one first. None begins before `start`."""
    end = source.size if isinstance(source, SourceFile) else 0
    while place := next((place for place in _ending_at(source, end) if place.start >= start), None):
        yield place
        end = place.start


def _ending_at(source: OpenFile, end: int) -> Iterator[Place]:
    """Yield the tag that ends there, if one does."""
    for kind, size in ((_ID3V1, _V1_SIZE), (_EXTENDED_V1, _EXTENDED_V1_SIZE)):
        if end >= size and source.read_at(len(kind), end - size) == kind:
            yield Place(kind, end - size, size, _NAMES[kind])
    tail = source.read_at(_APE_SIZE, max(end - _APE_SIZE, 0))
    if tail.startswith(_APE):
        flags, size = int.from_bytes(tail[20:24], "little"), int.from_bytes(tail[12:16], "little")
        start = end - size - (_APE_SIZE if flags & _HAS_HEADER else 0)
        if size >= _APE_SIZE and (not flags & _HAS_HEADER or source.read_at(len(_APE), max(start, 0)) == _APE):
            yield Place(_APE, start, end - start, _NAMES[_APE])
    if tail.endswith(_LYRICS) and tail[-15:-9].isdigit():
        start = end - 15 - int(tail[-15:-9])
        if source.read_at(11, max(start, 0)) == b"LYRICSBEGIN":
            yield Place(_LYRICS, start, end - start, _NAMES[_LYRICS])


def _tags(parts: Sequence[Part]) -> Tags:
    """Return what tags say: the first of ID3v2 above all, and others where it is silent."""
    said = Tags()
    for kind, body in parts:
        if kind == _ID3 and not said.id3:
            said = id3_reading.tags_of(body)
    for kind, body in parts:
        more = Tags(others=(_NAMES[kind],))
        if kind in (_APE, _ID3V1):
            more = _ape(body) if kind == _APE else _v1(body)
        elif kind == _ID3 and (body == said.id3):
            continue
        known = {name.upper() for name, _ in said.texts}
        texts = [(name, text) for name, text in more.texts if name not in known and not _begins(said, text, kind)]
        said = said._replace(texts=(*said.texts, *texts), others=(*said.others, *more.others))
    return said


def _begins(said: Tags, text: str, kind: bytes) -> bool:
    """Tell whether a text of ID3v1, which has 30 letters at most, is the beginning of one that is said already."""
    return kind == _ID3V1 and any(other.startswith(text) for _, other in said.texts)


def _v1(tag: bytes) -> Tags:
    """Return what an ID3v1 tag says. With a zero before its last byte, a comment ends in the number of a track."""
    texts = [(name, _line(tag[field])) for name, field in _V1_FIELDS.items()]
    numbered = tag[125] == 0 and tag[126]
    texts.append(("COMMENT", _line(tag[97 : 125 if numbered else 127])))
    if numbered:
        texts.append(("TRACKNUMBER", str(tag[126])))
    if tag[127] < len(id3_names.GENRES):
        texts.append(("GENRE", id3_names.genre(tag[127])))
    return Tags(tuple((name, text) for name, text in texts if text))


def _line(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()


def _ape(tag: bytes) -> Tags:
    """Return what the items of an APE tag say: each a length, flags, a name that ends in a zero, and a value."""
    at = _APE_SIZE if int.from_bytes(tag[-12:-8], "little") & _HAS_HEADER else 0
    texts, others = [], []
    while at + 8 < len(tag) - _APE_SIZE:
        length, flags = (int.from_bytes(tag[start : start + 4], "little") for start in (at, at + 4))
        end = tag.find(b"\0", at + 8)
        body = tag[end + 1 : end + 1 + length]
        if end < 0 or len(body) < length:
            others.append("rest of the APE tag")
            break
        name = tag[at + 8 : end].decode("latin-1")
        if flags & _APE_KINDS:
            others.append(f"APE {printable(name)}")
        else:
            key = _APE_COMMENTS.get(name.upper(), name.upper())
            texts += [(key, value) for value in body.decode("utf-8", "replace").split("\0")]
        at = end + 1 + length
    return Tags(tuple(texts), others=tuple(others))


def _parts(tags: Tags) -> tuple[list[Part], list[str]]:
    tag, lost = id3_writing.tag_for(tags)
    return [Part(_ID3, tag)] if tag else [], [*lost, *tags.others]


def _edits(output: OutputFile, parts: Sequence[Part]) -> list[Edit]:
    """Return what puts tags around the frames of sound, in place of those that are there."""
    written = output.read_at(end_of_tags(output, 0), 0)
    before = b"".join(id3.without_footer(part.body) for part in parts if part.kind == _ID3)
    behind = b"".join(part.body for part in parts if part.kind != _ID3)
    return [Edit(output.size(), b"", behind), Edit(0, written, before)]


MP3 = Family(_found, _tags, _parts, _edits)
