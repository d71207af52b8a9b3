"""The folders of images and recordings that the commands work on, each made by a function of its own, without noiseaug.

The same files are given to both versions. They are made anew each time, so nothing here has to be reproducible.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import shutil
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile

CHECKOUT = Path(__file__).resolve().parents[2]
RATE = 16_000
TAGS = ("title", "copyright", "artist", "comment", "date", "album", "license", "tracknumber", "genre")
# libsndfile's name of each container, and suffixes that it goes by.
CONTAINERS = {
    "WAV": ("wav",),
    "WAVEX": ("wav",),
    "RF64": ("rf64", "wav"),
    "W64": ("w64",),
    "NIST": ("sph", "nist", "wav"),
    "AIFF": ("aiff", "aif", "aifc"),
    "AU": ("au", "snd"),
    "AVR": ("avr",),
    "CAF": ("caf",),
    "FLAC": ("flac",),
    "HTK": ("htk",),
    "MP3": ("mp3",),
    "OGG": ("ogg", "oga", "opus"),
    "PVF": ("pvf",),
    "IRCAM": ("sf",),
    "SVX": ("svx", "8svx"),
    "VOC": ("voc",),
}
PAUSES = [100, 50, 200, 70]  # ms, between frames


@functools.cache
def _makers() -> tuple[ModuleType, ModuleType]:
    """Imports the tests' makers of small files, `corpus` and `picture_files`, from where tests/ keeps them."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    package = "support." if (CHECKOUT / "tests/support").is_dir() else ""
    return importlib.import_module(f"{package}corpus"), importlib.import_module(f"{package}picture_files")


def _data(name: str) -> bytes:
    """Returns the content of one of the tests' files."""
    return (CHECKOUT / "tests/data" / name).read_bytes()


def mixed(root: Path) -> None:
    """Fills `root` with small files of most kinds, and one of no kind that is worked on."""
    corpus, _ = _makers()
    corpus.make_mixed(root)


def pictures(root: Path) -> None:
    """Fills `root` with images of every format and layout, still ones and animations, those that are refused too."""
    corpus, files = _makers()
    photo, grey = corpus.photo(41, 53), files.GREY
    frames, clear = files.still_frames(4), files.still_frames(4, "RGBA")
    jpegs: dict[str, dict[str, object]] = {
        "420": {"subsampling": "4:2:0"},
        "422": {"subsampling": "4:2:2"},
        "444": {"subsampling": "4:4:4"},
        "progressive": {"progressive": True},
    }
    made = {
        **{name: make() for name, make in files.LOSSLESS.items()},
        **{f"{name}.jpg": files.pillow(photo, "JPEG", quality=90, **how) for name, how in jpegs.items()},
        "grey.jpg": files.pillow(grey, "JPEG"),
        "cmyk.jpeg": files.pillow(photo, "JPEG", "CMYK"),
        "lossy.webp": files.pillow(photo, "WEBP", quality=80),
        "lossy.avif": files.pillow(photo, "AVIF", quality=80),
        "alpha.avif": files.pillow(files.RGBA, "AVIF", quality=80),
        "palette.png": files.pillow(files.RGB, "PNG", "P"),
        "still.gif": files.pillow(files.RGB, "GIF"),
        "palette.bmp": files.pillow(files.RGB, "BMP", "P"),
        "palette.tif": files.pillow(files.RGB, "TIFF", "P"),
        "bits.png": files.pillow(files.RGB, "PNG", "1"),
        "bits.tif": files.pillow(files.RGB, "TIFF", "1", compression="group4"),
        "bits.pbm": files.netpbm("P4\n48 40\n", corpus.pixels((40, 6))),
        "transparent.png": files.png(grey, 0, files.chunk(b"tRNS", struct.pack(">H", 7))),
        "ycbcr.tif": files.pillow(files.RGB, "TIFF", "YCbCr"),
        "light.hdr": files.hdr(files.FLOAT_RGB),
        "dot.png": files.pillow(grey[:1, :1], "PNG"),
        "line.png": files.pillow(grey[:1], "PNG"),
        "wild.tif": files.tiff(np.array([[np.nan, np.inf], [-np.inf, 1]], np.float32)),
        # What is refused, each for another reason
        "separated.tif": files.tiff(files.RGBA, photometric="separated"),
        "two-channels.tif": files.tiff(files.LA, photometric="minisblack", planarconfig="contig"),
        "five-channels.tif": files.tiff(corpus.pixels((9, 8, 5)), photometric="rgb"),
        "unsigned.tif": files.tiff(files.DEEP.astype(np.uint32)),
        "half.tif": files.tiff(files.FLOAT.astype(np.float16)),
        "ten-bits.pgm": files.netpbm("P5 50 40 1023\n", (files.DEEP >> 6).astype(">u2")),
        "scaled.pfm": files.netpbm("Pf 50 40 -2.5\n", files.FLOAT),
        "two-channels.jp2": files.pillow(files.LA, "JPEG2000"),
        # Files under the suffix of another format
        "really-a-png.jpg": files.pillow(files.RGB, "PNG"),
        "really-an-alpha.jpg": files.pillow(files.RGBA, "PNG"),
        "really-floats.png": files.tiff(files.FLOAT),
        # Frames and pages
        "rgb-frames.png": files.several("PNG", frames, duration=PAUSES, loop=3),
        "rgba-frames.png": files.several("PNG", clear, duration=PAUSES, loop=0),
        "poster-frames.png": files.several("PNG", frames, duration=PAUSES[:3], default_image=True),
        "blended-frames.png": files.several("PNG", clear, duration=33, disposal=[0, 1, 2, 0], blend=[0, 1, 1, 0]),
        "rgb-frames.webp": files.several("WEBP", frames, duration=PAUSES, loop=3, lossless=True),
        "rgba-frames.webp": files.several("WEBP", clear, duration=PAUSES, lossless=True, exact=True),
        "lossy-frames.webp": files.several("WEBP", frames, duration=PAUSES),
        "frames.gif": files.several("GIF", frames, duration=PAUSES, loop=3),
        "frames.avif": files.several("AVIF", frames, duration=PAUSES, quality=100),
        "pages.tif": files.tiff(np.stack([grey] * 3), photometric="minisblack"),
        "deep-pages.tif": files.tiff(np.stack([files.DEEP] * 3), photometric="minisblack"),
    }
    _fill(root, made)


def laden(root: Path) -> None:
    """Fills `root` with images that say all that images can say besides their pixels, damaged texts among it."""
    corpus, files = _makers()
    photo, exif, profile, xmp = corpus.photo(40, 50), files.exif(), files.PROFILE, files.XMP
    chunks = {
        b"gAMA": struct.pack(">I", 45455),
        b"cHRM": struct.pack(">8I", *range(8)),
        b"sBIT": b"\5\6\5",
        b"bKGD": struct.pack(">3H", 1, 2, 3),
        b"tIME": struct.pack(">H5B", 2026, 1, 2, 3, 4, 5),
        b"tEXt": b"Author\0somebody",
        b"zTXt": b"Comment\0\0" + zlib.compress(b"something"),
        b"pHYs": struct.pack(">IIB", 3, 4, 0),
        b"caBX": b"credentials of other samples",
    }
    segments = b"\xff\xed" + struct.pack(">H", 2 + 14 + 9) + b"Photoshop 3.0\0some IPTC"
    segments += b"\xff\xeb" + struct.pack(">H", 2 + 6) + b"JP\0\0\0\0"
    plain = files.pillow(photo, "JPEG", icc_profile=profile + bytes(150_000), comment=b"a comment", dpi=(72, 72))
    tags = [(33550, "d", 3, (0.5, 0.5, 0.0), True), (65000, "s", 0, "private", True), (315, "s", 0, "somebody", True)]
    timing = {"duration": 100, "icc_profile": profile, "exif": exif}
    made = {
        "all.jpg": files.pillow(photo, "JPEG", exif=exif, icc_profile=profile, xmp=xmp, dpi=(300, 150), comment=b"hi"),
        "all.png": files.pillow(files.RGB, "PNG", exif=exif, icc_profile=profile, pnginfo=files.text(), dpi=(300, 150)),
        "all.webp": files.pillow(files.RGB, "WEBP", exif=exif, icc_profile=profile, xmp=xmp, lossless=True),
        "all.avif": files.pillow(photo, "AVIF", exif=exif, icc_profile=profile),
        "all.tif": files.pillow(files.RGB, "TIFF", icc_profile=profile, tiffinfo=files.exif_in_tiff(), dpi=(300, 150)),
        "dense.bmp": files.pillow(files.RGB, "BMP", dpi=(300, 300)),
        "chunks.png": files.png(files.RGB, 2, *(files.chunk(*pair) for pair in chunks.items())),
        "damaged.png": files.png(files.RGB, 2, files.chunk(b"eXIf", b"no EXIF"), files.chunk(b"iCCP", b"x\0\0no zlib")),
        "segments.jpg": plain[:20] + segments + plain[20:] + b"a video behind it",
        "grey-profile.png": files.pillow(files.GREY, "PNG", icc_profile=bytes(16) + b"GRAY" + bytes(200)),
        "frames.png": files.several("PNG", files.still_frames(3), **timing),
        "frames.webp": files.several("WEBP", files.still_frames(3), lossless=True, **timing),
        **{
            f"tags-{order}.tif": files.tiff(files.DEEP, extratags=tags, byteorder=sign, description="a scan")
            for order, sign in (("little", "<"), ("big", ">"))
        },
    }
    _fill(root, made)


def _fill(root: Path, made: dict[str, bytes]) -> None:
    """Writes the files, under names that stay different where all are written in one format."""
    for name, content in made.items():
        stem, suffix = name.split(".")
        (root / f"{stem}-{suffix}.{suffix}").write_bytes(content)


def recordings(root: Path) -> None:
    """Fills `root` with recordings of each container, subtype and byte order that libsndfile writes, with all tags."""
    corpus, _ = _makers()
    for container, suffixes in CONTAINERS.items():
        for subtype in soundfile.available_subtypes(container):
            endians = [name for name in ("LITTLE", "BIG") if soundfile.check_format(container, subtype, name)]
            for endian in endians or ["FILE"]:
                for suffix in suffixes if subtype in ("PCM_16", "VORBIS", "OPUS") else suffixes[:1]:
                    name = f"{container}-{subtype}-{endian}-{suffix}.{suffix}"
                    _record(root / name, container, subtype, endian)
    for name, channels in (("six-wav.wav", 6), ("six-flac.flac", 6), ("three-ogg.ogg", 3)):
        corpus.write_sound(root / name, corpus.sound(3000, channels), soundfile.default_subtype(name.split(".")[1]))
    (root / "tone-mp3.wav").write_bytes(_data("tone-mp3.wav"))
    (root / "tone.mp2").write_bytes(_data("tone.mp2"))


def _record(path: Path, container: str, subtype: str, endian: str) -> None:
    """Writes a short recording with tags; in one channel or at another rate where the format takes nothing else."""
    corpus, _ = _makers()
    for channels, rate in ((2, RATE), (1, RATE), (1, 8000)):
        try:
            with soundfile.SoundFile(path, "w", rate, channels, subtype, endian, container) as file:
                for tag in TAGS:
                    with contextlib.suppress(soundfile.SoundFileError):  # not every format has texts
                        setattr(file, tag, "7" if tag == "tracknumber" else f"the {tag}")
                file.write(corpus.sound(3000, channels))
        except soundfile.SoundFileError:
            path.unlink(missing_ok=True)
        else:
            return


def speech(root: Path) -> None:
    """Fills `root` with what matters to an SNR: pauses, silence, a silent channel, peaks, nothing; with transcripts."""
    corpus, _ = _makers()
    word, pause = corpus.sound(4000, 2), np.zeros((3000, 2))
    made = {
        "words/pauses": np.concatenate([pause, word, pause, word, pause]),
        "words/one-channel": word * [1, 0],
        "words/faint": word * 0.001,
        "words/short": word[:7],
        "loud/peaks": np.clip(word * 3, -1, 1),
        "loud/constant": np.full((4000, 2), 0.99),
        "silence/silent": pause,
        "silence/nothing": pause[:0],
    }
    for name, samples in made.items():
        for suffix, subtype in (("wav", "PCM_16"), ("flac", "PCM_24"), ("aiff", "FLOAT"), ("ogg", "VORBIS")):
            corpus.write_sound(root / f"{name}-{suffix}.{suffix}", samples, subtype)
            (root / f"{name}-{suffix}.txt").write_text(f"what is said in {name}\n")
    corpus.write_sound(root / "wild.wav", np.array([[np.nan], [np.inf], [1e30]]), "FLOAT")


def lengthy(root: Path) -> None:
    """Fills `root` with recordings of several blocks, with a pause of more than one."""
    corpus, _ = _makers()
    samples = np.concatenate([corpus.sound(100_000, 2), np.zeros((90_000, 2)), corpus.sound(77_777, 2, seed=1)])
    corpus.write_sound(root / "deep.flac", samples, "PCM_24")
    corpus.write_sound(root / "mono.wav", samples[:, :1], "FLOAT")
    corpus.write_sound(root / "song.ogg", samples, "VORBIS")


def many(root: Path) -> None:
    """Fills `root` with more small images than a worker gets at once."""
    corpus, _ = _makers()
    for number in range(200):
        name = f"{number % 7}/{number:03}.{'pgm' if number % 3 else 'png'}"
        corpus.save_image(root / name, corpus.photo(9, 12, 1, seed=number))


def labelled(root: Path) -> None:
    """Fills `root` with images that have labels of each kind: YOLO's, Pascal VOC's, JSON beside them, and COCO's."""
    corpus, _ = _makers()
    images, boxes = [], []
    for number in range(6):
        name = f"{'cats' if number % 2 else 'dogs'}/{number:03}"
        file_name = f"images/{name}{'.png' if number % 3 else '.jpg'}"
        corpus.save_image(root / file_name, corpus.photo(32, 48, seed=number))
        _write(root / f"labels/{name}.txt", f"{number % 2} 0.5 0.5 0.25 0.{number + 1}\n")
        _write(root / f"images/{name}.xml", f"<annotation><filename>{name[5:]}.png</filename></annotation>\n")
        _write(root / f"images/{name}.json", json.dumps({"number": number}))
        images.append({"id": 100 - number, "file_name": file_name, "width": 48, "height": 32, "license": 2})
        box = {"id": 10**21 + number, "image_id": 100 - number, "category_id": 1, "bbox": [number, 1.5, 7, 8e-1]}
        boxes.append(box | {"area": 5.6, "iscrowd": 0, "segmentation": [[number, 1.5, 7, 1.5, 7, 8]], "caption": "雪"})
    coco = {"info": {"year": 2026}, "licenses": [{"id": 2}], "annotations": boxes, "images": images}
    _write(root / "coco.json", json.dumps(coco | {"categories": [{"id": 1, "name": "cat"}]}, indent=1))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def bad(root: Path) -> None:
    """Fills `root` with files that cannot be read: those of `mixed`, cut or overwritten, and others. Two are good."""
    whole = root / "whole"
    mixed(whole)
    for path in sorted(whole.rglob("*.*")):
        content, name = path.read_bytes(), f"{path.stem}{path.suffix}"
        (root / f"truncated-{name}").write_bytes(content[: len(content) * 6 // 10])
        (root / f"zeros-{name}").write_bytes(content[:20].ljust(len(content), b"\0"))
        (root / f"empty{path.suffix}").touch()
        (root / f"text{path.suffix}").write_text("This is a text, and a long one. " * 20)
    (root / "sound.png").write_bytes((whole / "sound/pcm16.wav").read_bytes())
    (root / "picture.wav").write_bytes((whole / "images/cats/a.png").read_bytes())
    (root / "crash.png").write_bytes(_data("decoder-segfault.png"))
    (root / "good.png").write_bytes((whole / "images/cats/a.png").read_bytes())
    (root / "zz-good.wav").write_bytes((whole / "sound/pcm16.wav").read_bytes())
    shutil.rmtree(whole)
    (root / "dangling.png").symlink_to("nowhere.png")
    (root / "circle.png").symlink_to("circle.png")


def odd(root: Path) -> None:
    """Fills `root` with a picture under many odd names, with links, and with files that are not regular."""
    corpus, _ = _makers()
    corpus.save_image(root / "plain.png", corpus.photo(12, 16))
    content = (root / "plain.png").read_bytes()
    names = (
        *("with space.png", "new\nline.png", "tab\t.png", "-dash.png", "UPPER.PNG", ".hidden.png", "quote\"'.png"),
        *(
            "100%.png",
            "{stem}.png",
            "two.dots.png",
            "deep/er/est.png",
            "#hash.png",
            "!bang.png",
            "a*b?.png",
            "$HOME.png",
        ),
        *("\u00e9.png", "e\u0301.png", "雪.png", "back\\slash.png", os.fsdecode(b"latin-\xe9.png"), "a.jpg.png"),
        *("Case/a.png", "case/a.png", "folder.png/inside.png", "label/name.png", "no-suffix", "plain.jpg"),
    )
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "link.png").symlink_to("plain.png")
    (root / "linked").symlink_to("deep")
    (root / "deep" / "up").symlink_to("..")
    (root / "endless.png").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.wav")


_ALL = (mixed, many, pictures, laden, recordings, speech, lengthy, labelled, bad, odd)
MAKERS: dict[str, Callable[[Path], None]] = {make.__name__: make for make in _ALL}


def make_source(name: str, root: Path) -> Path:
    """Makes the folder of this name below `root`, unless it is there; returns its path."""
    path = root / name
    if not path.exists():
        path.mkdir(parents=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow and NumPy, on what is made odd on purpose
            MAKERS[name](path)
    return path
