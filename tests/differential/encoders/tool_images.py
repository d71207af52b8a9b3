"""Encoders of one image format, or a few, and the settings that they are called with."""

from __future__ import annotations

from collections.abc import Iterable

from differential.encoders.tool_variants import PNGS, Variant, word


def _netpbm() -> Iterable[Variant]:
    colour, grey, bits, few = ("rgb.ppm",), ("grey.pgm",), ("bits.pbm",), ("few.ppm",)
    for system in ("-windows", "-os2"):
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-24", f"{system} -bpp=24 {{source}}", "bmp", colour)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-8", f"{system} -bpp=8 {{source}}", "bmp", few)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-4", f"{system} -bpp=4 {{source}}", "bmp", few)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-1", f"{system} -bpp=1 {{source}}", "bmp", bits)
    for option in (
        "-none",
        "-lzw",
        "-flate",
        "-adobeflate",
        "-packbits",
        "-g3",
        "-g4",
        "-lsb2msb -g4",
        "-minisblack",
        "-miniswhite",
        "-indexbits=4",
        "-indexbits=2",
        "-truecolor",
        "-rowsperstrip=1",
        "-predictor=2 -lzw",
    ):
        for contents in (colour, grey, bits, few):
            yield Variant(
                "pamtotiff", f"netpbm-tif-{word(option)}", f"{option} -output={{output}} {{source}}", "tif", contents
            )
    yield Variant("pnmtotiffcmyk", "netpbm-tif-cmyk", "{source}", "tif", colour)
    for option in ("", "-interlace", "-force", "-transparent=red", "-gamma=0.5", "-nofilter", "-paeth"):
        for contents in (colour, grey, bits, few):
            yield Variant("pnmtopng", f"netpbm-png-{word(option)}", f"{option} {{source}}", "png", contents)
    for option in ("", "-interlace", "-transparent=red", "-nolzw", "-sort"):
        yield Variant("pamtogif", f"netpbm-gif-{word(option)}", f"{option} {{source}}", "gif", few)
    for option in ("-standard", "-rle"):
        for contents in (colour, grey, bits, few):
            yield Variant("pnmtorast", f"netpbm-ras-{word(option)}", f"{option} {{source}}", "ras", contents)
    for contents, suffix in ((colour, "ppm"), (grey, "pgm"), (bits, "pbm")):
        yield Variant("pnmtoplainpnm", "netpbm-plain", "{source}", suffix, contents)
    for top in (1, 15, 31, 200, 1023, 65535):
        yield Variant("pamdepth", f"netpbm-depth{top}", f"{top} {{source}}", "ppm", colour)
        yield Variant("pamdepth", f"netpbm-depth{top}", f"{top} {{source}}", "pgm", grey)
    for option in ("-endian=big", "-endian=little", "-scale=2.0"):
        yield Variant("pamtopfm", f"netpbm-pfm-{word(option)}", f"{option} {{source}}", "pfm", (*colour, *grey))


def _jpeg() -> Iterable[Variant]:
    options = (
        "",
        "-quality 100",
        "-quality 5",
        "-progressive",
        "-arithmetic",
        "-arithmetic -progressive",
        "-restart 1B",
        "-restart 1",
        "-grayscale",
        "-rgb",
        "-sample 1x1",
        "-sample 2x1",
        "-sample 1x2",
        "-sample 4x1",
        "-sample 2x2,1x2,2x1",
        "-sample 1x1,2x2,1x1",
        "-dct float",
        "-smooth 20",
        "-optimize",
        "-icc {source}",
    )
    for option in options:
        yield Variant(
            "cjpeg",
            f"cjpeg-jpg-{word(option)}",
            f"{option} -outfile {{output}} {{source}}",
            "jpg",
            ("rgb.ppm", "grey.pgm"),
        )


def _others() -> Iterable[Variant]:
    for option in (
        "",
        "-lossless",
        "-lossless -exact",
        "-near_lossless 50",
        "-q 5",
        "-q 100 -sharp_yuv",
        "-alpha_q 20",
        "-lossless -z 9",
        "-segments 4 -f 60",
        "-jpeg_like",
        "-partition_limit 50",
    ):
        yield Variant("cwebp", f"cwebp-webp-{word(option)}", f"-quiet {option} {{source}} -o {{output}}", "webp", PNGS)
    for option in (
        "",
        "--lossless",
        "-y 444",
        "-y 422",
        "-y 420",
        "-y 400",
        "-r limited",
        "-r limited -y 444",
        "-r limited -y 400",
        "-d 10",
        "-d 12",
        "--premultiply",
        "--irot 1",
        "--imir 0",
        "--min 0 --max 0",
        "--cicp 1/13/0 -y 444 --min 0 --max 0",
        "--cicp 9/16/9",
        "--pasp 1,2",
        "--grid 1x1",
    ):
        yield Variant("avifenc", f"avifenc-avif-{word(option)}", f"-s 10 {option} {{source}} {{output}}", "avif", PNGS)
    for option in ("-r 1", "-r 20", "-n 2", "-I -r 5", "-t 32,32", "-p RLCP", "-mct 0"):
        yield Variant(
            "opj_compress", f"openjpeg-jp2-{word(option)}", f"-i {{source}} -o {{output}} {option}", "jp2", PNGS
        )
    for form in ("bmp", "gif", "tif", "ras", "pam", "ppm", "png", "jpg", "jp2", "webp", "hdr", "pfm"):
        for pixels in (
            "rgb24",
            "gray",
            "gray16be",
            "rgb48be",
            "rgba",
            "rgb565le",
            "rgb555le",
            "rgb444le",
            "bgra",
            "pal8",
            "monob",
            "monow",
            "rgb8",
            "yuvj444p",
            "yuvj420p",
            "grayf32le",
            "gbrpf32le",
            "ya8",
            "rgba64be",
        ):
            yield Variant(
                "ffmpeg",
                f"ffmpeg-{form}-{pixels}",
                f"-v error -bitexact -i {{source}} -pix_fmt {pixels} -frames:v 1 -y {{output}}",
                form,
                ("rgba.png",),
            )


def variants() -> Iterable[Variant]:
    """Return all of them."""
    return [*_netpbm(), *_jpeg(), *_others()]
