"""What is in the files of the corpus: small pictures and recordings, the same on every machine."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from support.places import ROOT

RATE = 16_000


@cache
def photo() -> np.ndarray:
    """A piece of a photograph, 64 x 48, RGB."""
    with Image.open(ROOT / "sample_data/images/nature/flower.jpg") as image:
        return np.asarray(image.convert("RGB"))[200:248, 300:364].copy()


def pictures() -> dict[str, np.ndarray]:
    """RGB pictures: a photograph, one of odd size, one of a single colour, a single pixel."""
    return {
        "photo": photo(),
        "odd": photo()[:13, :17].copy(),
        "flat": np.full((16, 16, 3), (200, 60, 10), np.uint8),
        "dot": np.array([[[10, 130, 250]]], np.uint8),
    }


def grey(picture: np.ndarray) -> np.ndarray:
    """The green of a picture."""
    return np.ascontiguousarray(picture[..., 1])


def with_alpha(picture: np.ndarray) -> np.ndarray:
    """The picture with alpha of all kinds; not nothing everywhere, which some readers take for no alpha."""
    height, width = picture.shape[:2]
    ramp = np.add.outer(np.arange(height), np.arange(width)) * 5 + 40
    return np.dstack([picture, (ramp % 256).astype(np.uint8)])


def deep(picture: np.ndarray) -> np.ndarray:
    """The picture in 16 bits, low bits in use."""
    low = np.arange(picture.size, dtype=np.uint16).reshape(picture.shape) * 7 % 256
    return picture.astype(np.uint16) * 256 + low.astype(np.uint16)


def frames(count: int = 3) -> list[np.ndarray]:
    """Pictures of one size, in which a square moves."""
    made = []
    for number in range(count):
        frame = photo()[:32, :40].copy()
        frame[4 + 6 * number : 14 + 6 * number, 5 + 8 * number : 15 + 8 * number] = (250, 10 * number, 30)
        made.append(frame)
    return made


def cut_out(count: int = 3) -> list[np.ndarray]:
    """Pictures with alpha of one size: a square that moves before nothing."""
    made = []
    for number in range(count):
        frame = np.zeros((32, 40, 4), np.uint8)
        frame[4 + 6 * number : 14 + 6 * number, 5 + 8 * number : 15 + 8 * number] = (250, 10 * number, 30, 255)
        made.append(frame)
    return made


def recording(samples: int, channels: int) -> np.ndarray:
    """A hum with some hiss, within +-0.5; shape (samples, channels), float64."""
    tones = 0.3 * np.sin(np.outer(np.arange(samples), 0.05 + 0.03 * np.arange(channels)))
    return tones + np.random.default_rng(channels).uniform(-0.1, 0.1, (samples, channels))


# Name, samples and channels of recordings.
LENGTHS = {"mono": (1501, 1), "stereo": (2000, 2), "odd": (333, 1), "surround": (700, 6), "one": (1, 1)}


def recordings() -> dict[str, np.ndarray]:
    """Recordings by name, float64."""
    return {name: recording(*shape) for name, shape in LENGTHS.items()}


def pcm16(name: str) -> np.ndarray:
    """The samples of a recording as 16-bit integers."""
    return np.round(recordings()[name] * 32767).astype(np.int16)
