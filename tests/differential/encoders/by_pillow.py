"""Images by Pillow, in all modes and with all settings that matter to a decoder."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from differential import contents

Files = Iterator[tuple[str, bytes]]

_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I;16", "I", "F")
_TIFF_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma", "webp", "group3", "group4")
_ONE_MODE: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "jpg": (
        "JPEG",
        {
            **{
                f"q{quality}-s{kind}": {"quality": quality, "subsampling": kind}
                for quality in (10, 75, 100)
                for kind in range(3)
            },
            **{f"progressive-s{kind}": {"progressive": True, "subsampling": kind} for kind in range(3)},
            "restart-blocks": {"restart_marker_blocks": 1},
            "restart-rows": {"restart_marker_rows": 1},
            "as-rgb": {"keep_rgb": True},
            "optimised": {"optimize": True},
            "density": {"dpi": (300, 200)},
            "comment": {"comment": b"a comment"},
        },
    ),
    "webp": (
        "WEBP",
        {
            "lossless": {"lossless": True},
            "exact": {"lossless": True, "exact": True},
            **{
                f"q{quality}-m{method}": {"quality": quality, "method": method}
                for quality in (1, 80, 100)
                for method in (0, 4, 6)
            },
        },
    ),
    "avif": (
        "AVIF",
        {
            f"q{quality}-{kind.replace(':', '')}-{extent}": {
                "quality": quality,
                "subsampling": kind,
                "range": extent,
                "speed": 9,
            }
            for quality in (60, 100)
            for kind in ("4:2:0", "4:2:2", "4:4:4", "4:0:0")
            for extent in ("full", "limited")
        },
    ),
    "jp2": (
        "JPEG2000",
        {
            "lossless": {},
            "irreversible": {"irreversible": True},
            "levels": {"num_resolutions": 2},
            "tiles": {"tile_size": (16, 16)},
            "stream": {"no_jp2": True},
            "rate": {"quality_layers": [10]},
            "no-transform": {"mct": 0},
            "progression": {"progression": "RPCL"},
        },
    ),
}


def files() -> Files:
    """All of them."""
    warnings.simplefilter("ignore")
    yield from _stills()
    yield from _settings()
    yield from _png()
    yield from _tiff()
    yield from _gif()
    yield from _animations()


def _saved(image: Image.Image, form: str, **settings: Any) -> bytes | None:
    """The file, or None if Pillow writes none of this kind."""
    file = io.BytesIO()
    with contextlib.suppress(OSError, ValueError, RuntimeError, KeyError, TypeError, SystemError):
        image.save(file, form, **settings)
        return file.getvalue()
    return None


def in_mode(picture: np.ndarray, mode: str) -> Image.Image:
    """A picture in a mode of Pillow."""
    if mode in ("I;16", "I", "F"):
        deep = contents.deep(contents.grey(picture))
        if mode == "I;16":
            return Image.fromarray(deep)
        return Image.fromarray(deep.astype(np.int32) * 3 if mode == "I" else deep.astype(np.float32) / 65535)
    if mode in ("LA", "PA", "RGBA"):
        return Image.fromarray(contents.with_alpha(picture)).convert(mode)
    if mode == "LAB":
        raw = Image.fromarray(picture)
        return Image.frombytes("LAB", raw.size, picture.tobytes())
    return Image.fromarray(picture).convert(mode)


def _stills() -> Files:
    """Each format in each mode."""
    forms = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF", "webp": "WEBP", "avif": "AVIF", "jp2": "JPEG2000"}
    forms |= {
        "gif": "GIF",
        "bmp": "BMP",
        "dib": "DIB",
        "ppm": "PPM",
        "pnm": "PPM",
        "pgm": "PPM",
        "pbm": "PPM",
        "pam": "PPM",
        "pfm": "PPM",
    }
    for name, picture in contents.pictures().items():
        for suffix, form in forms.items():
            for mode in _MODES:
                if (suffix, mode) in _NOT_BY_THIS_SUFFIX or (suffix == "dib" and mode == "1"):
                    continue
                if data := _saved(in_mode(picture, mode), form):
                    yield f"pillow-{suffix}-{mode.replace(';', '')}-{name}.{suffix}", data


_PNM_MODES = {
    "pbm": {"1"},
    "pgm": {"L", "I;16", "I"},
    "ppm": {"RGB"},
    "pnm": {"1", "L", "RGB"},
    "pam": {"RGBA"},
    "pfm": {"F"},
}
_NOT_BY_THIS_SUFFIX = {(suffix, mode) for suffix, kept in _PNM_MODES.items() for mode in _MODES if mode not in kept}


def _settings() -> Files:
    """Each setting of formats that have many."""
    for suffix, (form, variants) in _ONE_MODE.items():
        for variant, settings in variants.items():
            for mode in ("L", "RGB", "RGBA", "CMYK"):
                for name, picture in contents.pictures().items():
                    if name == "flat" and mode != "RGB":
                        continue
                    if data := _saved(in_mode(picture, mode), form, **settings):
                        yield f"pillow-{suffix}-{variant}-{mode}-{name}.{suffix}", data


def _png() -> Files:
    for name, picture in contents.pictures().items():
        image = Image.fromarray(picture)
        for bits in (1, 2, 4, 8):
            palette = image.quantize(2**bits)
            yield f"pillow-png-palette{bits}-{name}.png", _saved(palette, "PNG", bits=bits) or b""
            yield f"pillow-png-palette{bits}-key-{name}.png", _saved(palette, "PNG", bits=bits, transparency=0) or b""
            several = bytes(range(0, 256, 256 // 2**bits))[: 2**bits]
            yield (
                f"pillow-png-palette{bits}-alpha-{name}.png",
                _saved(palette, "PNG", bits=bits, transparency=several) or b"",
            )
        key = tuple(int(value) for value in picture[0, 0])
        yield f"pillow-png-key-{name}.png", _saved(image, "PNG", transparency=key) or b""
        yield f"pillow-png-grey-key-{name}.png", _saved(image.convert("L"), "PNG", transparency=100) or b""
        yield f"pillow-png-stored-{name}.png", _saved(image, "PNG", compress_level=0) or b""


def _tiff() -> Files:
    for name in ("photo", "odd"):
        picture = contents.pictures()[name]
        for compression in _TIFF_COMPRESSIONS:
            for mode in _MODES:
                if data := _saved(in_mode(picture, mode), "TIFF", compression=compression):
                    yield f"pillow-tif-{compression}-{mode.replace(';', '')}-{name}.tif", data
        for mode in ("L", "RGB"):
            image = in_mode(picture, mode)
            yield f"pillow-tif-big-{mode}-{name}.tif", _saved(image, "TIFF", big_tiff=True) or b""
            yield (
                f"pillow-tif-strips-{mode}-{name}.tif",
                _saved(image, "TIFF", compression="tiff_lzw", strip_size=64) or b"",
            )
            pages = {"save_all": True, "append_images": [image.rotate(180), image]}
            yield f"pillow-tif-pages-{mode}-{name}.tif", _saved(image, "TIFF", **pages) or b""
        turned = Image.Exif()
        for orientation in range(2, 9):
            turned[0x0112] = orientation
            yield (
                f"pillow-tif-turned{orientation}-{name}.tif",
                _saved(in_mode(picture, "RGB"), "TIFF", exif=turned) or b"",
            )


def _gif() -> Files:
    for name, picture in contents.pictures().items():
        image = Image.fromarray(picture)
        for colours in (2, 3, 16, 200):
            palette = image.quantize(colours)
            for interlace in (0, 1):
                yield (
                    f"pillow-gif-{colours}-i{interlace}-{name}.gif",
                    _saved(palette, "GIF", interlace=interlace) or b"",
                )
            yield f"pillow-gif-{colours}-key-{name}.gif", _saved(palette, "GIF", transparency=0) or b""


def _animations() -> Files:
    sets = {"rgb": contents.frames(), "rgba": contents.cut_out()}
    for name, arrays in sets.items():
        images = [Image.fromarray(array) for array in arrays]
        several = {"save_all": True, "append_images": images[1:], "duration": [100, 50, 200]}
        for disposal in range(4):
            yield (
                f"pillow-gif-animated-{name}-d{disposal}.gif",
                _saved(images[0], "GIF", disposal=disposal, **several) or b"",
            )
        for disposal in range(3):
            for blend in (0, 1):
                file = _saved(images[0], "PNG", disposal=disposal, blend=blend, **several)
                yield f"pillow-png-animated-{name}-d{disposal}-b{blend}.png", file or b""
        yield (
            f"pillow-png-poster-{name}.png",
            _saved(images[0], "PNG", default_image=True, **several | {"duration": 50}) or b"",
        )
        for loop in (0, 3):
            yield (
                f"pillow-webp-animated-{name}-l{loop}.webp",
                _saved(images[0], "WEBP", loop=loop, lossless=True, **several) or b"",
            )
            yield f"pillow-gif-animated-{name}-l{loop}.gif", _saved(images[0], "GIF", loop=loop, **several) or b""
        yield f"pillow-webp-animated-{name}-lossy.webp", _saved(images[0], "WEBP", **several) or b""
        yield (
            f"pillow-webp-animated-{name}-mixed.webp",
            _saved(images[0], "WEBP", allow_mixed=True, minimize_size=True, **several) or b"",
        )
        yield f"pillow-avif-animated-{name}.avif", _saved(images[0], "AVIF", speed=9, **several) or b""
