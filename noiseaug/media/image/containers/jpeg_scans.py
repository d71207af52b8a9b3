"""JPEG files from their first scan on (ITU-T T.81, annex B): which scans there are, and where they break off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_HUFFMAN_SEQUENTIAL, _PROGRESSIVE = frozenset({0xC0, 0xC1}), frozenset({0xC2, 0xCA})
_FIRST_ARITHMETIC = 0xC9
_TABLES, _SCAN, _END = 0xC4, 0xDA, b"\xff\xd9"
# Segments that may stand between scans: tables, numbers of lines, comments and those of applications.
_BETWEEN = frozenset({0xC4, 0xCC, *range(0xDA, 0xDE), *range(0xE0, 0xF0), 0xFE})
# A marker among coded samples that is neither a stuffed byte nor a restart. Fill bytes may stand before it.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# A sector of a disk: so many zeros are no samples, unless zeros are the code of "nothing changes".
_HOLE = bytes(512)
_ALL = (1 << 64) - 1  # coefficients of a block


class Layout(NamedTuple):
    """How the samples of a file are coded.

    Attributes:
        process: the marker of the frame.
        components: their numbers.
        start: where the segment of the first scan begins.
        codes: by class and number of a Huffman table, the symbol whose code is all zeros.
    """

    process: int
    components: tuple[int, ...]
    start: int
    codes: dict[int, int]

    @property
    def coefficients_of_zeros(self) -> list[int]:
        """What zeros mean in each table but those of mean values; 0 is the end of a block."""
        return [symbol for table, symbol in self.codes.items() if table >> 4]

    @property
    def is_arithmetic(self) -> bool:
        """Whether the coding is arithmetic: its decoder takes data that ends anywhere for whole."""
        return self.process >= _FIRST_ARITHMETIC


class _Scan(NamedTuple):
    """A scan: its components, the first and the last coefficient, the bits below those it gives, and its end."""

    components: tuple[int, ...]
    first: int
    last: int
    low_bit: int
    end: int


def layout_of(data: bytes) -> Layout:
    """Return the layout of a file.

    Raises:
        ValueError: if it ends before its first scan.
    """
    process, at = 0, 2
    components: tuple[int, ...] = ()
    codes: dict[int, int] = {}
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:  # fill bytes
            at += 1
            continue
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SCAN and process:
            return Layout(process, components, at, codes)
        if marker in _FRAMES:
            process, components = marker, tuple(data[at + 10 : end : 3])
        elif marker == _TABLES:
            codes |= _codes_of_zeros(data[at + 4 : end])
        at = end
    raise ValueError("it ends before its first scan")


def _codes_of_zeros(content: bytes) -> dict[int, int]:
    """Return the first symbol of each table in a segment of Huffman tables: its code is all zeros."""
    found, at = {}, 0
    while at + 17 < len(content):
        found[content[at]] = content[at + 17]
        at += 17 + sum(content[at + 1 : at + 17])
    return found


def missing(data: bytes, layout: Layout) -> str:
    """Return what is missing although decoders take the file for whole: scans, or samples that are zeros now."""
    if layout.process in _HUFFMAN_SEQUENTIAL and data[layout.start + 4] == len(layout.components):
        hole, zeros_are_flat = data.find(_HOLE, layout.start), not any(layout.coefficients_of_zeros)
        if 0 <= hole < data.find(_END, layout.start) and not zeros_are_flat:
            return "some of its pixels are zeros in place of data"
        return ""
    progressive, given = layout.process in _PROGRESSIVE, dict.fromkeys(layout.components, 0)
    for scan in _scans(data, layout):
        if not (progressive and scan.low_bit):
            # A bit for each coefficient that is there now to its last bit.
            found = (2 << scan.last) - (1 << scan.first) if progressive else _ALL
            for component in scan.components:
                given[component] = given.get(component, 0) | found
    return "" if all(found == _ALL for found in given.values()) else "its last scans are missing"


def closed(data: bytes, layout: Layout) -> bytes:
    """Return the file up to where its scans break off, without zeros at their end, and with the marker of an end."""
    end = max((scan.end for scan in _scans(data, layout)), default=layout.start)
    return data[:end].rstrip(b"\0") + _END


def _scans(data: bytes, layout: Layout) -> Iterator[_Scan]:
    """Yield the scans up to the end of the image, or to where something else stands."""
    at = layout.start
    while at + 4 <= len(data) and data[at] == 0xFF and (marker := data[at + 1]) in _BETWEEN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SCAN:
            count = data[at + 4]
            if end != at + 8 + 2 * count or end > len(data):
                return
            first, last, bits = data[end - 3 : end]
            found = _MARKER.search(data, end)
            end = found.start() if found else len(data)
            yield _Scan(tuple(data[at + 5 : at + 5 + 2 * count : 2]), first, last, bits & 15, end)
            if len(layout.components) == count and layout.process in _HUFFMAN_SEQUENTIAL:
                return
        at = end
