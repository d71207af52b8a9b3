"""HEIC files, made by pillow-heif, and what libheif's own tool sees in them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

# What it takes for samples to come back as they were.
LOSSLESS: dict[str, Any] = {"quality": -1, "matrix_coefficients": 0, "chroma": 444}


def heic(samples: np.ndarray, mode: str = "RGB", *, twelve_bits: bool = False, **settings: Any) -> bytes:
    """A lossless file of samples in one of pillow-heif's modes; the highest 10 or 12 bits of 16."""
    pillow_heif.options.SAVE_HDR_TO_12_BIT = twelve_bits
    file = pillow_heif.from_bytes(mode=mode, size=samples.shape[1::-1], data=samples.tobytes())
    return saved(file, **settings)


def saved(file: pillow_heif.HeifFile, **settings: Any) -> bytes:
    """The bytes of a file in the making."""
    held = io.BytesIO()
    file.save(held, **(LOSSLESS | settings))
    return held.getvalue()


def several(*pictures: np.ndarray, primary: int) -> bytes:
    """A file of several images."""
    file = pillow_heif.HeifFile()
    for picture in pictures:
        file.add_from_pillow(Image.fromarray(picture))
    return saved(file, primary_index=primary)
