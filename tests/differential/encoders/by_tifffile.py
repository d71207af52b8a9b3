"""TIFF files by tifffile, and images by imagecodecs."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import tifffile

from differential import contents

Files = Iterator[tuple[str, bytes]]

_DTYPES = (
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "float16",
    "float32",
    "float64",
    "bool",
    "complex64",
)
_COMPRESSIONS = (
    "lzw",
    "zlib",
    "packbits",
    "zstd",
    "lzma",
    "jpeg",
    "jpeg2000",
    "webp",
    "png",
    "jpegxl",
    "lerc",
    "adobe_deflate",
    "pixarlog",
    "ccittrle",
    "ccitt_t4",
    "ccitt_t6",
)
_SHAPES: dict[str, dict[str, Any]] = {
    "tiles": {"tile": (16, 16)},
    "strips": {"rowsperstrip": 3},
    "big-endian": {"byteorder": ">"},
    "bigtiff": {"bigtiff": True},
    "bigtiff-be": {"bigtiff": True, "byteorder": ">"},
    "predictor": {"compression": "zlib", "predictor": True},
    "tiles-lzw": {"tile": (32, 16), "compression": "lzw"},
    "planes": {"planarconfig": "separate"},
    "planes-tiles": {"planarconfig": "separate", "tile": (16, 16)},
    "white-is-0": {"photometric": "miniswhite"},
    "subsampled": {"compression": "jpeg", "subsampling": (2, 2)},
    "be-predictor": {"byteorder": ">", "compression": "zlib", "predictor": True},
}


def files() -> Files:
    """All of them."""
    warnings.simplefilter("ignore")
    for name in ("photo", "odd", "dot"):
        picture = contents.pictures()[name]
        yield from _dtypes(name, picture)
        yield from _shapes(name, picture)
        yield from _channels(name, picture)
        yield from by_imagecodecs(name, picture)


def _file(name: str, array: np.ndarray, **settings: Any) -> Files:
    file = io.BytesIO()
    with contextlib.suppress(Exception):  # what tifffile does not write
        tifffile.imwrite(file, array, **settings)
        yield f"tifffile-{name}.tif", file.getvalue()


def _as(picture: np.ndarray, dtype: str) -> np.ndarray:
    """The picture in a dtype, most of its range in use."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return picture > 127
    if kind.kind in "fc":
        return (picture / 255).astype(kind)
    if kind.itemsize == 1:
        return picture.astype(kind)
    shift = 8 * kind.itemsize - 8 - (kind.kind == "i")
    return picture.astype(kind) << shift | np.arange(picture.size).reshape(picture.shape).astype(kind) % 200


def _dtypes(name: str, picture: np.ndarray) -> Files:
    for dtype in _DTYPES:
        for layout, array in {"grey": contents.grey(picture), "rgb": picture}.items():
            photometric = {"photometric": "minisblack" if layout == "grey" else "rgb"}
            samples = _as(array, dtype)
            yield from _file(f"{dtype}-{layout}-{name}", samples, **photometric)
            for compression in _COMPRESSIONS:
                if name != "dot":
                    yield from _file(
                        f"{dtype}-{layout}-{compression}-{name}", samples, compression=compression, **photometric
                    )


def _shapes(name: str, picture: np.ndarray) -> Files:
    for dtype in ("uint8", "uint16", "float32"):
        for layout, array in {"grey": contents.grey(picture), "rgb": picture}.items():
            for variant, settings in _SHAPES.items():
                base = {"photometric": "minisblack" if layout == "grey" else "rgb"} | settings
                samples = _as(array, dtype)
                if "planes" in variant:
                    samples = samples.transpose(2, 0, 1) if layout == "rgb" else samples
                yield from _file(f"{variant}-{dtype}-{layout}-{name}", samples, **base)


def _channels(name: str, picture: np.ndarray) -> Files:
    alpha = contents.with_alpha(picture)
    for dtype in ("uint8", "uint16", "float32"):
        samples = _as(alpha, dtype)
        for kind in ("unassalpha", "assocalpha", "unspecified"):
            yield from _file(f"rgba-{kind}-{dtype}-{name}", samples, photometric="rgb", extrasamples=[kind])
            yield from _file(
                f"greya-{kind}-{dtype}-{name}",
                samples[..., 2:],
                photometric="minisblack",
                planarconfig="contig",
                extrasamples=[kind],
            )
        yield from _file(f"cmyk-{dtype}-{name}", samples, photometric="separated")
        yield from _file(
            f"five-{dtype}-{name}",
            np.dstack([samples, samples[..., 0]]),
            photometric="minisblack",
            planarconfig="contig",
        )
        yield from _file(f"pages-{dtype}-{name}", np.stack([samples[..., 0]] * 3), photometric="minisblack")
        yield from _file(
            f"ome-{dtype}-{name}",
            np.stack([samples[..., 0]] * 3),
            photometric="minisblack",
            ome=True,
            metadata={"axes": "CYX"},
        )
        yield from _file(
            f"imagej-{dtype}-{name}", np.stack([samples[..., 0]] * 3), imagej=True, metadata={"axes": "ZYX"}
        )
    for bits in (10, 12, 14):
        yield from _file(
            f"{bits}bit-{name}",
            contents.deep(contents.grey(picture)) >> (16 - bits),
            bitspersample=bits,
            photometric="minisblack",
        )
    colours = np.random.default_rng(1).integers(0, 65536, (3, 256)).astype(np.uint16)
    yield from _file(f"palette-{name}", contents.grey(picture), photometric="palette", colormap=colours)
    for bits in (1, 2, 4):
        yield from _file(
            f"palette{bits}-{name}",
            contents.grey(picture) >> (8 - bits),
            photometric="palette",
            colormap=colours[:, : 1 << bits],
            bitspersample=bits,
        )
        yield from _file(
            f"grey{bits}-{name}", contents.grey(picture) >> (8 - bits), photometric="minisblack", bitspersample=bits
        )
    for sampling in ((1, 1), (2, 1), (2, 2)):
        label = f"ycbcr{sampling[0]}{sampling[1]}-{name}"
        yield from _file(label, picture, photometric="rgb", compression="jpeg", subsampling=sampling)


def by_imagecodecs(name: str, picture: np.ndarray) -> Files:
    """Images by the codecs of imagecodecs."""
    grey, alpha = contents.grey(picture), contents.with_alpha(picture)
    layouts = {
        "grey": grey,
        "rgb": picture,
        "rgba": alpha,
        "grey16": contents.deep(grey),
        "rgb16": contents.deep(picture),
        "rgba16": contents.deep(alpha),
        "ga": np.ascontiguousarray(alpha[..., 2:]),
    }
    codecs: list[tuple[str, str, Any, dict[str, Any]]] = [
        ("png", "png", imagecodecs.png_encode, {}),
        ("spng", "png", imagecodecs.spng_encode, {}),
        ("apng", "png", imagecodecs.apng_encode, {}),
        ("jpeg", "jpg", imagecodecs.jpeg8_encode, {}),
        ("jpeg-422", "jpg", imagecodecs.jpeg8_encode, {"subsampling": "422"}),
        ("jpeg-444", "jpg", imagecodecs.jpeg8_encode, {"subsampling": "444"}),
        ("jpeg-440", "jpg", imagecodecs.jpeg8_encode, {"subsampling": "440"}),
        ("jpeg-411", "jpg", imagecodecs.jpeg8_encode, {"subsampling": "411"}),
        ("jpeg-lossless", "jpg", imagecodecs.jpeg8_encode, {"lossless": True}),
        ("mozjpeg", "jpg", imagecodecs.mozjpeg_encode, {}),
        ("webp", "webp", imagecodecs.webp_encode, {"level": 80}),
        ("webp-lossless", "webp", imagecodecs.webp_encode, {"lossless": True}),
        ("avif", "avif", imagecodecs.avif_encode, {"level": 80}),
        ("avif-lossless", "avif", imagecodecs.avif_encode, {"level": 100}),
        ("jpeg2k", "jp2", imagecodecs.jpeg2k_encode, {}),
        ("jpeg2k-lossy", "jp2", imagecodecs.jpeg2k_encode, {"level": 60, "reversible": False}),
        ("gif", "gif", imagecodecs.gif_encode, {}),
        ("bmp", "bmp", imagecodecs.bmp_encode, {}),
        ("jpegls-in-jpg", "jpg", imagecodecs.jpegls_encode, {}),
        ("avif-422", "avif", imagecodecs.avif_encode, {"level": 80, "pixelformat": "422"}),
        ("avif-444", "avif", imagecodecs.avif_encode, {"level": 80, "pixelformat": "444"}),
    ]
    for label, suffix, encode, settings in codecs:
        for layout, array in layouts.items():
            if (label, layout) == ("gif", "ga"):
                continue  # taken for frames of two columns
            with contextlib.suppress(Exception):  # what a codec does not write
                yield f"imagecodecs-{label}-{layout}-{name}.{suffix}", bytes(encode(array, **settings))
    for depth in (10, 12):
        with contextlib.suppress(Exception):
            data = imagecodecs.avif_encode(contents.deep(picture) >> (16 - depth), level=100, bitspersample=depth)
            yield f"imagecodecs-avif-{depth}bit-{name}.avif", bytes(data)
    with contextlib.suppress(Exception):
        yield (
            f"imagecodecs-rgbe-{name}.hdr",
            bytes(imagecodecs.rgbe_encode((picture / 255).astype(np.float32), header=True)),
        )
