"""From samples to the bytes of an image file, with what the source said about its image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from noiseaug.media.image import opencv, tiff_files
from noiseaug.media.image.checks import check_encoded
from noiseaug.media.image.containers import avif, bmp, ifd, jpeg, png, png_writer, rasters, sun, tiff, tiff_writer, webp
from noiseaug.media.image.containers.tiff_layouts import DEFLATE, TIFFFILE, compression_for
from noiseaug.media.image.decode import Picture
from noiseaug.media.image.formats import ImageFormat, channels_of
from noiseaug.media.image.header import NOTHING, PORTABLE, Header, Metadata, Timing
from noiseaug.noise.scale import Array
from noiseaug.settings.recipe import ImageOptions
from noiseaug.storage.source_file import Refused

Content = bytes | memoryview

_PNG_LEVEL = 1
_LEAST_JP2 = 32  # pixels, for its five levels of resolution


def encode(
    picture: Picture, frames: Sequence[Array], suffix: str, form: ImageFormat, options: ImageOptions
) -> tuple[memoryview, list[str]]:
    """Return the file of these frames in place of the picture's, and the names of what it does not keep.

    Raises:
        Refused: if the format cannot hold them.
    """
    header, channels = picture.header, channels_of(frames[0])
    _check_frames(header, form)
    metadata, lost = _fitting(header, form, channels)
    settings = opencv.settings_for(form.name, header, options, frames[0].dtype)
    png_level = _PNG_LEVEL if options.png_level is None else options.png_level
    writer = _Writer(suffix, settings, metadata, png_level, header)
    if form.name == "avif" and channels == 4 and opencv.AVIF_LOSSLESS not in settings:
        lost.append("exact alpha")
    if form.name == "gif" and header.format != "gif":
        lost.append("colours beyond 256")
    if header.timing and form.frames == "animation":
        lost += _lost_in_animation(form.name, header.timing, metadata)
        timing = header.timing
        if timing.poster and form.name != "png":
            frames, timing = frames[1:], timing._replace(delays=timing.delays[1:], poster=False)
        content = memoryview(writer.animation(frames, timing))
    else:
        lost += ["durations of frames"] if header.timing else []
        lost += jpeg.too_long(metadata) if form.name == "jpeg" and metadata != NOTHING else []
        content = memoryview(writer.pages(frames) if form.name == "tiff" else writer.still(frames[0]))
    return content, lost + check_encoded(content, form, frames)


def _check_frames(header: Header, form: ImageFormat) -> None:
    if header.frames > 1 and not (form.frames == "pages" or (header.timing and form.frames)):
        what = f"an animation of {header.frames} frames" if header.timing else f"{header.frames} pages"
        instead = "png" if header.timing else "tif"
        raise Refused(f"holds {what}, and {form.name} holds one image; use --image-format {instead}")


def _fitting(header: Header, form: ImageFormat, channels: int) -> tuple[Metadata, list[str]]:
    """Return the metadata that the format takes, and the names of the rest."""
    metadata = header.metadata
    if metadata == NOTHING:
        return metadata, []
    unfit = PORTABLE.keys() - form.metadata
    if not _profile_suits(metadata.icc, channels):
        unfit.add("icc")
    lost = [name for field, name in PORTABLE.items() if field in unfit and getattr(metadata, field)]
    if header.format == form.name:
        return _without_profile(metadata) if lost else metadata, lost
    kept = {field: getattr(metadata, field) for field in PORTABLE if field not in unfit}
    return Metadata(**kept), [*lost, *metadata.others]


def _profile_suits(profile: bytes, channels: int) -> bool:
    """Tell whether a colour profile (ICC.1, section 7.2.6) is for samples of so many channels."""
    return profile[16:20] not in ((b"CMYK",) if channels < 3 else (b"CMYK", b"GRAY"))


def _without_profile(metadata: Metadata) -> Metadata:
    return metadata._replace(
        icc=b"",
        blocks=tuple(block for block in metadata.blocks if block[4:8] != b"iCCP" and block[4:15] != b"ICC_PROFILE"),
        pages=tuple({number: page[number] for number in page if number != tiff.ICC} for page in metadata.pages),
    )


def _lost_in_animation(name: str, timing: Timing, metadata: Metadata) -> list[str]:
    """Return names of what an animation of this format does not keep, beside what its images do not."""
    if name == "png":
        return []
    lost = ["poster"] if timing.poster else []
    if name != "webp":  # what the codec writes by itself
        lost += [said for field, said in PORTABLE.items() if getattr(metadata, field)]
    if name == "avif" and timing.plays:
        lost.append("loop count")
    return lost


class _Writer(NamedTuple):
    """Encodes the frames of a picture.

    Attributes:
        suffix: of the file.
        settings: the parameters of the codec.
        metadata: what the file is to say about its image.
        png_level: how strongly PNG files are compressed, 0 to 9.
        header: that of the source.
    """

    suffix: str
    settings: opencv.Settings
    metadata: Metadata
    png_level: int
    header: Header

    def still(self, samples: Array) -> Content:
        """Return one image with its metadata."""
        metadata = self.metadata
        if self.suffix == ".avif":
            return opencv.encode_with_metadata(self.suffix, samples, metadata, self.settings)
        if self.suffix == ".png":
            return png_writer.still(samples, self.png_level, png.chunks_for(metadata))
        encoded = self._bare(samples)
        if metadata == NOTHING:
            return encoded
        if self.suffix in (".jpg", ".jpeg", ".jpe"):
            return jpeg.with_metadata(bytes(encoded), metadata)
        if self.suffix == ".webp":
            return webp.joined([bytes(encoded)], None, metadata, channels_of(samples))
        if metadata.per_metre:  # no other format that is written so takes any metadata but BMP
            return bmp.with_density(bytes(encoded), metadata.per_metre)
        return encoded

    def pages(self, frames: Sequence[Array]) -> Content:
        """Return a TIFF file."""
        tags = tiff.tags_for(self.metadata, channels_of(frames[0]))
        if self.header.library == TIFFFILE:
            encoded: Content = tiff_files.encode(frames, rgb=tiff.is_rgb(self.metadata))
        elif compression_for(self.header.compression, frames[0].dtype) == DEFLATE:
            return tiff_writer.encode(frames, tags)
        else:
            encoded = opencv.encode(".tif", frames, self.settings)
        return ifd.with_tags(bytes(encoded), tags) if any(tags) else encoded

    def animation(self, frames: Sequence[Array], timing: Timing) -> Content:
        """Return frames with their timing."""
        if self.suffix == ".png":
            return png_writer.animation(frames, timing, self.png_level, png.chunks_for(self.metadata))
        if self.suffix == ".webp":
            stills = [bytes(self._bare(frame)) for frame in frames]
            return webp.joined(stills, timing, self.metadata, channels_of(frames[0]))
        encoded = opencv.encode_animation(self.suffix, frames, timing, self.settings)
        return avif.without_clock(bytes(encoded)) if self.suffix == ".avif" else encoded

    def _bare(self, samples: Array) -> Content:
        """Return one image without metadata."""
        if self.suffix == ".pam":
            return rasters.encode_pam(samples)
        if self.suffix in (".ras", ".sr"):
            return sun.encode(samples)
        if self.suffix == ".jp2" and min(samples.shape[:2]) < _LEAST_JP2:
            size = f"{_LEAST_JP2} x {_LEAST_JP2}"
            raise Refused(f"is smaller than {size}, which OpenCV writes no JPEG 2000 of; use --image-format png")
        if self.suffix == ".hdr":
            samples = np.maximum(samples, 0)  # it holds no negative values, and OpenCV 5.0.0 writes their magnitudes
        return opencv.encode(self.suffix, [samples], self.settings)
