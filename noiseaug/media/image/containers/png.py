"""PNG files: the chunks that say something about the image, which are copied as they stand."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from zlib_ng import zlib_ng

from noiseaug.media.image.header import NOTHING, Header, Metadata, Timing

SIGNATURE = b"\x89PNG\r\n\x1a\n"
AFTER_IHDR = 33
_END = b"\0\0\0\0IEND"
_XMP = b"XML:com.adobe.xmp\0"
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
# Chunks of how the samples are coded, with Apple's index of IDAT. The encoder writes its own.
_CODING = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"iDOT"})
_PORTABLE = frozenset({b"iCCP", b"eXIf", b"pHYs", _XMP})
# Chunks that hold for the samples with noise, too (PNG 3rd edition, section 11.3, and its extensions).
_KEPT = _PORTABLE | {
    *(b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"mDCv", b"cLLi", b"tEXt", b"zTXt", b"iTXt", b"tIME"),
    *(b"sPLT", b"oFFs", b"pCAL", b"sCAL", b"sTER"),
}
_OF_ONE_COLOUR_TYPE = frozenset({b"sBIT", b"bKGD"})
_MOST_INFLATED = 1 << 26


class Chunk(NamedTuple):
    """A chunk: its type, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG file up to IEND.

    Raises:
        ValueError: where the file is cut off.
    """
    at, size = len(SIGNATURE), len(data)
    while True:
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        at = end + 4
        if at > size:
            raise ValueError("is cut off")
        yield Chunk(kind := data[start - 4 : start], start, end)
        if kind == b"IEND":
            return


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return all bytes of a chunk."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(content, zlib.crc32(kind)).to_bytes(4, "big")


def header(data: bytes) -> Header:
    """Return the header of a PNG file."""
    end = AFTER_IHDR + 12 + int.from_bytes(data[AFTER_IHDR : AFTER_IHDR + 4], "big")
    if data[AFTER_IHDR + 4 : AFTER_IHDR + 8] == b"IDAT" and data[end : end + 8] == _END and len(data) >= end + 12:
        return _plain(data[16:26])  # as small files are: this takes a tenth of the time
    width, height, depth, colour_type = struct.unpack_from(">IIBB", data, 16)
    try:
        found = [part for part in chunks(data) if part.kind != b"IDAT"]
    except ValueError:
        why = f"this PNG of {width} x {height} pixels is cut off; replace or remove it"
        return Header("png", width, height, refusal=f"cannot be decoded as an image: {why}")
    by_kind = {part.kind: data[part.start : part.end] for part in reversed(found)}
    has_key = b"tRNS" in by_kind
    colour_key = None
    if has_key and colour_type == _GREY:
        scale = 255 // (2**depth - 1) if depth < 8 else 1
        colour_key = int.from_bytes(by_kind[b"tRNS"][:2], "big") * scale
    timing = _timing(data, found) if b"acTL" in by_kind else None
    exact_layout = colour_type != _PALETTE and not has_key and depth >= 8
    metadata, lost = _metadata(data, found, _KEPT | _OF_ONE_COLOUR_TYPE if exact_layout else _KEPT)
    return _plain(data[16:26])._replace(
        frames=len(timing.delays) if timing else 1,
        channels=_channels(colour_type, has_key),
        timing=timing,
        colour_key=colour_key,
        lost=(*_not_decoded_as_such(depth, colour_type, has_key), *lost),
        metadata=metadata,
    )


@functools.lru_cache(maxsize=64)
def _plain(layout: bytes) -> Header:
    """Return the header of a file that has no chunks but IHDR, IDAT and IEND; `layout` begins the content of IHDR."""
    width, height, depth, colour_type = struct.unpack(">IIBB", layout)
    return Header(
        "png",
        width,
        height,
        channels=_channels(colour_type, has_key=False),
        dtype="uint16" if depth == 16 else "uint8",
        grey_with_alpha=colour_type == _GREY_ALPHA,
        lost=tuple(_not_decoded_as_such(depth, colour_type, has_key=False)),
    )


def _channels(colour_type: int, has_key: bool) -> int:
    """Return how many channels are decoded, of which the last is alpha where there is a transparent colour."""
    return (1 if colour_type in (_GREY, _GREY_ALPHA) else 3) + (has_key or colour_type in (_GREY_ALPHA, _COLOUR_ALPHA))


def _not_decoded_as_such(depth: int, colour_type: int, has_key: bool) -> Iterator[str]:
    if colour_type == _PALETTE:
        yield "palette"
    elif depth < 8:
        yield f"{depth}-bit depth"
    if has_key and colour_type != _PALETTE:
        yield "transparent colour"


def _timing(data: bytes, found: list[Chunk]) -> Timing:
    controls = [data[part.start : part.end] for part in found if part.kind == b"fcTL"]
    if not controls:
        raise ValueError("an animation without frames")
    delays = [struct.unpack_from(">HH", control, 20) for control in controls]
    plays = next(int.from_bytes(data[part.start + 4 : part.end], "big") for part in found if part.kind == b"acTL")
    # Without a control before it, what IDAT holds is for those who cannot play animations.
    first = next((part.start for part in found if part.kind == b"fcTL"), len(data))
    poster = data.find(b"IDAT", AFTER_IHDR, first) >= 0
    waits = [(number, of or 100) for number, of in delays]
    return Timing(tuple([(0, 100), *waits] if poster else waits), plays, poster)


def _metadata(data: bytes, found: list[Chunk], keep: frozenset[bytes]) -> tuple[Metadata, list[str]]:
    """Return what the chunks of these kinds say, and names of the others that were found."""
    if len(found) == 2:  # IHDR and IEND
        return NOTHING, []
    kept = [part for part in found if part.kind in keep]
    contents: dict[bytes, bytes] = {}
    for part in kept:
        contents.setdefault(_name(data, part), data[part.start : part.end])
    metadata = Metadata(
        exif=contents.get(b"eXIf", b""),
        xmp=_text(contents.get(_XMP, b"")),
        icc=_inflated(contents.get(b"iCCP", b"").partition(b"\0")[2][1:]),
        per_metre=_per_metre(contents.get(b"pHYs", b"")),
        blocks=tuple(data[part.start - 8 : part.end + 4] for part in kept),
        others=tuple(name.decode("latin-1") for name in contents if name not in _PORTABLE),
    )
    untold = _untold(contents, metadata, sum(_name(data, part) == _XMP for part in kept))
    return metadata._replace(others=metadata.others + untold), [
        part.kind.decode("latin-1") for part in found if part.kind not in keep | _CODING
    ]


def _untold(contents: dict[bytes, bytes], metadata: Metadata, packets: int) -> tuple[str, ...]:
    """Return names of portable chunks that are there, and of which nothing can go into a file of another format."""
    told = (
        (_XMP, "damaged XMP", metadata.xmp),
        (b"iCCP", "damaged ICC profile", metadata.icc),
        (b"pHYs", "pixel aspect", metadata.per_metre),
    )
    names = tuple(name for kind, name, value in told if contents.get(kind) and not value)
    return names + ("further XMP",) * (packets > 1)


def _name(data: bytes, part: Chunk) -> bytes:
    """Return the type of a chunk, or that of the text in it if it is XMP."""
    return _XMP if part.kind == b"iTXt" and data.startswith(_XMP, part.start, part.end) else part.kind


def _text(content: bytes) -> bytes:
    """Return the text of an iTXt chunk."""
    if not content:
        return b""
    _, _, rest = content.partition(b"\0")
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if rest[:1] == b"\1" else text


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, _MOST_INFLATED) if content else b""
    except zlib.error:
        return b""


def _per_metre(content: bytes) -> tuple[float, float] | None:
    if len(content) != 9 or content[8] != 1:
        return None
    across, down = struct.unpack_from(">II", content)
    return (across, down) if across and down else None


def chunks_for(metadata: Metadata) -> tuple[bytes, ...]:
    """Return the chunks of a file that says this about its image. They stand after IHDR."""
    return metadata.blocks or tuple(_chunks_of(metadata))


def _chunks_of(metadata: Metadata) -> Iterator[bytes]:
    if metadata.icc:
        yield chunk(b"iCCP", b"ICC profile\0\0" + zlib_ng.compress(metadata.icc))
    if metadata.per_metre:
        across, down = (round(value) for value in metadata.per_metre)
        yield chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if metadata.exif:
        yield chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        yield chunk(b"iTXt", _XMP + bytes(4) + metadata.xmp)
