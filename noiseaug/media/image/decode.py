"""From the bytes of an image file to its samples as they are stored, and all that is known beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from noiseaug.media.damage import Damaged
from noiseaug.media.image import mending, opencv, turbojpeg
from noiseaug.media.image.containers import apng, ifd, rasters, read_header, tiff, tiff_strips
from noiseaug.media.image.header import DAMAGED, Header
from noiseaug.noise.scale import SUPPORTED, Array
from noiseaug.storage.source_file import Refused

# The names of dtypes that are worked on. NumPy takes 4 us to name one, as long as all else does for a small image.
DTYPES = {np.dtype(name): name for name in SUPPORTED}


class Picture(NamedTuple):
    """A decoded file.

    Attributes:
        header: what it says beside the samples.
        frames: the samples of each page or frame, shape (height, width) or (height, width, channels), in the order BGR;
            two channels are grey and alpha.
        damage: what of the samples is missing or corrupt, as in `Damaged`; nothing if they are whole.
    """

    header: Header
    frames: list[Array]
    damage: str = ""


def decode(data: bytes, max_pixels: int) -> Picture:
    """Return the picture in a file; of one that is damaged, what decodes.

    Raises:
        Refused: if it cannot be decoded, would not be decoded as it is, or has more than `max_pixels`.
    """
    if not data:
        raise Refused("is empty; expected an image")
    header = read_header(data)
    _refuse(header, max_pixels)
    try:
        return _picture(data, header)
    except Refused:
        mended = mending.mended(data)
        if mended is None:
            raise
    header = read_header(mended.data)
    _refuse(header, max_pixels)
    return _picture(mended.data, header)._replace(damage=mended.what)


def _picture(data: bytes, header: Header) -> Picture:
    if header.refusal:
        raise Refused(header.refusal)
    damage = ""
    try:
        frames = _frames(data, header)
    except Damaged as found:
        frames, damage = found.decoded, found.what
    _check(frames, header)
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
        header = _with_avif_exif(data, header)
    return Picture(header, frames, damage)


def _refuse(header: Header, max_pixels: int) -> None:
    pixels = header.all_pixels or header.width * header.height * header.frames
    if pixels > max_pixels:
        size = f"{header.width} x {header.height}" + (f" x {header.frames}" if header.frames > 1 else "")
        raise Refused(f"has {size} pixels, more than the {max_pixels:,} of --max-pixels; raise that if it is meant")
    if header.refusal and header.refusal != DAMAGED:
        raise Refused(header.refusal)


def _check(frames: list[Array], header: Header) -> None:
    """Raise Refused if the frames are not as many as expected, or not all of one dtype that is worked on."""
    if len(frames) != header.frames:
        raise Refused(f"cannot be decoded as an image: {header.frames} frames expected, {len(frames)} found")
    dtype = frames[0].dtype
    others = {frame.dtype for frame in frames} - {dtype}
    if others:
        raise Refused(f"has pages of {dtype} and {others.pop()} samples; split it into files of one depth each")
    if dtype not in DTYPES:
        raise Refused(f"has {dtype} samples, which is not supported; convert it to uint16 or float32")
    if header.format == "avif" and dtype != np.uint8:
        raise Refused("is an AVIF of more than 8 bits a sample, which is not supported; convert it to PNG")


def _frames(data: bytes, header: Header) -> list[Array]:
    """Return the samples of each frame.

    Raises:
        Damaged: with what decodes, where the decoder tells that something is missing or corrupt.
        Refused: where nothing decodes.
    """
    if header.format == "jpeg":
        return [turbojpeg.decode(data)]
    if header.format == "png" and header.timing:
        return apng.canvases(data, opencv.decode)
    if header.format == "tiff":
        return _tiff_pages(data, header)
    if header.format == "sunraster":
        data = rasters.sun_raster_for_opencv(data)
    return _stored(data, header)


def _stored(data: bytes, header: Header) -> list[Array]:
    if header.frames == 1:
        return [opencv.decode(data)]
    return opencv.decode_frames(data, animated=header.timing is not None)


def _tiff_pages(data: bytes, header: Header) -> list[Array]:
    """Return the samples of each page, if all of them are there: OpenCV makes zeros of those that are not."""
    frames = _stored(tiff.without_transforms(data), header)
    if what := tiff_strips.damage(data):
        raise Damaged(what, frames)
    return frames


def _with_key(samples: Array, key: int) -> Array:
    """Return grey samples with alpha, which is zero where they are `key`."""
    top = np.iinfo(samples.dtype).max
    alpha = np.where(samples == key, 0, top).astype(samples.dtype)
    return np.stack([samples, alpha], axis=-1)


def _with_avif_exif(data: bytes, header: Header) -> Header:
    """Return the header with the EXIF that the codec finds, in which the file's own rotation is the orientation."""
    if header.frames > 1:
        return header._replace(lost=(*header.lost, "EXIF")) if b"Exif\0\0" in data else header
    found = opencv.exif_in(data)
    if found is None:
        return header
    exif = found.removeprefix(b"Exif\0\0")
    turned = header.metadata.exif
    if turned:
        exif = ifd.exif_of(ifd.tags_of(exif) | ifd.tags_of(turned))
    return header._replace(metadata=header.metadata._replace(exif=exif))
