"""The programs of the system that write the corpus, and the settings that they are called with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Variant(NamedTuple):
    """A way to call a program: what files it makes of what contents. {source} and {output} are paths."""

    program: str
    label: str
    arguments: str
    suffix: str
    contents: tuple[str, ...]


_PNGS = ("rgb.png", "grey.png", "rgba.png")


def _magick(program: str, command: str, label: str) -> Iterable[Variant]:
    """ImageMagick and GraphicsMagick take much the same options."""
    settings = {
        "png": ("", "-depth 16", "-type Palette", "-type Bilevel", "-interlace PNG", "-type TrueColorMatte", "-type GrayscaleMatte"),
        "jpg": ("", "-quality 100", "-quality 30", "-interlace Plane", "-sampling-factor 4:2:2", "-sampling-factor 4:4:4", "-sampling-factor 4:1:1", "-sampling-factor 4:4:0", "-colorspace CMYK", "-type Grayscale", "-define jpeg:arithmetic-coding=true"),
        "tif": ("", "-compress None", "-compress LZW", "-compress Zip", "-compress RLE", "-compress JPEG", "-compress Group4", "-compress ZSTD", "-compress LZMA", "-compress WebP", "-depth 16", "-depth 4 -type Grayscale", "-depth 2 -type Grayscale", "-depth 32 -define quantum:format=floating-point", "-depth 64 -define quantum:format=floating-point", "-depth 32", "-depth 12", "-depth 16 -define quantum:format=floating-point", "-type Palette", "-type Bilevel", "-colorspace CMYK", "-endian MSB", "-interlace Plane", "-define tiff:tile-geometry=16x16", "-type Palette -depth 4", "-define tiff:alpha=associated", "-type Bilevel -define tiff:tile-geometry=16x16", "-define quantum:polarity=min-is-white"),
        "bmp": ("", "-compress None", "-compress RLE -type Palette", "-type Bilevel", "-type Palette", "-depth 4 -type Palette -colors 16", "-define bmp:subtype=RGB565", "-define bmp:subtype=RGB555", "-define bmp:subtype=ARGB4444", "-define bmp:subtype=ARGB1555", "-define bmp:format=bmp2", "-define bmp:format=bmp3", "-define bmp:format=bmp4"),
        "gif": ("", "-interlace GIF", "-colors 4", "-type Bilevel"), "webp": ("", "-define webp:lossless=true", "-quality 30", "-define webp:exact=true -define webp:lossless=true", "-define webp:alpha-quality=10"),
        "jp2": ("", "-quality 50", "-depth 16", "-type Grayscale"), "ppm": ("", "-compress None", "-depth 16", "-depth 4"), "pgm": ("", "-compress None", "-depth 16", "-depth 5"), "pbm": ("", "-compress None"),
        "pam": ("", "-depth 16", "-type Bilevel", "-depth 4"), "pfm": ("", "-endian LSB", "-endian MSB"), "hdr": ("",), "ras": ("", "-type Palette", "-type Bilevel", "-type Grayscale"), "avif": ("", "-quality 30", "-depth 10"), "dib": ("", "-type Palette", "-type Bilevel", "-compress RLE -type Palette"),
    }
    for suffix, options in settings.items():
        for number, option in enumerate(options):
            arguments = f"{command} {{source}} {option} {suffix if suffix not in ('tif', 'jpg') else suffix}:{{output}}"
            yield Variant(program, f"{label}-{suffix}-{_word(option) or number}", arguments, suffix, _PNGS)


def _word(option: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in option.replace("-define", "").replace("-type", "")).strip("-").replace("--", "-")


def _vips() -> Iterable[Variant]:
    settings = {
        "tif": ("", "compression=lzw", "compression=deflate,predictor=horizontal", "compression=packbits", "compression=jpeg,Q=90", "compression=ccittfax4,bitdepth=1", "compression=zstd", "compression=webp,lossless", "tile,tile-width=16,tile-height=16", "bitdepth=1", "bitdepth=2", "bitdepth=4", "miniswhite", "bigtiff", "pyramid,tile,tile-width=16,tile-height=16", "bitdepth=1,tile,tile-width=16,tile-height=16", "premultiply", "compression=jp2k"),
        "png": ("", "interlace", "palette", "bitdepth=1", "bitdepth=2", "bitdepth=4", "palette,bitdepth=4", "compression=0", "filter=all"),
        "jpg": ("", "Q=100", "interlace", "optimize-coding", "subsample-mode=off", "trellis-quant", "restart-interval=2"),
        "webp": ("", "lossless", "near-lossless", "smart-subsample", "Q=20", "min-size"), "gif": ("", "interlace", "dither=0", "bitdepth=3"),
        "avif": ("", "lossless", "Q=20", "subsample-mode=off", "bitdepth=10"), "jp2": ("", "lossless", "Q=40", "subsample-mode=on"), "ppm": ("", "ascii", "bitdepth=1"), "hdr": ("",), "pfm": ("",),
    }
    for suffix, options in settings.items():
        for option in options:
            yield Variant("vips", f"vips-{suffix}-{_word(option) or 'plain'}", f"copy {{source}} {{output}}[{option}]", suffix, _PNGS)


def _netpbm() -> Iterable[Variant]:
    colour, grey, bits, few = ("rgb.ppm",), ("grey.pgm",), ("bits.pbm",), ("few.ppm",)
    for system in ("-windows", "-os2"):
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-24", f"{system} -bpp=24 {{source}}", "bmp", colour)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-8", f"{system} -bpp=8 {{source}}", "bmp", few)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-4", f"{system} -bpp=4 {{source}}", "bmp", few)
        yield Variant("ppmtobmp", f"netpbm-bmp{system}-1", f"{system} -bpp=1 {{source}}", "bmp", bits)
    for option in ("-none", "-lzw", "-flate", "-adobeflate", "-packbits", "-g3", "-g4", "-lsb2msb -g4", "-minisblack", "-miniswhite", "-indexbits=4", "-indexbits=2", "-truecolor", "-rowsperstrip=1", "-predictor=2 -lzw"):
        for contents in (colour, grey, bits, few):
            yield Variant("pamtotiff", f"netpbm-tif-{_word(option)}", f"{option} -output={{output}} {{source}}", "tif", contents)
    yield Variant("pnmtotiffcmyk", "netpbm-tif-cmyk", "{source}", "tif", colour)
    for option in ("", "-interlace", "-force", "-transparent=red", "-gamma=0.5", "-nofilter", "-paeth"):
        for contents in (colour, grey, bits, few):
            yield Variant("pnmtopng", f"netpbm-png-{_word(option)}", f"{option} {{source}}", "png", contents)
    for option in ("", "-interlace", "-transparent=red", "-nolzw", "-sort"):
        yield Variant("pamtogif", f"netpbm-gif-{_word(option)}", f"{option} {{source}}", "gif", few)
    for option in ("-standard", "-rle"):
        for contents in (colour, grey, bits, few):
            yield Variant("pnmtorast", f"netpbm-ras-{_word(option)}", f"{option} {{source}}", "ras", contents)
    for contents, suffix in ((colour, "ppm"), (grey, "pgm"), (bits, "pbm")):
        yield Variant("pnmtoplainpnm", "netpbm-plain", "{source}", suffix, contents)
    for top in (1, 15, 31, 200, 1023, 65535):
        yield Variant("pamdepth", f"netpbm-depth{top}", f"{top} {{source}}", "ppm", colour)
        yield Variant("pamdepth", f"netpbm-depth{top}", f"{top} {{source}}", "pgm", grey)
    for option in ("-endian=big", "-endian=little", "-scale=2.0"):
        yield Variant("pamtopfm", f"netpbm-pfm-{_word(option)}", f"{option} {{source}}", "pfm", (*colour, *grey))


def _jpeg() -> Iterable[Variant]:
    options = ("", "-quality 100", "-quality 5", "-progressive", "-arithmetic", "-arithmetic -progressive", "-restart 1B", "-restart 1", "-grayscale", "-rgb", "-sample 1x1", "-sample 2x1", "-sample 1x2", "-sample 4x1", "-sample 2x2,1x2,2x1", "-sample 1x1,2x2,1x1", "-dct float", "-smooth 20", "-optimize", "-icc {source}")
    for option in options:
        yield Variant("cjpeg", f"cjpeg-jpg-{_word(option)}", f"{option} -outfile {{output}} {{source}}", "jpg", ("rgb.ppm", "grey.pgm"))


def _others() -> Iterable[Variant]:
    for option in ("", "-lossless", "-lossless -exact", "-near_lossless 50", "-q 5", "-q 100 -sharp_yuv", "-alpha_q 20", "-lossless -z 9", "-segments 4 -f 60", "-jpeg_like", "-partition_limit 50"):
        yield Variant("cwebp", f"cwebp-webp-{_word(option)}", f"-quiet {option} {{source}} -o {{output}}", "webp", _PNGS)
    for option in ("", "--lossless", "-y 444", "-y 422", "-y 420", "-y 400", "-r limited", "-r limited -y 444", "-r limited -y 400", "-d 10", "-d 12", "--premultiply", "--irot 1", "--imir 0", "--min 0 --max 0", "--cicp 1/13/0 -y 444 --min 0 --max 0", "--cicp 9/16/9", "--pasp 1,2", "--grid 1x1"):
        yield Variant("avifenc", f"avifenc-avif-{_word(option)}", f"-s 10 {option} {{source}} {{output}}", "avif", _PNGS)
    for option in ("-r 1", "-r 20", "-n 2", "-I -r 5", "-t 32,32", "-p RLCP", "-mct 0"):
        yield Variant("opj_compress", f"openjpeg-jp2-{_word(option)}", f"-i {{source}} -o {{output}} {option}", "jp2", _PNGS)
    for form in ("bmp", "gif", "tif", "ras", "pam", "ppm", "png", "jpg", "jp2", "webp", "hdr", "pfm"):
        for pixels in ("rgb24", "gray", "gray16be", "rgb48be", "rgba", "rgb565le", "rgb555le", "rgb444le", "bgra", "pal8", "monob", "monow", "rgb8", "yuvj444p", "yuvj420p", "grayf32le", "gbrpf32le", "ya8", "rgba64be"):
            yield Variant("ffmpeg", f"ffmpeg-{form}-{pixels}", f"-v error -bitexact -i {{source}} -pix_fmt {pixels} -frames:v 1 -y {{output}}", form, ("rgba.png",))


def _sounds() -> Iterable[Variant]:
    plain, fast = ("sound.wav",), ("sound48.wav",)
    for form in ("wav", "aiff", "aifc", "au", "snd", "caf", "flac", "w64", "voc", "sf", "sph", "nist", "avr", "htk", "8svx", "ogg", "mp3", "pvf"):
        for encoding in ("", "-b 8", "-b 16", "-b 24", "-b 32", "-e floating-point -b 32", "-e floating-point -b 64", "-e mu-law", "-e a-law", "-e ima-adpcm", "-e ms-adpcm", "-e gsm-full-rate", "-e unsigned-integer -b 8", "-e signed-integer -b 8", "-B", "-L"):
            yield Variant("sox", f"sox-{form}-{_word(encoding)}", f"-D -V0 {{source}} {encoding} {{output}}", form, plain)
    for option in ("", "-0", "-8", "-b 192", "--lax -b 65535 -l 32", "--no-padding", "--no-seektable", "-A tukey(0.5) -r 8", "--disable-constant-subframes --disable-fixed-subframes", "-T ARTIST=a -T ARTIST=b", "--no-mid-side", "--lax -p -e"):
        yield Variant("flac", f"flac-flac-{_word(option)}", f"--silent --force {option} -o {{output}} {{source}}", "flac", plain)
    yield Variant("flac", "flac-streamed", "--silent --stdout {source}", "flac", plain)
    yield Variant("flac", "flac-ogg", "--silent --ogg --force -o {output} {source}", "oga", plain)
    for option in ("", "-b 320", "-b 8", "-V 0", "-V 9", "--abr 100", "-t", "-m m", "-m j", "-m s", "--tt title --ta artist --add-id3v2", "--id3v1-only --tt title", "-p", "--freeformat -b 400", "--resample 22.05", "--resample 8"):
        yield Variant("lame", f"lame-mp3-{_word(option)}", f"--quiet {option} {{source}} {{output}}", "mp3", plain + fast)
    for option in ("-q -1", "-q 3", "-q 10", "-b 64 --managed", "-c a=b -c a=c"):
        yield Variant("oggenc", f"oggenc-ogg-{_word(option)}", f"--quiet {option} -o {{output}} {{source}}", "ogg", plain)
    for option in ("", "--bitrate 12", "--bitrate 256", "--hard-cbr", "--framesize 2.5", "--framesize 60", "--speech", "--music"):
        yield Variant("opusenc", f"opusenc-opus-{_word(option)}", f"--quiet {option} {{source}} {{output}}", "opus", plain + fast)
    for form, codecs in _FFMPEG_SOUNDS.items():
        for codec in codecs.split():
            yield Variant("ffmpeg", f"ffmpeg-{form}-{codec}", f"-v error -bitexact -i {{source}} -c:a {codec} -strict -2 -y {{output}}", form, fast if "opus" in codec else plain)


_FFMPEG_SOUNDS = {
    "wav": "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le pcm_alaw pcm_mulaw adpcm_ima_wav adpcm_ms adpcm_yamaha libgsm_ms libmp3lame ac3",
    "aiff": "pcm_s8 pcm_s16be pcm_s16le pcm_s24be pcm_s32be pcm_f32be pcm_f64be pcm_alaw pcm_mulaw", "au": "pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_f64be pcm_alaw pcm_mulaw",
    "caf": "pcm_s8 pcm_s16be pcm_s24le pcm_f32le pcm_alaw alac opus", "flac": "flac", "ogg": "libvorbis libopus flac libspeex vorbis opus", "mp3": "libmp3lame", "mp2": "mp2 libtwolame", "w64": "pcm_s16le pcm_s24le pcm_f32le pcm_u8", "voc": "pcm_u8 pcm_s16le", "rf64": "pcm_s16le", "sf": "pcm_s16le",
}


def _unique(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Those with a label of their own for each content: the number tells them apart where options do not."""
    seen: dict[tuple[str, str], int] = {}
    made = []
    for variant in variants:
        key = variant.label, variant.contents[0]
        seen[key] = seen.get(key, 0) + 1
        label = variant.label if seen[key] == 1 else f"{variant.label}-{seen[key]}"
        made.append(variant._replace(label=label))
    return tuple(made)


IMAGE_VARIANTS = _unique([*_magick("convert", "", "magick"), *_magick("gm", "convert", "gm"), *_vips(), *_netpbm(), *_jpeg(), *_others()])
SOUND_VARIANTS = _unique(_sounds())
