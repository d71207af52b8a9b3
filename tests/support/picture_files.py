"""Image files of every layout that is worked on, none of them written by OpenCV where another library can."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from support.corpus import pixels

SIZE = (40, 50)
GREY, RGB, RGBA = pixels(SIZE), pixels((*SIZE, 3), seed=1), pixels((*SIZE, 4), seed=2)
RGBA[:6, :, 3], RGBA[6:12, :, 3] = 0, 255
LA = RGBA[..., [0, 3]]
DEEP, DEEP_RGB, DEEP_RGBA = (pixels((*SIZE, *more), np.uint16, seed=3) for more in ((), (3,), (4,)))
DEEP_LA = DEEP_RGBA[..., 2:]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> Image.Exif:
    """Tags, an orientation among them, and a directory of further ones."""
    tags = Image.Exif()
    tags[0x010E], tags[0x0112], tags[0x0131] = "a rotated picture", 6, "camera 1"
    tags.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    return tags


def exif_in_tiff() -> ImageFileDirectory_v2:
    """The same and XMP, as the tags of a TIFF file."""
    tags = ImageFileDirectory_v2()
    tags[0x010E], tags[0x0112], tags[0x0131], tags[700] = "a rotated picture", 6, "camera 1", XMP
    tags[0x8769] = {0x9003: "2026:01:02 03:04:05"}
    return tags


def pillow(array: np.ndarray, form: str, mode: str | None = None, **settings: Any) -> bytes:
    """A file that Pillow writes of samples in its order, in another `mode` if one is given."""
    image, file = Image.fromarray(array), io.BytesIO()
    (image.convert(mode) if mode else image).save(file, form, **settings)
    return file.getvalue()


def tiff(array: np.ndarray, **settings: Any) -> bytes:
    """A file that tifffile writes."""
    file = io.BytesIO()
    tifffile.imwrite(file, array, **settings)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(samples: np.ndarray, colour_type: int, *before: bytes, depth: int | None = None) -> bytes:
    """A PNG file by its specification: rows of samples, unfiltered, with chunks before them."""
    depth = depth or 8 * samples.itemsize
    rows = samples.astype(samples.dtype.newbyteorder(">")).reshape(samples.shape[0], -1)
    packed = np.packbits(rows, axis=1) if depth == 1 else rows
    raw = b"".join(b"\0" + row.tobytes() for row in packed)
    ihdr = struct.pack(">II5B", samples.shape[1], samples.shape[0], depth, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", ihdr), *before, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def interlaced(samples: np.ndarray) -> bytes:
    """A grey PNG in the seven passes of Adam7."""
    passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
    rows = [row for y, dy, x, dx in passes for row in samples[y::dy, x::dx] if row.size]
    ihdr = struct.pack(">II5B", samples.shape[1], samples.shape[0], 8, 0, 0, 0, 1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [chunk(b"IHDR", ihdr), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def netpbm(head: str, samples: np.ndarray) -> bytes:
    """A PNM, PAM or PFM file: a header, then the samples."""
    return head.encode() + samples.tobytes()


def pam(samples: np.ndarray, kind: str) -> bytes:
    height, width, depth = (*samples.shape, 1)[:3]
    top = np.iinfo(samples.dtype).max
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {top}\nTUPLTYPE {kind}\nENDHDR\n"
    return netpbm(head, samples.astype(samples.dtype.newbyteorder(">")))


def read_pam(data: bytes) -> np.ndarray:
    """The samples of a PAM file of 8 or 16 bits."""
    head, _, raw = data.partition(b"ENDHDR\n")
    fields = dict(line.split() for line in head.decode().splitlines()[1:])
    shape = [int(fields[name]) for name in ("HEIGHT", "WIDTH", "DEPTH")]
    samples = np.frombuffer(raw, ">u2" if int(fields["MAXVAL"]) > 255 else "u1").reshape(shape)
    return samples.squeeze()


def read_pfm(data: bytes) -> np.ndarray:
    """The samples of a PFM file, from the top row on."""
    kind, width, height, scale, raw = data.split(maxsplit=4)
    shape = (int(height), int(width), *([3] if kind == b"PF" else []))
    return np.frombuffer(raw, "<f4" if float(scale) < 0 else ">f4").reshape(shape)[::-1]


def sun(samples: np.ndarray) -> bytes:
    """A Sun raster file without a colour map."""
    height, width = samples.shape[:2]
    depth = 8 * samples[0, 0].size
    return struct.pack(">8I", 0x59A66A95, width, height, depth, samples.nbytes, 1, 0, 0) + samples.tobytes()


def hdr(samples: np.ndarray) -> bytes:
    return cv2.imencode(".hdr", samples)[1].tobytes()  # nothing else here writes it


def text() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", "somebody")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return info


FLOAT = np.linspace(-3, 5, GREY.size, dtype=np.float32).reshape(SIZE)
FLOAT_RGB = np.random.default_rng(4).uniform(0, 1, (*SIZE, 3)).astype(np.float32)

# Every sample of these comes back.
LOSSLESS: dict[str, Callable[[], bytes]] = {
    "grey.png": lambda: pillow(GREY, "PNG"),
    "rgb.png": lambda: pillow(RGB, "PNG"),
    "rgba.png": lambda: pillow(RGBA, "PNG"),
    "grey-alpha.png": lambda: pillow(LA, "PNG"),
    "deep-grey-alpha.png": lambda: png(DEEP_LA, 4),
    "deep.png": lambda: pillow(DEEP, "PNG"),
    "deep-rgb.png": lambda: png(DEEP_RGB, 2),
    "deep-rgba.png": lambda: png(DEEP_RGBA, 6),
    "interlaced.png": lambda: interlaced(GREY),
    "grey.tif": lambda: tiff(GREY),
    "rgb.tif": lambda: tiff(RGB, photometric="rgb"),
    "rgba.tif": lambda: tiff(RGBA, photometric="rgb", extrasamples=["unassalpha"]),
    "premultiplied.tif": lambda: tiff(RGBA, photometric="rgb", extrasamples=["assocalpha"]),
    "deep.tiff": lambda: tiff(DEEP),
    "deep-rgb.tif": lambda: tiff(DEEP_RGB, photometric="rgb", byteorder=">"),
    "deep-rgba.tif": lambda: tiff(DEEP_RGBA, photometric="rgb", extrasamples=["unassalpha"]),
    "signed.tif": lambda: tiff(DEEP.astype(np.int16)),
    "float.tif": lambda: tiff(FLOAT),
    "float-rgb.tif": lambda: tiff(FLOAT_RGB, photometric="rgb"),
    "double.tif": lambda: tiff(FLOAT.astype(np.float64)),
    "tiled.tif": lambda: tiff(RGB, photometric="rgb", tile=(16, 16), compression="zlib", predictor=True),
    "packbits.tif": lambda: pillow(GREY, "TIFF", compression="packbits"),
    "lzw.tif": lambda: pillow(RGB, "TIFF", compression="tiff_lzw"),
    "big.tif": lambda: tiff(RGB, photometric="rgb", bigtiff=True),
    "planes.tif": lambda: tiff(RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
    "white-is-0.tif": lambda: tiff(GREY, photometric="miniswhite"),
    "deep-white-is-0.tif": lambda: tiff(DEEP, photometric="miniswhite"),
    "grey.bmp": lambda: pillow(GREY, "BMP"),
    "rgb.bmp": lambda: pillow(RGB, "BMP"),
    "rgb.dib": lambda: pillow(RGB, "BMP"),
    "rgb.webp": lambda: pillow(RGB, "WEBP", lossless=True, exact=True),
    "rgba.webp": lambda: pillow(RGBA, "WEBP", lossless=True, exact=True),
    "grey.pgm": lambda: pillow(GREY, "PPM"),
    "ascii.pgm": lambda: b"P2\n# by hand\n3 2\n255\n0 1 2\n253 254 255\n",
    "deep.pgm": lambda: netpbm("P5 50 40 65535\n", DEEP.astype(">u2")),
    "rgb.ppm": lambda: pillow(RGB, "PPM"),
    "grey.pnm": lambda: pillow(GREY, "PPM"),
    "rgb.pnm": lambda: pillow(RGB, "PPM"),
    "deep.ppm": lambda: netpbm("P6 50 40 65535\n", DEEP_RGB.astype(">u2")),
    "grey.pam": lambda: pam(GREY, "GRAYSCALE"),
    "grey-alpha.pam": lambda: pam(LA, "GRAYSCALE_ALPHA"),
    "rgb.pam": lambda: pam(RGB, "RGB"),
    "rgba.pam": lambda: pam(RGBA, "RGB_ALPHA"),
    "deep-rgb.pam": lambda: pam(DEEP_RGB, "RGB"),
    "grey.pfm": lambda: netpbm("Pf\n50 40\n-1.0\n", FLOAT[::-1]),
    "rgb.pfm": lambda: netpbm("PF\n50 40\n1.0\n", FLOAT_RGB[::-1].astype(">f4")),
    "grey.jp2": lambda: pillow(GREY, "JPEG2000"),
    "rgb.jp2": lambda: pillow(RGB, "JPEG2000"),
    "rgba.jp2": lambda: pillow(RGBA, "JPEG2000"),
    "deep.jp2": lambda: pillow(DEEP, "JPEG2000"),
    "grey.ras": lambda: sun(GREY),
    "rgb.sr": lambda: sun(np.ascontiguousarray(RGB[..., ::-1])),
    "exact.avif": lambda: cv2.imencode(".avif", RGB, [cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes(),
}


def still_frames(count: int, mode: str = "RGB") -> list[Image.Image]:
    """Different pictures of one size."""
    return [Image.fromarray(pixels((*SIZE, 4), seed=10 + index)).convert(mode) for index in range(count)]


def several(form: str, frames: list[Image.Image], **settings: Any) -> bytes:
    """A file of several frames by Pillow."""
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:], **settings)
    return file.getvalue()


DELAYS = [100, 50, 200, 70]
ANIMATIONS = {
    "rgb.png": lambda: several("PNG", still_frames(4), duration=DELAYS, loop=3),
    "rgba.png": lambda: several("PNG", still_frames(4, "RGBA"), duration=DELAYS, loop=0),
    "grey.png": lambda: several("PNG", still_frames(4, "L"), duration=DELAYS, loop=1),
    "poster.png": lambda: several("PNG", still_frames(4), duration=DELAYS[:3], default_image=True),
    "rgb.webp": lambda: several("WEBP", still_frames(4), duration=DELAYS, loop=3, lossless=True),
    "rgba.webp": lambda: several("WEBP", still_frames(4, "RGBA"), duration=DELAYS, loop=0, lossless=True, exact=True),
}
