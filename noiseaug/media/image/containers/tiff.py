"""TIFF files: their directories, read for what OpenCV does not keep, and written into what it encodes.

OpenCV 5.0.0 turns the pixels as the tag Orientation says, multiplies 8-bit colours with their alpha, and writes no tags
but those of the samples' layout.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from noiseaug.media.image.header import INCH, Header, Metadata, Tag, Tags

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 259, 262, 274
SAMPLES, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 284, 338, 339
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
XMP, ICC, EXIF, GPS = 700, 34675, 34665, 34853
_INTEROPERABILITY, _SUB_IFDS, _LAYERS = 40965, 330, 37724
_DIRECTORIES = frozenset({EXIF, GPS, _INTEROPERABILITY})
# Tags of the samples' layout; the encoder writes those that apply to what it writes.
_LAYOUT = frozenset(
    {
        *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT),
        *(263, 264, 265, 266, 280, 281, 340, 341),  # thresholding, order of bits, extremes of the samples
        *(273, 278, 279, 288, 289, 317, 320, 322, 323, 324, 325),  # strips, predictor, colour map, tiles
        *(292, 293, 326, 327, 328, 347, *range(512, 522), 529, 530, 531, 532),  # fax, JPEG, YCbCr
    }
)
# What EXIF has in the first directory, too (EXIF 2.32, section 4.6.4).
_IN_EXIF = frozenset(
    {270, 271, 272, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 305, 306, 315, 33432, EXIF, GPS}
)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WORDS = _SIZES | {5: 4, 10: 4}  # what the order of bytes applies to: rationals are two words
_SHORT, _LONG, _RATIONAL, _UNDEFINED, _IFD, _IFD8 = 3, 4, 5, 7, 13, 18
_NOT_KEPT = frozenset({_IFD, 16, 17, _IFD8})  # offsets, and types that only BigTIFF has
_MOST_PAGES = 1 << 16
_DAMAGE = (struct.error, ValueError, OverflowError, IndexError)
_PHOTOMETRICS = (
    {5: "CMYK", 32803: "raw sensor"} | dict.fromkeys((8, 9, 10), "L*a*b*") | dict.fromkeys((32844, 32845), "LogLuv")
)
# Bits a sample, by sample format (1 unsigned, 2 signed, 3 floating), of what is decoded and can get noise.
_DEPTHS = {1: (1, 8, 10, 12, 14, 16), 2: (16, 32), 3: (32, 64)}


class Layout(NamedTuple):
    """How the numbers of a TIFF (TIFF 6.0, section 2) or BigTIFF file are read: `<` or `>`, and the size of offsets."""

    order: str
    offset_size: int

    @classmethod
    def of(cls, data: bytes | bytearray) -> Layout:
        order = "<" if data[:2] == b"II" else ">"
        return cls(order, 8 if struct.unpack_from(order + "H", data, 2)[0] == 43 else 4)

    @property
    def count_size(self) -> int:
        """Bytes of the number of entries."""
        return 8 if self.offset_size == 8 else 2

    @property
    def first_at(self) -> int:
        """Where the offset of the first directory stands."""
        return self.offset_size

    def read(self, data: bytes | bytearray, at: int, size: int) -> int:
        value: int = struct.unpack_from(self.order + {2: "H", 4: "I", 8: "Q"}[size], data, at)[0]
        return value

    def write(self, value: int, size: int) -> bytes:
        return value.to_bytes(size, "little" if self.order == "<" else "big")

    def swapped(self, data: bytes, kind: int) -> bytes:
        """Values from the file's order to little-endian, or back."""
        size = _WORDS.get(kind, 1)
        if self.order == "<" or size == 1:
            return data
        return b"".join(data[at : at + size][::-1] for at in range(0, len(data), size))


_EXIF_LAYOUT = Layout("<", 4)


class Directory(NamedTuple):
    """The tags of a page, and where the values stand that are in the entries themselves."""

    tags: Tags
    inline: dict[int, int]


def directories(data: bytes) -> Iterator[Directory]:
    """The directories of a file, page after page.

    Raises:
        struct.error, ValueError, OverflowError: where the file is damaged.
    """
    layout = Layout.of(data)
    at = layout.read(data, layout.first_at, layout.offset_size)
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) > _MOST_PAGES:
            raise ValueError("its pages have no end")
        seen.add(at)
        directory, at = _directory(data, at, layout)
        yield directory


def _directory(data: bytes, at: int, layout: Layout, depth: int = 0) -> tuple[Directory, int]:
    """The directory at an offset, and the offset of the next."""
    count, at = layout.read(data, at, layout.count_size), at + layout.count_size
    found = Directory({}, {})
    for _ in range(count):
        number, kind = layout.read(data, at, 2), layout.read(data, at + 2, 2)
        length = layout.read(data, at + 4, layout.offset_size) * _SIZES.get(kind, 1)
        place = at + 4 + layout.offset_size
        at += 4 + 2 * layout.offset_size
        if number in found.tags:  # readers take the first
            continue
        if length > layout.offset_size:
            place = layout.read(data, place, layout.offset_size)
        else:
            found.inline[number] = place
        values = data[place : place + length]
        if len(values) < length:
            raise ValueError(f"tag {number} is cut off")
        tag = Tag(kind, layout.swapped(values, kind))
        if number in _DIRECTORIES and depth < 2:
            tag = Tag(kind, b"", _directory(data, whole(tag)[0], layout, depth + 1)[0].tags)
        found.tags[number] = tag
    return found, layout.read(data, at, layout.offset_size)


def whole(tag: Tag | None) -> tuple[int, ...]:
    """The values of a tag of whole numbers; none if there is no such tag."""
    form = {1: "B", _SHORT: "H", _LONG: "I", _IFD: "I", 16: "Q", 18: "Q"}.get(tag.kind) if tag else None
    return struct.unpack(f"<{len(tag.data) // struct.calcsize('<' + form)}{form}", tag.data) if tag and form else ()


def short(value: int) -> Tag:
    """A tag of one 16-bit number."""
    return Tag(_SHORT, struct.pack("<H", value))


def _first(tags: Tags, number: int, default: int) -> int:
    return next(iter(whole(tags.get(number))), default)


def header(data: bytes) -> Header:
    """The header of a TIFF file."""
    try:
        pages = [directory.tags for directory in directories(data)]
        sizes = [(_first(page, WIDTH, 0), _first(page, HEIGHT, 0)) for page in pages]
        refusal = next((reason for page in pages if (reason := _refusal(page))), "")
        metadata = _metadata(pages)
    except _DAMAGE as error:
        return Header("tiff", refusal=f"cannot be decoded as an image: it is damaged ({error})")
    return Header(
        "tiff",
        *sizes[0],
        frames=len(pages),
        all_pixels=sum(width * height for width, height in sizes),
        compression=_first(pages[0], COMPRESSION, 1),
        fourth_is_alpha=whole(pages[0].get(EXTRA_SAMPLES)) != (0,),  # "unspecified": near infrared, say
        refusal=refusal,
        lost=tuple(dict.fromkeys(name for page in pages for name in _not_decoded_as_such(page))),
        metadata=metadata,
    )


def _refusal(page: Tags) -> str:
    photometric, samples = _first(page, PHOTOMETRIC, 1), _first(page, SAMPLES, 1)
    kind, bits = _first(page, SAMPLE_FORMAT, 1), set(whole(page.get(BITS)) or (1,))
    if photometric in _PHOTOMETRICS:
        return f"is a {_PHOTOMETRICS[photometric]} TIFF, which is not supported; convert it to RGB"
    # Of grey with more channels, OpenCV decodes the grey alone.
    if samples not in ((3, 4) if photometric == 2 else (3,) if photometric == 6 else (1,)):
        return f"is a TIFF of {samples} channels in this layout, which is not supported; split the channels"
    depth = max(bits)
    if len(bits) > 1 or (photometric != 3 and depth not in _DEPTHS.get(kind, ())):
        name = {1: "unsigned", 2: "signed", 3: "floating-point"}.get(kind, "complex or unknown")
        return f"is a TIFF of {depth}-bit {name} samples, which is not supported; convert it to 16-bit or float32"
    if _first(page, PLANAR, 1) == 2 and samples > 1 and depth > 8:  # OpenCV 5.0.0 takes the planes for rows
        return "is a TIFF of separate 16-bit planes, which is not supported; convert it to interleaved channels"
    return ""


def _not_decoded_as_such(page: Tags) -> Iterator[str]:
    photometric, depth = _first(page, PHOTOMETRIC, 1), _first(page, BITS, 1)
    if photometric == 3:
        yield "palette"
    elif photometric == 6:
        yield "YCbCr"
    if depth in (1, 10, 12, 14) and photometric != 3:
        yield f"{depth}-bit depth"


def _metadata(pages: Sequence[Tags]) -> Metadata:
    first = pages[0]
    kept = tuple(_kept(page) for page in pages)
    lost = {_SUB_IFDS: "sub-images", _LAYERS: "Photoshop layers"}
    named = _IN_EXIF | {XMP, ICC, EXTRA_SAMPLES, PHOTOMETRIC, 254, 297}  # the last two number the pages
    others = [number for page in kept for number in page if number not in named]
    return Metadata(
        exif=_exif(kept[0]),
        xmp=first[XMP].data if XMP in first else b"",
        icc=first[ICC].data if ICC in first else b"",
        per_metre=_per_metre(first),
        pages=kept,
        others=("TIFF tags",) if others else (),
        lost=tuple(name for number, name in lost.items() if any(number in page for page in pages)),
    )


def _kept(page: Tags) -> Tags:
    """The tags that go into another TIFF as they stand."""
    kept = {
        number: tag
        for number, tag in page.items()
        if number not in _LAYOUT | {_SUB_IFDS, _LAYERS}
        and tag.kind in _SIZES
        and (tag.fields is not None or tag.kind not in _NOT_KEPT)
    }
    if EXTRA_SAMPLES in page:
        kept[EXTRA_SAMPLES] = page[EXTRA_SAMPLES]
    if _first(page, PHOTOMETRIC, 1) == 0 and _first(page, BITS, 1) > 8:  # white is 0; deep samples come as stored
        kept[PHOTOMETRIC] = page[PHOTOMETRIC]
    return kept


def _exif(page: Tags) -> bytes:
    """The tags of a page that EXIF has, as the TIFF file that EXIF is; nothing if they say no more than the density."""
    tags = {number: tag for number, tag in page.items() if number in _IN_EXIF}
    if tags.keys() <= {X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}:
        return b""
    return exif_of(tags)


def exif_of(tags: Tags) -> bytes:
    """Tags as the TIFF file that EXIF is."""
    return b"II*\0\x08\0\0\0" + _serialized(tags, _EXIF_LAYOUT, 8)


def tags_of(exif: bytes) -> Tags:
    """The tags of the first directory of EXIF; none if it is damaged."""
    try:
        return next(directories(exif)).tags
    except (*_DAMAGE, StopIteration):
        return {}


def _per_metre(page: Tags) -> tuple[float, float] | None:
    unit = {2: INCH, 3: 0.01}.get(_first(page, RESOLUTION_UNIT, 2))
    across, down = (page.get(number) for number in (X_RESOLUTION, Y_RESOLUTION))
    if not unit or not across or not down or {across.kind, down.kind} != {_RATIONAL}:
        return None
    (x, of_x), (y, of_y) = (struct.unpack("<II", tag.data[:8]) for tag in (across, down))
    return (x / of_x / unit, y / of_y / unit) if of_x and of_y and x and y else None


def without_transforms(data: bytes) -> bytes:
    """The file for OpenCV to decode: it does not turn the pixels, nor multiply colours with their alpha."""
    layout, changed = Layout.of(data), None
    for directory in directories(data):
        for number, value in ((ORIENTATION, 1), (EXTRA_SAMPLES, 0)):
            if number in directory.inline and whole(directory.tags[number])[:1] not in ((), (value,)):
                changed = changed or bytearray(data)
                at = directory.inline[number]
                changed[at : at + 2] = layout.write(value, 2)
    return bytes(changed) if changed else data


def tags_for(metadata: Metadata, channels: int) -> list[Tags]:
    """The tags of each page that belong into a TIFF with what a file says about its image."""
    if metadata.pages:
        return [
            {number: tag for number, tag in page.items() if number != EXTRA_SAMPLES or channels == 4}
            for page in metadata.pages
        ]
    tags = {number: tag for number, tag in tags_of(metadata.exif).items() if number in _IN_EXIF}
    if metadata.per_metre:
        x, y = (_rational(value * INCH) for value in metadata.per_metre)
        tags |= {X_RESOLUTION: x, Y_RESOLUTION: y}
        tags[RESOLUTION_UNIT] = short(2)
    if metadata.xmp:
        tags[XMP] = Tag(1, metadata.xmp)
    if metadata.icc:
        tags[ICC] = Tag(_UNDEFINED, metadata.icc)
    if channels == 4:
        tags[EXTRA_SAMPLES] = short(2)  # alpha that the colours are not multiplied with
    return [tags]


def _rational(value: float) -> Tag:
    """A fraction in thousandths, or whole where these are more than 32 bits hold."""
    thousandths = round(value * 1000)
    fraction = (thousandths, 1000) if thousandths < 1 << 32 else (round(value), 1)
    return Tag(_RATIONAL, struct.pack("<II", *fraction))


def with_tags(encoded: bytes, pages: Sequence[Tags]) -> bytes:
    """An encoded file with further tags: each directory is written again at the end, the last `pages` going for all
    that follow."""
    layout, result = Layout.of(encoded), bytearray(encoded)
    link, size = layout.first_at, layout.offset_size
    index = 0
    while at := layout.read(result, link, size):
        count = layout.read(result, at, layout.count_size)
        entries_at, entry = at + layout.count_size, 4 + 2 * size
        old = {
            layout.read(result, start, 2): bytes(result[start : start + entry])
            for start in range(entries_at, entries_at + count * entry, entry)
        }
        following = layout.read(result, entries_at + count * entry, size)
        result += bytes(len(result) % 2)
        end = len(result)
        added = pages[min(index, len(pages) - 1)]
        result[link : link + size] = layout.write(end, size)
        result += _serialized(added, layout, end, old, following)
        link = end + layout.count_size + len(old.keys() | added.keys()) * entry
        index += 1
    return bytes(result)


def _serialized(
    tags: Tags, layout: Layout, at: int, old: Mapping[int, bytes] | None = None, following: int = 0
) -> bytes:
    """A directory to stand at an offset, of `tags` and of entries that are there already, and its values behind it."""
    old, size = old or {}, layout.offset_size
    numbers = sorted(tags.keys() | old.keys())
    values_at = at + layout.count_size + len(numbers) * (4 + 2 * size) + size
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
        count, data = len(data) // _SIZES[kind], layout.swapped(data, kind)
        if len(data) > size:
            place = layout.write(values_at + len(values), size)
            values += data + bytes(len(data) % 2)
        else:
            place = data.ljust(size, b"\0")
        entries.append(layout.write(number, 2) + layout.write(kind, 2) + layout.write(count, size) + place)
    head = layout.write(len(numbers), layout.count_size)
    return head + b"".join(entries) + layout.write(following, size) + values
