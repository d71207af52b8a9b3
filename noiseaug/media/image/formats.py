"""The formats that are written, and what each can hold. The codec drops the rest of bits or channels without a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from noiseaug.media.image.containers import tiff
from noiseaug.media.image.containers.tiff_layouts import TIFFFILE
from noiseaug.media.image.header import PORTABLE, Header
from noiseaug.noise.scale import SUPPORTED, Array
from noiseaug.storage.source_file import Refused


class ImageFormat(NamedTuple):
    """A format that is written.

    Attributes:
        name: as in `Header.format`.
        dtypes: of the samples it holds.
        channels: how many: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
        frames: `animation`, `pages`, or nothing.
        metadata: the fields of `Metadata` that it takes.
    """

    name: str
    dtypes: tuple[np.dtype[Any], ...]
    channels: Sequence[int]
    frames: str = ""
    metadata: frozenset[str] = frozenset()


_BYTE = (np.dtype(np.uint8),)
_DEEP = (*_BYTE, np.dtype(np.uint16))
_FLOAT = (np.dtype(np.float32),)
_SCIENTIFIC = tuple(map(np.dtype, SUPPORTED))
_ALL = frozenset(PORTABLE)
_NO_DENSITY = _ALL - {"per_metre"}
_TIFF = ImageFormat("tiff", tuple(dtype for dtype in _SCIENTIFIC if dtype != np.float16), (1, 3, 4), "pages", _ALL)
FORMATS = {
    ".avif": ImageFormat("avif", _BYTE, (1, 3, 4), "animation", _NO_DENSITY),
    **dict.fromkeys((".bmp", ".dib"), ImageFormat("bmp", _BYTE, (1, 3, 4), metadata=_ALL - _NO_DENSITY)),
    ".gif": ImageFormat("gif", _BYTE, (3, 4), "animation"),
    ".hdr": ImageFormat("hdr", _FLOAT, (3,)),
    ".jp2": ImageFormat("jp2", _DEEP, (1, 3, 4)),
    **dict.fromkeys((".jpe", ".jpeg", ".jpg"), ImageFormat("jpeg", _BYTE, (1, 3), metadata=_ALL)),
    ".pam": ImageFormat("pam", _DEEP, (1, 2, 3, 4)),
    ".pfm": ImageFormat("pfm", _FLOAT, (1, 3)),
    ".pgm": ImageFormat("pgm", _DEEP, (1,)),
    ".png": ImageFormat("png", _DEEP, (1, 2, 3, 4), "animation", _ALL),
    ".pnm": ImageFormat("pnm", _DEEP, (1, 3)),
    ".ppm": ImageFormat("ppm", _DEEP, (3,)),
    **dict.fromkeys((".ras", ".sr"), ImageFormat("sunraster", _BYTE, (1, 3))),
    **dict.fromkeys((".tif", ".tiff"), _TIFF),
    ".webp": ImageFormat("webp", _BYTE, (3, 4), "animation", _NO_DENSITY),
}
_CHANNELS = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}


def channels_of(samples: Array) -> int:
    """Return how many channels samples of shape (height, width) or (height, width, channels) have."""
    return 1 if samples.ndim == 2 else int(samples.shape[2])


def format_of(suffix: str) -> ImageFormat:
    """Return the format that a suffix names.

    Raises:
        Refused: if it is not written.
    """
    if suffix not in FORMATS:
        raise Refused(f"cannot be written as {suffix or 'a file without suffix'}: use --image-format png, or tif")
    return FORMATS[suffix]


def form_for(header: Header, suffix: str) -> ImageFormat:
    """Return the format that a suffix names, as far as it can take an image with this header.

    Raises:
        Refused: if it is not written, or is for colours and the channels are none.
    """
    form = format_of(suffix)
    if header.library != TIFFFILE:
        return form
    if form.name == "tiff":  # tifffile writes what it read
        return form._replace(dtypes=_SCIENTIFIC, channels=range(1, header.channels + 1))
    too_many = header.channels > 3 + header.last_is_alpha
    if too_many or (header.channels > 1 + header.last_is_alpha and not tiff.is_rgb(header.metadata)):
        raise Refused(f"has {header.channels} channels that are no colours, and {form.name} holds colours; write TIFF")
    return form


def fitted(samples: Array, form: ImageFormat) -> Array:
    """Return the samples with channels that the format holds: grey as three equal ones, where it has to be.

    Raises:
        Refused: if it cannot hold them without loss.
    """
    channels = channels_of(samples)
    if samples.dtype not in form.dtypes:
        holds = " or ".join(str(dtype) for dtype in form.dtypes)
        instead = "png" if samples.dtype in _DEEP else "tif"
        raise Refused(f"has {samples.dtype} samples, and {form.name} holds {holds}; use --image-format {instead}")
    if channels in form.channels:
        return samples
    if channels + 2 in form.channels and channels < 3:
        grey = samples if channels == 1 else samples[..., 0]
        return np.stack([grey] * 3 + ([samples[..., 1]] if channels == 2 else []), axis=-1)
    holds = " or ".join(_CHANNELS[number] for number in form.channels)
    raise Refused(f"has {_CHANNELS[channels]} samples, and {form.name} holds {holds}; use --image-format png, or tif")
