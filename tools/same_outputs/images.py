"""Folders of images: of every format and layout, and with all that images can say besides their pixels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from tools.same_outputs.makers import makers

PAUSES = [100, 50, 200, 70]  # ms, between frames


def pictures(root: Path) -> None:
    """Fills `root` with images of every format and layout, still ones and animations, those that are refused too."""
    corpus, files = makers()
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
    corpus, files = makers()
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
