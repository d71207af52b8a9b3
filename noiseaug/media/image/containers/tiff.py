"""TIFF files: what their tags say, which is copied as it stands.

OpenCV 5.0.0 turns the pixels as the tag Orientation says, multiplies 8-bit colours with their alpha, and writes no tags
but those of the samples' layout.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from noiseaug.media.image.containers import ifd
from noiseaug.media.image.header import INCH, Header, Metadata, Tag, Tags

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 259, 262, 274
SAMPLES, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 284, 338, 339
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
XMP, ICC = 700, 34675
_UNREADABLE = {330: "sub-images", 37724: "Photoshop layers"}
# Tags of the samples' layout; the encoder writes those that apply to what it writes.
_LAYOUT = frozenset(
    {
        *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT),
        *(263, 264, 265, 266, 280, 281, 340, 341),  # thresholding, order of bits, extremes of the samples
        *(273, 278, 279, 288, 289, 317, 320, 322, 323, 324, 325),  # strips, predictor, colour map, tiles
        *(292, 293, 326, 327, 328, 347, *range(512, 522), 529, 530, 531, 532),  # fax, JPEG, YCbCr
    }
)
# Tags that EXIF has in its first directory, too (EXIF 2.32, section 4.6.4).
_IN_EXIF = frozenset(
    {270, 271, 272, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, 305, 306, 315, 33432, ifd.EXIF, ifd.GPS}
)
_RATIONAL, _UNDEFINED = 5, 7
_KEPT_KINDS = ifd.SIZES.keys() - {13, 16, 17, 18}  # without offsets, and types that only BigTIFF has
_PHOTOMETRICS = (
    {5: "CMYK", 32803: "raw sensor"} | dict.fromkeys((8, 9, 10), "L*a*b*") | dict.fromkeys((32844, 32845), "LogLuv")
)
# Bits a sample, by sample format (1 unsigned, 2 signed, 3 floating), of what is decoded and can get noise.
_DEPTHS = {1: (1, 8, 10, 12, 14, 16), 2: (16, 32), 3: (32, 64)}


def _first(tags: Tags, number: int, default: int) -> int:
    return next(iter(ifd.whole(tags.get(number))), default)


def header(data: bytes) -> Header:
    """Return the header of a TIFF file."""
    try:
        pages = [directory.tags for directory in ifd.directories(data)]
        sizes = [(_first(page, WIDTH, 0), _first(page, HEIGHT, 0)) for page in pages]
        refusal = next((reason for page in pages if (reason := _refusal(page))), "")
        metadata = _metadata(pages)
    except ifd.DAMAGE as error:
        why = str(error) if type(error) is ValueError else "a directory is cut off"  # the others are not for users
        return Header(
            "tiff", refusal=f"cannot be decoded as an image: this TIFF is damaged ({why}); replace or remove it"
        )
    lost = [name for page in pages for name in _not_decoded_as_such(page)]
    lost += [name for number, name in _UNREADABLE.items() if any(number in page for page in pages)]
    channels, dtype = _samples(pages[0])
    return Header(
        "tiff",
        *sizes[0],
        frames=len(pages),
        channels=channels,
        dtype=dtype,
        all_pixels=sum(width * height for width, height in sizes),
        compression=_first(pages[0], COMPRESSION, 1),
        fourth_is_alpha=ifd.whole(pages[0].get(EXTRA_SAMPLES)) != (0,),  # "unspecified": near infrared, say
        refusal=refusal,
        lost=tuple(lost),
        metadata=metadata,
    )


def _samples(page: Tags) -> tuple[int, str]:
    """Return the channels and the dtype that a page of the supported layouts is decoded to."""
    coloured = _first(page, PHOTOMETRIC, 1) in (3, 6)
    kind, bits = _first(page, SAMPLE_FORMAT, 1), 8 if coloured else _first(page, BITS, 1)
    name = {2: "int", 3: "float"}.get(kind, "uint")
    return 3 if coloured else _first(page, SAMPLES, 1), f"{name}{8 if bits <= 8 else 16 if bits <= 16 else bits}"


def _refusal(page: Tags) -> str:
    photometric, samples = _first(page, PHOTOMETRIC, 1), _first(page, SAMPLES, 1)
    kind, bits = _first(page, SAMPLE_FORMAT, 1), set(ifd.whole(page.get(BITS)) or (1,))
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
    named = _IN_EXIF | {XMP, ICC, EXTRA_SAMPLES, PHOTOMETRIC, 254, 297}  # the last two number the pages
    others = [number for page in kept for number in page if number not in named]
    return Metadata(
        exif=_exif(kept[0]),
        xmp=first[XMP].data if XMP in first else b"",
        icc=first[ICC].data if ICC in first else b"",
        per_metre=_per_metre(first),
        pages=kept,
        others=("TIFF tags",) if others else (),
    )


def _kept(page: Tags) -> Tags:
    """Return the tags that go into another TIFF as they stand."""
    kept = {
        number: tag
        for number, tag in page.items()
        if number not in _LAYOUT | _UNREADABLE.keys() and (tag.fields is not None or tag.kind in _KEPT_KINDS)
    }
    if EXTRA_SAMPLES in page:
        kept[EXTRA_SAMPLES] = page[EXTRA_SAMPLES]
    if _first(page, PHOTOMETRIC, 1) == 0 and _first(page, BITS, 1) > 8:  # white is 0; deep samples come as stored
        kept[PHOTOMETRIC] = page[PHOTOMETRIC]
    return kept


def _exif(page: Tags) -> bytes:
    """Return the tags of a page that EXIF has, as EXIF; nothing if they say no more than the density."""
    tags = {number: tag for number, tag in page.items() if number in _IN_EXIF}
    if tags.keys() <= {X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}:
        return b""
    return ifd.exif_of(tags)


def _per_metre(page: Tags) -> tuple[float, float] | None:
    unit = {2: INCH, 3: 0.01}.get(_first(page, RESOLUTION_UNIT, 2))
    across, down = (page.get(number) for number in (X_RESOLUTION, Y_RESOLUTION))
    if not unit or not across or not down or {across.kind, down.kind} != {_RATIONAL}:
        return None
    (x, of_x), (y, of_y) = (struct.unpack("<II", tag.data[:8]) for tag in (across, down))
    return (x / of_x / unit, y / of_y / unit) if of_x and of_y and x and y else None


def without_transforms(data: bytes) -> bytes:
    """Return the file so that OpenCV does not turn its pixels, nor multiply colours with their alpha."""
    layout, changed = ifd.TiffLayout.of(data), None
    for directory in ifd.directories(data):
        for number, value in ((ORIENTATION, 1), (EXTRA_SAMPLES, 0)):
            if number in directory.inline and ifd.whole(directory.tags[number])[:1] not in ((), (value,)):
                changed = changed or bytearray(data)
                at = directory.inline[number]
                changed[at : at + 2] = layout.write("H", value)
    return bytes(changed) if changed else data


def tags_for(metadata: Metadata, channels: int) -> list[Tags]:
    """Return the tags of each page of a TIFF that says about its image what another file says."""
    if metadata.pages:
        return [
            {number: tag for number, tag in page.items() if number != EXTRA_SAMPLES or channels == 4}
            for page in metadata.pages
        ]
    tags = {number: tag for number, tag in ifd.tags_of(metadata.exif).items() if number in _IN_EXIF}
    if metadata.per_metre:
        x, y = (_rational(value * INCH) for value in metadata.per_metre)
        tags |= {X_RESOLUTION: x, Y_RESOLUTION: y}
        tags[RESOLUTION_UNIT] = ifd.short(2)
    if metadata.xmp:
        tags[XMP] = Tag(1, metadata.xmp)
    if metadata.icc:
        tags[ICC] = Tag(_UNDEFINED, metadata.icc)
    if channels == 4:
        tags[EXTRA_SAMPLES] = ifd.short(2)  # alpha that the colours are not multiplied with
    return [tags]


def _rational(value: float) -> Tag:
    """Return a fraction in thousandths, or a whole one where these are more than 32 bits hold."""
    thousandths = round(value * 1000)
    fraction = (thousandths, 1000) if thousandths < 1 << 32 else (round(value), 1)
    return Tag(_RATIONAL, struct.pack("<II", *fraction))
