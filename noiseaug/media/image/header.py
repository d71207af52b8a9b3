"""Facts of an image file beside its samples: its format, its frames, and what it says about itself."""

from __future__ import annotations

from typing import NamedTuple

# Pixels a metre for each dot an inch.
INCH = 0.0254


class Undecodable(Exception):
    """Raised by what decodes an image, with what is wrong with the file if that is known: `a frame is empty`."""


class Tag(NamedTuple):
    """A field of a TIFF directory: its type, its values as little-endian bytes, and the fields of a sub-directory."""

    kind: int
    data: bytes
    fields: dict[int, Tag] | None = None


Tags = dict[int, Tag]


class Timing(NamedTuple):
    """How an animation plays.

    Attributes:
        delays: of each frame, in seconds, as (numerator, denominator).
        plays: how often, and 0 for ever.
        poster: whether the first frame is shown only where animations are not.
        background: the colour of WebP's canvas, as it is stored.
    """

    delays: tuple[tuple[int, int], ...]
    plays: int = 0
    poster: bool = False
    background: bytes = bytes(4)


class Metadata(NamedTuple):
    """The statements of a file about its image. The first four can go into a file of another format.

    Attributes:
        exif: as a TIFF file.
        xmp: as XML.
        icc: the colour profile.
        per_metre: pixels a metre, across and down.
        blocks: the PNG chunks or JPEG segments, or the bytes of the BMP header, that go into a file of the same format
            as they stand; the four above are among them.
        pages: likewise the TIFF tags of each page.
        others: names of what is in `blocks` or `pages` beside those four.
    """

    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    per_metre: tuple[float, float] | None = None
    blocks: tuple[bytes, ...] = ()
    pages: tuple[Tags, ...] = ()
    others: tuple[str, ...] = ()


NOTHING = Metadata()
# The fields that can go into a file of another format, and what people call them.
PORTABLE = {"exif": "EXIF", "xmp": "XMP", "icc": "ICC profile", "per_metre": "density"}


class Header(NamedTuple):
    """All that was found. The defaults stand where the format is not known or the header is damaged; the decoder tells.

    Attributes:
        format: by content, such as `png`; nothing if it is not known.
        width, height: in pixels, of the first frame or the canvas.
        frames: pages, or frames of an animation with its poster.
        all_pixels: those of all pages, where these are not alike.
        channels, dtype: of the samples that its frames should be decoded to; 0 or nothing if that is not known.
        layout: what is special about the format, for people, such as `header of 40 bytes, 16 bits a pixel`.
        timing: of an animation, if it is one.
        lossless: whether a WebP or AVIF is.
        compression: of a TIFF, the number of the method.
        grey_with_alpha: whether it has the two channels grey and alpha, which are decoded as four.
        library: of a TIFF, what decodes it: `opencv`, `pillow` or `tifffile`.
        last_is_alpha: whether the last of two or four channels is alpha.
        colour_key: of a grey PNG, the sample (as decoded) that stands for transparent pixels.
        maximum: of PNM and PAM, the sample that stands for white, where it is not that of the dtype.
        refusal: why it cannot be worked on, if it cannot.
        lost: names of what cannot be carried over, such as `palette`, as samples are decoded, or a text for people.
        metadata: what it says about itself.
    """

    format: str = ""
    width: int = 0
    height: int = 0
    frames: int = 1
    all_pixels: int = 0
    channels: int = 0
    dtype: str = ""
    layout: str = ""
    timing: Timing | None = None
    lossless: bool = False
    compression: int = 0
    grey_with_alpha: bool = False
    library: str = ""
    last_is_alpha: bool = True
    colour_key: int | None = None
    maximum: int = 0
    refusal: str = ""
    lost: tuple[str, ...] = ()
    metadata: Metadata = NOTHING


_TITLES = {"avif": "AVIF", "hdr": "Radiance HDR", "jp2": "JPEG 2000", "sunraster": "Sun raster", "webp": "WebP"}


def title(name: str) -> str:
    """Return what people call a format.

    >>> title("webp"), title("png")
    ('WebP', 'PNG')
    """
    return _TITLES.get(name, name.upper())


def told(header: Header) -> str:
    """Return what an image file is by its header, for people.

    >>> told(Header("bmp", 50, 40, layout="header of 12 bytes, 24 bits a pixel"))
    'BMP of 50 x 40 pixels (header of 12 bytes, 24 bits a pixel)'
    """
    frames = f", {header.frames} frames" if header.frames > 1 else ""
    layout = f" ({header.layout})" if header.layout else ""
    return f"{title(header.format)} of {header.width} x {header.height} pixels{frames}{layout}"


def milliseconds(delay: tuple[int, int]) -> int:
    """Return a delay in whole milliseconds."""
    return round(1000 * delay[0] / delay[1])
