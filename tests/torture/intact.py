"""Small intact files of every format that is worked on, which mutants are made of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import soundfile
from PIL import Image

from support.corpus import photo, pixels, sound
from support.places import DATA
from torture.checksums import mended, ogg_pages

_SEGFAULT = DATA / "decoder-segfault.png"  # as found: OpenCV 5.0.0 crashes on it

# Suffix, format and subtype, by name; "-le", "-be" and "-stereo" say what they are.
SOUNDS = {
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
    for name, (suffix, form, subtype) in SOUNDS.items():
        file, channels = io.BytesIO(), 2 if "stereo" in name else 1
        endian = "LITTLE" if name.endswith("-le") else "BIG" if name.endswith("-be") else "FILE"
        rate = 48_000 if subtype == "OPUS" else 16_000
        with soundfile.SoundFile(file, "w", rate, channels, subtype, endian, form) as writer:
            if form in ("WAV", "AIFF", "FLAC", "OGG"):
                writer.title = "a sound"
            writer.write(sound(400, channels))
        yield name + suffix, mended(_timeless(bytearray(file.getvalue())))


def _timeless(data: bytearray) -> bytes:
    """The file without the times in its PEAK chunk or its boxes, and the random serial numbers in its Ogg pages."""
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.find(box)
        if at > 0:
            data[at + 8 : at + 24] = bytes(16)
    peak = data.find(b"PEAK")
    if peak > 0:
        data[peak + 12 : peak + 16] = bytes(4)
    for at in ogg_pages(data):
        data[at + 14 : at + 18] = bytes(4)
    return bytes(data)
