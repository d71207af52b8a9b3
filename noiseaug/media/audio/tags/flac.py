"""The metadata blocks of FLAC files: a type and a length of three bytes each, and the mark of the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from noiseaug.media.audio.containers.chunks import Chunk
from noiseaug.media.audio.containers.mpeg import end_of_tags
from noiseaug.media.audio.tags import id3, vorbis
from noiseaug.media.audio.tags.held import Edit, Family, Found, Part, Place, Tags, read_places
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile

_INFO, _PADDING, _SEEK_TABLE, _COMMENTS, _PICTURE, _INVALID = 0, 1, 3, 4, 6, 127
_LONGEST = (1 << 24) - 1
_ROOM = _LONGEST - 1024  # for comments, and the vendor
_NAMES = {2: "FLAC application block", _COMMENTS: "Vorbis comments", 5: "FLAC cue sheet", _PICTURE: "picture"}


def _blocks(file: OpenFile, at: int) -> Iterator[Chunk]:
    """Yield the blocks from `at` on, where the first one begins."""
    last = False
    while not last and len(head := file.read_at(4, at)) == 4 and head[0] & 127 != _INVALID:
        last, length = bool(head[0] & 128), int.from_bytes(head[1:], "big")
        yield Chunk(bytes([head[0] & 127]), at + 4, length)
        at += 4 + length


def _found(source: SourceFile) -> Found:
    """Return the blocks of a source, but for what describes its samples or is empty."""
    start = end_of_tags(source, 0)
    plain = (bytes([_INFO]), bytes([_PADDING]), bytes([_SEEK_TABLE]))
    places = [
        Place(kind, at, length, _NAMES.get(kind[0], "FLAC block of unknown type"))
        for kind, at, length in _blocks(source, start + 4)
        if kind not in plain
    ]
    parts, left_out = read_places(source, places)
    comments = [(part, vorbis.parsed(part.body)) for part in parts if part.kind[0] == _COMMENTS]
    lies = [part for part, found in comments if not found]
    empty = [part for part, found in comments if found and not found.comments]
    around = [
        *id3.names_at(source, 0, start),
        *(["ID3v1 tag"] if source.read_at(3, max(source.size - 128, 0)) == b"TAG" else []),
    ]
    return Found(
        tuple(part for part in parts if part not in (*lies, *empty)),
        (*left_out, *("Vorbis comments (lengths that lie)" for _ in lies), *around),
    )


def _tags(parts: Sequence[Part]) -> Tags:
    said, others, pictures = Tags(), [], []
    for part in parts:
        if part.kind[0] == _COMMENTS and (comments := vorbis.parsed(part.body)):
            said = vorbis.tags_of(comments.comments)
        elif part.kind[0] == _PICTURE and vorbis.picture(part.body):
            pictures.append(part.body)
        else:
            others.append(_NAMES.get(part.kind[0], "FLAC block of unknown type"))
    return said._replace(pictures=(*said.pictures, *pictures), others=(*said.others, *others))


def _parts(tags: Tags) -> tuple[list[Part], list[str]]:
    """Return blocks that say what tags say. What is too long for a block, which has 16 MiB at most, is named."""
    comments, lost = vorbis.comments_of(tags, pictures=False)
    room, fitting = _ROOM, []
    for comment in comments:
        if 4 + len(comment) > room:
            lost.append(f"tag {comment.partition(b'=')[0].decode().lower()}")
        else:
            room -= 4 + len(comment)
            fitting.append(comment)
    pictures = [Part(bytes([_PICTURE]), picture) for picture in tags.pictures if len(picture) <= _LONGEST]
    lost += ["picture"] * (len(tags.pictures) - len(pictures))
    block = [Part(bytes([_COMMENTS]), vorbis.encoded(b"", fitting))] if fitting else []
    return [*block, *pictures], [*lost, *tags.id3_only, *tags.others]


def _edits(output: OutputFile, parts: Sequence[Part]) -> list[Edit] | None:
    """Return what puts blocks in the place of those after the first. The comments keep the vendor who encoded."""
    info, *written = _blocks(output, 4)
    start, end = info.start + info.length, max(block.start + block.length for block in (info, *written))
    own = next((block for block in written if block.name[0] == _COMMENTS), None)
    vendor = vorbis.parsed(output.read_at(own.length, own.start)) if own else None
    if own and not any(part.kind[0] == _COMMENTS for part in parts):
        parts = [Part(own.name, output.read_at(own.length, own.start)), *parts]
    bodies = []
    for kind, body in parts:
        if vendor and kind[0] == _COMMENTS and (comments := vorbis.parsed(body)):
            body = vorbis.encoded(vendor.vendor, comments.comments)
        if len(body) > _LONGEST:
            return None
        bodies.append((kind[0], body))
    new = b"".join(
        bytes([kind | (128 if number == len(bodies) else 0)]) + len(body).to_bytes(3, "big") + body
        for number, (kind, body) in enumerate(bodies, 1)
    )
    first = output.read_at(1, 4)
    marked = Edit(4, first, bytes([first[0] & 127]))
    return [marked, Edit(start, output.read_at(end - start, start), new)] if bodies else []


FLAC = Family(_found, _tags, _parts, _edits)
