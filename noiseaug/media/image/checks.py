"""Headers held against samples: what a decoder returned, and what an encoder wrote. No codec is believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from noiseaug.media.image.containers import read_header
from noiseaug.media.image.formats import ImageFormat, channels_of
from noiseaug.media.image.header import Header, title, told
from noiseaug.noise.scale import SUPPORTED, Array, full_scale
from noiseaug.storage.source_file import Refused

# The names of dtypes that are worked on. NumPy takes 4 us to name one, as long as all else does for a small image.
DTYPES = {np.dtype(name): name for name in SUPPORTED}
_CHANNELS = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}


class _Layout(NamedTuple):
    """What a header says of the samples: 0 or nothing where that is not known. It is compared with an image's own."""

    width: int
    height: int
    channels: int
    dtype: str

    def agrees(self, other: _Layout) -> bool:
        """Tell whether another layout is this one, as far as this one is known."""
        return self == other or all(said in (0, "", found) for said, found in zip(self, other, strict=True))

    def __str__(self) -> str:
        kind = " ".join(part for part in (self.dtype, _CHANNELS.get(self.channels, "")) if part)
        return f"{self.width} x {self.height} pixels" + (f" of {kind}" if kind else "")


def _layout_of(samples: Array) -> _Layout:
    height, width = samples.shape[:2]
    return _Layout(width, height, channels_of(samples), DTYPES[samples.dtype])


def check_decoded(header: Header, frames: Sequence[Array]) -> None:
    """Check that decoded frames, of dtypes that are worked on, are those that the header announces.

    Raises:
        Refused: if they are not.
    """
    said = _Layout(header.width, header.height, header.channels, header.dtype)
    alike = header.all_pixels == 0  # pages may have a size and channels of their own
    for samples in frames if alike else frames[:1]:
        found = _layout_of(samples)
        if not said.agrees(found):
            raise Refused(
                f"cannot be decoded as it is: this {told(header)} should hold {said}, and its decoder returned "
                f"{found}; convert it to PNG or TIFF"
            )


def check_encoded(content: memoryview, form: ImageFormat, frames: Sequence[Array]) -> list[str]:
    """Check that an encoded file says by its header that it holds these frames; return the names of what it lacks.

    That is alpha that is nowhere transparent, which the encoders of WebP and AVIF leave out.

    Raises:
        Refused: if it lacks anything else.
    """
    header = read_header(bytes(content))
    said = _Layout(header.width, header.height, header.channels, header.dtype)
    given = _layout_of(frames[0])
    if not header.refusal and header.frames == len(frames):
        if said.agrees(given):
            return []
        if given.channels == 4 and said.agrees(given._replace(channels=3)) and all(map(_is_opaque, frames)):
            return ["opaque alpha"]
    raise Refused(
        f"cannot be encoded as {title(form.name)}: {_counted(len(frames))} of {given} given, and the encoder wrote "
        f"{_counted(header.frames)} of {said}; use --image-format png, or tif"
    )


def _is_opaque(samples: Array) -> bool:
    return bool((samples[..., 3] == full_scale(samples.dtype)).all())


def _counted(frames: int) -> str:
    return "one image" if frames == 1 else f"{frames} frames"
