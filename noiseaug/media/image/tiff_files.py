"""tifffile's codec for TIFF files of kinds that OpenCV and Pillow do not read; an extra, `noiseaug[tiff]`."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from noiseaug.media.image.header import Undecodable
from noiseaug.noise.scale import Array

_LARGEST = (1 << 32) - (1 << 25)  # bytes that a file has room for whose offsets have 32 bits


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
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # it says on stderr what it finds odd
    try:
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
    with tifffile.TiffWriter(file, bigtiff=size > _LARGEST) as writer:
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
