"""From the bytes of an image file to its samples as they are stored, and all that is known beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from noiseaug.media.damage import Damaged
from noiseaug.media.image import mending, opencv, pillow, tiff_files, turbojpeg
from noiseaug.media.image.checks import DTYPES, check_decoded
from noiseaug.media.image.containers import apng, bmp, gif, heif, rasters, read_header, sun, tiff, tiff_strips
from noiseaug.media.image.containers.tiff_layouts import PILLOW, TIFFFILE
from noiseaug.media.image.header import Header, Undecodable, told
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused


class Picture(NamedTuple):
    """A decoded file.

    Attributes:
        header: what it says beside the samples.
        frames: the samples of each page or frame, shape (height, width) or (height, width, channels), in the order BGR;
            two channels are grey and alpha.
        decoder: the name and version of the library that decoded it, if that is not OpenCV.
        damage: what of the samples is missing or corrupt, as in `Damaged`; nothing if they are whole.
    """

    header: Header
    frames: list[Array]
    decoder: str = ""
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
    if min(header.width, header.height) < 1:
        raise Refused(f"cannot be decoded as an image: the header of this {told(header)} is damaged or cut off")
    try:
        picture = _decoded(data, header)
    except Undecodable as reason:
        why = str(reason) or "it is damaged or truncated"
        raise Refused(f"cannot be decoded as an image: {why}; replace or remove this {told(header)}") from None
    _check(picture)
    return picture


def _refuse(header: Header, max_pixels: int) -> None:
    pixels = header.all_pixels or header.width * header.height * header.frames
    if pixels > max_pixels:
        size = f"{header.width} x {header.height}" + (f" x {header.frames}" if header.frames > 1 else "")
        raise Refused(f"has {size} pixels, more than the {max_pixels:,} of --max-pixels; raise that if it is meant")


def _check(picture: Picture) -> None:
    header, frames = picture.header, picture.frames
    if len(frames) != header.frames:
        raise Refused(f"cannot be decoded as an image: {header.frames} frames expected, {len(frames)} found")
    dtype = frames[0].dtype
    others = {frame.dtype for frame in frames} - {dtype}
    if others:
        raise Refused(f"has pages of {dtype} and {others.pop()} samples; split it into files of one depth each")
    if dtype not in DTYPES:
        raise Refused(f"has {dtype} samples, which is not supported; convert it to uint16 or float32")
    check_decoded(header, frames)


def _decoded(data: bytes, header: Header) -> Picture:
    """Return the picture as the library decodes it that independent readers agree with, for each format."""
    name = header.format
    if name == "avif":
        frames, said = pillow.decode_frames(name, data)
        metadata = header.metadata._replace(exif=said.exif.removeprefix(b"Exif\0\0"), xmp=said.xmp)
        return Picture(header._replace(metadata=metadata), frames, pillow.version(name))
    if name == "gif":
        frames = gif.canvases(data, header, lambda still: pillow.decode_with_alpha("gif", still))
        return Picture(header, frames, pillow.version(name))
    if name == "heic":
        return Picture(header, [heif.decode(data)], heif.made_with())
    if name in ("bmp", "dib"):
        if not bmp.is_for_pillow(data):
            return Picture(header, [bmp.unmasked(data)])
        return Picture(header, [pillow.decode(name, data)], pillow.version(name))
    if name == "sunraster":
        return Picture(header, [sun.decode(data)])
    if header.maximum and rasters.is_plain(data):
        return Picture(header, [_scaled(rasters.decode_plain(data, header), header.maximum)])
    if name == "pam":
        return Picture(header, [_scaled(rasters.decode_pam(data, header), header.maximum)])
    if name == "jpeg":
        try:
            return Picture(header, [turbojpeg.decode(data)])
        except Damaged as found:
            return Picture(header, found.decoded, damage=found.what)
    if name == "tiff":
        stored = tiff_strips.stored(data)
        if stored is not None:  # it is whole
            return _tiff(stored, header)
        # Decoders make zeros of what is not there.
        return _tiff(data, header)._replace(damage=tiff_strips.damage(data))
    return Picture(header, _by_opencv(data, header))


def _tiff(data: bytes, header: Header) -> Picture:
    if header.library == TIFFFILE:
        return Picture(header, tiff_files.decode(data), tiff_files.version())
    if header.library == PILLOW:
        mode = "RGB" if header.channels == 3 else "L"
        frames, _ = pillow.decode_frames("tiff", tiff.without_transforms(data), mode)
        return Picture(header, frames, pillow.version("tiff"))
    return Picture(header, _by_opencv(data, header))


def _by_opencv(data: bytes, header: Header) -> list[Array]:
    if header.format == "png" and header.timing:
        frames = apng.canvases(data, opencv.decode)
    else:
        data = tiff.without_transforms(data) if header.format == "tiff" else data
        if header.frames == 1:
            frames = [opencv.decode(data)]
        else:
            frames = opencv.decode_frames(data, animated=header.timing is not None)
    if header.grey_with_alpha:
        return [frame[..., 2:] for frame in frames]
    if header.colour_key is not None:
        return [_with_key(frame, header.colour_key) for frame in frames]
    return [_scaled(frame, header.maximum) for frame in frames] if header.maximum else frames


def _scaled(samples: Array, maximum: int) -> Array:
    """Return samples of which `maximum` is white so that it is that of their dtype; as they are for a maximum of 0.

    >>> _scaled(np.array([0, 512, 1023], np.uint16), 1023)
    array([    0, 32800, 65535], dtype=uint16)
    """
    if not maximum:
        return samples
    top = np.iinfo(samples.dtype).max
    levels = (np.arange(top + 1, dtype=np.uint64) * top + maximum // 2) // maximum
    table: Array = np.minimum(levels, top).astype(samples.dtype)
    return table[samples]


def _with_key(samples: Array, key: int) -> Array:
    """Return grey samples with alpha, which is zero where they are `key`."""
    top = np.iinfo(samples.dtype).max
    alpha = np.where(samples == key, 0, top).astype(samples.dtype)
    return np.stack([samples, alpha], axis=-1)
