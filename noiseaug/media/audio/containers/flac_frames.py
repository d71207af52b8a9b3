"""The frames of FLAC files (RFC 9639, section 9), of which those are found that are whole."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_SIZE, _TOTAL = slice(8, 10), slice(21, 26)  # the least samples of a frame; the lowest 36 bits: of all frames
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << power for power in range(8)))
# The end of a frame is not known before it is decoded: it is before one of the next headers that are found.
_HEADERS_TRIED = 4


class SoundPart(NamedTuple):
    """A file with silence in place of the frames that are damaged, up to the last that is whole.

    Attributes:
        pieces: what the file consists of.
        samples: how many a channel the whole frames have.
        expected: how many there were, or 0 if nobody knows.
    """

    pieces: list[Piece]
    samples: int
    expected: int


class _Header(NamedTuple):
    """The header of a frame: its number, or that of its first sample if frames are of several sizes; its samples; and
    what stands before the number and behind it, up to the checksum."""

    number: int
    samples: int
    before: bytes
    behind: bytes

    @property
    def is_of_one_size(self) -> bool:
        """Whether all frames but the last have as many samples."""
        return not self.before[1] & 1


class _Frame(NamedTuple):
    header: _Header
    start: int
    end: int


def sound_part(source: SourceFile) -> SoundPart | None:
    """Return what can be decoded of a file, or None if there is no frame that is whole."""
    with mmap.mmap(source.fd, 0, access=mmap.ACCESS_READ) as data:
        start = _end_of_blocks(data)
        frames = list(_whole_frames(data, start))
        info = bytearray(data[:start])
    size, said = int.from_bytes(info[_SIZE], "big"), int.from_bytes(info[_TOTAL], "big")
    depth = (said >> 36 & 15 | (info[_TOTAL.start - 1] & 1) << 4) + 1
    model = next((frame.header for frame in frames if frame.header.samples == size), None)
    pieces: list[Piece] = []
    kept = following = total = 0
    for frame in frames:
        header = frame.header
        if header.number < following or (header.number > following and not (header.is_of_one_size and model)):
            break  # no silence of the right length can be made up
        if model:
            pieces += [_silence(model, number, depth) for number in range(following, header.number)]
        pieces.append((frame.start, frame.end - frame.start))
        following = header.number + (1 if header.is_of_one_size else header.samples)
        total = header.number * (size if header.is_of_one_size else 1) + header.samples
        kept += header.samples
    if not pieces:
        return None
    info[_TOTAL] = (said >> 36 << 36 | total).to_bytes(5, "big")
    return SoundPart([bytes(info), *_joined(pieces)], kept, said & (1 << 36) - 1)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Yield the pieces, those of the file that follow on each other as one."""
    begin = end = 0
    for piece in pieces:
        if not isinstance(piece, bytes) and piece[0] == end:
            end += piece[1]
            continue
        if end > begin:
            yield begin, end - begin
        begin = end = 0
        if isinstance(piece, bytes):
            yield piece
        else:
            begin, end = piece[0], sum(piece)
    if end > begin:
        yield begin, end - begin


def _silence(model: _Header, number: int, depth: int) -> bytes:
    """Return a frame of this number, of the size and layout of another, whose channels are constant 0."""
    assignment = model.before[3] >> 4
    channels = assignment + 1 if assignment < 8 else 2  # from 8 on, one of two is a difference and has a bit more
    bits = channels * (8 + depth) + (assignment >= 8)
    frame = model.before + _coded(number) + model.behind
    frame += bytes([_crc8(frame)]) + bytes((bits + 7) // 8)
    return frame + _crc16(frame, 0).to_bytes(2, "big")


def _coded(number: int) -> bytes:
    """Return a number as UTF-8 codes one, in up to seven bytes."""
    if number < 0x80:
        return bytes([number])
    size = 2
    while number >> (5 * size + 1):
        size += 1
    rest = [0x80 | number >> shift & 0x3F for shift in range(6 * (size - 2), -1, -6)]
    return bytes([0xFF00 >> size & 0xFF | number >> 6 * (size - 1), *rest])


def _end_of_blocks(data: mmap.mmap) -> int:
    at, last = 4, False
    while not last and at + 4 <= len(data):
        last = bool(data[at] & 128)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return at


def _whole_frames(data: mmap.mmap, start: int) -> Iterator[_Frame]:
    """Yield the frames whose checksums are right."""
    places = (found.start() for found in _SYNC.finditer(data, start))
    headers = [(at, header) for at in places if (header := _header_of(data[at : at + 16]))]
    ends = [*(at for at, _ in headers), len(data)]
    number = 0
    while number < len(headers):
        following = _end_of_frame(data, ends[number : number + _HEADERS_TRIED])
        if following:
            yield _Frame(headers[number][1], ends[number], ends[number + following])
        number += following or 1


def _end_of_frame(data: mmap.mmap, ends: list[int]) -> int:
    """Return which of the places is the end of the frame that begins at the first of them; 0 if none is."""
    checksum = 0
    for number in range(1, len(ends)):
        checksum = _crc16(data[ends[number - 1] : ends[number]], checksum)
        if checksum == 0:
            return number
    return 0


def _header_of(head: bytes) -> _Header | None:
    """Return the header that these bytes begin with, or None if they are none."""
    if len(head) < 6 or head[4] in range(0x80, 0xC0) or head[4] == 0xFF:
        return None
    first, code = head[4], head[2] >> 4
    count = 1 if first < 0x80 else 8 - (first ^ 0xFF).bit_length()  # of bytes of the number, coded as in UTF-8
    number = first if first < 0x80 else first & (0x7F >> count)
    for byte in head[5 : 4 + count]:
        number = number << 6 | byte & 0x3F
    begin, samples = 4 + count, _BLOCK_SIZES[code]
    end = begin
    if code in (6, 7):
        end += code - 5
        samples = int.from_bytes(head[begin:end], "big") + 1
    end += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if end >= len(head) or _crc8(head[:end]) != head[end] or not samples:
        return None
    return _Header(number, samples, head[:4], head[begin:end])


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
