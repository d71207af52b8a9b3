"""Where the chunks of PNG files and the pages of Ogg files are, and their checksums."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator

from support.ogg import ogg_checksum


def mended(data: bytes) -> bytes:
    """The file with right checksums, where its chunks (PNG) or pages (Ogg) can be told."""
    changed = bytearray(data)
    for at, size in png_chunks(data):
        changed[at + 8 + size : at + 12 + size] = zlib.crc32(data[at + 4 : at + 8 + size]).to_bytes(4, "big")
    for at in ogg_pages(data):
        size = 27 + data[at + 26] + sum(data[at + 27 : at + 27 + data[at + 26]])
        page = bytearray(data[at : at + size])
        page[22:26] = bytes(4)
        changed[at + 22 : at + 26] = ogg_checksum(page).to_bytes(4, "little")
    for content, record in zip_members(data):
        start = int.from_bytes(data[record + 42 : record + 46], "little")
        for place in (record + 16, start + 14):
            changed[place : place + 4] = zlib.crc32(content).to_bytes(4, "little")
    return bytes(changed[: len(data)])


def zip_members(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The content of the members of a zip archive that can be unpacked, with the place of each in its directory."""
    record = data.find(b"PK\x01\x02") if data.startswith(b"PK") else -1
    while 0 <= record <= len(data) - 46:
        method, start = (int.from_bytes(data[record + at : record + at + 4], "little") for at in (10, 42))
        size = int.from_bytes(data[record + 20 : record + 24], "little")
        lengths = (int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28))
        begin = start + 30 + sum(lengths)
        packed = data[begin : begin + size]
        with contextlib.suppress(zlib.error):
            deflated = method & 0xFFFF == 8
            yield zlib.decompressobj(-15).decompress(packed, 1 << 20) if deflated else packed, record
        record = data.find(b"PK\x01\x02", record + 4)


def png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the chunks of a PNG file that fit into it begin, and the size of what is in them."""
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if at + 12 + size > len(data):
            return
        yield at, size
        at += 12 + size


def ogg_pages(data: bytes | bytearray) -> list[int]:
    """Where the pages of an Ogg file begin."""
    found = []
    at = data.find(b"OggS") if data.startswith(b"OggS") else -1
    while 0 <= at <= len(data) - 27:
        found.append(at)
        at = data.find(b"OggS", at + 4)
    return found
