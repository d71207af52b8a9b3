"""The rows in a PNG file that is cut off or corrupt, put into one that is whole."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from noiseaug.media.image.containers.png import SIGNATURE, chunk

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by colour type
# The passes of interlaced files: where columns and rows begin, and their steps (PNG 3rd edition, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_FILTERS = 5
_CRITICAL = frozenset({b"IHDR", b"PLTE"})


def completed(data: bytes) -> tuple[bytes, str] | None:
    """Return a file with zeros for what is missing, and what that is; None if nothing is, or all.

    Of an animation, the frames that are whole are left.
    """
    parts = list(_sound_chunks(data))
    kinds = [kind for kind, _, _ in parts]
    if not parts or kinds[0] != b"IHDR" or not all(sound for kind, _, sound in parts if kind in _CRITICAL):
        return None
    if b"acTL" in kinds:
        return _animation(parts)
    header, before = parts[0][1], [(kind, content) for kind, content, sound in parts[1:] if sound and kind != b"IDAT"]
    raw, is_whole = _inflated(b"".join(content for kind, content, _ in parts if kind == b"IDAT"))
    rows = _row_sizes(header)
    is_whole &= len(raw) >= sum(rows) and all(sound for kind, _, sound in parts if kind == b"IDAT")
    if is_whole and parts[-1] == (b"IEND", b"", True):
        return None
    found, filled = 0, bytearray()
    for size in rows:
        row = raw[len(filled) : len(filled) + size]
        if len(row) < size or row[0] >= _FILTERS:
            break
        filled += row
        found += 1
    if not found:
        return None
    filled += bytes(sum(rows[found:]))
    what = "its end is missing, though not its pixels" if is_whole else "some of its pixels are corrupt"
    if found < len(rows):
        is_interlaced = header[12] == 1
        what = "its pixels end early" + ("" if is_interlaced else f" (row {found:,} of {len(rows):,})")
    kept = [chunk(kind, content) for kind, content in before if kind != b"IEND"]
    parts_of_file = (chunk(b"IHDR", header), *kept, chunk(b"IDAT", zlib.compress(filled, 1)), chunk(b"IEND", b""))
    return SIGNATURE + b"".join(parts_of_file), what


def _sound_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield the type and the content of each chunk, up to where the file is cut off, and whether its CRC is right."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        yield kind, content, zlib.crc32(content, zlib.crc32(kind)).to_bytes(4, "big") == checksum
        at += 12 + length
        if kind == b"IEND" or not kind.isalpha():
            return


def _inflated(content: bytes) -> tuple[bytes, bool]:
    """Return what can be inflated of a stream, and whether that is all of it."""
    inflater, found = zlib.decompressobj(), []
    for at in range(0, len(content), 256):  # an error loses what was inflated in the same call
        try:
            found.append(inflater.decompress(content[at : at + 256]))
        except zlib.error:
            break
    return b"".join(found), inflater.eof


def _row_sizes(header: bytes) -> list[int]:
    """Return how many bytes each row has, with its filter, in the order of the file."""
    width, height, depth, colour_type, _, _, interlace = struct.unpack(">II5B", header)
    bits = depth * _SAMPLES[colour_type]
    passes = _PASSES if interlace else ((0, 0, 1, 1),)
    sizes = []
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            sizes += [1 + (columns * bits + 7) // 8] * rows
    return sizes


def _animation(parts: list[tuple[bytes, bytes, bool]]) -> tuple[bytes, str] | None:
    """Return the animation up to its last whole frame, of those before the first chunk that is not as it should be."""
    end = next((at for at, part in enumerate(parts) if not part[2]), len(parts))
    controls = [at for at in range(end) if parts[at][0] == b"fcTL"]
    total = next(int.from_bytes(content[:4], "big") for kind, content, _ in parts if kind == b"acTL")
    if len(controls) < 2 or parts[end - 1][0] == b"IEND":
        return None
    kept = parts[: controls[-1]]
    whole = SIGNATURE + b"".join(chunk(kind, content) for kind, content, _ in kept) + chunk(b"IEND", b"")
    return whole, f"its frames end early ({len(controls) - 1:,} of {total:,})"
