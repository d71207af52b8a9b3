"""Images as independent readers see them, in one form: frames of red, green, blue and alpha."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import av
import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageSequence

from support.picture_files import read_pfm

FULL = 65535


class Seen(NamedTuple):
    """What a reader sees in an image.

    Attributes:
        frames: arrays of shape (height, width, 4), float64. Integers of up to 16 bits are scaled to 65535; others, and
            floats, are as they are. Samples that are no colours at all have any number of channels.
        colours: "grey", "colour", "palette", "CMYK" or "YCbCr"; "" if the reader does not tell.
        kind: of the samples, such as "u8" or "f4"; "" if the reader does not tell.
        alpha: whether there is alpha, as far as the reader tells.
    """

    frames: tuple[np.ndarray, ...]
    colours: str = ""
    kind: str = ""
    alpha: bool | None = None


def canonical(array: np.ndarray, top: float | None = None) -> np.ndarray:
    """Grey, grey with alpha, RGB or RGBA as RGBA; `top` is what stands for white."""
    array = array[..., None] if array.ndim == 2 else array
    whole = top is not None or (array.dtype.kind in "ub" and array.dtype.itemsize <= 2)
    if top is None:
        top = (1 if array.dtype.kind == "b" else float(np.iinfo(array.dtype).max)) if whole else FULL
    scaled = array.astype(np.float64) * (FULL / top)
    full = np.full(array.shape[:2], FULL if whole else 1.0)
    channels = [scaled[..., number] for number in range(array.shape[2])]
    if len(channels) == 1:
        channels = [channels[0]] * 3 + [full]
    elif len(channels) == 2:
        channels = [channels[0]] * 3 + [channels[1]]
    elif len(channels) == 3:
        channels += [full]
    return np.stack(channels, axis=-1)


def by_pillow(path: Path) -> Seen | None:
    """By Pillow; None where it gives fewer bits than the file has."""
    with Image.open(path) as image:
        if _too_deep_for_pillow(image, path):
            return None
        first = image.mode
        frames = [_of_pillow(frame) for frame in ImageSequence.Iterator(image)]
    colours = {"P": "palette", "PA": "palette", "CMYK": "CMYK", "YCbCr": "YCbCr"}.get(first, "")
    colours = colours or ("grey" if first[0] in "1LIF" and first != "LAB" else "colour")
    kind = {"1": "b1", "I": "i4", "F": "f4"}.get(first, "u2" if first.startswith("I;16") else "u1")
    alpha = first in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    if image.format in ("GIF", "PNG") and len(frames) > 1:
        alpha = None
    return Seen(tuple(frames), colours, kind, alpha)


def _too_deep_for_pillow(image: Image.Image, path: Path) -> bool:
    if image.format == "PNG":
        data = path.read_bytes()[:32]
        return data[24] == 16 and (not image.mode.startswith("I;16") or "transparency" in image.info)
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, (1,))
        return image.mode not in ("I", "F", "I;16", "I;16B") and max(bits) > 8
    if image.format == "PPM":
        return image.mode not in ("1", "L")
    return image.format in ("JPEG2000", "AVIF") and image.mode not in ("L", "LA", "RGB", "RGBA", "I;16")


def _of_pillow(frame: Image.Image) -> np.ndarray:
    mode = frame.mode
    if mode == "CMYK":
        inks = np.asarray(frame).astype(np.float64)
        return canonical(inks[..., :3] * 0 + np.round((255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255), 255)
    if mode == "RGBa":
        return canonical(np.asarray(frame))
    if mode in ("P", "PA", "1", "YCbCr") or "transparency" in frame.info:
        frame = frame.convert("RGBA" if "transparency" in frame.info or mode != "YCbCr" else "RGB")
    elif mode == "RGBX":
        frame = frame.convert("RGB")
    array = np.asarray(frame)
    return canonical(array)


def by_tifffile(path: Path) -> Seen | None:
    """By tifffile, page after page."""
    frames: list[np.ndarray] = []
    with tifffile.TiffFile(path) as file:
        for page in file.pages:
            array = page.asarray()
            if page.photometric in (8, 9, 10, 32803, 32844, 32845) or (page.photometric == 6 and page.compression != 7):
                return None
            frames.append(_of_page(page, array))
        first = file.pages[0]
        colours = {3: "palette", 5: "CMYK", 6: "YCbCr", 2: "colour"}.get(int(first.photometric), "grey")
        kind = (
            f"{first.dtype.kind}{first.dtype.itemsize}" if first.bitspersample % 8 == 0 else f"b{first.bitspersample}"
        )
        return Seen(tuple(frames), colours, kind, bool(first.extrasamples))


def _of_page(page: Any, array: np.ndarray) -> np.ndarray:
    top = None
    if page.bitspersample < 16 and array.dtype.kind in "ub":
        top = float(2**page.bitspersample - 1)
    if page.planarconfig == 2 and page.samplesperpixel > 1 and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if array.ndim > 3:
        raise ValueError("volumes have no canonical form")
    if page.photometric == 3:
        return canonical(page.colormap.T[array.squeeze()].astype(np.uint16) >> 8, 255)
    if page.photometric == 0:
        array = ~array if array.dtype.kind == "b" else (np.iinfo(array.dtype).max if top is None else int(top)) - array
    if page.photometric == 5 and array.shape[-1] == 4:
        inks = array.astype(np.float64) / np.iinfo(array.dtype).max
        return canonical((1 - inks[..., :3]) * (1 - inks[..., 3:]) * FULL)
    if array.ndim == 3 and array.shape[2] > (2 if page.photometric == 1 else 4):
        return array.astype(np.float64)
    return canonical(array, top)


_CODECS: dict[bytes, Callable[[bytes], Any]] = {
    b"\x89PNG": imagecodecs.png_decode,
    b"RIFF": imagecodecs.webp_decode,
    b"\0\0\0\x0c": imagecodecs.jpeg2k_decode,
    b"\xff\x4f\xff\x51": imagecodecs.jpeg2k_decode,
    b"\xff\xd8": imagecodecs.jpeg8_decode,
    b"#?": imagecodecs.rgbe_decode,
}


def by_imagecodecs(path: Path) -> Seen | None:
    """By the codec of the format in imagecodecs."""
    data = path.read_bytes()
    decode = next((codec for magic, codec in _CODECS.items() if data.startswith(magic)), imagecodecs.avif_decode)
    array = np.asarray(decode(data))
    if decode is imagecodecs.rgbe_decode:
        return Seen((canonical(array),), "colour", "f4", False)
    if decode is imagecodecs.jpeg8_decode and array.shape[2:] == (4,):
        return None  # inks
    if decode is imagecodecs.avif_decode and array.dtype == np.uint16:
        bits = 12 if data[data.index(b"av1C") + 6] & 0x20 else 10  # of the box of the coding
        array = (array.astype(np.uint32) * 65535 // (2**bits - 1)).astype(np.uint16)
    frames = list(array) if array.ndim == 4 else [array]
    channels = array.shape[-1] if array.ndim > 2 else 1
    return Seen(tuple(map(canonical, frames)), "", f"u{array.dtype.itemsize}", channels in (2, 4))


def by_numpy(path: Path) -> Seen | None:
    """By a few lines of NumPy, of PFM, whose rows PyAV does not give."""
    samples = read_pfm(path.read_bytes())
    return Seen((canonical(samples),), "grey" if samples.ndim == 2 else "colour", "f4", False)


_PACKED = {  # bytes a sample and the order of red, green, blue and alpha in a pixel
    "gray": (1, [0]),
    "gray8": (1, [0]),
    "ya8": (1, [0, 1]),
    "rgb24": (1, [0, 1, 2]),
    "bgr24": (1, [2, 1, 0]),
    "rgba": (1, [0, 1, 2, 3]),
    "bgra": (1, [2, 1, 0, 3]),
    "argb": (1, [1, 2, 3, 0]),
    "abgr": (1, [3, 2, 1, 0]),
    "rgb0": (1, [0, 1, 2]),
    "bgr0": (1, [2, 1, 0]),
    "0rgb": (1, [1, 2, 3]),
    "0bgr": (1, [3, 2, 1]),
    "gray16": (2, [0]),
    "ya16": (2, [0, 1]),
    "rgb48": (2, [0, 1, 2]),
    "rgba64": (2, [0, 1, 2, 3]),
}
_FIELDS = {"rgb555": ("<u2", 10, 5, 0, 5, 5), "rgb565": ("<u2", 11, 5, 0, 5, 6), "rgb444": ("<u2", 8, 4, 0, 4, 4)}


_CONTROL = re.compile(rb"\x21\xf9\x04(.)", re.DOTALL)  # of a frame of a GIF


def by_ffmpeg(path: Path) -> Seen | None:
    """By libav's own decoders, through PyAV."""
    if path.suffix == ".gif" and any(found[1][0] >> 2 & 7 == 2 for found in _CONTROL.finditer(path.read_bytes())):
        return None  # it fills the place of a frame that goes with the background, where others show nothing
    frames, names = [], set()
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            found = _of_ffmpeg(frame)
            if found is not None and container.format.name.startswith("bmp") and frame.format.name == "pal8":
                found[..., 3] = FULL  # a palette of BMP has no alpha
            if found is None:
                return None
            frames.append(found)
            names.add(frame.format.name)
    if not frames or not all(frame.size for frame in frames):
        return None
    (name, *_) = names
    colours = "palette" if name == "pal8" else "grey" if name[:2] in ("gr", "ya", "mo") else "colour"
    kind = (
        "f4"
        if "f32" in name
        else "b1"
        if name.startswith("mono")
        else "u2"
        if "16" in name or "48" in name or "64" in name
        else "u1"
    )
    if len(names) > 1 or path.suffix == ".gif" or name == "pal8":
        return Seen(
            tuple(frames), "palette" if path.suffix == ".gif" else colours, "u1" if path.suffix == ".gif" else kind
        )
    return Seen(tuple(frames), colours, kind, "a" in name.replace("gray", ""))


def _of_ffmpeg(frame: Any) -> np.ndarray | None:
    name = frame.format.name
    bare, order = (name[:-2], ">" if name.endswith("be") else "<") if name[-2:] in ("le", "be") else (name, "<")
    if bare in _PACKED:
        size, places = _PACKED[bare]
        pixel = {"rgb0": 4, "bgr0": 4, "0rgb": 4, "0bgr": 4}.get(bare, len(places))
        samples = _plane(frame, 0, f"{order}u{size}", pixel)
        return canonical(samples[..., places].astype(f"u{size}"))
    if bare in _FIELDS:
        dtype, red, green, blue, bits, middle = _FIELDS[bare]
        packed = _plane(frame, 0, dtype, 1)[..., 0].astype(np.uint32)
        tops = [(red, bits), (green, middle), (blue, bits)]
        return _opaque([(packed >> shift & (1 << width) - 1) * (FULL / ((1 << width) - 1)) for shift, width in tops])
    if bare == "pal8":
        table = np.frombuffer(bytes(frame.planes[1]), np.uint8)[:1024].reshape(256, 4)
        return canonical(table[_plane(frame, 0, "u1", 1)[..., 0]][..., [2, 1, 0, 3]])
    if bare in ("monob", "monow", "monoblack", "monowhite"):
        bits = np.unpackbits(_plane(frame, 0, "u1", 1, width=-(-frame.width // 8))[..., 0], axis=1)[:, : frame.width]
        return canonical(bits ^ (bare.startswith("monow")), 1)
    if bare in ("gbrpf32", "grayf32"):
        planes = [_plane(frame, number, f"{order}f4", 1)[..., 0] for number in ((2, 0, 1) if bare[1] == "b" else (0,))]
        return canonical(np.stack(planes, axis=-1).astype(np.float32))
    if bare in ("gbrp", "gbrap"):
        return canonical(
            np.stack([_plane(frame, number, "u1", 1)[..., 0] for number in (2, 0, 1, 3)[: len(frame.planes)]], -1)
        )
    return None


def _opaque(channels: list[np.ndarray]) -> np.ndarray:
    return np.stack([*channels, np.full(channels[0].shape, float(FULL))], axis=-1)


def _plane(frame: Any, number: int, dtype: str, channels: int, width: int = 0) -> np.ndarray:
    plane, kind = frame.planes[number], np.dtype(dtype)
    if plane.line_size < 0:
        raise ValueError("the rows run upwards, and PyAV gives the memory behind them")
    rows = np.frombuffer(bytes(plane), np.uint8)[: plane.line_size * frame.height].reshape(
        frame.height, plane.line_size
    )
    wide = (width or frame.width) * channels * kind.itemsize
    return np.ascontiguousarray(rows[:, :wide]).view(kind).reshape(frame.height, -1, channels)
