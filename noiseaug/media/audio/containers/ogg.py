"""Ogg files (RFC 3533)."""

from __future__ import annotations

import zlib

from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.source_file import OpenFile, Refused

_PAGE_HEADER = 27  # bytes, and then the lengths of its segments
_MOST_SEGMENTS = 255
_LONGEST_PAGE = 65_307
_LAST = 4
_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def declared_size(source: OpenFile) -> int:
    """Return 0, as no size is told, if the last page is whole and marked as the last of its stream.

    Raises:
        Refused: if it is not.
    """
    size = source.length()
    start = max(size - _LONGEST_PAGE - 1, 0)
    tail = source.read_at(size - start, start)
    at = tail.rfind(b"OggS")
    while at >= 0:
        page = tail[at:]
        if len(page) >= _page_size(page):
            if page[5] & _LAST:
                return 0
            break
        if at and len(page) >= _PAGE_HEADER and page[4] == 0:
            break  # a page that is cut short
        at = tail.rfind(b"OggS", 0, at)
    raise Refused("is truncated: the last page of its Ogg stream is missing")


def _page_size(page: bytes) -> int:
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
