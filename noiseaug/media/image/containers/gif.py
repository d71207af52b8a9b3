"""GIF files: their frames, and the names of what they hold beside them."""

from __future__ import annotations

from noiseaug.media.image.header import Header, Timing

IMAGE, EXTENSION = 0x2C, 0x21
_COMMENT, _CONTROL, _APPLICATION, _TEXT = 0xFE, 0xF9, 0xFF, 0x01


def header(data: bytes) -> Header:
    """Return the header of a GIF file (GIF89a specification)."""
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    delays: list[tuple[int, int]] = []
    lost = ["GIF palette"]
    plays, delay = 1, 0
    at = 13 + table_size(data[10])
    while data[at : at + 1] in (b"\x2c", b"\x21"):
        if data[at] == IMAGE:
            delays.append((delay, 100))
            at, delay = at + 11 + table_size(data[at + 9]), 0
        else:
            label, first = data[at + 1], data[at + 3 : at + 3 + data[at + 2]]
            at += 2
            if label == _CONTROL:
                delay = int.from_bytes(first[1:3], "little")
            elif label == _APPLICATION and first in (b"NETSCAPE2.0", b"ANIMEXTS1.0"):
                repeats = int.from_bytes(data[at + 14 : at + 16], "little")
                plays = repeats + 1 if repeats else 0
            else:
                lost.append(_name(label, first))
        while data[at]:  # sub-blocks
            at += 1 + data[at]
        at += 1
    timing = Timing(tuple(delays), plays) if len(delays) > 1 else None
    return Header("gif", width, height, len(delays) or 1, timing=timing, lost=tuple(lost))


def table_size(flags: int) -> int:
    """Return how many bytes the colour table has that is told of by the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _name(label: int, first: bytes) -> str:
    if label == _COMMENT:
        return "comment"
    if label == _TEXT:
        return "text over the image"
    return {b"XMP DataXMP": "XMP", b"ICCRGBG1012": "ICC profile"}.get(first, "application block")
