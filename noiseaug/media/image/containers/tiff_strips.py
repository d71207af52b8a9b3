"""The strips and tiles of TIFF files: whether they are all there. OpenCV reads damaged ones as zeros without a word."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from typing import NamedTuple

from zlib_ng import zlib_ng

from noiseaug.media.image.containers import ifd
from noiseaug.media.image.header import Tags

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORDER = 256, 257, 258, 259, 262, 266
_OFFSETS, _SAMPLES, _ROWS, _COUNTS, _PLANAR = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325
_PLAIN, _YCBCR = 1, 6
_DEFLATE, _LZW_AND_PACKBITS = frozenset({8, 32946}), frozenset({5, 32773})
# Bytes that are decoded at a time to see whether they can be. Pillow warns of images that are much larger.
_AT_A_TIME = 1 << 26
_MOST_LACKING = 1 << 30
# Bytes of parts that are inflated before they are decoded, which takes six times as much memory, and of their file.
_INFLATED, _LONGEST = 1 << 24, 1 << 31
_SURPLUS = 1 << 16  # bytes that a part may have more than it needs


class _Parts(NamedTuple):
    """The strips, or tiles, of a page.

    Attributes:
        places: where each begins, and how long it is.
        stride: how many bytes a row of one has when it is decoded.
        rows: how many rows each has, but the last strip, which may have less.
        last_rows: how many the last strip has.
        compression: the method.
        order: of the bits in a byte, 1 or 2.
    """

    places: list[tuple[int, int]]
    stride: int
    rows: int
    last_rows: int
    compression: int
    order: int

    def size(self, number: int, of_plane: int) -> int:
        """Return how many bytes a part has when it is decoded, where a plane has so many parts."""
        return self.stride * (self.last_rows if (number + 1) % of_plane == 0 else self.rows)


def damage(data: bytes) -> str:
    """Return what of the pixels is missing or corrupt, as in `Damaged`; nothing if they are whole."""
    for number, directory in enumerate(ifd.directories(data), 1):
        if what := _damage_of_page(data, directory.tags):
            return what if number == 1 else what.replace("its pixels", f"the pixels of its page {number:,}")
    return ""


def _damage_of_page(data: bytes, page: Tags) -> str:
    height, parts = _first(page, _HEIGHT, 0), _parts(page)
    tiled = _TILE_OFFSETS in page
    of_plane = _in_a_plane(page, parts)
    for number, (start, length) in enumerate(parts.places):
        lacking = parts.compression == _PLAIN and _is_simple(page) and length < parts.size(number, of_plane)
        if start + length > len(data) or not start or lacking:
            there = max(len(data) - start, 0) // parts.stride if parts.compression == _PLAIN and start else 0
            row = number % of_plane * parts.rows + min(there, parts.rows - 1)
            return "its pixels end early" + ("" if tiled else f" (row {row:,} of {height:,})")
    whole = True
    if parts.compression in _DEFLATE and _is_simple(page):
        whole = _inflate(data, parts, of_plane)
    elif parts.compression in _LZW_AND_PACKBITS and _is_simple(page):
        whole = all(map(_decodes, _files(data, parts, of_plane)))
    return "" if whole else "some of its pixels are corrupt"


def _inflate(data: bytes, parts: _Parts, of_plane: int) -> bool:
    """Tell whether all parts can be inflated, with the right checksums: libtiff, in OpenCV and Pillow, checks none."""
    return all(_inflated(data, parts, number, of_plane) is not None for number in range(len(parts.places)))


def _inflated(data: bytes, parts: _Parts, number: int, of_plane: int) -> bytes | None:
    """Return a part, inflated; None if it is damaged or behind the end."""
    start, length = parts.places[number]
    size, inflater = parts.size(number, of_plane), zlib_ng.decompressobj()
    if start + length > len(data):
        return None
    try:
        found: bytes = inflater.decompress(data[start : start + length], size + _SURPLUS)
    except zlib_ng.error:  # type: ignore[misc]  # an exception class, which its stubs take for an instance
        return None
    return found if len(found) >= size and inflater.eof else None


def stored(data: bytes) -> bytes | None:
    """Return a file with deflate compression with its parts as zlib streams that are not compressed; else None.

    Decoders read these in a fifth of the time, and to inflate the parts shows that they are whole. It is None, too, if
    one is not, and if they are many bytes.
    """
    content, pages, room = [data], [], _INFLATED
    end = len(data)
    for directory in ifd.directories(data):
        page, parts = directory.tags, _parts(directory.tags)
        room -= parts.stride * parts.rows * len(parts.places)
        if parts.compression not in _DEFLATE or not _is_simple(page) or room < 0 or len(data) > _LONGEST:
            return None
        sizes = []
        for number in range(len(parts.places)):
            found = _inflated(data, parts, number, _in_a_plane(page, parts))
            if found is None:
                return None
            content.append(zlib_ng.compress(found, 0))
            sizes.append(len(content[-1]))
        starts = itertools.accumulate(sizes[:-1], initial=end)
        numbers = (_TILE_OFFSETS, _TILE_COUNTS) if _TILE_OFFSETS in page else (_OFFSETS, _COUNTS)
        pages.append({number: ifd.long(*values) for number, values in zip(numbers, (starts, sizes), strict=True)})
        end += sum(sizes)
    return ifd.with_tags(b"".join(content), pages)


def completed(data: bytes) -> tuple[bytes, str] | None:
    """Return a file with zeros in place of the strips behind its end, and what is missing; None if nothing is."""
    what = damage(data)
    pages = (_parts(directory.tags) for directory in ifd.directories(data))
    end = max((start + length for parts in pages for start, length in parts.places), default=0)
    lacking = end - len(data)
    return (data + bytes(lacking), what) if what and 0 < lacking <= _MOST_LACKING else None


def _first(tags: Tags, number: int, default: int) -> int:
    return next(iter(ifd.whole(tags.get(number))), default)


def _in_a_plane(page: Tags, parts: _Parts) -> int:
    """Return how many parts a plane has."""
    return len(parts.places) // (_first(page, _SAMPLES, 1) if _first(page, _PLANAR, 1) == 2 else 1) or 1


def _is_simple(page: Tags) -> bool:
    """Tell whether rows have as many bytes as their pixels make: YCbCr may have fewer samples of colour."""
    return _first(page, _PHOTOMETRIC, 1) != _YCBCR


def _parts(page: Tags) -> _Parts:
    samples = 1 if _first(page, _PLANAR, 1) == 2 else _first(page, _SAMPLES, 1)
    bits, compression, height = (
        _first(page, _BITS, 1) * samples,
        _first(page, _COMPRESSION, 1),
        _first(page, _HEIGHT, 0),
    )
    tiled = _TILE_OFFSETS in page
    width = _first(page, _TILE_WIDTH if tiled else _WIDTH, 0)
    rows = _first(page, _TILE_HEIGHT, 0) if tiled else min(_first(page, _ROWS, height), height)
    starts = ifd.whole(page.get(_TILE_OFFSETS if tiled else _OFFSETS))
    lengths = ifd.whole(page.get(_TILE_COUNTS if tiled else _COUNTS))
    if not rows or len(starts) != len(lengths):
        places: list[tuple[int, int]] = []  # it cannot be told
        return _Parts(places, 0, 0, 0, 0, 1)
    last = rows if tiled else height - (height - 1) // rows * rows
    places = list(zip(starts, lengths, strict=True))
    return _Parts(places, (width * bits + 7) // 8, rows, last, compression, _first(page, _ORDER, 1))


def _files(data: bytes, parts: _Parts, of_plane: int) -> Iterator[bytes]:
    """Yield TIFF files of 8-bit grey, whose rows are those of the parts as bytes: Pillow decodes them, or raises."""
    step = max(_AT_A_TIME // max(parts.stride * parts.rows, 1), 1)
    for plane in range(0, len(parts.places), of_plane):
        for first in range(plane, plane + of_plane, step):
            group = parts.places[first : min(first + step, plane + of_plane)]
            size = sum(parts.size(first + number, of_plane) for number in range(len(group)))
            if size <= 2 * _AT_A_TIME:
                yield _file([data[start : start + length] for start, length in group], parts, size // parts.stride)


def _file(contents: list[bytes], parts: _Parts, height: int) -> bytes:
    count = len(contents)
    values_at = 8 + 2 + 9 * 12 + 4
    at = values_at + 8 * count
    lengths = [len(content) for content in contents]
    starts = [at + before for before in itertools.accumulate(lengths[:-1], initial=0)]
    arrays = struct.pack(f"<{2 * count}I", *starts, *lengths)
    places = (starts[0], lengths[0]) if count == 1 else (values_at, values_at + 4 * count)
    entries = (
        *((_WIDTH, 1, parts.stride), (_HEIGHT, 1, height), (_BITS, 1, 8), (_COMPRESSION, 1, parts.compression)),
        *((_PHOTOMETRIC, 1, 1), (_ORDER, 1, parts.order), (_OFFSETS, count, places[0]), (_ROWS, 1, parts.rows)),
        (_COUNTS, count, places[1]),
    )
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, 4, *rest) for tag, *rest in entries
    )
    return b"".join([b"II*\0\x08\0\0\0", directory, bytes(4), arrays, *contents])


def _decodes(file: bytes) -> bool:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True
