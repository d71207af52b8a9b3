"""BMP and DIB files: their headers, of all versions, and pixels in masks that Pillow does not know.

A DIB is a BMP without the first 14 bytes. OpenCV 5.0.0 is not used: with a header of 12 bytes it takes colour for grey,
it does not know 16 bits a pixel with headers of more than 40 bytes, nor a DIB, and makes white of 5 bits a sample 248.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from noiseaug.media.image.header import NOTHING, Header, Metadata, Undecodable
from noiseaug.noise.scale import Array

_DENSITY = slice(38, 46)
_FILE_HEADER = 14
_OS2, _OS2_V2 = 12, 64
_SIZES = (_OS2, 40, 52, 56, _OS2_V2, 108, 124)
_RAW, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS = 0, 1, 2, 3, 6
_COMPRESSIONS = {_RAW: "", _RLE8: "RLE", _RLE4: "RLE", _MASKS: "masks", _ALPHA_MASKS: "masks", 4: "JPEG", 5: "PNG"}
_GREY = tuple((level, level, level) for level in range(256))
_BITS = (1, 4, 8, 16, 24, 32)
# The masks of red, green, blue and, if there is one, alpha that Pillow 12 and 13 know, by bits a pixel.
_KNOWN: dict[int, set[tuple[int, ...]]] = {
    16: {(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)},
    32: {
        *((0xFF0000, 0xFF00, 0xFF), (0xFF000000, 0xFF0000, 0xFF00), (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        *((0xFF, 0xFF00, 0xFF0000, 0xFF000000), (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    },
}


class Info(NamedTuple):
    """The fields of a header.

    Attributes:
        size: of the header in bytes, which tells its version.
        width, height, bits, compression: as they stand; the rows of a negative height go from the top down.
        masks: which bits of a pixel are red, green, blue and alpha; none if the header says nothing of that.
        density: pixels a metre.
        palette: its colours in the order BGR.
        pixels: where these begin.
    """

    size: int
    width: int
    height: int
    bits: int
    compression: int
    masks: tuple[int, ...]
    density: tuple[int, int]
    palette: tuple[tuple[int, ...], ...]
    pixels: int

    @property
    def row(self) -> int:
        """How many bytes a row has if it is not compressed, and 0 if it is."""
        plain = self.compression in (_RAW, _MASKS, _ALPHA_MASKS)
        return (self.width * self.bits + 31) // 32 * 4 if plain else 0

    @property
    def alpha(self) -> bool:
        """Whether the masks have one for alpha."""
        return len(self.masks) == 4 and self.masks[3] != 0


def header(data: bytes) -> Header:
    """Return the header of a BMP or DIB file."""
    name = "bmp" if data[:2] == b"BM" else "dib"
    info = info_of(data)
    layout = f"header of {info.size} bytes, {info.bits} bit{'s' * (info.bits > 1)} a pixel"
    layout += f", {told}" if (told := _COMPRESSIONS.get(info.compression, f"method {info.compression}")) else ""
    if info.size == _OS2_V2 and info.compression not in (_RAW, _RLE8, _RLE4):
        layout, readable = f"header of 64 bytes, OS/2 compression {info.compression}", False
    else:
        bits = {_RAW: _BITS, _RLE8: (8,), _RLE4: (4,), _MASKS: (16, 32), _ALPHA_MASKS: (16, 32)}
        readable = info.size in _SIZES and info.bits in bits.get(info.compression, ())
    grey = info.bits <= 8 and all(colour[0] == colour[1] == colour[2] for colour in info.palette)
    return Header(
        name,
        info.width,
        abs(info.height),
        channels=1 if grey else 3 + info.alpha,
        dtype="uint8",
        layout=layout,
        refusal="" if readable else f"is a {name.upper()} that is not supported ({layout}); convert it to PNG",
        lost=tuple(_lost(data, info)) if readable else (),
        metadata=Metadata(per_metre=info.density) if min(info.density) > 0 else NOTHING,
    )


def info_of(data: bytes) -> Info:
    """Return the fields of the header of a BMP or DIB file."""
    start = _FILE_HEADER if data[:2] == b"BM" else 0
    size = int.from_bytes(data[start : start + 4], "little")
    if size not in _SIZES:  # of 16 bytes, say, an OS/2 header that is cut short
        width, height, _, bits = struct.unpack_from("<IIHH", data, start + 4)
        return Info(size, width, height, bits, _RAW, (), (0, 0), (), 0)
    if size == _OS2:
        width, height, _, bits = struct.unpack_from("<HHHH", data, start + 4)
        compression, across, down, used, end = _RAW, 0, 0, 0, start + size
        masks: tuple[int, ...] = ()
    else:
        fields = struct.unpack_from("<iiHHIIiiI", data, start + 4)
        width, height, _, bits, compression, _, across, down, used = fields
        masks, end = _masks(data, start + 40, size, compression)
    palette = _palette(data, end, bits, used, 3 if size == _OS2 else 4)
    pixels = int.from_bytes(data[10:14], "little") if start else 0
    if not pixels:
        pixels = end + len(palette) * (3 if size == _OS2 else 4)
    return Info(size, width, height, bits, compression, masks, (across, down), palette, pixels)


def _masks(data: bytes, at: int, size: int, compression: int) -> tuple[tuple[int, ...], int]:
    """Return the masks that a header has, and where it ends with those that may follow it."""
    count = 0 if compression not in (_MASKS, _ALPHA_MASKS) or size == _OS2_V2 else 4
    if size == 52 or (size == 40 and compression == _MASKS):
        count = min(count, 3)
    end = at - 40 + max(size, 40 + 4 * count if size == 40 else 0)
    return struct.unpack_from(f"<{count}I", data, at), end


def _palette(data: bytes, at: int, bits: int, used: int, step: int) -> tuple[tuple[int, ...], ...]:
    if bits > 8:
        return ()
    entries = data[at : at + min(used or 1 << bits, 256) * step]
    return tuple(tuple(entries[place : place + 3]) for place in range(0, len(entries) - 2, step))


def _lost(data: bytes, info: Info) -> Iterator[str]:
    """Yield names of what is not kept, as samples are decoded to 8 bits."""
    if info.bits == 1 and info.palette == ((0, 0, 0), (255, 255, 255)):
        yield "1-bit depth"
    elif info.bits <= 8 and (info.bits != 8 or info.palette != _GREY):
        yield "palette"
    elif info.bits == 16:
        yield "16-bit pixels"
    for depth in sorted({mask.bit_count() for mask in info.masks[:3]}):
        if depth > 8:
            yield f"{depth}-bit depth"
    if info.bits == 32 and not info.alpha and info.compression in (_RAW, _MASKS):
        used = info.masks[0] | info.masks[1] | info.masks[2] if info.masks else 0xFFFFFF
        rest = _words(data, info) & (0xFFFFFFFF ^ used)
        if rest.any() and (rest != 0xFFFFFFFF ^ used).any():  # some programs write alpha there
            yield "undeclared alpha"


def _words(data: bytes, info: Info) -> Array:
    """Return pixels of 16 or 32 bits as they are stored, row after row; fewer if the file is cut off."""
    dtype = np.dtype(f"<u{info.bits // 8}")
    stride = (info.width * info.bits + 31) // 32 * 4
    stored = data[info.pixels : info.pixels + stride * abs(info.height)]
    return np.frombuffer(stored[: len(stored) // dtype.itemsize * dtype.itemsize], dtype)


def is_for_pillow(data: bytes) -> bool:
    """Tell whether Pillow knows how the pixels of a file that was not refused are coded."""
    info = info_of(data)
    if not info.masks:
        return True
    return info.compression == _MASKS and info.masks[:3] + (info.masks[3:] if info.alpha else ()) in _KNOWN[info.bits]


def unmasked(data: bytes) -> Array:
    """Return the samples of pixels in any masks, in the order BGR, scaled to 8 bits.

    Raises:
        Undecodable: if the file is cut off.
    """
    info = info_of(data)
    words, height = _words(data, info), abs(info.height)
    stride = (info.width * info.bits + 31) // 32 * 32 // info.bits
    if words.size < stride * height:
        raise Undecodable("its pixels end early")
    pixels = words.reshape(height, stride)[:, : info.width].astype(np.uint64)
    if info.height > 0:
        pixels = pixels[::-1]
    order = (2, 1, 0, 3) if info.alpha else (2, 1, 0)
    return np.stack([_scaled(pixels, info.masks[place]) for place in order], axis=-1)


def _scaled(pixels: Array, mask: int) -> Array:
    top = mask >> max((mask & -mask).bit_length() - 1, 0)
    if not top:
        return np.zeros(pixels.shape, np.uint8)
    values = (pixels & np.uint64(mask)) // np.uint64(mask // top)
    scaled: Array = ((values * np.uint64(255) + np.uint64(top // 2)) // np.uint64(top)).astype(np.uint8)
    return scaled


def with_density(encoded: bytes, per_metre: tuple[float, float]) -> bytes:
    """Return an encoded BMP file with its pixels a metre."""
    density = struct.pack("<ii", *(round(value) for value in per_metre))
    return encoded[: _DENSITY.start] + density + encoded[_DENSITY.stop :]
