"""What containers say of their own length, where libsndfile reads what is there without a word."""

from __future__ import annotations

import math
import os
import struct

from noiseaug.storage.source_file import Refused, SourceFile

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
    return next((end(source, head) for magic, end in _ENDS.items() if head.startswith(magic)), 0)


def _end_of_riff(source: SourceFile, head: bytes) -> int:
    (size,) = struct.unpack("<I" if head[:4] == b"RIFF" else ">I", head[4:8])
    return size + 8 if 0 < size < 0xFFFFFEF8 else 0


def _end_of_rf64(source: SourceFile, head: bytes) -> int:
    (size,) = struct.unpack("<Q", head[20:28])
    return size + 8 if head[12:16] == b"ds64" and 0 < size < 1 << 63 else 0


def _end_of_w64(source: SourceFile, head: bytes) -> int:
    (size,) = struct.unpack("<Q", head[16:24])
    return int(size) if size < 1 << 63 else 0


def _end_of_au(source: SourceFile, head: bytes) -> int:
    offset, size = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
    return offset + size if size != 0xFFFFFFFF else 0


def _end_of_avr(source: SourceFile, head: bytes) -> int:
    stereo, bits, frames = struct.unpack(">HH10xI", head[12:30])
    return 128 + int(frames) * (2 if stereo else 1) * (int(bits) // 8)


def _end_of_nist(source: SourceFile, head: bytes) -> int:
    """The text header holds a line with its own length, and then lines of a name, a type and a value each."""
    lines = os.pread(source.fd, 4096, 0).partition(b"end_head")[0].split(b"\n")
    fields = {words[0]: words[2] for line in lines[2:] if len(words := line.split()) == 3}
    try:
        shape = [int(fields[name]) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
        return int(lines[1]) + math.prod(shape) if b"shorten" not in fields.get(b"sample_coding", b"") else 0
    except (KeyError, IndexError, ValueError):
        return 0


def _end_of_voc(source: SourceFile, head: bytes) -> int:
    """Blocks of a type and a length of three bytes each, up to one of type 0."""
    if source.size >= 1 << 24:
        return 0  # libsndfile has written such lengths without their highest bits
    at = int.from_bytes(head[20:22], "little")
    while at + 4 <= source.size and (block := os.pread(source.fd, 4, at))[0]:
        at += 4 + int.from_bytes(block[1:], "little")
    return at


def _end_of_caf(source: SourceFile, head: bytes) -> int:
    at = 8
    while at + 12 <= source.size:
        (length,) = struct.unpack(">4xq", os.pread(source.fd, 12, at))
        if length < 0:  # to the end of the file
            return 0
        at += 12 + length
    return at


_ENDS = {
    **dict.fromkeys((b"RIFF", b"RIFX", b"FORM"), _end_of_riff),
    b"RF64": _end_of_rf64,
    b"riff": _end_of_w64,
    **dict.fromkeys((b".snd", b"dns."), _end_of_au),
    b"caff": _end_of_caf,
    b"2BIT": _end_of_avr,
    b"NIST_1A": _end_of_nist,
    b"Creative Voice File": _end_of_voc,
}


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
