"""GIF files: their frames, taken apart into still images, and the names of what they hold beside them.

Frames are put together as ImageMagick shows them. OpenCV 5.0.0 and Pillow 13 keep pixels of frames that are to be
removed, and OpenCV has no alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from noiseaug.media.image.containers import canvas
from noiseaug.media.image.header import Header, Timing, Undecodable
from noiseaug.noise.scale import Array

IMAGE, EXTENSION, _END = b"\x2c", b"\x21", b"\x3b"
_COMMENT, _CONTROL, _APPLICATION, _TEXT = 0xFE, 0xF9, 0xFF, 0x01
_DISPOSALS = {2: canvas.TO_BACKGROUND, 3: canvas.TO_PREVIOUS}


class _Block(NamedTuple):
    """A block behind the header.

    Attributes:
        label: of an extension, or None for an image.
        start, end: where all of it stands.
        content: of an extension, that of its first sub-block.
    """

    label: int | None
    start: int
    end: int
    content: bytes


def _blocks(data: bytes) -> Iterator[_Block]:
    """Yield the blocks of a file (GIF89a specification). Raises IndexError where it is cut off."""
    at = 13 + table_size(data[10])
    while (kind := data[at : at + 1]) in (IMAGE, EXTENSION):
        start, label = at, None
        if kind == IMAGE:
            at += 11 + table_size(data[at + 9])
        else:
            label = data[at + 1]
            at += 2
        content = data[at + 1 : at + 1 + data[at]]
        while data[at]:  # sub-blocks
            at += 1 + data[at]
        at += 1
        yield _Block(label, start, at, content)


def table_size(flags: int) -> int:
    """Return how many bytes the colour table has that is told of by the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def header(data: bytes) -> Header:
    """Return the header of a GIF file."""
    width, height = (_short(data, at) for at in (6, 8))
    delays: list[tuple[int, int]] = []
    lost = ["GIF palette"]
    plays, delay = 1, 0
    for block in _blocks(data):
        if block.label is None:
            delays.append((delay, 100))
            delay = 0
            left, top, across, down = (_short(data, block.start + at) for at in (1, 3, 5, 7))
            width, height = max(width, left + across), max(height, top + down)
        elif block.label == _CONTROL:
            delay = _short(block.content, 1)
        elif block.label == _APPLICATION and block.content in (b"NETSCAPE2.0", b"ANIMEXTS1.0"):
            repeats = _short(data, block.start + 16)
            plays = repeats + 1 if repeats else 0
        else:
            lost.append(_name(block))
    if not delays:
        raise ValueError("it holds no image")
    timing = Timing(tuple(delays), plays) if len(delays) > 1 else None
    return Header("gif", width, height, len(delays), dtype="uint8", timing=timing, lost=tuple(lost))


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _name(block: _Block) -> str:
    if block.label == _COMMENT:
        return "comment"
    if block.label == _TEXT:
        return "text over the image"
    return {b"XMP DataXMP": "XMP", b"ICCRGBG1012": "ICC profile"}.get(block.content, "application block")


def canvases(data: bytes, header: Header, decode: Callable[[bytes], Array]) -> list[Array]:
    """Return the frames as they are shown, with alpha if a pixel of one is transparent.

    `decode` decodes still images, with alpha.

    Raises:
        Undecodable: if one does not fit the canvas.
    """
    frames = canvas.shown(_frames(data), (header.width, header.height), decode, _background(data))
    if all((frame[..., 3] == 255).all() for frame in frames):
        return [frame[..., :3].copy() for frame in frames]
    return frames


def _background(data: bytes) -> bytes:
    """Return the colour of the canvas, as BGRA; nothing where it is transparent, as the first frame has such pixels.

    So it is shown by ImageMagick, ffmpeg and Pillow; browsers have it transparent in any case.
    """
    control = next((block for block in _blocks(data) if block.label in (None, _CONTROL)), None)
    place = 13 + 3 * data[11]
    if (control and control.label == _CONTROL and control.content[0] & 1) or place + 3 > 13 + table_size(data[10]):
        return b""
    return bytes((*data[place : place + 3][::-1], 255))


def _frames(data: bytes) -> Iterator[canvas.Frame]:
    first, control, table = True, b"", data[13 : 13 + table_size(data[10])]
    for block in _blocks(data):
        if block.label == _CONTROL:
            control = data[block.start : block.end]
        elif block.label is None:
            left, top, across, down = (_short(data, block.start + at) for at in (1, 3, 5, 7))
            if not across or not down:
                raise Undecodable("a frame is empty")
            screen = data[:6] + data[block.start + 5 : block.start + 9] + data[10:13] + table
            image = IMAGE + bytes(4) + data[block.start + 5 : block.end]
            dispose = _DISPOSALS.get(control[3] >> 2 & 7, canvas.KEEP) if control else canvas.KEEP
            if first and dispose == canvas.TO_PREVIOUS:  # to nothing; all readers that were compared keep it
                dispose = canvas.KEEP
            first = False
            yield canvas.Frame(left, top, across, down, dispose, True, screen + control + image + _END)
            control = b""
