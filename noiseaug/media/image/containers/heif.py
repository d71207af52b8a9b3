"""HEIC and HEIF files, which telephones write: read by libheif, through pillow-heif of the extra `noiseaug[heif]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from noiseaug.kinds import lacks
from noiseaug.media.image.header import Header, Metadata
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused

# The brands of images and image sequences (ISO/IEC 23008-12, annex B) but for those of AVIF.
MAGIC = re.compile(rb".{4}ftyp.*(?:hei[cxmsf]|hev[cxms]|mif[12]|msf1)", re.DOTALL)

_DAMAGED = "is a HEIC file that cannot be decoded: it is damaged or truncated; replace or remove it"
_UNKNOWN = (
    "is a HEIF file whose image is coded in a way that pillow-heif does not decode; expected HEVC, as in .heic files; "
    "convert it to PNG"
)
_PREMULTIPLIED = (
    "is a HEIC file of colours multiplied with their alpha, which PNG does not hold; convert it to PNG first"
)
_CODES_OF_SRGB = (frozenset({1, 2}), frozenset({1, 2, 6, 13}))  # primaries and transfer of ITU-T H.273, or not told


def header(data: bytes) -> Header:
    """Return the header of the primary image, without decoding it.

    Raises:
        Refused: if it cannot be read, or pillow-heif is not there to read it.
    """
    file = _opened(data)
    info = _upright(file.info)
    width, height = file.size
    return Header(
        "heic",
        width,
        height,
        refusal=_PREMULTIPLIED if file.premultiplied_alpha else "",
        lost=tuple(dict.fromkeys(_lost(file))),
        metadata=Metadata(
            exif=(info.get("exif") or b"").removeprefix(b"Exif\0\0"),
            xmp=(info.get("xmp") or b"").rstrip(b"\0"),
            icc=info.get("icc_profile") or b"",
        ),
    )


def decode(data: bytes) -> Array:
    """Return the samples of the primary image, in the order BGR; those of 10 or 12 bits are scaled to 16.

    It stands as viewers show it: libheif has turned, mirrored and cropped it.

    Raises:
        Refused: if it cannot be decoded.
    """
    file = _opened(data)
    with _Refusing():
        samples = np.asarray(file)
    bits = int(file.info["bit_depth"])
    if samples.dtype != np.uint16:
        return samples
    # The highest bits fill the lowest, so that white stays white. A shift to the right gives the samples back.
    return samples << (16 - bits) | samples >> (2 * bits - 16)


def made_with() -> str:
    """Return the versions of the libraries that decode such files."""
    import pillow_heif

    info = pillow_heif.libheif_info()
    decoders = ", ".join(sorted(info["decoders"].values()))
    return f"pillow-heif {pillow_heif.__version__}, libheif {info['libheif']} ({decoders})"


def _opened(data: bytes) -> Any:
    """Return a file whose boxes are read, and whose samples are not."""
    if lacks("heif"):
        raise Refused("is a HEIC or HEIF file, which needs the extra: pip install 'noiseaug[heif]'")
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1  # runs are parallel over files
    with _Refusing():
        return pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False, bgr_mode=True)


class _Refusing:
    """Turns the errors of libheif into refusals that say what the file is."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, SyntaxError) or "nsupported" in str(error):
            raise Refused(_UNKNOWN) from None
        if isinstance(error, (ValueError, EOFError, RuntimeError, OSError)):
            raise Refused(_DAMAGED) from None


def _upright(info: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says, with an upright orientation in EXIF and XMP: libheif turns the image by itself."""
    from pillow_heif import set_orientation

    turned = dict(info)
    set_orientation(turned)
    return turned


def _lost(file: Any) -> Iterator[str]:
    """Yield names of what is not kept."""
    info = file.info
    yield "HEIC compression"
    if info["bit_depth"] > 8:
        yield f"{info['bit_depth']}-bit depth"
    if len(file) > 1:
        yield "further images"
    if file.mimetype.endswith("-sequence"):
        yield "image sequence"
    if info["thumbnails"]:
        yield "thumbnail"
    if info["depth_images"]:
        yield "depth map"
    for name in info.get("aux", {}):
        yield "gain map" if "gainmap" in name else "auxiliary image"
    if "pixel_aspect_ratio" in info:
        yield "pixel aspect ratio"
    if info["metadata"]:
        yield "further metadata"
    codes = info.get("nclx_profile")
    if codes and not info.get("icc_profile"):
        told = codes["color_primaries"], codes["transfer_characteristics"]
        if any(code not in known for code, known in zip(told, _CODES_OF_SRGB, strict=True)):
            yield "colour primaries or transfer"
