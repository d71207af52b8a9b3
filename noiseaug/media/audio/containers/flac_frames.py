"""FLAC that libsndfile does not open: of 12, 20 or 32 bits, or with a header that does not tell how long it is."""

from __future__ import annotations

import functools
from typing import NamedTuple

from noiseaug.media.audio.containers.told_heads import told_of_flac
from noiseaug.storage.source_file import Refused, SourceFile

# Where the samples' depth stands in a frame, it is not taken from STREAMINFO. So the depth there can be one that
# libsndfile knows; it then shifts the samples, which libFLAC decodes in full, to the top of its own integers.
_AS_IF = {12: 16, 20: 24, 32: 24}
_KNOWN = (8, 16, 24)
_STREAMINFO = 18  # where its eight bytes of rate, channels, bits and total begin
_LONGEST = 1 << 21  # of frames: 8 channels of 65,535 samples of 32 bits, and headers
_BLOCK_SIZES = {1: 192, **{code: 144 << code for code in range(2, 6)}, **{code: 1 << code for code in range(8, 16)}}


class _Frame(NamedTuple):
    """The header of a frame: how long the header is, the number in it, how many samples, and whether these count."""

    length: int
    number: int
    samples: int
    in_samples: bool


def corrections(source: SourceFile) -> dict[int, bytes]:
    """Return the bytes of STREAMINFO with which libsndfile reads the samples.

    Raises:
        Refused: if the depth is one that it cannot read, or there is no sample.
    """
    told = told_of_flac(source)
    if not told.bits or (told.bits in _KNOWN and told.frames):
        return {}
    if told.bits not in (*_KNOWN, *_AS_IF):
        raise Refused(f"is {told.name} a sample, of which only 8, 12, 16, 20, 24 and 32 are read; convert it")
    packed = int.from_bytes(source.read_at(8, _STREAMINFO))
    packed = packed & ~(31 << 36) | _AS_IF.get(told.bits, told.bits) - 1 << 36
    return {_STREAMINFO: (packed | (0 if told.frames else _total(source))).to_bytes(8)}


def _total(source: SourceFile) -> int:
    """Return how many samples there are, which the last frame tells.

    Raises:
        Refused: if no whole frame ends the file.
    """
    end = source.size
    start = _first_frame(source)
    if start >= end:
        raise Refused("is FLAC without a single sample, so there is nothing to add noise to; leave it out (--exclude)")
    begin = max(start, end - _LONGEST)
    tail = source.read_at(end - begin, begin)
    at = tail.rfind(b"\xff")
    while at >= 0:
        frame = _frame(tail[at : at + 17])
        if frame and _crc16(tail[at:-2]) == int.from_bytes(tail[-2:]):
            step = int.from_bytes(source.read_at(2, 8))  # of all frames but the last, where they have one size
            return (frame.number if frame.in_samples else frame.number * step) + frame.samples
        at = tail.rfind(b"\xff", 0, at)
    raise Refused("is truncated: FLAC whose header does not tell its length, and no whole frame ends it")


def _first_frame(source: SourceFile) -> int:
    """Return where the metadata blocks end."""
    at, last = 4, False
    while not last and len(head := source.read_at(4, at)) == 4:
        last, at = bool(head[0] & 128), at + 4 + int.from_bytes(head[1:])
    return at


def _frame(head: bytes) -> _Frame | None:
    """Return the header of a frame that begins with these bytes, or None if none does (RFC 9639, 9.1)."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8:
        return None
    size, rate = head[2] >> 4, head[2] & 15
    ones = f"{head[4]:08b}0".index("0")  # as in UTF-8
    at = 4 + max(ones, 1)
    number = head[4] & 0x7F >> ones if ones else head[4]
    for byte in head[5:at]:
        number = number << 6 | byte & 63
    wide = {6: 1, 7: 2}.get(size, 0)
    samples = int.from_bytes(head[at : at + wide]) + 1 if wide else _BLOCK_SIZES.get(size, 0)
    at += wide + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if at >= len(head) or not samples or _crc(head[:at], 8, 0x07) != head[at]:
        return None
    return _Frame(at + 1, number, samples, bool(head[1] & 1))


def _crc16(data: bytes) -> int:
    return _crc(data, 16, 0x8005)


def _crc(data: bytes, width: int, polynomial: int) -> int:
    """Return the cyclic redundancy check of so many bits, most significant bit first, from 0."""
    table, mask, register = _table(width, polynomial), (1 << width) - 1, 0
    for byte in data:
        register = ((register << 8) & mask) ^ table[(register >> (width - 8)) ^ byte]
    return register


@functools.cache
def _table(width: int, polynomial: int) -> list[int]:
    """Return the check of each byte."""
    table, top, mask = [], 1 << (width - 1), (1 << width) - 1
    for value in range(256):
        register = value << (width - 8)
        for _ in range(8):
            register = ((register << 1) ^ (polynomial if register & top else 0)) & mask
        table.append(register)
    return table
