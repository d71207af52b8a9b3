"""Containers that hold little more than a header before the samples, which says how long they are."""

from __future__ import annotations

import struct

from noiseaug.storage.source_file import OpenFile, SourceFile


def size_of_w64(source: OpenFile) -> int:
    """Return the size that the header of a Sony Wave64 file tells, or 0."""
    (size,) = struct.unpack("<16xQ", _head(source, 24))
    return int(size) if size < 1 << 63 else 0


def size_of_au(source: OpenFile) -> int:
    """Return the size that the header of a Sun/NeXT AU file, of either byte order, tells, or 0."""
    head = _head(source, 12)
    offset, size = struct.unpack(">4xII" if head[:4] == b".snd" else "<4xII", head)
    return offset + size if size != 0xFFFFFFFF else 0


def corrections_of_au(source: SourceFile) -> dict[int, bytes]:
    """Return the length of samples where the header says 0 and there are some, as of a file that was not finished."""
    head = _head(source, 12)
    order = ">" if head[:4] == b".snd" else "<"
    offset, size = struct.unpack(f"{order}4xII", head)
    left = source.size - offset
    return {8: struct.pack(f"{order}I", left)} if not size and 0 < left < 1 << 32 else {}


def size_of_avr(source: OpenFile) -> int:
    """Return the size that the header of an AVR file tells."""
    stereo, bits, frames = struct.unpack(">12xHH10xI", _head(source, 30))
    return 128 + int(frames) * (2 if stereo else 1) * (int(bits) // 8)


def size_of_voc(source: OpenFile) -> int:
    """Return where the blocks of a Creative VOC file end, each a type and a length of three bytes, the last of type 0.

    Of large files it is 0, as libsndfile has written such lengths without their highest bits.
    """
    if (size := source.length()) >= 1 << 24:
        return 0
    at = int.from_bytes(source.read_at(2, 20), "little")
    while at + 4 <= size and (block := source.read_at(4, at))[0]:
        at += 4 + int.from_bytes(block[1:], "little")
    return at


def _head(source: OpenFile, size: int) -> bytes:
    """Return the first bytes of a file, with zeros for those that it does not have."""
    return source.read_at(size, 0).ljust(size, b"\0")
