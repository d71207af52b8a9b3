"""tifffile's codec for TIFF files of kinds that OpenCV and Pillow do not read; an extra, `noiseaug[tiff]`."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from noiseaug.media.image.containers import read_header
from noiseaug.media.image.containers.ifd import ROOM, directories, whole
from noiseaug.media.image.containers.tiff_layouts import (
    COMPRESSION,
    HEIGHT,
    IMAGES,
    LERC,
    ROWS_PER_STRIP,
    SAMPLES,
    TILE_HEIGHT,
    TILE_WIDTH,
    WIDTH,
    first,
)
from noiseaug.media.image.header import Tags, Undecodable
from noiseaug.noise.scale import Array


def version() -> str:
    """Return the versions of the libraries."""
    import imagecodecs
    import tifffile

    return f"tifffile {tifffile.__version__}, imagecodecs {imagecodecs.__version__}"


def decode(data: bytes) -> list[Array]:
    """Return the samples of each page as they are stored, shape (height, width) or (height, width, channels).

    Three and four channels of colour come in the order BGR.

    Raises:
        Undecodable: if they cannot be decoded.
    """
    import logging

    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # it says on stderr what it finds odd
    try:
        for directory in directories(data):
            _check_parts(data, directory.tags)
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages: list[Any] = list(file.pages)
            return [
                _ours(page.asarray(maxworkers=1), planes=page.planarconfig == 2, rgb=page.photometric == 2)
                for page in pages
            ]
    except MemoryError:
        raise
    except Exception:  # of many types, and with the libraries' words
        raise Undecodable from None


def _check_parts(data: bytes, page: Tags) -> None:
    """Refuse a page with a part that says to be larger than it can be: codecs make room for what that says.

    Raises:
        ValueError: if there is one.
    """
    compression = first(page, COMPRESSION, 1)
    if compression not in IMAGES and compression != LERC:
        return
    width, height = first(page, WIDTH, 0), first(page, HEIGHT, 0)
    width, height = first(page, TILE_WIDTH, width), first(page, TILE_HEIGHT, first(page, ROWS_PER_STRIP, height))
    tiled = TILE_WIDTH in page
    offsets, sizes = (whole(page.get(number)) for number in ((324, 325) if tiled else (273, 279)))
    for start, size in zip(offsets, sizes, strict=True):
        part = data[start : start + size]
        if compression == LERC:
            _check_lerc(part, width * height, first(page, SAMPLES, 1))
            continue
        inner = read_header(part)
        if not inner.format or inner.width > width or inner.height > height:
            raise ValueError("a strip or tile is larger than its page")


def _check_lerc(part: bytes, pixels: int, samples: int) -> None:
    """Refuse LERC data that say to have more than so many pixels, or samples a pixel (Lerc2, versions 3 to 6)."""
    magic, version, _, rows, columns, depth = struct.unpack_from("<6s5i", part)
    if magic != b"Lerc2 " or version not in range(3, 7) or not 0 < rows * columns <= pixels:
        raise ValueError("its LERC data are larger than its page")
    if version > 3 and not 0 < depth <= samples:
        raise ValueError("its LERC data are larger than its page")


def _ours(samples: Array, *, planes: bool, rgb: bool) -> Array:
    if samples.ndim == 3 and planes:
        samples = np.moveaxis(samples, 0, -1)
    if samples.ndim == 3 and rgb:
        samples = samples[..., [2, 1, 0, *range(3, samples.shape[2])]]
    if samples.ndim not in (2, 3):
        raise Undecodable("its pages have a depth")
    return np.ascontiguousarray(samples, samples.dtype.newbyteorder("="))


def encode(frames: Sequence[Array], *, rgb: bool) -> bytes:
    """Return a file of these pages, without compression.

    Args:
        frames: the samples of each page, as `decode` returns them.
        rgb: whether the first three channels are colours, in the order BGR.
    """
    import tifffile

    size = sum(frame.nbytes for frame in frames)
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=size > ROOM) as writer:
        for frame in frames:
            several = frame.ndim == 3
            writer.write(
                np.ascontiguousarray(frame[..., [2, 1, 0, *range(3, frame.shape[2])]]) if rgb else frame,
                photometric="rgb" if rgb else "minisblack",
                planarconfig="contig" if several else None,
                metadata=None,
                software=False,  # it would say which version wrote the file
            )
    return file.getvalue()
