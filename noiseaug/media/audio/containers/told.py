"""What the header of a recording tells of its samples, to be held against what libsndfile makes of them."""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """What a header tells. What it does not tell is "" or 0, and a number of frames that it does not tell is None.

    Attributes:
        name: the container and the coding of the samples, in words for people: "WAV with AAC".
        rate, channels: as usual.
        kind: what a sample is: "integer", "float" or "law" (a-law, u-law); "code" where the coding is another one that
            is read, and "" where it is not.
        bits: how many bits of an integer are significant.
        frame_bytes: how many bytes the samples of all channels take that sound at one time, if they are not coded.
        frames: how many of these there are.
        start: where the sound of MPEG begins.
        block: how many frames are coded together, where only all of them can be decoded.
    """

    name: str = ""
    rate: float = 0
    channels: int = 0
    kind: str = ""
    bits: int = 0
    frame_bytes: int = 0
    frames: int | None = None
    block: int = 0
    start: int = 0
