"""From the bytes of an image file to its samples as they are stored, and all that is known beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.media.image.containers import apng, rasters, read_header, tiff
from noiseaug.media.image.header import Header
from noiseaug.storage.source_file import Refused

Array = NDArray[Any]

_SUPPORTED = frozenset(map(np.dtype, ("uint8", "uint16", "int16", "int32", "float32", "float64")))


class Picture(NamedTuple):
    """A decoded file.

    Attributes:
        header: what it says beside the samples.
        frames: the samples of each page or frame, shape (height, width) or (height, width, channels), in the order BGR;
            two channels are grey and alpha.
        lost: what of the file is not in `frames` and `header`, by name.
    """

    header: Header
    frames: list[Array]
    lost: tuple[str, ...]


def decode(data: bytes, max_pixels: int) -> Picture:
    """The picture in a file.

    Raises:
        Refused: if it cannot be decoded, would not be decoded as it is, or has more than `max_pixels`.
    """
    if not data:
        raise Refused("is empty; expected an image")
    header = read_header(data)
    _refuse(header, max_pixels)
    frames = _decoded(data, header)
    lost = [*header.lost, *header.metadata.lost]
    if header.format == "gif" and all(frame.ndim == 3 and frame.shape[2] == 4 for frame in frames):
        if all((frame[..., 3] == 255).all() for frame in frames):  # animations are decoded with alpha in any case
            frames = [np.ascontiguousarray(frame[..., :3]) for frame in frames]
    elif header.grey_with_alpha:
        frames = [frame[..., 2:] for frame in frames]
    elif header.colour_key is not None:
        frames = [_with_key(frame, header.colour_key) for frame in frames]
    elif header.format == "pam":
        frames = [rasters.rgb(frame) for frame in frames]
    elif header.format == "avif":
        header, further = _with_avif_exif(data, header)
        lost += further
    return Picture(header, frames, tuple(dict.fromkeys(lost)))


def _refuse(header: Header, max_pixels: int) -> None:
    pixels = header.all_pixels or header.width * header.height * header.frames
    if pixels > max_pixels:
        size = f"{header.width} x {header.height}" + (f" x {header.frames}" if header.frames > 1 else "")
        raise Refused(f"has {size} pixels, more than the {max_pixels:,} of --max-pixels; raise that if it is meant")
    if header.refusal:
        raise Refused(header.refusal)


def _decoded(data: bytes, header: Header) -> list[Array]:
    """The samples of each frame."""
    if header.format == "png" and header.timing:
        try:
            frames = apng.canvases(data, _still)
        except apng.Damaged as error:
            raise Refused(f"cannot be decoded as an image: {error}") from None
    elif header.format == "tiff":
        data = tiff.without_transforms(data)
        frames = [_still(data)] if header.frames == 1 else _several(data, header)
    elif header.frames > 1:
        frames = _several(data, header)
    else:
        frames = [_still(rasters.sun_raster_for_opencv(data) if header.format == "sunraster" else data)]
    if len(frames) != header.frames:
        raise Refused(f"cannot be decoded as an image: {header.frames} frames expected, {len(frames)} found")
    dtype = frames[0].dtype
    others = {frame.dtype for frame in frames} - {dtype}
    if others:
        raise Refused(f"has pages of {dtype} and {others.pop()} samples; split it into files of one depth each")
    if dtype not in _SUPPORTED:
        raise Refused(f"has {dtype} samples, which is not supported; convert it to uint16 or float32")
    if header.format == "avif" and dtype != np.uint8:
        raise Refused("is an AVIF of more than 8 bits a sample, which is not supported; convert it to PNG")
    return frames


def _still(data: bytes) -> Array:
    try:
        samples: Array | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise Refused(f"cannot be decoded as an image: {error.err}") from None
    if samples is None:
        raise Refused("cannot be decoded as an image: it is damaged, truncated or no image; replace or remove it")
    return samples


def _several(data: bytes, header: Header) -> list[Array]:
    buffer = np.frombuffer(data, np.uint8)
    frames: Sequence[Array] = ()
    try:
        if header.timing:
            done, animation = cv2.imdecodeanimation(buffer)
            frames = animation.frames
        else:
            done, frames = cv2.imdecodemulti(buffer, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise Refused(f"cannot be decoded as an image: {error.err}") from None
    if not done:
        raise Refused("cannot be decoded as an image: a frame is damaged or truncated; replace or remove it")
    return list(frames)


def _with_key(samples: Array, key: int) -> Array:
    """Grey samples, with alpha that is zero where they are `key`."""
    top = np.iinfo(samples.dtype).max
    alpha = np.where(samples == key, 0, top).astype(samples.dtype)
    return np.stack([samples, alpha], axis=-1)


def _with_avif_exif(data: bytes, header: Header) -> tuple[Header, list[str]]:
    """The header with the EXIF that OpenCV finds, and the rotation that the file's boxes ask for as EXIF has it."""
    if header.frames > 1:
        return header, ["EXIF"] if b"Exif\0\0" in data else []
    _, types, blocks = cv2.imdecodeWithMetadata(np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED)
    found = dict(zip(types, blocks, strict=True)).get(cv2.IMAGE_METADATA_EXIF)
    if found is None:
        return header, []
    exif = found.tobytes().removeprefix(b"Exif\0\0")
    turned = header.metadata.exif
    if turned:
        exif = tiff.exif_of(tiff.tags_of(exif) | tiff.tags_of(turned))
    return header._replace(metadata=header.metadata._replace(exif=exif)), []
