"""Bytes of written recordings that codecs choose by the clock or by guess: made the same on every run."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Literal

Order = Literal["big", "little"]

_ORDERS: dict[bytes, Order] = {b"RIFF": "little", b"RF64": "little", b"RIFX": "big", b"FORM": "big"}


def stop_the_clock(fd: int, form: str) -> None:
    """Takes the time of writing out of a file, so that its bytes are the same on every run.

    libsndfile puts it into the PEAK chunk of float WAV and AIFF, and seeds the serial number of Ogg streams with it. Of
    what it writes otherwise, only MAT5 (which is not written here) differs between two runs seconds apart.
    """
    if form in ("WAV", "WAVEX", "AIFF"):
        for at, name, _ in chunks(fd):
            if name == b"PEAK":
                os.pwrite(fd, bytes(4), at + 12)  # after name, size and version
    elif form == "OGG":
        _zero_ogg_serial(fd)


def chunks(fd: int) -> Iterator[tuple[int, bytes, int]]:
    """Where each chunk of a RIFF, RF64 or FORM file begins, its name, and the length of its body."""
    at, size = 12, os.fstat(fd).st_size
    order = _ORDERS.get(os.pread(fd, 4, 0))
    long_data = 0
    while order and at + 8 <= size:
        head = os.pread(fd, 28, at)
        length = int.from_bytes(head[4:8], order)
        if head[:4] == b"ds64":
            long_data = int.from_bytes(head[16:24], "little")
        if length == 0xFFFFFFFF and head[:4] == b"data":
            length = long_data or size
        yield at, head[:4], length
        at += 8 + length + length % 2


def copy_speaker_positions(source: int, target: int) -> None:
    """Puts the channel mask and the sub-format of one WAVE_FORMAT_EXTENSIBLE into another; libsndfile guesses them."""
    before, after = (_extensible(fd) for fd in (source, target))
    if before is not None and after is not None:
        body = os.pread(source, 20, before + 28)
        if os.pread(target, 20, after + 28)[4:6] == body[4:6]:  # the same coding, in the first two bytes of the GUID
            os.pwrite(target, body, after + 28)


def _extensible(fd: int) -> int | None:
    if os.pread(fd, 4, 0) not in (b"RIFF", b"RF64"):
        return None
    for at, name, length in chunks(fd):
        if name == b"fmt ":
            return at if length >= 40 and os.pread(fd, 2, at + 8) == b"\xfe\xff" else None
    return None


_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _zero_ogg_serial(fd: int) -> None:
    """Zeroes the serial number of every page of an Ogg file (RFC 3533, section 6) and mends the pages' checksums."""
    at, size = 0, os.fstat(fd).st_size
    while at + 27 <= size:
        head = os.pread(fd, 27 + 255, at)
        segments = head[26]
        length = 27 + segments + sum(head[27 : 27 + segments])
        page = bytearray(os.pread(fd, length, at))
        page[14:18] = page[22:26] = bytes(4)
        page[22:26] = _ogg_checksum(page).to_bytes(4, "little")
        os.pwrite(fd, page[:27], at)
        at += length


def _ogg_checksum(page: bytes | bytearray) -> int:
    """CRC-32 with the polynomial of zlib's, but most significant bit first, from 0 and not inverted (RFC 3533)."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BYTES), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
