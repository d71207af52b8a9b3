"""From samples to the bytes of an image file, with what the source said about its image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.media.image.containers import apng, avif, jpeg, png, rasters, tiff, webp
from noiseaug.media.image.decode import Picture
from noiseaug.media.image.formats import Format, channels_of
from noiseaug.media.image.header import NOTHING, Header, Metadata, Timing, milliseconds
from noiseaug.settings.recipe import ImageOptions
from noiseaug.storage.source_file import Refused

Array = NDArray[Any]
Settings = tuple[int, ...]

_QUALITY = 95
_SAMPLING = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}
_AVIF_LOSSLESS = 100  # all below halve the resolution of chroma, and lose some of alpha
_WEBP_LOSSLESS = (cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR)
# Those that lose nothing; noise compresses badly, and LZW, OpenCV's own choice, makes it larger.
_TIFF_KEPT = frozenset({1, 5, 8, 32773})
_UNCOMPRESSED, _DEFLATE = 1, 8
_LEAST_JP2 = 32  # pixels, for its five levels of resolution
_EXIF_KINDS = (cv2.IMAGE_METADATA_EXIF, cv2.IMAGE_METADATA_XMP, cv2.IMAGE_METADATA_ICCP)


def encode(
    picture: Picture, frames: Sequence[Array], suffix: str, form: Format, options: ImageOptions
) -> tuple[memoryview, list[str]]:
    """The file of these frames in place of the picture's, and the names of what it does not keep.

    Raises:
        Refused: if the format cannot hold them.
    """
    header = picture.header
    _check_frames(header, form)
    settings = _settings(form.name, header, options, frames[0].dtype)
    same = header.format == form.name
    metadata, lost = _fitting(header.metadata, form, same, channels_of(frames[0]))
    if form.name == "avif" and channels_of(frames[0]) == 4 and _AVIF_LOSSLESS not in settings:
        lost.append("exact alpha")
    if form.name == "gif" and not same:
        lost.append("colours beyond 256")
    if header.timing and form.frames == "animation":
        encoded, further = _animation(frames, header.timing, suffix, settings, options, metadata, same)
        return encoded, lost + further
    if header.timing:
        lost.append("durations of frames")
    if form.name == "tiff":
        return _tiff(frames, settings, metadata), lost
    if form.name == "avif":
        return memoryview(_avif(frames[0], settings, metadata)), lost
    still = _still(frames[0], suffix, settings, options)
    if metadata == NOTHING:
        return still, lost
    whole, unfit = _with_metadata(still, form.name, metadata, same, channels_of(frames[0]))
    return memoryview(whole), [*lost, *unfit]


def _check_frames(header: Header, form: Format) -> None:
    if header.frames > 1 and not (form.frames == "pages" or (header.timing and form.frames)):
        what = f"an animation of {header.frames} frames" if header.timing else f"{header.frames} pages"
        instead = "png" if header.timing else "tif"
        raise Refused(f"holds {what}, and {form.name} holds one image; use --image-format {instead}")


def _settings(name: str, header: Header, options: ImageOptions, dtype: np.dtype[Any]) -> Settings:
    """The parameters of the encoder."""
    quality = options.quality or _QUALITY
    lossless = header.lossless and options.quality is None
    if name == "jpeg":
        sampling = _SAMPLING[options.subsampling]
        return (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    if name == "webp":
        return _WEBP_LOSSLESS if lossless else (cv2.IMWRITE_WEBP_QUALITY, quality)
    if name == "avif":
        return (cv2.IMWRITE_AVIF_QUALITY, _AVIF_LOSSLESS if lossless else quality)
    if name == "png" and options.png_level is not None:
        return (cv2.IMWRITE_PNG_COMPRESSION, options.png_level)
    if name == "jp2":
        return (cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000)  # lossless
    if name == "tiff":
        return _tiff_settings(header.compression, is_float=dtype.kind == "f")
    return ()


def _tiff_settings(compression: int, *, is_float: bool) -> Settings:
    """The source's compression if it loses nothing; else none for floats, as their noise cannot be compressed."""
    kept = compression if compression in _TIFF_KEPT else _UNCOMPRESSED if is_float else _DEFLATE
    predictor = (
        (cv2.IMWRITE_TIFF_PREDICTOR, cv2.IMWRITE_TIFF_PREDICTOR_NONE) if is_float else ()
    )  # few read that of floats
    return (cv2.IMWRITE_TIFF_COMPRESSION, kept, *predictor)


def _fitting(metadata: Metadata, form: Format, same: bool, channels: int) -> tuple[Metadata, list[str]]:
    """What of the metadata the format takes, and the names of the rest."""
    if metadata == NOTHING:
        return metadata, []
    held = {"EXIF": metadata.exif, "XMP": metadata.xmp, "ICC profile": metadata.icc, "density": metadata.per_metre}
    unfit = {name for name in held if name not in form.metadata}
    if not _profile_suits(metadata.icc, channels):
        unfit.add("ICC profile")
    lost = [name for name in held if held[name] and name in unfit]
    if same:
        return _without_profile(metadata) if lost else metadata, lost
    fitting = Metadata(
        exif=b"" if "EXIF" in unfit else metadata.exif,
        xmp=b"" if "XMP" in unfit else metadata.xmp,
        icc=b"" if "ICC profile" in unfit else metadata.icc,
        per_metre=None if "density" in unfit else metadata.per_metre,
    )
    return fitting, [*lost, *metadata.others]


def _profile_suits(profile: bytes, channels: int) -> bool:
    """Whether a colour profile (ICC.1, section 7.2.6) is for samples of so many channels."""
    return profile[16:20] not in ((b"CMYK",) if channels < 3 else (b"CMYK", b"GRAY"))


def _without_profile(metadata: Metadata) -> Metadata:
    return metadata._replace(
        icc=b"",
        blocks=tuple(block for block in metadata.blocks if block[4:8] != b"iCCP" and block[4:15] != b"ICC_PROFILE"),
        pages=tuple({number: page[number] for number in page if number != tiff.ICC} for page in metadata.pages),
    )


def _with_metadata(
    still: memoryview, name: str, metadata: Metadata, same: bool, channels: int
) -> tuple[bytes, tuple[str, ...]]:
    encoded = bytes(still)
    if name == "jpeg":
        return jpeg.with_metadata(encoded, metadata, same)
    if name == "png":
        return png.with_metadata(encoded, metadata, same), ()
    if name == "webp":
        return webp.joined([encoded], None, metadata, channels), ()
    if name == "bmp" and metadata.per_metre:
        return rasters.bmp_with_density(encoded, metadata.per_metre), ()
    return encoded, ()


def _still(samples: Array, suffix: str, settings: Settings, options: ImageOptions) -> memoryview:
    """One image without metadata."""
    if suffix == ".pam":
        return memoryview(rasters.encode_pam(samples))
    if suffix == ".png" and channels_of(samples) == 2:
        return memoryview(png.encode_grey_with_alpha(samples, options.png_level))
    if suffix == ".jp2" and min(samples.shape[:2]) < _LEAST_JP2:
        raise Refused(
            f"is smaller than {_LEAST_JP2} x {_LEAST_JP2}, which OpenCV writes no JPEG 2000 of; use --image-format png"
        )
    if suffix == ".hdr":
        samples = np.maximum(samples, 0)  # it holds no negative values, and OpenCV 5.0.0 writes their magnitudes
    try:
        done, encoded = cv2.imencode(suffix, samples, settings)
    except cv2.error as error:
        raise Refused(f"cannot be encoded as {suffix}: {error.err}") from None
    return _content(done, encoded, suffix, samples)


def _content(done: bool, encoded: NDArray[np.uint8], suffix: str, samples: Array) -> memoryview:
    if not done:
        raise Refused(f"cannot be encoded as {suffix}: {samples.dtype} samples of shape {samples.shape} do not fit it")
    return encoded.reshape(-1).data


def _tiff(frames: Sequence[Array], settings: Settings, metadata: Metadata) -> memoryview:
    try:
        if len(frames) > 1:
            done, encoded = cv2.imencodemulti(".tif", list(frames), settings)
        else:
            done, encoded = cv2.imencode(".tif", frames[0], settings)
    except cv2.error as error:
        raise Refused(f"cannot be encoded as .tif: {error.err}") from None
    content = _content(done, encoded, ".tif", frames[0])
    pages = tiff.tags_for(metadata, channels_of(frames[0]))
    return memoryview(tiff.with_tags(bytes(content), pages)) if any(pages) else content


def _avif(samples: Array, settings: Settings, metadata: Metadata) -> memoryview:
    held = zip(_EXIF_KINDS, (metadata.exif, metadata.xmp, metadata.icc), strict=True)
    given = [(kind, np.frombuffer(content, np.uint8)) for kind, content in held if content]
    try:
        if given:
            kinds, contents = zip(*given, strict=True)
            done, encoded = cv2.imencodeWithMetadata(".avif", samples, kinds, contents, settings)
        else:
            done, encoded = cv2.imencode(".avif", samples, settings)
    except cv2.error as error:
        raise Refused(f"cannot be encoded as .avif: {error.err}") from None
    return _content(done, encoded, ".avif", samples)


def _animation(
    frames: Sequence[Array],
    timing: Timing,
    suffix: str,
    settings: Settings,
    options: ImageOptions,
    metadata: Metadata,
    same: bool,
) -> tuple[memoryview, list[str]]:
    """Frames with their timing, and the names of what is not kept of that or of the metadata."""
    if suffix == ".png":
        stills = [bytes(_still(frame, suffix, settings, options)) for frame in frames]
        return memoryview(png.with_metadata(apng.joined(stills, timing), metadata, same)), []
    lost = ["poster"] if timing.poster else []
    frames = frames[timing.poster :]
    timing = timing._replace(delays=timing.delays[timing.poster :], poster=False)
    if suffix == ".webp":
        stills = [bytes(_still(frame, suffix, settings, options)) for frame in frames]
        return memoryview(webp.joined(stills, timing, metadata, channels_of(frames[0]))), lost
    animation = cv2.Animation()
    animation.frames = list(frames)
    animation.durations = [milliseconds(delay) for delay in timing.delays]
    animation.loop_count = timing.plays
    try:
        done, encoded = cv2.imencodeanimation(suffix, animation, settings)
    except cv2.error as error:
        raise Refused(f"cannot be encoded as {suffix}: {error.err}") from None
    content = _content(done, encoded, suffix, frames[0])
    held = {"EXIF": metadata.exif, "XMP": metadata.xmp, "ICC profile": metadata.icc}
    lost += [name for name, value in held.items() if value]
    if suffix == ".avif":
        lost += ["loop count"] if timing.plays else []
        return memoryview(avif.without_clock(bytes(content))), lost
    return content, lost
