"""TIFF files: what their tags say, which is copied as it stands.

OpenCV 5.0.0 turns the pixels as the tag Orientation says, multiplies 8-bit colours with their alpha, and writes no tags
but those of the samples' layout.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence

from noiseaug.media.image.containers import ifd
from noiseaug.media.image.containers.tiff_layouts import (
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    HEIGHT,
    PALETTE,
    PHOTOMETRIC,
    PLANAR,
    RGB,
    SAMPLE_FORMAT,
    SAMPLES,
    TIFFFILE,
    WIDTH,
    YCBCR,
    Page,
    first,
)
from noiseaug.media.image.header import INCH, Header, Metadata, Tag, Tags

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
DESCRIPTION, XMP, ICC = 270, 700, 34675
_IMAGEJ = (50838, 50839)
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


def header(data: bytes) -> Header:
    """Return the header of a TIFF file."""
    try:
        pages = [directory.tags for directory in ifd.directories(data)]
        sizes = [(first(page, WIDTH, 0), first(page, HEIGHT, 0)) for page in pages]
        if not pages:
            raise ValueError("it has no page")
        layouts = [Page(page) for page in pages]
        libraries, refusals = zip(*(layout.library() for layout in layouts), strict=True)
        refusal = next(filter(None, refusals), "")
        coloured = {layout.photometric == RGB for layout in layouts if TIFFFILE in libraries}
        if not refusal and len(set(libraries)) + len(coloured) > 2:
            refusal = "is a TIFF whose pages are of different kinds, which is not supported; split it into single pages"
        metadata = _metadata(pages, as_stored=libraries[0] == TIFFFILE)
    except ifd.DAMAGE as error:
        why = str(error) if type(error) is ValueError else "a directory is cut off"  # the others are not for users
        return Header(
            "tiff", refusal=f"cannot be decoded as an image: this TIFF is damaged ({why}); replace or remove it"
        )
    lost = [name for layout in layouts for name in _not_decoded_as_such(layout)]
    lost += [name for number, name in _UNREADABLE.items() if any(number in page for page in pages)]
    stack = _images_of_imagej(pages[0])
    if not refusal and stack > len(pages):
        refusal = (
            f"is an ImageJ stack of {stack} images of which {len(pages)} have tags; save it as TIFF with all of them"
        )
    if stack > 1:
        lost.append("ImageJ description")
    channels, dtype = _samples(layouts[0])
    return Header(
        "tiff",
        *sizes[0],
        frames=len(pages),
        channels=channels,
        dtype=dtype,
        all_pixels=sum(width * height for width, height in sizes) * max(-(-page.channels // 4) for page in layouts),
        library=libraries[0],
        compression=layouts[0].compression,
        last_is_alpha=layouts[0].has_alpha,
        refusal=refusal,
        lost=tuple(lost),
        metadata=metadata,
    )


def _images_of_imagej(page: Tags) -> int:
    """Return how many images ImageJ says that its file holds, one behind the other: 0 if it is not its file."""
    said = page[DESCRIPTION].data if DESCRIPTION in page else b""
    found = re.search(rb"\nimages=(\d+)", said) if said.startswith(b"ImageJ=") else None
    return int(found[1]) if found else 0


def _samples(page: Page) -> tuple[int, str]:
    """Return the channels and the dtype that a page of the supported layouts is decoded to."""
    coloured = page.photometric in (PALETTE, YCBCR)
    name = {2: "int", 3: "float"}.get(page.kind, "uint")
    bits = 8 if coloured or page.bits <= 8 else 16 if page.bits <= 16 else page.bits
    return 3 if coloured else page.channels, f"{name}{bits}"


def _not_decoded_as_such(page: Page) -> Iterator[str]:
    if page.photometric == PALETTE:
        yield "palette"
    elif page.photometric == YCBCR:
        yield "YCbCr"
    if page.bits in (1, 2, 4, 10, 12, 14) and page.photometric != PALETTE:
        yield f"{page.bits}-bit depth"


def _metadata(pages: Sequence[Tags], *, as_stored: bool) -> Metadata:
    tags = pages[0]
    kept = tuple(_kept(page, as_stored=as_stored) for page in pages)
    named = _IN_EXIF | {XMP, ICC, EXTRA_SAMPLES, PHOTOMETRIC, 254, 297}  # the last two number the pages
    others = [number for page in kept for number in page if number not in named]
    return Metadata(
        exif=_exif(kept[0]),
        xmp=tags[XMP].data if XMP in tags else b"",
        icc=tags[ICC].data if ICC in tags else b"",
        per_metre=_per_metre(tags),
        pages=kept,
        others=("TIFF tags",) if others else (),
    )


def _kept(page: Tags, *, as_stored: bool) -> Tags:
    """Return the tags that go into another TIFF as they stand: the meaning of the samples if these are `as_stored`."""
    kept = {
        number: tag
        for number, tag in page.items()
        if number not in _LAYOUT | _UNREADABLE.keys() and (tag.fields is not None or tag.kind in _KEPT_KINDS)
    }
    if _images_of_imagej(page) > 1:  # it says where the images stand, which is not so in what is written
        for number in (DESCRIPTION, *_IMAGEJ):
            kept.pop(number, None)
    if EXTRA_SAMPLES in page:
        kept[EXTRA_SAMPLES] = page[EXTRA_SAMPLES]
    white_is_0 = first(page, PHOTOMETRIC, 1) == 0
    if PHOTOMETRIC in page and (as_stored or (white_is_0 and first(page, BITS, 1) > 8)):  # deep ones come as stored
        kept[PHOTOMETRIC] = page[PHOTOMETRIC]
    return kept


def _exif(page: Tags) -> bytes:
    """Return the tags of a page that EXIF has, as EXIF; nothing if they say no more than the density."""
    tags = {number: tag for number, tag in page.items() if number in _IN_EXIF}
    if tags.keys() <= {X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}:
        return b""
    return ifd.exif_of(tags)


def _per_metre(page: Tags) -> tuple[float, float] | None:
    unit = {2: INCH, 3: 0.01}.get(first(page, RESOLUTION_UNIT, 2))
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


def is_rgb(metadata: Metadata) -> bool:
    """Tell whether the samples of a source that tifffile decoded are red, green and blue, and perhaps more."""
    return bool(metadata.pages) and first(metadata.pages[0], PHOTOMETRIC, 1) == RGB


def tags_for(metadata: Metadata, channels: int) -> list[Tags]:
    """Return the tags of each page of a TIFF that says about its image what another file says."""
    if metadata.pages:
        return [
            {number: tag for number, tag in page.items() if number != EXTRA_SAMPLES or channels not in (1, 3)}
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
