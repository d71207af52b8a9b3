"""What independent readers, Pillow and tifffile, find in an image file."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageSequence

from support import picture_files as files
from support.corpus import read_image


def seen(path: Path) -> np.ndarray:
    """The samples as an independent reader sees them."""
    if path.suffix == ".pam":
        return files.read_pam(path.read_bytes())
    if path.suffix == ".pfm":
        return files.read_pfm(path.read_bytes())
    if path.suffix in (".tif", ".tiff") and path.stem not in ("white-is-0", "lzw", "packbits"):
        samples = tifffile.imread(path)
        return samples.transpose(1, 2, 0) if samples.shape[0] == 3 else samples  # planes
    if path.name.startswith("deep-") and path.suffix == ".png":  # deep colours are cut to 8 bits by Pillow
        samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return samples[..., 2:] if path.read_bytes()[25] == 4 else samples
    return read_image(path)


def shown(path: Path) -> tuple[list[np.ndarray], list[float | None], int | None]:
    """The frames of an animation as Pillow shows them, their durations in ms, and how often it plays."""
    with warnings.catch_warnings(), Image.open(path) as image:
        warnings.simplefilter("ignore")
        frames, delays = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGBA")).copy())
            delays.append(frame.info.get("duration"))
        return frames, delays, image.info.get("loop")


def told(path: Path) -> dict:
    """What Pillow finds beside the samples."""
    with Image.open(path) as image:
        if image.format != "TIFF":  # which Pillow turns as it loads, and forgets the orientation
            image.load()
        tags = image.getexif()
        found = {
            "exif": {name: value for name, value in tags.items() if name not in (0x8769, 259, 258, 262, 273, 279, 278)},
            "deeper": dict(tags.get_ifd(0x8769)),
            "icc": image.info.get("icc_profile"),
            "xmp": image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"),
            "size": image.size,
        }
        if dpi := image.info.get("dpi"):
            found["dpi"] = tuple(round(float(value), 1) for value in dpi)
        return found
