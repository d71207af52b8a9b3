"""Encoders of recordings, and the settings that they are called with."""

from __future__ import annotations

from collections.abc import Iterable

from differential.encoders.tool_variants import Variant, word

_FFMPEG_SOUNDS = {
    "wav": "pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le pcm_alaw pcm_mulaw "
    "adpcm_ima_wav adpcm_ms adpcm_yamaha libgsm_ms libmp3lame ac3",
    "aiff": "pcm_s8 pcm_s16be pcm_s16le pcm_s24be pcm_s32be pcm_f32be pcm_f64be pcm_alaw pcm_mulaw",
    "au": "pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_f64be pcm_alaw pcm_mulaw",
    "caf": "pcm_s8 pcm_s16be pcm_s24le pcm_f32le pcm_alaw alac opus",
    "flac": "flac",
    "ogg": "libvorbis libopus flac libspeex vorbis opus",
    "mp3": "libmp3lame",
    "mp2": "mp2 libtwolame",
    "w64": "pcm_s16le pcm_s24le pcm_f32le pcm_u8",
    "voc": "pcm_u8 pcm_s16le",
    "rf64": "pcm_s16le",
    "sf": "pcm_s16le",
}


def variants() -> Iterable[Variant]:
    """Yield all of them."""
    plain, fast = ("sound.wav",), ("sound48.wav",)
    for form in (
        "wav",
        "aiff",
        "aifc",
        "au",
        "snd",
        "caf",
        "flac",
        "w64",
        "voc",
        "sf",
        "sph",
        "nist",
        "avr",
        "htk",
        "8svx",
        "ogg",
        "mp3",
        "pvf",
    ):
        for encoding in (
            "",
            "-b 8",
            "-b 16",
            "-b 24",
            "-b 32",
            "-e floating-point -b 32",
            "-e floating-point -b 64",
            "-e mu-law",
            "-e a-law",
            "-e ima-adpcm",
            "-e ms-adpcm",
            "-e gsm-full-rate",
            "-e unsigned-integer -b 8",
            "-e signed-integer -b 8",
            "-B",
            "-L",
        ):
            yield Variant(
                "sox", f"sox-{form}-{word(encoding)}", f"-D -V0 {{source}} {encoding} {{output}}", form, plain
            )
    for option in (
        "",
        "-0",
        "-8",
        "-b 192",
        "--lax -b 65535 -l 32",
        "--no-padding",
        "--no-seektable",
        "-A tukey(0.5) -r 8",
        "--disable-constant-subframes --disable-fixed-subframes",
        "-T ARTIST=a -T ARTIST=b",
        "--no-mid-side",
        "--lax -p -e",
    ):
        yield Variant(
            "flac", f"flac-flac-{word(option)}", f"--silent --force {option} -o {{output}} {{source}}", "flac", plain
        )
    yield Variant("flac", "flac-streamed", "--silent --stdout {source}", "flac", plain)
    yield Variant("flac", "flac-ogg", "--silent --ogg --force -o {output} {source}", "oga", plain)
    for option in (
        "",
        "-b 320",
        "-b 8",
        "-V 0",
        "-V 9",
        "--abr 100",
        "-t",
        "-m m",
        "-m j",
        "-m s",
        "--tt title --ta artist --add-id3v2",
        "--id3v1-only --tt title",
        "-p",
        "--freeformat -b 400",
        "--resample 22.05",
        "--resample 8",
    ):
        yield Variant(
            "lame", f"lame-mp3-{word(option)}", f"--quiet {option} {{source}} {{output}}", "mp3", plain + fast
        )
    for option in ("-q -1", "-q 3", "-q 10", "-b 64 --managed", "-c a=b -c a=c"):
        yield Variant(
            "oggenc", f"oggenc-ogg-{word(option)}", f"--quiet {option} -o {{output}} {{source}}", "ogg", plain
        )
    for option in (
        "",
        "--bitrate 12",
        "--bitrate 256",
        "--hard-cbr",
        "--framesize 2.5",
        "--framesize 60",
        "--speech",
        "--music",
    ):
        yield Variant(
            "opusenc", f"opusenc-opus-{word(option)}", f"--quiet {option} {{source}} {{output}}", "opus", plain + fast
        )
    for form, codecs in _FFMPEG_SOUNDS.items():
        for codec in codecs.split():
            yield Variant(
                "ffmpeg",
                f"ffmpeg-{form}-{codec}",
                f"-v error -bitexact -i {{source}} -c:a {codec} -strict -2 -y {{output}}",
                form,
                fast if "opus" in codec else plain,
            )
