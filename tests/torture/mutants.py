"""Small files of every format that is worked on, and damaged copies of them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import soundfile
from PIL import Image

from support.corpus import photo, pixels, sound
from support.ogg import ogg_checksum
from support.places import DATA

_SEGFAULT = DATA / "decoder-segfault.png"  # as found: OpenCV 5.0.0 crashes on it

# Suffix, format and subtype, by name; "-le", "-be" and "-stereo" say what they are.
_SOUNDS = {
    **{f"wav-{subtype}": (".wav", "WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")},
    **{f"wav-{subtype}": (".wav", "WAV", subtype) for subtype in ("FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM", "GSM610")},
    **{f"wavex-{subtype}-stereo": (".wav", "WAVEX", subtype) for subtype in ("PCM_24", "FLOAT")},
    **{f"wav-{subtype}-be": (".wav", "WAV", subtype) for subtype in ("PCM_16", "FLOAT")},
    **{f"rf64-{subtype}": (".wav", "RF64", subtype) for subtype in ("PCM_16", "FLOAT")},
    **{f"aiff-{subtype}": (".aiff", "AIFF", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24", "FLOAT")},
    "aiff-PCM_16-le": (".aif", "AIFF", "PCM_16"),
    **{f"au-{subtype}": (".au", "AU", subtype) for subtype in ("PCM_16", "FLOAT", "ULAW")},
    "au-PCM_24-stereo-le": (".au", "AU", "PCM_24"),
    **{f"caf-{subtype}": (".caf", "CAF", subtype) for subtype in ("PCM_16", "FLOAT", "ALAC_16")},
    **{f"w64-{subtype}": (".w64", "W64", subtype) for subtype in ("PCM_16", "DOUBLE")},
    **{f"flac-{subtype}": (".flac", "FLAC", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24")},
    "flac-PCM_16-stereo": (".flac", "FLAC", "PCM_16"),
    **{f"ogg-{subtype}": (".ogg", "OGG", subtype) for subtype in ("VORBIS", "OPUS")},
    "ogg-VORBIS-stereo": (".oga", "OGG", "VORBIS"),
    **{form: (suffix, form, "PCM_16") for form, suffix in (("AVR", ".avr"), ("HTK", ".htk"), ("NIST", ".sph"))},
    **{form: (suffix, form, "PCM_16") for form, suffix in (("PVF", ".pvf"), ("IRCAM", ".sf"), ("SVX", ".svx"))},
    **{f"voc-{subtype}": (".voc", "VOC", subtype) for subtype in ("PCM_U8", "PCM_16")},
    **dict.fromkeys(("mp3", "mp3-stereo"), (".mp3", "MP3", "MPEG_LAYER_III")),
}
_TIFF_KINDS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")


class Mutant(NamedTuple):
    """A damaged file: its name, its bytes, and what was done to which file."""

    name: str
    data: bytes
    history: str


def seeds() -> dict[str, bytes]:
    """Intact files, images of 16 x 16 and recordings of 400 samples, by name with suffix."""
    return {**dict(_images()), **dict(_recordings())}


def _images() -> Iterator[tuple[str, bytes]]:
    colour, grey = photo(16, 16, seed=1), photo(16, 16, 1, seed=2)
    alpha, exif = pixels((16, 16, 4), seed=3), Image.Exif()
    exif[0x010E], exif[0x0112] = "a picture", 6
    for name, array in {"rgb": colour, "grey": grey, "rgba": alpha}.items():
        yield f"png-{name}.png", _by_opencv(".png", array)
        yield f"png-{name}16.png", _by_opencv(".png", array.astype(np.uint16) * 257)
        yield f"tiff-{name}.tif", _by_opencv(".tif", array)
        yield f"tiff-{name}16.tif", _by_opencv(".tif", array.astype(np.uint16) * 257)
        yield f"webp-{name}.webp", _by_opencv(".webp", array)
        yield f"bmp-{name}.bmp", _by_opencv(".bmp", array)
    for suffix in (".avif", ".gif", ".ppm", ".ras"):
        yield f"rgb{suffix}", _by_opencv(suffix, colour)
    yield "rgb.pam", _by_opencv(".pam", colour, cv2.IMWRITE_PAM_TUPLETYPE, cv2.IMWRITE_PAM_FORMAT_RGB)
    yield "rgb.jp2", _by_opencv(".jp2", photo(32, 32))  # what OpenJPEG writes at the least
    yield "grey.pgm", _by_opencv(".pgm", grey)
    yield "1bit.pbm", _by_pillow(grey, "PPM", "1")
    for suffix in (".hdr", ".pfm"):
        yield f"float{suffix}", _by_opencv(suffix, (colour / 255).astype(np.float32))
    yield "tiff-float.tiff", _by_opencv(".tiff", (colour / 255).astype(np.float32))
    yield "png-metadata.png", _by_pillow(colour, "PNG", exif=exif, icc_profile=bytes(200))
    yield "png-palette.png", _by_pillow(colour, "PNG", "P")
    yield "png-palette-alpha.png", _by_pillow(colour, "PNG", "P", transparency=3)
    yield "png-grey-alpha.png", _by_pillow(alpha, "PNG", "LA")
    yield "png-1bit.png", _by_pillow(grey, "PNG", "1")
    frames = [Image.fromarray(np.roll(alpha, step, 0)) for step in (1, 2)]
    yield "png-animated.png", _by_pillow(alpha, "PNG", save_all=True, append_images=frames)
    yield "gif-animated.gif", _by_pillow(colour, "GIF", save_all=True, append_images=frames)
    animated = _by_pillow(colour, "AVIF", save_all=True, append_images=frames)
    yield "avif-animated.avif", _timeless(bytearray(animated))
    yield "png-crash.png", _SEGFAULT.read_bytes()
    yield "jpeg-rgb.jpg", _by_pillow(colour, "JPEG", exif=exif, icc_profile=bytes(200))
    yield "jpeg-progressive.jpeg", _by_pillow(colour, "JPEG", progressive=True, subsampling=0)
    yield "jpeg-grey.jpg", _by_pillow(grey, "JPEG", restart_marker_blocks=1)
    yield "jpeg-cmyk.jpe", _by_pillow(colour, "JPEG", "CMYK")
    for kind in _TIFF_KINDS:
        yield f"tiff-{kind}.tif", _by_pillow(colour, "TIFF", compression=kind)
    yield "tiff-1bit.tif", _by_pillow(grey, "TIFF", "1", compression="group4")
    yield "tiff-palette.tif", _by_pillow(colour, "TIFF", "P")
    yield "tiff-cmyk.tif", _by_pillow(colour, "TIFF", "CMYK")
    yield "tiff-big.tif", _by_pillow(colour, "TIFF", big_tiff=True)
    yield "tiff-pages.tif", _by_pillow(colour, "TIFF", save_all=True, append_images=[frames[0].convert("RGB")])
    yield "bmp-palette.bmp", _by_pillow(colour, "BMP", "P")
    yield "bmp-1bit.bmp", _by_pillow(grey, "BMP", "1")
    yield "webp-lossless.webp", _by_pillow(alpha, "WEBP", lossless=True, exif=exif)
    yield "webp-animated.webp", _by_pillow(alpha, "WEBP", save_all=True, append_images=frames)


def _by_opencv(suffix: str, array: np.ndarray, *settings: int) -> bytes:
    done, encoded = cv2.imencode(suffix, array, settings)
    assert done
    return encoded.tobytes()


def _by_pillow(array: np.ndarray, form: str, mode: str | None = None, **settings: Any) -> bytes:
    image, file = Image.fromarray(array), io.BytesIO()
    (image.convert(mode) if mode else image).save(file, form, **settings)
    return file.getvalue()


def _recordings() -> Iterator[tuple[str, bytes]]:
    for name, (suffix, form, subtype) in _SOUNDS.items():
        file, channels = io.BytesIO(), 2 if "stereo" in name else 1
        endian = "LITTLE" if name.endswith("-le") else "BIG" if name.endswith("-be") else "FILE"
        rate = 48_000 if subtype == "OPUS" else 16_000
        with soundfile.SoundFile(file, "w", rate, channels, subtype, endian, form) as writer:
            if form in ("WAV", "AIFF", "FLAC", "OGG"):
                writer.title = "a sound"
            writer.write(sound(400, channels))
        yield name + suffix, _mended(_timeless(bytearray(file.getvalue())))


def _timeless(data: bytearray) -> bytes:
    """The file without the times in its PEAK chunk or its boxes, and the random serial numbers in its Ogg pages."""
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.find(box)
        if at > 0:
            data[at + 8 : at + 24] = bytes(16)
    peak = data.find(b"PEAK")
    if peak > 0:
        data[peak + 12 : peak + 16] = bytes(4)
    for at in _pages(data):
        data[at + 14 : at + 18] = bytes(4)
    return bytes(data)


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
        data = _mended(data)
        history.append("checksums mended")
    return Mutant(f"{number:06}{suffix}", data, ", ".join(history))


_HEARD = frozenset(name + suffix for name, (suffix, _, _) in _SOUNDS.items())


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
        for at, _ in _png_chunks(data):
            yield at, 4, "big"
            yield at + 8, 4, "big"
        yield from ((at, width, "big") for at, width in ((16, 4), (20, 4), (24, 1), (25, 1), (28, 1)))
    elif data[:4] in (b"RIFF", b"RIFX", b"FORM", b"RF64"):
        yield from _iff_numbers(data, "big" if data[:4] in (b"RIFX", b"FORM") else "little")
    elif data[:2] in (b"II", b"MM") and len(data) > 8:
        yield from _tiff_numbers(data, "little" if data[:2] == b"II" else "big")
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


def _mended(data: bytes) -> bytes:
    """The file with right checksums, where its chunks (PNG) or pages (Ogg) can be told."""
    changed = bytearray(data)
    for at, size in _png_chunks(data):
        changed[at + 8 + size : at + 12 + size] = zlib.crc32(data[at + 4 : at + 8 + size]).to_bytes(4, "big")
    for at in _pages(data):
        size = 27 + data[at + 26] + sum(data[at + 27 : at + 27 + data[at + 26]])
        page = bytearray(data[at : at + size])
        page[22:26] = bytes(4)
        changed[at + 22 : at + 26] = ogg_checksum(page).to_bytes(4, "little")
    return bytes(changed[: len(data)])


def _png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the chunks of a PNG file that fit into it begin, and the size of what is in them."""
    at = 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if at + 12 + size > len(data):
            return
        yield at, size
        at += 12 + size


def _pages(data: bytes | bytearray) -> list[int]:
    """Where the pages of an Ogg file begin."""
    found = []
    at = data.find(b"OggS") if data.startswith(b"OggS") else -1
    while 0 <= at <= len(data) - 27:
        found.append(at)
        at = data.find(b"OggS", at + 4)
    return found
