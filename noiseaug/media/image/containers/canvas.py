"""Frames of animations put onto a canvas, one over the other, as they are shown. PNG and GIF store what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from noiseaug.media.image.header import Undecodable
from noiseaug.noise.scale import Array

KEEP, TO_BACKGROUND, TO_PREVIOUS = 0, 1, 2


class Frame(NamedTuple):
    """A frame as stored.

    Attributes:
        left, top, width, height: its place on the canvas.
        dispose: what becomes of that place before the next frame: `KEEP`, `TO_BACKGROUND` (transparent) or
            `TO_PREVIOUS`, what was there before.
        over: whether what is there shows through it.
        still: a file of this frame alone.
    """

    left: int
    top: int
    width: int
    height: int
    dispose: int
    over: bool
    still: bytes


def shown(
    frames: Iterable[Frame], size: tuple[int, int], decode: Callable[[bytes], Array], colour: bytes = b""
) -> list[Array]:
    """Return the canvas as it is shown with each frame.

    Args:
        frames: in their order.
        size: of the canvas, width and height.
        decode: decodes still images.
        colour: what the canvas is filled with at first, if it is not transparent.

    Raises:
        Undecodable: if they do not fit the canvas.
    """
    seen: list[Array] = []
    canvas: Array | None = None
    for frame in frames:
        samples = decode(frame.still)
        if samples.shape[:2] != (frame.height, frame.width):
            raise Undecodable("a frame has another size than it says")
        if canvas is None or canvas.shape[2:] != samples.shape[2:]:
            canvas = np.zeros((size[1], size[0], *samples.shape[2:]), samples.dtype)
            if colour:
                canvas[...] = np.frombuffer(colour, samples.dtype)
        before = canvas.copy() if frame.dispose == TO_PREVIOUS else canvas
        region = canvas[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
        region[...] = _over(samples, region) if frame.over else samples
        seen.append(canvas.copy())
        canvas = before
        if frame.dispose == TO_BACKGROUND:
            region[...] = 0
    return seen


def _over(front: Array, back: Array) -> Array:
    """Return pixels in front of others (PNG 3rd edition, section 13.16); without alpha, those in front alone."""
    if front.ndim != 3 or front.shape[2] not in (2, 4):
        return front
    top = np.iinfo(front.dtype).max
    solid = front[..., -1:] == top
    if (solid | (front[..., -1:] == 0)).all():  # as in all GIFs, and without floats four times as fast
        return np.where(solid | (back[..., -1:] == 0), front, back)
    alpha = front[..., -1:] / top
    below = back[..., -1:] / top * (1 - alpha)
    whole = np.maximum(alpha + below, np.finfo(float).tiny)
    colour = (front[..., :-1] * alpha + back[..., :-1] * below) / whole
    mixed: Array = np.rint(np.concatenate([colour, (alpha + below) * top], axis=-1)).astype(front.dtype)
    covered = (alpha == 1) | (back[..., -1:] == 0)  # exactly what is in front, colours under no alpha too
    return np.where(covered, front, np.where(alpha == 0, back, mixed))
