"""ImageMagick, GraphicsMagick and libvips, and the settings that they are called with."""

from __future__ import annotations

from collections.abc import Iterable

from differential.encoders.tool_variants import PNGS, Variant, word


def _magick(program: str, command: str, label: str) -> Iterable[Variant]:
    """ImageMagick and GraphicsMagick take much the same options."""
    settings = {
        "png": (
            "",
            "-depth 16",
            "-type Palette",
            "-type Bilevel",
            "-interlace PNG",
            "-type TrueColorMatte",
            "-type GrayscaleMatte",
        ),
        "jpg": (
            "",
            "-quality 100",
            "-quality 30",
            "-interlace Plane",
            "-sampling-factor 4:2:2",
            "-sampling-factor 4:4:4",
            "-sampling-factor 4:1:1",
            "-sampling-factor 4:4:0",
            "-colorspace CMYK",
            "-type Grayscale",
            "-define jpeg:arithmetic-coding=true",
        ),
        "tif": (
            "",
            "-compress None",
            "-compress LZW",
            "-compress Zip",
            "-compress RLE",
            "-compress JPEG",
            "-compress Group4",
            "-compress ZSTD",
            "-compress LZMA",
            "-compress WebP",
            "-depth 16",
            "-depth 4 -type Grayscale",
            "-depth 2 -type Grayscale",
            "-depth 32 -define quantum:format=floating-point",
            "-depth 64 -define quantum:format=floating-point",
            "-depth 32",
            "-depth 12",
            "-depth 16 -define quantum:format=floating-point",
            "-type Palette",
            "-type Bilevel",
            "-colorspace CMYK",
            "-endian MSB",
            "-interlace Plane",
            "-define tiff:tile-geometry=16x16",
            "-type Palette -depth 4",
            "-define tiff:alpha=associated",
            "-type Bilevel -define tiff:tile-geometry=16x16",
            "-define quantum:polarity=min-is-white",
        ),
        "bmp": (
            "",
            "-compress None",
            "-compress RLE -type Palette",
            "-type Bilevel",
            "-type Palette",
            "-depth 4 -type Palette -colors 16",
            "-define bmp:subtype=RGB565",
            "-define bmp:subtype=RGB555",
            "-define bmp:subtype=ARGB4444",
            "-define bmp:subtype=ARGB1555",
            "-define bmp:format=bmp2",
            "-define bmp:format=bmp3",
            "-define bmp:format=bmp4",
        ),
        "gif": ("", "-interlace GIF", "-colors 4", "-type Bilevel"),
        "webp": (
            "",
            "-define webp:lossless=true",
            "-quality 30",
            "-define webp:exact=true -define webp:lossless=true",
            "-define webp:alpha-quality=10",
        ),
        "jp2": ("", "-quality 50", "-depth 16", "-type Grayscale"),
        "ppm": ("", "-compress None", "-depth 16", "-depth 4"),
        "pgm": ("", "-compress None", "-depth 16", "-depth 5"),
        "pbm": ("", "-compress None"),
        "pam": ("", "-depth 16", "-type Bilevel", "-depth 4"),
        "pfm": ("", "-endian LSB", "-endian MSB"),
        "hdr": ("",),
        "ras": ("", "-type Palette", "-type Bilevel", "-type Grayscale"),
        "avif": ("", "-quality 30", "-depth 10"),
        "dib": ("", "-type Palette", "-type Bilevel", "-compress RLE -type Palette"),
    }
    for suffix, options in settings.items():
        for number, option in enumerate(options):
            arguments = f"{command} {{source}} {option} {suffix}:{{output}}"
            yield Variant(program, f"{label}-{suffix}-{word(option) or number}", arguments, suffix, PNGS)


def _vips() -> Iterable[Variant]:
    settings = {
        "tif": (
            "",
            "compression=lzw",
            "compression=deflate,predictor=horizontal",
            "compression=packbits",
            "compression=jpeg,Q=90",
            "compression=ccittfax4,bitdepth=1",
            "compression=zstd",
            "compression=webp,lossless",
            "tile,tile-width=16,tile-height=16",
            "bitdepth=1",
            "bitdepth=2",
            "bitdepth=4",
            "miniswhite",
            "bigtiff",
            "pyramid,tile,tile-width=16,tile-height=16",
            "bitdepth=1,tile,tile-width=16,tile-height=16",
            "premultiply",
            "compression=jp2k",
        ),
        "png": (
            "",
            "interlace",
            "palette",
            "bitdepth=1",
            "bitdepth=2",
            "bitdepth=4",
            "palette,bitdepth=4",
            "compression=0",
            "filter=all",
        ),
        "jpg": (
            "",
            "Q=100",
            "interlace",
            "optimize-coding",
            "subsample-mode=off",
            "trellis-quant",
            "restart-interval=2",
        ),
        "webp": ("", "lossless", "near-lossless", "smart-subsample", "Q=20", "min-size"),
        "gif": ("", "interlace", "dither=0", "bitdepth=3"),
        "avif": ("", "lossless", "Q=20", "subsample-mode=off", "bitdepth=10"),
        "jp2": ("", "lossless", "Q=40", "subsample-mode=on"),
        "ppm": ("", "ascii", "bitdepth=1"),
        "hdr": ("",),
        "pfm": ("",),
    }
    for suffix, options in settings.items():
        for option in options:
            yield Variant(
                "vips",
                f"vips-{suffix}-{word(option) or 'plain'}",
                f"copy {{source}} {{output}}[{option}]",
                suffix,
                PNGS,
            )


def variants() -> Iterable[Variant]:
    """Return all of them."""
    return [*_magick("convert", "", "magick"), *_magick("gm", "convert", "gm"), *_vips()]
