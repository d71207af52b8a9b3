"""MPEG audio (MP3 and its kin), and the ID3v2 tags before it."""

from __future__ import annotations

from noiseaug.storage.source_file import OpenFile, SourceFile

TAG_HEADER = 10
_FOOTER = 0x10  # the flag of a tag that ends in a copy of its header


def knows_its_length(source: SourceFile) -> bool:
    """Tell whether a Xing, Info or VBRI header in the first frame says how many frames there are."""
    first = source.read_at(2048, end_of_tags(source, 0))
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))


def end_of_tags(file: OpenFile, at: int) -> int:
    """Return where the ID3v2 tags end that stand in a file from `at` on, one after the other."""
    while length := length_of_tag(file.read_at(TAG_HEADER, at)):
        at += length
    return at


def length_of_tag(head: bytes) -> int:
    """Return how many bytes an ID3v2 tag has whose first ten bytes these are, or 0 if it is no tag.

    >>> length_of_tag(b"ID3" + bytes([4, 0, 0, 0, 0, 1, 2]))
    140
    """
    if (
        len(head) < TAG_HEADER
        or head[:3] != b"ID3"
        or head[3] not in (2, 3, 4)
        or any(byte > 127 for byte in head[6:10])
    ):
        return 0
    return TAG_HEADER + synchsafe(head[6:10]) + (TAG_HEADER if head[3] == 4 and head[5] & _FOOTER else 0)


def synchsafe(size: bytes) -> int:
    """Return the number in four bytes of seven bits each, as ID3v2 counts.

    >>> synchsafe(b"\\0\\0\\1\\2")
    130
    """
    return sum((byte & 127) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=False))
