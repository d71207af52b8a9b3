"""Images, through OpenCV: decoded once, in memory, with the samples as they are stored."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.files import Refused, SourceFile
from noiseaug.media.output import Facts, Output, noise_facts
from noiseaug.noise import Noiser

Array = NDArray[Any]

cv2.setNumThreads(1)  # runs are parallel over files

# 4:2:0, the default, halves the resolution of chroma and with it destroys most of the noise there.
_JPEG = (
    cv2.IMWRITE_JPEG_QUALITY,
    95,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)
_WEBP_LOSSY = (cv2.IMWRITE_WEBP_QUALITY, 95)
_WEBP_LOSSLESS = (cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR)
_JPEG_SUFFIXES = frozenset({".jpe", ".jpeg", ".jpg"})


def augment(source: SourceFile, outputs: Sequence[Output]) -> list[Facts]:
    """Writes each output with its noise on the source's colour samples; alpha is kept. Returns the facts of each.

    Raises:
        Refused: if the source cannot be decoded, or holds what would be lost.
    """
    data = source.read()
    refuse_what_would_be_lost(data)
    samples, types, metadata = _decode(data)
    facts = []
    for output in outputs:
        noiser = output.noiser(samples.dtype)
        encoded = _encode(_with_noise(noiser, samples, data), types, metadata, output.suffix, data)
        output.file.write(encoded.reshape(-1).data)
        facts.append(_shape_facts(samples) | noise_facts(noiser, "psnr_db"))
    return facts


def _decode(data: bytes) -> tuple[Array, Sequence[int], Sequence[Array]]:
    if not data:
        raise Refused("is empty; expected an image")
    try:
        samples, types, metadata = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise Refused(f"cannot be decoded as an image: {error.err}") from None
    if samples is None:
        raise Refused("cannot be decoded as an image: it is damaged, truncated or no image; replace or remove it")
    return samples, types, metadata


def _with_noise(noiser: Noiser, samples: Array, data: bytes) -> Array:
    if samples.ndim == 3 and samples.shape[2] == 4:
        if _is_grey_with_alpha(data):  # decoded as four channels, and nothing encodes two
            noisy = noiser.add_beside_alpha(samples[..., 2:])
            return noisy[..., [0, 0, 0, 1]]
        return noiser.add_beside_alpha(samples)
    return noiser.add(samples, 1 if samples.ndim == 2 else samples.shape[2])


def _encode(
    samples: Array, types: Sequence[int], metadata: Sequence[Array], suffix: str, source: bytes
) -> NDArray[np.uint8]:
    settings: tuple[int, ...] = ()
    if suffix in _JPEG_SUFFIXES:
        settings = _JPEG
    elif suffix == ".webp":
        settings = _WEBP_LOSSLESS if b"VP8L" in source[:64] else _WEBP_LOSSY
    try:
        if types:
            done, encoded = cv2.imencodeWithMetadata(suffix, samples, types, metadata, settings)
        else:
            done, encoded = cv2.imencode(suffix, samples, settings)
    except cv2.error as error:
        raise Refused(f"cannot be encoded as {suffix}: {error.err}") from None
    if not done:
        raise Refused(f"cannot be encoded as {suffix}: {samples.dtype} samples of shape {samples.shape} do not fit it")
    return encoded


def _shape_facts(samples: Array) -> Facts:
    return {
        "width": samples.shape[1],
        "height": samples.shape[0],
        "channels": 1 if samples.ndim == 2 else samples.shape[2],
        "dtype": samples.dtype.name,
    }


def refuse_what_would_be_lost(data: bytes) -> None:
    """Raises Refused for images of several frames, of which one would be kept, and CMYK TIFF, read as if with alpha."""
    frames = "holds several frames, and only images of one are supported; split it into one file a frame"
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data.find(b"acTL", 0, max(data.find(b"IDAT"), 0)) > 0:
        raise Refused(frames)
    if data[8:16] == b"WEBPVP8X" and len(data) > 20 and data[20] & 2:
        raise Refused(frames)
    if data[:4] in (b"II*\0", b"MM\0*"):
        photometric, more = _first_tiff_directory(data)
        if more:
            raise Refused(frames)
        if photometric == 5:
            raise Refused("is a CMYK TIFF, which is not supported; convert it to RGB")


def _first_tiff_directory(data: bytes) -> tuple[int, bool]:
    """The photometric interpretation (TIFF 6.0, tag 262) of the first page, and whether there is a second."""
    order = "<" if data[:2] == b"II" else ">"
    photometric = -1
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        (entries,) = struct.unpack_from(order + "H", data, at)
        for index in range(entries):
            tag, _, _, value = struct.unpack_from(order + "HHIH", data, at + 2 + 12 * index)
            if tag == 262:
                photometric = value
        (following,) = struct.unpack_from(order + "I", data, at + 2 + 12 * entries)
    except struct.error:
        return photometric, False  # truncated: the decoder says so
    return photometric, following != 0


def _is_grey_with_alpha(data: bytes) -> bool:
    """Whether this is a PNG of colour type 4 (PNG specification, IHDR)."""
    return data[:8] == b"\x89PNG\r\n\x1a\n" and data[25:26] == b"\x04"
