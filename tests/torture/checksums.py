"""Where the chunks of PNG files and the pages of Ogg files are, and their checksums."""

from __future__ import annotations

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
    return bytes(changed[: len(data)])


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
