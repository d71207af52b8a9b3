"""Ogg files (RFC 3533)."""

from __future__ import annotations

import zlib

from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import SourceFile

_PAGE_HEADER = 27  # bytes, and then the lengths of its segments
_MOST_SEGMENTS = 255
_MAGIC = b"OggS"
_SEARCHED = 1 << 18  # bytes at a time
_LAST = 4
_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def damage(source: SourceFile) -> str:
    """Return which pages are missing or corrupt, in words that go on with "its"; nothing if all are there.

    libsndfile leaves such pages out, or takes the first for the end, without a word.
    """
    at = pages = corrupt = missing = 0
    expected: dict[bytes, int] = {}  # the number of the next page, by stream
    open_streams: set[bytes] = set()
    while len(head := source.read_at(_PAGE_HEADER + _MOST_SEGMENTS, at)) >= _PAGE_HEADER:
        page = bytearray(source.read_at(_page_size(head), at)) if head.startswith(_MAGIC) else bytearray()
        if not _is_whole(page):
            following = _next_page(source, at + 1)
            if following < 0:
                corrupt += bool(open_streams) and bool(bytes(head).strip(b"\0"))
                break
            at, corrupt = following, corrupt + 1
            continue
        serial, number = bytes(page[14:18]), int.from_bytes(page[18:22], "little")
        missing += number != expected.get(serial, number)
        expected[serial] = number + 1
        (open_streams.discard if page[5] & _LAST else open_streams.add)(serial)
        at, pages = at + len(page), pages + 1
    if open_streams or not pages:
        return "its last page is missing"
    return "some of its pages are missing or corrupt" if corrupt or missing else ""


def _is_whole(page: bytearray) -> bool:
    """Tell whether this is a page, with the right checksum."""
    if len(page) < _PAGE_HEADER or len(page) < _page_size(page):
        return False
    stated = int.from_bytes(page[22:26], "little")
    return _checksum(page[:22] + bytes(4) + page[26:]) == stated


def _next_page(source: SourceFile, at: int) -> int:
    """Return where the next page begins, or -1 if there is none."""
    while part := source.read_at(_SEARCHED, at):
        found = part.find(_MAGIC)
        if found >= 0:
            return at + found
        at += max(len(part) - len(_MAGIC) + 1, 1)
    return -1


def _page_size(page: bytes | bytearray) -> int:
    """Return the size of a page of which these are the first bytes, or at least that of its header."""
    segments = page[_PAGE_HEADER - 1] if len(page) >= _PAGE_HEADER else 0
    return _PAGE_HEADER + segments + sum(page[_PAGE_HEADER : _PAGE_HEADER + segments])


def stop_the_clock(output: OutputFile) -> None:
    """Zero the serial number of every page, which is seeded with the time; number pages, and mend their checksums."""
    at = number = 0
    while len(head := output.read_at(_PAGE_HEADER + _MOST_SEGMENTS, at)) >= _PAGE_HEADER:
        page = bytearray(output.read_at(_page_size(head), at))
        page[14:18] = page[22:26] = bytes(4)
        page[18:22] = number.to_bytes(4, "little")
        page[22:26] = _checksum(page).to_bytes(4, "little")
        output.write_at(page[:_PAGE_HEADER], at)
        at += _page_size(head)
        number += 1


def _checksum(page: bytearray) -> int:
    """Return the CRC-32 with the polynomial of zlib's, but most significant bit first, from 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BYTES), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
