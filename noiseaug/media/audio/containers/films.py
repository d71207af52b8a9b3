"""Containers that videos and telephones' recordings come in: how long they say that they are."""

from __future__ import annotations

from noiseaug.storage.source_file import SourceFile

_EBML, _SEGMENT = b"\x1aE\xdf\xa3", 0x18538067
# What MP4 and QuickTime files begin with, after a length.
_FIRST_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


def declared_size(source: SourceFile) -> int:
    """Return how many bytes a Matroska, WebM, MP4 or QuickTime file says that it has, or 0."""
    head = source.read_at(8, 0)
    if head[:4] == _EBML:
        return _size_of_matroska(source)
    return _size_of_mp4(source) if head[4:8] in _FIRST_BOXES else 0


def _size_of_mp4(source: SourceFile) -> int:
    """Return where the last box at the top ends (ISO/IEC 14496-12, section 4.2)."""
    at = 0
    while len(head := source.read_at(16, at)) >= 8:
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < 8 or not head[4:8].isascii():  # the last box goes on to the end, or what follows is no box
            return 0
        at += size
    return at


def _size_of_matroska(source: SourceFile) -> int:
    """Return where the segment ends (RFC 8794), or 0 where it was written before anybody knew."""
    at = 0
    for _ in range(2):  # the EBML header and the segment
        head = source.read_at(12, at)
        identity, after = _number(head, keep_mark=True)
        size, length = _number(head[after:])
        at += after + length
        if not length or size == (1 << 7 * length) - 1:
            return 0
        at += size
    return at if identity == _SEGMENT else 0


def _number(data: bytes, *, keep_mark: bool = False) -> tuple[int, int]:
    """Return a number of EBML and how many bytes it takes, or two zeros: the first bit set of the first tells that."""
    length = 9 - data[0].bit_length() if data and data[0] else 0
    if not length or len(data) < length:
        return 0, 0
    number = int.from_bytes(data[:length], "big")
    return number if keep_mark else number - (1 << 7 * length), length
