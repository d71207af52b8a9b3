"""OpenCV's codecs for images: the one module here that calls them, so that another codec can stand beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from noiseaug.media.image.containers.tiff_layouts import compression_for
from noiseaug.media.image.header import Header, Metadata, Timing, Undecodable, milliseconds
from noiseaug.noise.scale import Array
from noiseaug.settings.recipe import ImageOptions
from noiseaug.storage.source_file import Refused

Settings = tuple[int, ...]

cv2.setNumThreads(1)  # runs are parallel over files

AVIF_LOSSLESS = 100  # all below halve the resolution of chroma, and lose some of alpha

_QUALITY = 95
_LEAST_BYTES = 32  # OpenCV 5.0.0 decodes no WebP of fewer, as those of one colour are
_WEBP_LOSSLESS = (cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR)

# What OpenCV says of a codec that it was built with: `JPEG:   build-libjpeg-turbo (ver 3.1.2-70)`.
_CODEC = re.compile(r"([A-Za-z0-9 ]+):.*\(ver (?:decoder: )?([^\s,)]+).*\)")


def versions() -> str:
    """Return the version of OpenCV and of the codecs in it, which may be those of the system.

    To ask takes 14 us.
    """
    said = cv2.getBuildInformation().partition("Media I/O")[2].partition("Video I/O")[0]
    codecs = (_CODEC.fullmatch(line.strip()) for line in said.splitlines())
    told = ", ".join(f"{found[1].lower().replace(' ', '')} {found[2]}" for found in codecs if found)
    return f"opencv {cv2.__version__}" + (f" ({told})" if told else "")


def decode(data: bytes) -> Array:
    """Return the samples of a still image as they are stored.

    Raises:
        Undecodable: if it cannot be decoded; so do all functions that decode.
    """
    samples: Array | None = _decoded(cv2.imdecode, data.ljust(_LEAST_BYTES, b"\0"), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise Undecodable
    return samples


def decode_frames(data: bytes, *, animated: bool) -> list[Array]:
    """Return the samples of each page, or of each frame of an animation."""
    if animated:
        done, animation = _decoded(cv2.imdecodeanimation, data)
        frames = animation.frames
    else:
        done, frames = _decoded(cv2.imdecodemulti, data, cv2.IMREAD_UNCHANGED)
    if not done:
        raise Undecodable("a frame is damaged or truncated")
    return list(frames)


def _decoded(decoder: Callable[..., Any], data: bytes, *arguments: Any) -> Any:
    try:
        return decoder(np.frombuffer(data, np.uint8), *arguments)
    except cv2.error:  # with words that say nothing to users, such as `static_cast<size_t>(...)`
        raise Undecodable from None


def settings_for(name: str, header: Header, options: ImageOptions, dtype: np.dtype[Any]) -> Settings:
    """Return the parameters of the encoder of a format, for an image that was read with this header."""
    quality = options.quality or _QUALITY
    lossless = header.lossless and options.quality is None
    if name == "jpeg":
        sampling: int = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{options.subsampling}")
        return (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    if name == "webp":
        return _WEBP_LOSSLESS if lossless else (cv2.IMWRITE_WEBP_QUALITY, quality)
    if name == "avif":
        return (cv2.IMWRITE_AVIF_QUALITY, AVIF_LOSSLESS if lossless else quality)
    if name == "jp2":
        return (cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000)  # lossless
    if name == "tiff":
        # Few programs read the predictor of floats.
        predictor = (cv2.IMWRITE_TIFF_PREDICTOR, cv2.IMWRITE_TIFF_PREDICTOR_NONE) if dtype.kind == "f" else ()
        return (cv2.IMWRITE_TIFF_COMPRESSION, compression_for(header.compression, dtype), *predictor)
    return ()


def encode(suffix: str, pages: Sequence[Array], settings: Settings) -> memoryview:
    """Return a file of the format that the suffix stands for, of one page or several."""
    if len(pages) == 1:
        return _encoded(cv2.imencode, suffix, pages[0], pages[0], settings)
    return _encoded(cv2.imencodemulti, suffix, pages[0], list(pages), settings)


def encode_animation(suffix: str, frames: Sequence[Array], timing: Timing, settings: Settings) -> memoryview:
    """Return an animation."""
    animation = cv2.Animation()
    animation.frames = list(frames)
    animation.durations = [milliseconds(delay) for delay in timing.delays]
    animation.loop_count = timing.plays
    return _encoded(cv2.imencodeanimation, suffix, frames[0], animation, settings)


def encode_with_metadata(suffix: str, samples: Array, metadata: Metadata, settings: Settings) -> memoryview:
    """Return a still image with its EXIF, XMP and colour profile, as far as there are any."""
    held = {
        cv2.IMAGE_METADATA_EXIF: metadata.exif,
        cv2.IMAGE_METADATA_XMP: metadata.xmp,
        cv2.IMAGE_METADATA_ICCP: metadata.icc,
    }
    given = {kind: np.frombuffer(content, np.uint8) for kind, content in held.items() if content}
    if not given:
        return encode(suffix, [samples], settings)
    arguments = samples, tuple(given), tuple(given.values()), settings
    return _encoded(cv2.imencodeWithMetadata, suffix, samples, *arguments)


def _encoded(encoder: Callable[..., Any], suffix: str, first: Array, *arguments: Any) -> memoryview:
    """Call an encoder of which `first` is the image, or the first of several."""
    try:
        done, encoded = encoder(suffix, *arguments)
    except cv2.error:
        done = False
    if not done:
        height, width = first.shape[:2]
        what = f"{width} x {height} pixels of {first.dtype} samples"
        raise Refused(f"cannot be encoded as {suffix}: {what} do not fit it; use --image-format png, or tif")
    content: memoryview = encoded.reshape(-1).data
    return content
