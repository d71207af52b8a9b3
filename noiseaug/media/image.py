"""Images, through OpenCV: decoded once, in memory, with the samples as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import noiseaug
from noiseaug.files import Refused, SourceFile
from noiseaug.media.headers import Header, read_header
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
_MADE_WITH = f"noiseaug {noiseaug.__version__}, numpy {np.__version__}, opencv {cv2.__version__}"
_JPEG_SUFFIXES = frozenset({".jpe", ".jpeg", ".jpg"})


def augment(source: SourceFile, outputs: Sequence[Output], max_pixels: int) -> list[Facts]:
    """Writes each output with its noise on the source's colour samples; alpha is kept. Returns the facts of each.

    Raises:
        Refused: if the source cannot be decoded, holds what would be lost, or has more than `max_pixels`.
    """
    data = source.read()
    header = read_header(data)
    _refuse(header, max_pixels)
    samples, types, metadata = _decode(data)
    facts = []
    for output in outputs:
        noiser = output.noiser(output.strength(), samples.dtype)
        encoded = _encode(_with_noise(noiser, samples, header), types, metadata, output.suffix, header)
        output.file.write(encoded.reshape(-1).data)
        facts.append(_shape_facts(samples) | noise_facts(noiser, "psnr_db"))
    return facts


def _refuse(header: Header, max_pixels: int) -> None:
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height}"
        raise Refused(f"has {size} pixels, more than the {max_pixels:,} of --max-pixels; raise that if it is meant")
    if header.several_frames:
        raise Refused("holds several frames, and only images of one are supported; split it into one file a frame")
    if header.cmyk:
        raise Refused("is a CMYK TIFF, which is not supported; convert it to RGB")


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


def _with_noise(noiser: Noiser, samples: Array, header: Header) -> Array:
    if samples.ndim == 3 and samples.shape[2] == 4:
        if header.grey_with_alpha:  # decoded as four channels, and nothing encodes two
            noisy = noiser.add_beside_alpha(samples[..., 2:])
            return noisy[..., [0, 0, 0, 1]]
        return noiser.add_beside_alpha(samples)
    return noiser.add(samples, 1 if samples.ndim == 2 else samples.shape[2])


def _encode(
    samples: Array, types: Sequence[int], metadata: Sequence[Array], suffix: str, header: Header
) -> NDArray[np.uint8]:
    settings: tuple[int, ...] = ()
    if suffix in _JPEG_SUFFIXES:
        settings = _JPEG
    elif suffix == ".webp":
        settings = _WEBP_LOSSLESS if header.lossless else _WEBP_LOSSY
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
        "made_with": _MADE_WITH,
    }
