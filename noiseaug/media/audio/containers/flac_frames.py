"""The headers of frames of FLAC (RFC 9639, section 9), and the checksums of frames."""

from __future__ import annotations

from typing import NamedTuple

_BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << power for power in range(8)))


class Header(NamedTuple):
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


def header_of(head: bytes) -> Header | None:
    """Return the header that these bytes begin with, or None if they are none."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or head[4] in range(0x80, 0xC0) or head[4] == 0xFF:
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
    if end >= len(head) or crc8(head[:end]) != head[end] or not samples:
        return None
    return Header(number, samples, head[:4], head[begin:end])


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, table = 1 << bits - 1, []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value & top else 0)
        table.append(value & (1 << bits) - 1)
    return tuple(table)


_CRC8, _CRC16 = _table(0x107, 8), _table(0x18005, 16)


def crc8(content: bytes) -> int:
    """Return the checksum of a header."""
    checksum = 0
    for byte in content:
        checksum = _CRC8[checksum ^ byte]
    return checksum


def crc16(content: bytes, checksum: int = 0) -> int:
    """Return the checksum of the content after that of what is before it. That of a frame with its own is 0."""
    table = _CRC16
    for byte in content:
        checksum = (checksum << 8 & 0xFFFF) ^ table[checksum >> 8 ^ byte]
    return checksum
