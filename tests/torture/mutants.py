"""Damaged copies of small files of every format."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from torture.checksums import mended, png_chunks
from torture.intact import SOUNDS


class Mutant(NamedTuple):
    """A damaged file: its name, its bytes, and what was done to which file."""

    name: str
    data: bytes
    history: str


def mutant(intact: dict[str, bytes], seed: int, number: int) -> Mutant:
    """Damaged file `number` of those that `seed` makes of the intact files; every one is used in turn."""
    rng = random.Random(f"{seed}-{number}")
    origins = list(intact)
    origin = origins[number % len(origins)]
    related = [name for name in origins if (name in _HEARD) == (origin in _HEARD)]
    suffix, data, history = Path(origin).suffix, intact[origin], [f"{number} of seed {seed}, {origin}"]
    damages = rng.choice([0, 1, 1, 1, 1, 1, 2, 2, 3])
    if damages != 1:
        suffix = Path(rng.choice([origin, rng.choice(related)])).suffix
        history.append(f"named {suffix}")
    for _ in range(damages):
        how = rng.choice(_DAMAGES)
        data = how(data, rng, intact[rng.choice(related)])
        history.append(how.__name__.strip("_"))
    if rng.random() < 0.7:  # beyond the checksums, where the damage is not noticed at once
        data = mended(data)
        history.append("checksums mended")
    return Mutant(f"{number:06}{suffix}", data, ", ".join(history))


_HEARD = frozenset(name + suffix for name, (suffix, _, _) in SOUNDS.items())


def _place(size: int, rng: random.Random) -> int:
    """Somewhere in a file; often in its header."""
    return rng.randrange(max(min(size, 96), 1)) if rng.random() < 0.3 else rng.randrange(max(size, 1))


def _bits_flipped(data: bytes, rng: random.Random, _: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 40]) if data else 0):
        changed[_place(len(data), rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncated(data: bytes, rng: random.Random, _: bytes) -> bytes:
    return data[: rng.choice([0, 1, 12, rng.randrange(len(data) + 1), max(len(data) - rng.randrange(1, 9), 0)])]


def _spliced(data: bytes, rng: random.Random, donor: bytes) -> bytes:
    """The beginning of another file before this one, or in place of its beginning."""
    head = rng.randrange(4, 128)
    return donor[:head] + data[rng.choice([0, head, _place(len(data), rng)]) :]


def _garbage_inserted(data: bytes, rng: random.Random, _: bytes) -> bytes:
    at = _place(len(data), rng)
    return data[:at] + rng.randbytes(rng.choice([1, 2, 4, 16, 300])) + data[at:]


def _overwritten(data: bytes, rng: random.Random, _: bytes) -> bytes:
    at, size = _place(len(data), rng), rng.choice([1, 2, 4, 8, 64])
    filling = rng.choice([bytes(size), b"\xff" * size, b"\x7f" * size, rng.randbytes(size)])
    return data[:at] + filling + data[at + size :]


def _moved(data: bytes, rng: random.Random, _: bytes) -> bytes:
    """Without a piece, with it twice, or with it elsewhere."""
    start, size, to = _place(len(data), rng), rng.randrange(1, 64), _place(len(data), rng)
    piece, rest = data[start : start + size], data[:start] + data[start + size :]
    return rng.choice([rest, data[:start] + piece + data[start:], rest[:to] + piece + rest[to:]])


def _lengths_edited(data: bytes, rng: random.Random, _: bytes) -> bytes:
    """With another number in place of a length, a count, an offset or a size."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 3])):
        at, width, order = rng.choice(list(_numbers(data)) or [(0, 4, "little")])
        old, top = int.from_bytes(changed[at : at + width], order), (1 << 8 * width) - 1
        near = [old + 1, old - 1, old * 2, old // 2, old + 4096, old ^ 1 << rng.randrange(8 * width)]
        known = [0, 1, 2, 3, 4, 16, 17, 0x7F, 0xFF, 0x1000, 20_000, len(data), len(data) + 1]
        far = [top, top - 1, top - 8, top >> 1, (top >> 1) + 1, rng.randint(0, top)]
        changed[at : at + width] = (rng.choice(rng.choice([near, known, far])) & top).to_bytes(width, order)
    return bytes(changed[: max(len(data), 1)])


_DAMAGES: tuple[Callable[[bytes, random.Random, bytes], bytes], ...] = (
    _bits_flipped,
    _truncated,
    _spliced,
    _garbage_inserted,
    _overwritten,
    _moved,
    _lengths_edited,
    _lengths_edited,  # what reaches deepest
)


def _numbers(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Where numbers stand that tell a reader how far to go: offset, width and byte order."""
    if data.startswith(b"\x89PNG"):
        for at, _ in png_chunks(data):
            yield at, 4, "big"
            yield at + 8, 4, "big"
        yield from ((at, width, "big") for at, width in ((16, 4), (20, 4), (24, 1), (25, 1), (28, 1)))
    elif data[:4] in (b"RIFF", b"RIFX", b"FORM", b"RF64"):
        yield from _iff_numbers(data, "big" if data[:4] in (b"RIFX", b"FORM") else "little")
    elif data[:2] in (b"II", b"MM") and len(data) > 8:
        yield from _tiff_numbers(data, "little" if data[:2] == b"II" else "big")
    elif data.startswith(b"PK"):
        at = data.find(b"PK\x01\x02")
        while at >= 0:
            yield from ((at + offset, 4, "little") for offset in (16, 20, 24, 42))
            yield from ((at + offset, 2, "little") for offset in (8, 10, 28, 30, 32))
            at = data.find(b"PK\x01\x02", at + 4)
    elif data[8:10] == b'{"':
        yield 0, 8, "little"
    elif data.startswith(b"\xff\xd8"):
        at = 2
        while at + 10 < len(data) and data[at] == 0xFF:
            yield from ((at + offset, 2, "big") for offset in (2, 5, 7))
            yield at + 9, 1, "big"
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    for width in (2, 4, 8):  # of any other format, and once in a while of these
        order = "little" if data[:2] in (b"BM", b"ri", b"II") else "big"
        yield from ((at, width, order) for at in range(4, min(len(data) - width, 64), max(width, 4)))


def _iff_numbers(data: bytes, order: str) -> Iterator[tuple[int, int, str]]:
    yield 4, 4, order
    at = 12
    while at + 8 <= len(data):
        yield at + 4, 4, order
        if data[at : at + 4] in (b"fmt ", b"COMM", b"VP8X", b"ANMF", b"ds64", b"fact"):
            yield from ((at + 8 + offset, 2, order) for offset in range(0, 20, 2))
        at += 8 + int.from_bytes(data[at + 4 : at + 8], order)


def _tiff_numbers(data: bytes, order: str) -> Iterator[tuple[int, int, str]]:
    yield 4, 4, order
    at = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[at : at + 2], order)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(data) - 12), 12):
        yield from ((entry + offset, width, order) for offset, width in ((0, 2), (2, 2), (4, 4), (8, 2), (8, 4)))
