"""The frames of FLAC files (RFC 9639, section 9), of which those are found that are whole."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_STREAM_INFO, _TOTAL = 8, slice(13, 18)  # where its content begins; the number of samples in it, 36 bits
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << power for power in range(8)))
# The end of a frame is not known before it is decoded: it is before one of the next headers that are found.
_HEADERS_TRIED = 4


class Sound(NamedTuple):
    """A file without the frames that are damaged.

    Attributes:
        pieces: what the file consists of.
        samples: how many there are a channel.
        expected: how many there were, or 0 if nobody knows.
    """

    pieces: list[Piece]
    samples: int
    expected: int


class _Frame(NamedTuple):
    start: int
    end: int
    samples: int


def sound_part(source: SourceFile) -> Sound | None:
    """Return the file without its damaged frames, or None if there is no frame that is whole."""
    with mmap.mmap(source.fd, 0, access=mmap.ACCESS_READ) as data:
        start = _end_of_blocks(data)
        frames = list(_whole_frames(data, start))
        info = bytearray(data[:start])
    if not frames:
        return None
    at = slice(_STREAM_INFO + _TOTAL.start, _STREAM_INFO + _TOTAL.stop)
    total, samples = int.from_bytes(info[at], "big"), sum(frame.samples for frame in frames)
    info[at] = (total >> 36 << 36 | samples).to_bytes(5, "big")
    pieces: list[Piece] = [bytes(info)]
    for frame in frames:
        last = pieces[-1]
        if not isinstance(last, bytes) and sum(last) == frame.start:
            pieces[-1] = (last[0], frame.end - last[0])
        else:
            pieces.append((frame.start, frame.end - frame.start))
    return Sound(pieces, samples, total & (1 << 36) - 1)


def _end_of_blocks(data: mmap.mmap) -> int:
    at, last = 4, False
    while not last and at + 4 <= len(data):
        last = bool(data[at] & 128)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return at


def _whole_frames(data: mmap.mmap, start: int) -> Iterator[_Frame]:
    """Yield the frames whose checksums are right."""
    headers = [found.start() for found in _SYNC.finditer(data, start) if _samples_of(data, found.start())]
    ends = [*headers, len(data)]
    number = 0
    while number < len(headers):
        at = headers[number]
        checksum, before, following = 0, at, 0
        for step in range(1, _HEADERS_TRIED):
            if number + step >= len(ends):
                break
            checksum = _crc16(data[before : ends[number + step]], checksum)
            before = ends[number + step]
            if checksum == 0:
                following = step
                break
        if following:
            yield _Frame(at, ends[number + following], _samples_of(data, at))
        number += following or 1


def _samples_of(data: mmap.mmap, at: int) -> int:
    """Return how many samples a channel has in the frame whose header is here; 0 if that is none."""
    head = data[at : at + 16]
    if len(head) < 6:
        return 0
    code, end = head[2] >> 4, 4
    first = head[4]
    end += 1 if first < 0x80 else 8 - (first ^ 0xFF).bit_length()  # the number of the frame, as UTF-8 codes numbers
    samples = _BLOCK_SIZES[code]
    if code in (6, 7):
        samples = int.from_bytes(head[end : end + code - 5], "big") + 1
        end += code - 5
    end += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    return samples if end < len(head) and _crc8(head[:end]) == head[end] else 0


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, table = 1 << bits - 1, []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value & top else 0)
        table.append(value & (1 << bits) - 1)
    return tuple(table)


_CRC8, _CRC16 = _table(0x107, 8), _table(0x18005, 16)


def _crc8(content: bytes) -> int:
    checksum = 0
    for byte in content:
        checksum = _CRC8[checksum ^ byte]
    return checksum


def _crc16(content: bytes, checksum: int) -> int:
    """Return the checksum of the content after that of what is before it. That of a frame with its own is 0."""
    table = _CRC16
    for byte in content:
        checksum = (checksum << 8 & 0xFFFF) ^ table[checksum >> 8 ^ byte]
    return checksum
