"""Images: decoded once, in memory, with the samples as they are stored; each page or frame gets noise of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from zlib_ng import zlib_ng

from noiseaug.media.damage import Damaged
from noiseaug.media.image.checks import DTYPES
from noiseaug.media.image.containers import tiff
from noiseaug.media.image.containers.tiff_layouts import TIFFFILE
from noiseaug.media.image.decode import Picture, decode
from noiseaug.media.image.encode import encode
from noiseaug.media.image.formats import ImageFormat, channels_of, fitted, form_for
from noiseaug.media.image.opencv import versions
from noiseaug.media.image.turbojpeg import VERSION
from noiseaug.media.output import Facts, Output, Samples, damage_facts, noise_facts
from noiseaug.media.steps import SMALL, Steps, done, in_turn, wanted
from noiseaug.noise.figures import Sums
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import Array, full_scale
from noiseaug.noise.together import Wanted
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.version import __version__

_MADE_WITH = (
    f"noiseaug {__version__}, numpy {np.__version__}, {versions()}, zlib-ng {zlib_ng.ZLIBNG_RUNTIME_VERSION}, "
    f"simplejpeg {VERSION}"
)


def perform(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Steps[list[Facts]]:
    """Write each output with its noise on the source's colour samples; alpha is kept.

    Returns:
        The facts that are recorded of each.

    Raises:
        Refused: if the source cannot be decoded, holds what would be lost, or has more than `max_pixels`.
        Damaged: if a part of it is missing or corrupt, unless that is accepted.
    """
    content, linked = source.read(), any(output.link for output in outputs)
    if not linked:
        source.close()
        yield None
    picture = _decoded(content, max_pixels, accept_damaged=accept_damaged)
    if linked or len(picture.frames) > 1 or picture.frames[0].nbytes * len(outputs) > SMALL:
        return [
            _taken(source, picture, output)
            if output.link
            else _written(output, *done(_made(picture, output, max_pixels)))
            for output in outputs
        ]
    made = yield from in_turn(_made(picture, output, max_pixels) for output in outputs)
    yield None
    return [_written(output, *one) for output, one in zip(outputs, made, strict=True)]


def samples(
    source: SourceFile, outputs: Sequence[Output], max_pixels: int, *, accept_damaged: bool
) -> Iterator[Samples | None]:
    """Yield the samples of each output as `perform` would encode them; the errors are the same.

    Raises:
        Refused: also if pages or frames differ in shape, so that no array holds them.
    """
    picture = _decoded(source.read(), max_pixels, accept_damaged=accept_damaged)
    for output in outputs:
        if output.link:
            frames, noiser = picture.frames, output.noiser(0.0, picture.frames[0].dtype)
        else:
            frames, noiser = done(_noisy(picture, output, form_for(picture.header, output.suffix)))
        facts = _shape_facts(picture, frames[0], "") | _noise_facts(noiser)
        yield Samples(_stacked(frames), facts, is_bgr=_is_bgr(picture, frames[0]))


def _decoded(content: bytes, max_pixels: int, *, accept_damaged: bool) -> Picture:
    picture = decode(content, max_pixels)
    if picture.damage and not accept_damaged:
        raise Damaged(picture.damage, picture)
    return picture


def _stacked(frames: Sequence[Array]) -> Array:
    """Return the one frame, or several as one array."""
    if len(frames) == 1:
        return frames[0]
    if len({frame.shape for frame in frames}) > 1:
        raise Refused("has pages of several shapes, which no one array holds; split it, or leave it out with exclude")
    return np.stack(frames)


def _is_bgr(picture: Picture, written: Array) -> bool:
    header = picture.header
    return channels_of(written) > 2 and (header.library != TIFFFILE or tiff.is_rgb(header.metadata))


def _taken(source: SourceFile, picture: Picture, output: Output) -> Facts:
    """Make the source itself the output."""
    output.file.take(source, output.link or "copy")
    first = picture.frames[0]
    facts = _shape_facts(picture, first, "") | _noise_facts(output.noiser(0.0, first.dtype))
    return facts | ({"noise_std_decoded": 0.0} if output.recipe.image.measure == "decoded" else {})


def _written(output: Output, encoded: memoryview, facts: Facts) -> Facts:
    output.file.write(encoded)
    return facts


def _made(picture: Picture, output: Output, max_pixels: int) -> Steps[tuple[memoryview, Facts]]:
    """Return the file of an output, and what is recorded of it."""
    form = form_for(picture.header, output.suffix)
    noisy, noiser = yield from _noisy(picture, output, form)
    encoded, lost = encode(picture, noisy, output.suffix, form, output.recipe.image)
    not_kept = ", ".join(dict.fromkeys([*picture.header.lost, *lost]))
    facts = _shape_facts(picture, noisy[0], not_kept) | _noise_facts(noiser)
    if output.recipe.image.measure == "decoded":
        facts["noise_std_decoded"] = _std_between(picture, decode(bytes(encoded), max_pixels))
    return encoded, facts


def _noisy(picture: Picture, output: Output, form: ImageFormat) -> Steps[tuple[list[Array], Noiser]]:
    """Return the frames with their noise, with channels that the format holds, and what measured the noise."""
    noiser, frames = output.noiser(output.strength(), picture.frames[0].dtype), []
    for frame in picture.frames:
        samples = yield from _with_noise(noiser, picture, frame)
        frames.append(fitted(samples, form))
    return frames, noiser


def _with_noise(noiser: Noiser, picture: Picture, samples: Array) -> Steps[Array]:
    if not _has_alpha(picture, samples):
        return (yield from wanted(Wanted(noiser, samples, channels_of(samples))))
    colour = yield from wanted(Wanted(noiser, samples[..., :-1], channels_of(samples) - 1))
    return noiser.beside_alpha(colour, samples)


def _has_alpha(picture: Picture, samples: Array) -> bool:
    channels = channels_of(samples)
    return channels in (2, 4) and picture.header.last_is_alpha


def _shape_facts(picture: Picture, written: Array, not_kept: str) -> Facts:
    first = picture.frames[0]
    return {
        "width": first.shape[1],
        "height": first.shape[0],
        "channels": channels_of(first),
        "dtype": DTYPES[written.dtype],
        "frames": len(picture.frames),
        "source_format": picture.header.format,
        "not_kept": not_kept,
        **damage_facts(picture.damage),
        "made_with": _MADE_WITH + (f", {picture.decoder}" if picture.decoder else ""),
    }


def _noise_facts(noiser: Noiser) -> Facts:
    measured = noiser.measured()
    return noise_facts(noiser.std, noiser.clip, measured) | {"psnr_db": measured.psnr_db}


def _std_between(before: Picture, after: Picture) -> float | None:
    """Return the std of (after - before) over the colour samples, as a fraction of full scale."""
    sums = Sums()
    for old, new in zip(before.frames, after.frames, strict=False):
        one, other = np.broadcast_arrays(_colours(before, old), _colours(before, new))
        sums.add_real(one.reshape(-1), other.reshape(-1))
    return sums.measured().noise_std


def _colours(picture: Picture, samples: Array) -> Array:
    """Return the samples without alpha as float64 fractions of full scale, shape (height, width, 1 or 3)."""
    scaled: Array = samples.reshape(*samples.shape[:2], channels_of(samples)) / full_scale(samples.dtype)
    return scaled[..., :-1] if _has_alpha(picture, samples) else scaled
