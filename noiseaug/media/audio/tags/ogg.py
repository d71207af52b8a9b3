"""The comment header of Ogg files: the second packet of a Vorbis or Opus stream (RFC 3533, RFC 7845)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from noiseaug.media.audio.tags import vorbis
from noiseaug.media.audio.tags.held import LIMIT, Edit, Family, Found, Part, Tags
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, SourceFile

_VORBIS, _OPUS = b"\x03vorbis", b"OpusTags"
_HEADS = {b"\x01vorbis": (_VORBIS, 2), b"OpusHead": (_OPUS, 1)}  # the headers after the first, and how many
_PAGE_HEADER = 27
_CONTINUED = 1
_COMMENT, _REST = b"comment", b"rest"


class _Page(NamedTuple):
    start: int
    end: int
    serial: bytes
    lengths: bytes
    body: bytes


class _Headers(NamedTuple):
    """The headers after the first: where their pages begin and end, and what is in them."""

    start: int
    end: int
    magic: bytes
    packets: list[bytes]


def _pages(file: OpenFile) -> Iterator[_Page]:
    at = 0
    while len(head := file.read_at(_PAGE_HEADER + 255, at)) >= _PAGE_HEADER and head[:4] == b"OggS":
        body = at + _PAGE_HEADER + head[26]
        lengths = head[_PAGE_HEADER : _PAGE_HEADER + head[26]]
        end = body + sum(lengths)
        yield _Page(at, end, head[14:18], lengths, file.read_at(end - body, body))
        at = end


def _headers(file: OpenFile) -> _Headers | None:
    """Return the headers of the first stream of Vorbis or Opus, or None if they are longer than LIMIT or not whole."""
    start, serial, magic, wanted = 0, b"", b"", 0
    packets: list[bytes] = []
    waiting: list[bytes] = []
    read = 0
    for page in _pages(file):
        if not magic:
            found = next((value for head, value in _HEADS.items() if page.body.startswith(head)), None)
            if found:
                (magic, wanted), serial, start = found, page.serial, page.end
            continue
        if page.serial != serial:
            continue
        at = 0
        for length in page.lengths:
            waiting.append(page.body[at : at + length])
            at += length
            if length < 255:
                packets.append(b"".join(waiting))
                waiting = []
        read += len(page.body)
        if len(packets) >= wanted:
            whole = len(packets) == wanted and not waiting  # sound begins on a page of its own
            return _Headers(start, page.end if whole else 0, magic, packets[:wanted])
        if read > LIMIT:
            return None
    return None


def _found(source: SourceFile) -> Found:
    headers = _headers(source)
    comments = vorbis.parsed(headers.packets[0][len(headers.magic) :]) if headers else None
    if not headers or not comments:
        return Found(left_out=(f"Vorbis comments (over {LIMIT >> 20} MiB or with lengths that lie)",))
    parts = [Part(_COMMENT, comment) for comment in comments.comments]
    # RFC 7845, 5.2: what follows is padding, unless the lowest bit says that it is to be kept.
    if headers.magic == _OPUS and comments.rest and comments.rest[0] & 1:
        parts.append(Part(_REST, comments.rest))
    return Found(tuple(parts))


def _tags(parts: Sequence[Part]) -> Tags:
    said = vorbis.tags_of(part.body for part in parts if part.kind == _COMMENT)
    rest = ["OpusTags binary data" for part in parts if part.kind == _REST]
    return said._replace(others=(*said.others, *rest))


def _parts(tags: Tags) -> tuple[list[Part], list[str]]:
    comments, lost = vorbis.comments_of(tags, pictures=True)
    return [Part(_COMMENT, comment) for comment in comments], [*lost, *tags.id3_only, *tags.others]


def _edits(output: OutputFile, parts: Sequence[Part]) -> list[Edit] | None:
    """Return what puts comments in the place of those there. The pages still have to be numbered and summed."""
    headers = _headers(output)
    written = vorbis.parsed(headers.packets[0][len(headers.magic) :]) if headers else None
    if not headers or not headers.end or not written:
        return None
    body = vorbis.encoded(written.vendor, [part.body for part in parts if part.kind == _COMMENT])
    rest = b"".join(part.body for part in parts if part.kind == _REST) if headers.magic == _OPUS else b"\1"
    new = _paged([headers.magic + body + rest, *headers.packets[1:]])
    return [Edit(headers.start, output.read_at(headers.end - headers.start, headers.start), new)]


def _paged(packets: Sequence[bytes]) -> bytes:
    """Return pages of packets, without serial number, page number and checksum."""
    lengths: list[int] = []
    for packet in packets:
        lengths += [255] * (len(packet) // 255) + [len(packet) % 255]
    content, at, pages, continued = b"".join(packets), 0, [], False
    for start in range(0, len(lengths), 255):
        page = lengths[start : start + 255]
        size, ends = sum(page), any(length < 255 for length in page)
        granule = bytes(8) if ends else b"\xff" * 8  # -1: no packet ends here
        flags = bytes([_CONTINUED if continued else 0])
        pages.append(b"OggS\0" + flags + granule + bytes(12) + bytes([len(page), *page]) + content[at : at + size])
        at, continued = at + size, page[-1] == 255
    return b"".join(pages)


OGG = Family(_found, _tags, _parts, _edits)
