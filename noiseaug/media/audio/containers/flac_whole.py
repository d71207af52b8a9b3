"""The frames of damaged FLAC files that are whole, with silence in place of the others."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.audio.containers.flac_frames import Header, crc8, crc16, header_of
from noiseaug.media.audio.excerpt import Piece
from noiseaug.storage.source_file import SourceFile

_SIZE, _TOTAL = slice(8, 10), slice(21, 26)  # the least samples of a frame; the lowest 36 bits: of all frames
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
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


class _Frame(NamedTuple):
    header: Header
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


def _silence(model: Header, number: int, depth: int) -> bytes:
    """Return a frame of this number, of the size and layout of another, whose channels are constant 0."""
    assignment = model.before[3] >> 4
    channels = assignment + 1 if assignment < 8 else 2  # from 8 on, one of two is a difference and has a bit more
    bits = channels * (8 + depth) + (assignment >= 8)
    frame = model.before + _coded(number) + model.behind
    frame += bytes([crc8(frame)]) + bytes((bits + 7) // 8)
    return frame + crc16(frame, 0).to_bytes(2, "big")


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
    headers = [(at, header) for at in places if (header := header_of(data[at : at + 16]))]
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
        checksum = crc16(data[ends[number - 1] : ends[number]], checksum)
        if checksum == 0:
            return number
    return 0
