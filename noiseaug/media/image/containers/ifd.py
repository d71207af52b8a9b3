"""Directories, of which TIFF files consist, and EXIF too: read, and written.

They are read for what OpenCV does not keep, and written into the files that it encodes.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from noiseaug.media.image.header import Tag, Tags

EXIF, GPS, _INTEROPERABILITY = 34665, 34853, 40965
_DIRECTORIES = frozenset({EXIF, GPS, _INTEROPERABILITY})  # tags whose value is the offset of another directory
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WORDS = SIZES | {5: 4, 10: 4}  # what the order of bytes applies to: rationals are two words
_SHORT, _LONG, _IFD, _LONG8, _IFD8 = 3, 4, 13, 16, 18
_STRIP_OFFSETS, _STRIP_SIZES = 273, 279
_MOST_PAGES = 1 << 16
# Raised where a file is damaged.
DAMAGE = (struct.error, ValueError, OverflowError, IndexError)


class TiffLayout(NamedTuple):
    """How numbers stand in a TIFF (TIFF 6.0, section 2) or BigTIFF file, in the codes of `struct`.

    Attributes:
        order: of their bytes.
        total: the number of entries in a directory.
        offset: offsets, and the number of values of an entry.
    """

    order: str
    total: str
    offset: str

    @classmethod
    def of(cls, data: bytes | bytearray) -> TiffLayout:
        """Return the layout of a file."""
        order = "<" if data[:2] == b"II" else ">"
        return cls(order, *("QQ" if struct.unpack_from(order + "H", data, 2)[0] == 43 else "HI"))

    @property
    def offset_size(self) -> int:
        """How many bytes an offset has. At this place stands the offset of the first directory."""
        return struct.calcsize("<" + self.offset)

    def read(self, codes: str, data: bytes | bytearray, at: int) -> tuple[int, ...]:
        """Return the numbers at a place. Raises struct.error if they are not there."""
        return struct.unpack_from(self.order + codes, data, at)

    def write(self, codes: str, *values: int) -> bytes:
        """Return the bytes of numbers."""
        return struct.pack(self.order + codes, *values)

    def entries(self, data: bytes | bytearray, at: int) -> range:
        """Return where each entry of the directory at a place begins; the offset of the next one stands at the end."""
        (count,) = self.read(self.total, data, at)
        first, step = at + struct.calcsize("<" + self.total), 4 + 2 * self.offset_size
        return range(first, first + count * step, step)

    def swapped(self, data: bytes, kind: int) -> bytes:
        """Return values of a type from the file's order in little-endian, or back."""
        size = _WORDS.get(kind, 1)
        if self.order == "<" or size == 1:
            return data
        return b"".join(data[at : at + size][::-1] for at in range(0, len(data), size))


_PLAIN, _BIG = TiffLayout("<", "H", "I"), TiffLayout("<", "Q", "Q")
ROOM = (1 << 32) - (1 << 25)  # bytes of strips for which offsets of 32 bits do, with directories behind them


class Directory(NamedTuple):
    """The tags of a page, and the places of values that stand in the entries themselves."""

    tags: Tags
    inline: dict[int, int]


def directories(data: bytes) -> Iterator[Directory]:
    """Yield the directories of a file, page after page.

    Raises:
        struct.error, ValueError, OverflowError: where the file is damaged.
    """
    layout = TiffLayout.of(data)
    (at,) = layout.read(layout.offset, data, layout.offset_size)
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) > _MOST_PAGES:
            raise ValueError("its pages have no end")
        seen.add(at)
        directory, at = _directory(data, at, layout)
        yield directory


def _directory(data: bytes, start: int, layout: TiffLayout, depth: int = 0) -> tuple[Directory, int]:
    """Return the directory at an offset, with those inside of it, and the offset of the next."""
    found, size, entries = Directory({}, {}), layout.offset_size, layout.entries(data, start)
    for at in entries:
        (number,), (kind,) = layout.read("H", data, at), layout.read("H", data, at + 2)
        (count,) = layout.read(layout.offset, data, at + 4)
        if number in found.tags:  # readers take the first
            continue
        length, place = count * SIZES.get(kind, 1), at + 4 + size
        if length > size:
            (place,) = layout.read(layout.offset, data, place)
        else:
            found.inline[number] = place
        values = data[place : place + length]
        if len(values) < length:
            raise ValueError(f"tag {number} is cut off")
        tag = Tag(kind, layout.swapped(values, kind))
        if number in _DIRECTORIES and depth < 2:
            tag = Tag(kind, b"", _directory(data, whole(tag)[0], layout, depth + 1)[0].tags)
        found.tags[number] = tag
    return found, layout.read(layout.offset, data, entries.stop)[0]


def whole(tag: Tag | None) -> tuple[int, ...]:
    """Return the values of a tag of whole numbers; none if there is no such tag."""
    form = {1: "B", _SHORT: "H", _LONG: "I", _IFD: "I", 16: "Q", 18: "Q"}.get(tag.kind) if tag else None
    return struct.unpack(f"<{len(tag.data) // struct.calcsize('<' + form)}{form}", tag.data) if tag and form else ()


def short(value: int) -> Tag:
    """Return a tag of one 16-bit number."""
    return Tag(_SHORT, struct.pack("<H", value))


def long(*values: int) -> Tag:
    """Return a tag of 32-bit numbers."""
    return Tag(_LONG, struct.pack(f"<{len(values)}I", *values))


def exif_of(tags: Tags) -> bytes:
    """Return tags as the TIFF file that EXIF is."""
    return b"II*\0\x08\0\0\0" + _serialized(tags, _PLAIN, 8)


def tags_of(exif: bytes) -> Tags:
    """Return the tags of the first directory of EXIF; none if it is damaged."""
    try:
        return next(directories(exif)).tags
    except (*DAMAGE, StopIteration):
        return {}


def file_of(pages: Sequence[tuple[Tags, Sequence[bytes]]], room: int = ROOM) -> bytes:
    """Return a TIFF file of pages, given by their tags and strips; the tags of where these stand are added.

    The directories stand behind all strips. With more than `room` bytes of strips, it is a BigTIFF file.
    """
    big = sum(len(strip) for _, strips in pages for strip in strips) > room
    layout, kind, code, at = (_BIG, _LONG8, "Q", 16) if big else (_PLAIN, _LONG, "I", 8)
    parts, directories = [b""], []
    for tags, strips in pages:
        sizes = [len(strip) for strip in strips]
        starts = itertools.accumulate(sizes[:-1], initial=at)
        placed = {
            number: Tag(kind, struct.pack(f"<{len(sizes)}{code}", *values))
            for number, values in ((_STRIP_OFFSETS, starts), (_STRIP_SIZES, sizes))
        }
        directories.append(tags | placed)
        parts += strips
        at += sum(sizes)
    parts.append(bytes(at % 2))
    at += at % 2
    parts[0] = b"II+\0\x08\0\0\0" + layout.write("Q", at) if big else b"II*\0" + layout.write("I", at)
    for number, tags in enumerate(directories, 1):
        parts.append(_serialized(tags, layout, at, following=None if number < len(directories) else b""))
        at += len(parts[-1])
    return b"".join(parts)


def with_tags(encoded: bytes, pages: Sequence[Tags]) -> bytes:
    """Return an encoded file with further tags for each page, the last of `pages` also for all that follow.

    Each directory is written again at the end of the file.
    """
    layout, result = TiffLayout.of(encoded), bytearray(encoded)
    link, size = layout.offset_size, layout.offset_size
    index = 0
    while at := layout.read(layout.offset, result, link)[0]:
        entries = layout.entries(result, at)
        old = {
            layout.read("H", result, start)[0]: bytes(result[start : start + entries.step]) for start in entries[::-1]
        }
        following = bytes(result[entries.stop : entries.stop + size])
        result += bytes(len(result) % 2)
        result[link : link + size] = layout.write(layout.offset, end := len(result))
        result += _serialized(pages[min(index, len(pages) - 1)], layout, end, old, following)
        link = layout.entries(result, end).stop
        index += 1
    return bytes(result)


def _serialized(
    tags: Tags, layout: TiffLayout, at: int, old: Mapping[int, bytes] | None = None, following: bytes | None = b""
) -> bytes:
    """Return a directory that is to stand at an offset, of `tags` and of `old` entries, with its values behind it.

    Args:
        tags, layout, at, old: as above.
        following: the offset of the next directory, nothing if there is none, and None if it stands right behind.
    """
    old, size = old or {}, layout.offset_size
    tags = {number: tag for number, tag in tags.items() if tag.kind in SIZES or tag.fields is not None}
    numbers = sorted(tags.keys() | old.keys())
    head = layout.write(layout.total, len(numbers))
    values_at = at + len(head) + len(numbers) * (4 + 2 * size) + size
    entries, values = [], bytearray()
    for number in numbers:
        if number not in tags:
            entries.append(old[number])
            continue
        kind, data, fields = tags[number]
        if fields is not None:
            start = values_at + len(values)
            kind, data = (_LONG, struct.pack("<I", start)) if size == 4 else (_IFD8, struct.pack("<Q", start))
            inner = _serialized(fields, layout, start)
            values += inner + bytes(len(inner) % 2)
        count, data = len(data) // SIZES[kind], layout.swapped(data, kind)
        if len(data) > size:
            place = layout.write(layout.offset, values_at + len(values))
            values += data + bytes(len(data) % 2)
        else:
            place = data.ljust(size, b"\0")
        entries.append(layout.write("HH" + layout.offset, number, kind, count) + place)
    if following is None:
        following = layout.write(layout.offset, values_at + len(values))
    return b"".join([head, *entries, following.ljust(size, b"\0"), values])
