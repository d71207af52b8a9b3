"""Images: decoded once, in memory, with the samples as they are stored; each page or frame gets noise of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from noiseaug.media.image.decode import Picture, decode
from noiseaug.media.image.encode import encode
from noiseaug.media.image.formats import channels_of, fitted, format_of
from noiseaug.media.output import Facts, Output, noise_facts
from noiseaug.noise.gaussian import Noiser
from noiseaug.noise.scale import full_scale
from noiseaug.storage.source_file import SourceFile
from noiseaug.version import __version__

Array = NDArray[Any]

cv2.setNumThreads(1)  # runs are parallel over files

_MADE_WITH = f"noiseaug {__version__}, numpy {np.__version__}, opencv {cv2.__version__}"
# NumPy takes 4 us to name a dtype, as long as all else here does for a small image.
_NAMES = {np.dtype(name): name for name in ("uint8", "uint16", "int16", "int32", "float32", "float64")}


def augment(source: SourceFile, outputs: Sequence[Output], max_pixels: int) -> list[Facts]:
    """Writes each output with its noise on the source's colour samples; alpha is kept. Returns the facts of each.

    Raises:
        Refused: if the source cannot be decoded, holds what would be lost, or has more than `max_pixels`.
    """
    picture = decode(source.read(), max_pixels)
    return [
        _taken(source, picture, output) if output.link else _make(picture, output, max_pixels) for output in outputs
    ]


def _taken(source: SourceFile, picture: Picture, output: Output) -> Facts:
    """Makes the source itself the output."""
    output.file.take(source, output.link or "copy")
    facts = _shape_facts(picture, picture.frames[0], "") | noise_facts(output.noiser(0.0, picture.frames[0].dtype))
    return facts | ({"noise_std_decoded": 0.0} if output.recipe.image.measure == "decoded" else {})


def _make(picture: Picture, output: Output, max_pixels: int) -> Facts:
    form = format_of(output.suffix)
    noiser = output.noiser(output.strength(), picture.frames[0].dtype)
    has_alpha = picture.header.fourth_is_alpha
    noisy = [fitted(_with_noise(noiser, frame, has_alpha), form) for frame in picture.frames]
    options = output.recipe.image
    encoded, lost = encode(picture, noisy, output.suffix, form, options)
    output.file.write(encoded)
    not_kept = [*picture.lost, *lost]
    facts = _shape_facts(picture, noisy[0], ", ".join(dict.fromkeys(not_kept))) | noise_facts(noiser)
    if options.measure == "decoded":
        decoded = decode(bytes(encoded), max_pixels)
        facts["noise_std_decoded"] = _std_between(picture.frames, decoded.frames, has_alpha)
    return facts


def _with_noise(noiser: Noiser, samples: Array, has_alpha: bool) -> Array:
    channels = channels_of(samples)
    if channels == 2 or (channels == 4 and has_alpha):
        return noiser.add_beside_alpha(samples)
    return noiser.add(samples, channels)


def _shape_facts(picture: Picture, written: Array, not_kept: str) -> Facts:
    first = picture.frames[0]
    return {
        "width": first.shape[1],
        "height": first.shape[0],
        "channels": channels_of(first),
        "dtype": _NAMES[written.dtype],
        "frames": len(picture.frames),
        "source_format": picture.header.format,
        "not_kept": not_kept,
        "made_with": _MADE_WITH,
    }


def _std_between(before: Sequence[Array], after: Sequence[Array], has_alpha: bool) -> float | None:
    """The std of (after - before) over the colour samples, as a fraction of full scale, to six digits."""
    count, total, squares = 0, 0.0, 0.0
    for old, new in zip(before, after, strict=False):
        one, other = (_colours(frame, has_alpha) for frame in (old, new))
        difference = other - one
        count += difference.size
        total += float(difference.sum())
        squares += float(np.square(difference).sum())
    std = math.sqrt(max(squares / count - (total / count) ** 2, 0.0))
    return float(f"{std:.6g}") if math.isfinite(std) else None


def _colours(samples: Array, has_alpha: bool) -> Array:
    """The samples without alpha as float64 fractions of full scale, shape (height, width, 1 or 3)."""
    channels = channels_of(samples)
    scaled: Array = samples.reshape(*samples.shape[:2], channels) / full_scale(samples.dtype)
    return scaled[..., :-1] if channels == 2 or (channels == 4 and has_alpha) else scaled
