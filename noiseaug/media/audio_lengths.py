"""What containers say of their own length, where libsndfile reads what is there without a word."""

from __future__ import annotations

import os
import struct

from noiseaug.files import Refused, SourceFile

_OGG_PAGE = 65_307  # bytes at most
_OGG_LAST = 4


def refuse_truncated(source: SourceFile) -> None:
    """Raises Refused for a file that is empty, or shorter than its header says.

    Sizes of 0 and 2**32 - 1 (or nearly) stand where a recorder wrote to a pipe and did not know.
    """
    head = os.pread(source.fd, 64, 0)
    if not head:
        raise Refused("is empty; expected audio")
    if head[:4] == b"OggS" and not _ends_as_ogg(source):
        raise Refused("is truncated: the last page of its Ogg stream is missing")
    declared = _declared(source, head.ljust(64, b"\0"))
    if declared > source.size + 1:  # some leave out the byte that pads the last chunk
        raise Refused(f"is truncated: {declared} bytes expected, {source.size} found")


def _declared(source: SourceFile, head: bytes) -> int:
    """The length that the header tells, in bytes, or 0."""
    magic = head[:4]
    if magic in (b"RIFF", b"RIFX", b"FORM"):
        (size,) = struct.unpack("<I" if magic == b"RIFF" else ">I", head[4:8])
        return size + 8 if 0 < size < 0xFFFFFEF8 else 0
    if magic == b"RF64" and head[12:16] == b"ds64":
        (size,) = struct.unpack("<Q", head[20:28])
        return size + 8 if 0 < size < 1 << 63 else 0
    if magic == b"riff":  # W64
        (size,) = struct.unpack("<Q", head[16:24])
        return size if size < 1 << 63 else 0
    if magic in (b".snd", b"dns."):
        offset, size = struct.unpack(">II" if magic == b".snd" else "<II", head[4:12])
        return offset + size if size != 0xFFFFFFFF else 0
    return _end_of_caf(source) if magic == b"caff" else 0


def _end_of_caf(source: SourceFile) -> int:
    at = 8
    while at + 12 <= source.size:
        (length,) = struct.unpack(">4xq", os.pread(source.fd, 12, at))
        if length < 0:  # to the end of the file
            return 0
        at += 12 + length
    return at


def _ends_as_ogg(source: SourceFile) -> bool:
    """Whether the last page is whole and marked as the last of its stream (RFC 3533, section 6)."""
    start = max(source.size - _OGG_PAGE - 1, 0)
    tail = os.pread(source.fd, source.size - start, start)
    at = tail.rfind(b"OggS")
    while at >= 0:
        page = tail[at:]
        if len(page) >= 27 and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]]):
            return bool(page[5] & _OGG_LAST)
        if at and len(page) >= 27 and page[4] == 0:
            return False  # a page that is cut short
        at = tail.rfind(b"OggS", 0, at)
    return False
