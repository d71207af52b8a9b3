"""Frames of MPEG audio, found behind whatever stands before them."""

from __future__ import annotations

from typing import NamedTuple

from noiseaug.media.audio.containers.mpeg import end_of_tags
from noiseaug.storage.source_file import OpenFile

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: 1, 2, 2.5
# Bit rates in kbit/s, by layer, of version 1 and of the others.
_LAYER_III = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LAYER_II = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_LAYER_I = tuple(range(0, 449, 32))
_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_LOW_I = (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_KBITS = {(True, 1): _LAYER_I, (True, 2): _LAYER_II, (True, 3): _LAYER_III, (False, 1): _LOW_I}
_PIECE, _FURTHEST = 1 << 16, 1 << 20
_MONO = 3


class Frame(NamedTuple):
    """The header of a frame: where it is, its layer, its rate and channels, and its length, 0 if that is not told."""

    at: int
    layer: int
    rate: int
    channels: int
    length: int


def first(file: OpenFile) -> Frame | None:
    """Return the first frame behind the ID3 tags that follow upon each other, or None within the next MiB."""
    start = end_of_tags(file, 0)
    for at in range(start, start + _FURTHEST, _PIECE):
        piece = file.read_at(_PIECE + 3, at)
        found = piece.find(b"\xff")
        while 0 <= found < _PIECE:
            frame = parsed(piece[found : found + 4], at + found)
            if frame and _goes_on(file, frame):
                return frame
            found = piece.find(b"\xff", found + 1)
        if len(piece) < _PIECE:
            return None
    return None


def parsed(head: bytes, at: int = 0) -> Frame | None:
    """Return the frame with this header of four bytes, or None if it is none.

    >>> parsed(bytes.fromhex("fffb9064"))
    Frame(at=0, layer=3, rate=44100, channels=2, length=417)
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer, bit_rate, rate = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bit_rate == 15 or rate == 3 or head[3] & 3 == 2:
        return None
    hertz, padding = _RATES[version][rate], head[2] >> 1 & 1
    bits = 1000 * _KBITS.get((version == 3, layer), _LOW)[bit_rate]
    if layer == 1:
        length = (12 * bits // hertz + padding) * 4
    else:
        length = (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding
    return Frame(at, layer, hertz, 1 if head[3] >> 6 == _MONO else 2, length if bit_rate else 0)


def _goes_on(file: OpenFile, frame: Frame) -> bool:
    """Tell whether another frame of the kind, or the end of the sound, comes where the frame ends."""
    if not frame.length:
        return True  # of free format
    end = frame.at + frame.length
    after = file.read_at(4, end)
    following = parsed(after)
    if following:
        return (following.layer, following.rate) == (frame.layer, frame.rate)
    return not after or after.startswith((b"TAG", b"APET", b"ID3"))
