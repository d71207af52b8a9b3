"""Zip archives written like others: the same names, order, times and comments, with other content in some members.

The bytes depend on nothing but what is written: there are no times in them but those of the source, and deflate is that
of zlib-ng, which is the same on every processor.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Iterator

from zlib_ng import zlib_ng

from noiseaug.media.array.zip_reading import DEFLATED
from noiseaug.storage.output_file import OutputFile

_UTF8 = 0x800
_MOST = 0xFFFFFFFF  # what a field of 32 bits says where one of 64 bits holds the number
_LEVEL = 6  # as numpy.savez_compressed
_WITH_64_BITS, _PLAIN = 45, 20


class ZipWriter:
    """Writes the members of an archive one after the other, and at last its directory."""

    def __init__(self, file: OutputFile) -> None:
        self._file, self._at = file, 0
        self._directory: list[bytes] = []

    def add_packed(self, entry: zipfile.ZipInfo, packed: Iterable[bytes]) -> None:
        """Write a member whose bytes are packed as `entry` says, and have its checksum."""
        start = self._at
        self._put(_local(entry, entry.CRC, entry.compress_size, entry.file_size))
        for data in packed:
            self._put(data)
        self._directory.append(_central(entry, (entry.CRC, entry.compress_size, entry.file_size), start))

    def add(self, entry: zipfile.ZipInfo, blocks: Iterable[bytes | memoryview]) -> None:
        """Write a member of these bytes, packed like the one that `entry` tells of."""
        start = self._at
        self._put(_local(entry, 0, 0, 0))  # as long as it will be
        begin, checksum, size = self._at, 0, 0
        for block in _counted(blocks, entry.compress_type):
            checksum, size = block.checksum, block.size
            self._put(block.packed)
        packed = self._at - begin
        self._file.write_at(_local(entry, checksum, packed, size), start)
        self._directory.append(_central(entry, (checksum, packed, size), start))

    def close(self, comment: bytes) -> None:
        """Write the directory."""
        start, count = self._at, len(self._directory)
        for record in self._directory:
            self._put(record)
        length = self._at - start
        if count > 0xFFFE or start >= _MOST or length >= _MOST:
            end = self._at
            self._put(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start))
            self._put(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        few, place = min(count, 0xFFFF), min(start, _MOST)
        self._put(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, few, few, min(length, _MOST), place, len(comment)))
        self._put(comment)

    def _put(self, data: bytes | memoryview) -> None:
        self._file.write_at(data, self._at)
        self._at += len(data)


class _Block:
    """Packed bytes, with the checksum and the size of all that was packed so far."""

    def __init__(self, packed: bytes | memoryview, checksum: int, size: int) -> None:
        self.packed, self.checksum, self.size = packed, checksum, size


def _counted(blocks: Iterable[bytes | memoryview], method: int) -> Iterator[_Block]:
    packer = zlib_ng.compressobj(_LEVEL, zlib_ng.DEFLATED, -15) if method == DEFLATED else None
    checksum = size = 0
    for block in blocks:
        checksum, size = zlib_ng.crc32(block, checksum), size + len(block)
        yield _Block(packer.compress(block) if packer else block, checksum, size)
    if packer:
        yield _Block(packer.flush(), checksum, size)


def _name_of(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")


def _times(entry: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = entry.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _local(entry: zipfile.ZipInfo, checksum: int, packed: int, size: int) -> bytes:
    """Return what stands before a member: its sizes with 64 bits, as NumPy writes them."""
    name, extra = _name_of(entry), struct.pack("<2H2Q", 1, 16, size, packed)
    head = (b"PK\x03\x04", _WITH_64_BITS, entry.flag_bits & _UTF8, entry.compress_type, *_times(entry))
    return struct.pack("<4s5H3L2H", *head, checksum, _MOST, _MOST, len(name), len(extra)) + name + extra


def _central(entry: zipfile.ZipInfo, sums: tuple[int, int, int], start: int) -> bytes:
    """Return what stands in the directory for a member: its checksum, its two sizes, and where it starts."""
    checksum, packed, size = sums
    wide = [number for number in (size, packed, start) if number >= _MOST]
    extra = (struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b"") + _other_extra(entry.extra)
    name = _name_of(entry)
    version = _WITH_64_BITS if wide else max(entry.extract_version, _PLAIN)
    made_by = entry.create_version | entry.create_system << 8
    head = (b"PK\x01\x02", made_by, version, entry.flag_bits & _UTF8, entry.compress_type, *_times(entry))
    sizes = (checksum, min(packed, _MOST), min(size, _MOST), len(name), len(extra), len(entry.comment))
    rest = (0, entry.internal_attr, entry.external_attr, min(start, _MOST))
    return struct.pack("<4s6H3L5H2L", *head, *sizes, *rest) + name + extra + entry.comment


def _other_extra(extra: bytes) -> bytes:
    """Return what the directory says of a member besides its sizes of 64 bits."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind != 1:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept
