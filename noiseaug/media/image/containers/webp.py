"""WebP files: their chunks, and animations and metadata around images that are encoded one by one.

OpenCV 5.0.0 writes one frame for several that are equal, and a lossless animation with alpha not without loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from noiseaug.media.image.header import Header, Metadata, Timing, milliseconds

_BITSTREAM = frozenset({b"ALPH", b"VP8 ", b"VP8L"})
_KNOWN = _BITSTREAM | {b"VP8X", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "}
_ICC_FLAG, _ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG, _ANIMATION_FLAG = 0x20, 0x10, 0x08, 0x04, 0x02
_DO_NOT_BLEND = 0x02


class Chunk(NamedTuple):
    """A chunk: its type and content."""

    kind: bytes
    content: bytes


def chunks(data: bytes, at: int = 12) -> Iterator[Chunk]:
    """Yield the chunks of a file, or of a frame of an animation, from an offset on."""
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield Chunk(data[at : at + 4], data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def header(data: bytes) -> Header:
    """Return the header of a WebP file."""
    found = list(chunks(data))
    frames = [content for kind, content in found if kind == b"ANMF"]
    first = dict(reversed(found))
    streams = {part.kind for frame in frames for part in chunks(frame, 16)} | first.keys()
    timing = None
    if frames:
        delays = tuple((_number(frame, 12, 3), 1000) for frame in frames)
        canvas = first.get(b"ANIM", bytes(6))
        timing = Timing(delays, _number(canvas, 4, 2), background=canvas[:4])
    exif = first.get(b"EXIF", b"")
    unknown = tuple(part.kind.decode("latin-1").strip() for part in found if part.kind not in _KNOWN)
    return Header(
        "webp",
        *_size(first),
        frames=len(frames) or 1,
        channels=4 if _has_alpha(first) else 0 if frames else 3,  # animations are decoded with alpha in any case
        dtype="uint8",
        timing=timing,
        lossless=b"VP8L" in streams and b"VP8 " not in streams,
        # Among `others`, too, so that the file is written in the extended form again.
        metadata=Metadata(
            exif.removeprefix(b"Exif\0\0"), first.get(b"XMP ", b""), first.get(b"ICCP", b""), others=unknown
        ),
        lost=unknown,
    )


def _size(first: dict[bytes, bytes]) -> tuple[int, int]:
    if b"VP8X" in first:
        return _number(first[b"VP8X"], 4, 3) + 1, _number(first[b"VP8X"], 7, 3) + 1
    if b"VP8L" in first:
        bits = _number(first[b"VP8L"], 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    lossy = first.get(b"VP8 ", b"")
    return _number(lossy, 6, 2) & 0x3FFF, _number(lossy, 8, 2) & 0x3FFF


def _has_alpha(first: dict[bytes, bytes]) -> bool:
    if b"VP8X" in first:
        return bool(first[b"VP8X"][0] & _ALPHA_FLAG)
    return b"VP8L" in first and bool(first[b"VP8L"][4] & 0x10)


def _number(content: bytes, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "little")


def joined(stills: Sequence[bytes], timing: Timing | None, metadata: Metadata, channels: int) -> bytes:
    """Return one image with its metadata, or an animation whose frames are `stills`, all WebP files of one size."""
    width, height = _size(dict(chunks(stills[0])))
    corner = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    flags = _ALPHA_FLAG if channels == 4 else 0
    body = b""
    if metadata.icc:
        flags |= _ICC_FLAG
        body += _chunk(b"ICCP", metadata.icc)
    if timing:
        flags |= _ANIMATION_FLAG
        body += _chunk(b"ANIM", timing.background + min(timing.plays, 65535).to_bytes(2, "little"))
        for still, delay in zip(stills, timing.delays, strict=True):
            place = bytes(6) + corner + milliseconds(delay).to_bytes(3, "little") + bytes([_DO_NOT_BLEND])
            body += _chunk(b"ANMF", place + _bitstream(still))
    else:
        body += _bitstream(stills[0])
    if metadata.exif:
        flags |= _EXIF_FLAG
        body += _chunk(b"EXIF", metadata.exif)
    if metadata.xmp:
        flags |= _XMP_FLAG
        body += _chunk(b"XMP ", metadata.xmp)
    body = b"WEBP" + _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + corner) + body
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _bitstream(still: bytes) -> bytes:
    return b"".join(_chunk(kind, content) for kind, content in chunks(still) if kind in _BITSTREAM)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
