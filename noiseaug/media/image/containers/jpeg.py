"""JPEG files: the segments that say something about the image, which are copied as they stand."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from noiseaug.media.image.header import INCH, NOTHING, Header, Metadata

_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SCAN, _APP0, _APP1, _APP2, _COMMENT = 0xDA, 0xE0, 0xE1, 0xE2, 0xFE
_EXIF, _XMP, _ICC, _JFIF = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"JFIF\0"
# How segments of an application begin, and what people call them.
_STARTS = {
    _EXIF: "EXIF",
    _XMP: "XMP",
    b"http://ns.adobe.com/xmp/extension/\0": "extended XMP",
    _ICC: "ICC profile",
    b"MPF\0": "MPF pictures",
    b"Photoshop 3.0\0": "IPTC",
}
_OTHERS = frozenset({"IPTC", "comment", "extended XMP"})
_KEPT = _OTHERS | {"JFIF", "EXIF", "XMP", "ICC profile"}
_END = b"\xff\xd9"
_MOST = 65533  # bytes in a segment
# libjpeg, and so the encoder, writes this first: SOI and JFIF, with the density (unit, across, down) at 13.
_JFIF_SIZE, _DENSITY = 20, slice(13, 18)
_PLAIN_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"


class Segment(NamedTuple):
    """A segment before the samples: its marker, its content, and all its bytes."""

    marker: int
    content: bytes
    whole: bytes


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the first scan that say how large the image is, or something about it.

    Raises:
        IndexError: where the file is damaged.
    """
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if data[at] != 0xFF or marker == _SCAN:
            return
        end = at + 2 + length
        if marker >= _APP0 or marker in _FRAMES:
            yield Segment(marker, data[at + 4 : end], data[at:end])
        at = end


def header(data: bytes) -> Header:
    """Return the header of a JPEG file."""
    width = height = components = 0
    precision, found = 8, []
    try:
        for segment in segments(data):
            if segment.marker >= _APP0:
                found.append(segment)
            else:
                precision, height, width, components = struct.unpack_from(">BHHB", segment.content)
    except (IndexError, struct.error):
        pass  # the decoder says what is wrong with it
    cmyk = components == 4
    metadata, lost = _metadata(data, found, _KEPT - {"ICC profile"} if cmyk else _KEPT)
    refusal = f"is a JPEG of {precision}-bit samples, which is not supported" if precision != 8 else ""
    if components == 2:
        refusal = "is a JPEG of 2 components, which is not supported; convert it to grey or colour"
    if cmyk:
        lost.insert(0, "CMYK")
    channels = 3 if cmyk else components
    return Header(
        "jpeg",
        width,
        height,
        channels=channels,
        dtype="uint8",
        refusal=refusal,
        lost=tuple(lost),
        metadata=metadata,
    )


def _metadata(data: bytes, found: list[Segment], keep: frozenset[str]) -> tuple[Metadata, list[str]]:
    """Return what the segments with these names say, and the names of the others that were found."""
    if all(segment.content == _PLAIN_JFIF for segment in found) and data.endswith(_END):
        return NOTHING, []
    named = [(_name(segment), segment) for segment in found]
    kept = [(name, segment) for name, segment in named if name in keep]
    lost = [name for name, _ in named if name and name not in keep]
    if "MPF pictures" not in lost and not data.rstrip(b"\0").endswith(_END):
        lost.append("data behind the image")
    first = {name: segment.content for name, segment in reversed(kept)}
    profile = sorted(segment.content[len(_ICC) :] for name, segment in kept if name == "ICC profile")
    metadata = Metadata(
        exif=first.get("EXIF", b"")[len(_EXIF) :],
        xmp=first.get("XMP", b"")[len(_XMP) :],
        icc=b"".join(part[2:] for part in profile),
        per_metre=_per_metre(first.get("JFIF", b"")),
        blocks=tuple(segment.whole for _, segment in kept),
        others=tuple(name for name, _ in kept if name in _OTHERS),
    )
    return metadata, lost


def _name(segment: Segment) -> str:
    """Return the name of what a segment holds, or nothing if it is of no use in another file."""
    marker, content = segment.marker, segment.content
    if marker == _COMMENT:
        return "comment"
    if marker == _APP0:
        return "JFIF" if content.startswith(_JFIF) and len(content) >= 14 else "JFIF thumbnail"
    if marker == 0xEE and content.startswith(b"Adobe"):
        return ""  # how its colours are coded
    known = next((name for start, name in _STARTS.items() if content.startswith(start)), "")
    return known or (f"APP{marker - _APP0}" if marker <= 0xEF else "")


def _per_metre(content: bytes) -> tuple[float, float] | None:
    unit = {1: INCH, 2: 0.01}.get(content[7]) if content else None
    if not unit:
        return None
    across, down = (int.from_bytes(content[at : at + 2], "big") / unit for at in (8, 10))
    return (across, down) if across and down else None


def with_metadata(encoded: bytes, metadata: Metadata) -> bytes:
    """Return an encoded file that says of its image what another says, but for what is `too_long`."""
    blocks = metadata.blocks or tuple(_segments_of(metadata))
    first = bytearray(encoded[:_JFIF_SIZE])
    for block in blocks:
        if block[4:].startswith(_JFIF):
            first[_DENSITY] = block[_DENSITY.start - 2 : _DENSITY.stop - 2]
    rest = [block for block in blocks if not block[4:].startswith(_JFIF)]
    return b"".join([first, *rest, memoryview(encoded)[_JFIF_SIZE:]])


def too_long(metadata: Metadata) -> list[str]:
    """Return the names of metadata that do not fit into a segment."""
    contents = {"EXIF": _EXIF + metadata.exif, "XMP": _XMP + metadata.xmp}
    return [name for name, content in contents.items() if len(content) > _MOST]


def _segments_of(metadata: Metadata) -> Iterator[bytes]:
    if metadata.per_metre:
        density = b"".join(min(round(value * INCH), 65535).to_bytes(2, "big") for value in metadata.per_metre)
        yield _segment(_APP0, _JFIF + b"\1\1\1" + density + bytes(2))
    for start, content in ((_EXIF, metadata.exif), (_XMP, metadata.xmp)):
        if content and len(start) + len(content) <= _MOST:
            yield _segment(_APP1, start + content)
    step = _MOST - len(_ICC) - 2
    parts = [metadata.icc[at : at + step] for at in range(0, len(metadata.icc), step)]
    for number, part in enumerate(parts, 1):
        yield _segment(_APP2, _ICC + bytes([number, len(parts)]) + part)


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content
