"""Images and recordings of every kind that is worked on, made from seeds, and how independent readers see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from PIL import Image

RATE = 16_000


def pixels(shape: tuple[int, ...], dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    """Random samples over the whole range of `dtype`, the extremes included."""
    limits = np.iinfo(dtype)
    drawn = np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype, endpoint=True)
    drawn.flat[0], drawn.flat[-1] = limits.min, limits.max
    return drawn


def photo(height: int, width: int, channels: int = 3, dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    """A smooth image well within the range of `dtype`, so that modest noise does not clip."""
    coarse = np.random.default_rng(seed).uniform(0.4, 0.6, (4, 5, channels))
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR) * np.iinfo(dtype).max
    return smooth.reshape(height, width, channels).astype(dtype).squeeze()


def sound(frames: int = 4000, channels: int = 1, seed: int = 0) -> np.ndarray:
    """A hum with some hiss, within +-0.5; shape (frames, channels), float64."""
    hum = 0.3 * np.sin(np.arange(frames) * 0.1)[:, None] * np.linspace(1, 0.5, channels)
    return hum + np.random.default_rng(seed).uniform(-0.1, 0.1, (frames, channels))


def write_image(path: Path, array: np.ndarray) -> Path:
    """Writes an array as OpenCV understands it (BGR, BGRA) to a new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []  # lossless
    assert cv2.imwrite(str(path), array, settings)
    return path


def save_image(path: Path, array: np.ndarray, mode: str | None = None, **settings: Any) -> Path:
    """Writes an array as Pillow understands it (RGB, RGBA, LA) to a new file, in another `mode` if one is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **settings)
    return path


def write_sound(
    path: Path, samples: np.ndarray, subtype: str, *, form: str | None = None, endian: str = "FILE", rate: int = RATE
) -> Path:
    """Writes samples to a new file; the format follows the suffix unless `form` is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype, endian, form)
    return path


def read_image(path: Path) -> np.ndarray:
    """The samples of an image by Pillow: RGB, RGBA, LA or grey."""
    with Image.open(path) as image:
        image.load()
        return np.asarray(image)


def image_mode(path: Path) -> str:
    """What Pillow calls the channels and depth of an image."""
    with Image.open(path) as image:
        return image.mode


def read_levels(path: Path, dtype: str = "int32") -> np.ndarray:
    """The samples of a recording, shape (frames, channels); integers are left-justified."""
    return soundfile.read(path, dtype=dtype, always_2d=True)[0]


def make_mixed(root: Path) -> Path:
    """Small files of most kinds that are worked on, and one that is not."""
    write_image(root / "images/cats/a.png", photo(24, 32))
    write_image(root / "images/cats/b.jpg", photo(24, 32, seed=1))
    write_image(root / "images/cats/alpha.png", pixels((16, 20, 4), seed=2))
    write_image(root / "images/dogs/grey.png", photo(20, 16, 1, seed=3))
    write_image(root / "images/dogs/deep.png", photo(20, 16, 3, np.uint16, seed=4))
    write_image(root / "images/dogs/scan.tif", photo(20, 16, 1, np.uint16, seed=5))
    write_image(root / "images/dogs/c.bmp", photo(20, 16, seed=6))
    write_image(root / "images/dogs/d.webp", photo(20, 16, seed=7))
    write_sound(root / "sound/pcm16.wav", sound(channels=2), "PCM_16")
    write_sound(root / "sound/pcm24.wav", sound(seed=1), "PCM_24")
    write_sound(root / "sound/float.wav", sound(seed=2), "FLOAT")
    write_sound(root / "sound/float.aiff", sound(seed=3), "FLOAT")
    write_sound(root / "sound/extensible.wav", sound(seed=4), "FLOAT", form="WAVEX")
    write_sound(root / "sound/song.flac", sound(seed=6), "PCM_16")
    write_sound(root / "sound/song.ogg", sound(seed=7), "VORBIS")
    write_sound(root / "sound/song.mp3", sound(seed=8), "MPEG_LAYER_III")
    (root / "sound/notes.txt").write_text("left alone\n")
    return root


def make_photos(root: Path, count: int = 24, size: int = 48) -> Path:
    """A folder with two classes of `count` PNG and JPEG images, and two recordings."""
    rng = np.random.default_rng(5)
    for index in range(count):
        folder = root / ("cats" if index % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        smooth = cv2.resize(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8), (size, size))
        cv2.imwrite(str(folder / f"{index:03}{'.png' if index % 3 else '.jpg'}"), smooth)
    for name in ("hiss.wav", "hum.flac"):
        (root / "sound").mkdir(parents=True, exist_ok=True)
        soundfile.write(root / "sound" / name, rng.normal(0, 0.1, 8000), 16000, subtype="PCM_16")
    return root


def label_photos(root: Path) -> None:
    """YOLO labels and Pascal VOC annotations beside every image."""
    for path in [*root.rglob("*.png"), *root.rglob("*.jpg")]:
        path.with_suffix(".txt").write_text(f"0 0.5 0.5 0.2 0.2 {path.name}\n")
        path.with_suffix(".xml").write_text(
            f"<annotation>\n  <folder>x</folder>\n  <filename>{path.name}</filename>\n  <size/>\n</annotation>\n"
        )
