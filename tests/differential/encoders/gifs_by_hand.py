"""GIF files byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

Files = Iterator[tuple[str, bytes]]


def files() -> Files:
    """GIF animations of all disposals, frames smaller than the screen, with and without a transparent colour."""
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8).tobytes()
    for disposal in range(4):
        for clear in (False, True):
            for background in (0, 2):
                frames = b"".join(_gif_frame(number, disposal, clear) for number in range(3))
                head = b"GIF89a" + struct.pack("<HHBBB", 20, 16, 0x91, background, 0) + colours
                loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
                label = f"hand-gif-d{disposal}{'-clear' if clear else ''}-b{background}.gif"
                yield label, head + loop + frames + b";"
    single = b"GIF87a" + struct.pack("<HHBBB", 20, 16, 0x91, 1, 0) + colours
    yield "hand-gif-small-in-screen.gif", single + _gif_frame(0, 0, False) + b";"
    yield (
        "hand-gif-local-table.gif",
        b"GIF89a" + struct.pack("<HHBBB", 20, 16, 0, 0, 0) + _gif_frame(1, 1, True, colours[::-1]) + b";",
    )


def _gif_frame(number: int, disposal: int, clear: bool, colours: bytes = b"") -> bytes:
    left, top, width, height = 2 + 4 * number, 1 + 3 * number, 9, 7
    indices = (np.add.outer(np.arange(height), np.arange(width)) + number) % 4
    control = b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2 | clear, 10 + number, 3, 0)
    image = b"\x2c" + struct.pack("<4HB", left, top, width, height, 0x81 if colours else 0) + colours
    return control + image + b"\2" + _blocks(_lzw(indices.astype(np.uint8).tobytes()))


def _lzw(indices: bytes) -> bytes:
    """GIF's LZW of 2 bits without a table: a clear code before codes get longer."""
    codes = []
    for at, index in enumerate(indices):
        codes += [4] * (at % 2 == 0) + [index]
    bits = "".join(f"{code:03b}"[::-1] for code in [*codes, 5])
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def _blocks(data: bytes) -> bytes:
    parts = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
