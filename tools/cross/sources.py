"""The files that all processors work on: of every format that is read, lossless ones to write in each, and arrays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from noiseaug.kinds import is_video
from support import arrays, av_files
from support import picture_files as files
from support.corpus import photo, sound, write_image, write_sound
from support.heic_files import heic
from tools.cross.runs import ARRAYS, LONG, READ, WRITE
from tools.same_outputs.sources import make_source

_MADE_FOR_VERSIONS = ("pictures", "laden", "recordings")


def make(root: Path, *, with_long: bool) -> None:
    """Make the folders READ, WRITE and ARRAYS below `root`, and LONG if asked for."""
    _to_read(root / READ)
    _to_write(root / WRITE)
    _arrays(root / ARRAYS)
    if with_long:
        write_sound(root / LONG / "song.flac", sound(100_001, 2), "PCM_16")


def _to_read(root: Path) -> None:
    """Make files of every format, and images and recordings that are larger than a block of noise."""
    for name in _MADE_FOR_VERSIONS:
        make_source(name, root)
    for path in root.rglob("really-*"):  # those whose suffix is not that of their format
        path.unlink()
    for path in (root / "recordings").glob("*-LITTLE-*"):  # no codec computes otherwise for the other byte order
        path.with_name(path.name.replace("-LITTLE-", "-BIG-")).unlink(missing_ok=True)
    (root / "ffmpeg").mkdir()
    for suffix in av_files.ENCODERS:
        frames = 24_000 if suffix == ".wmv" else 6000  # as long as its pictures
        av_files.make(root / f"ffmpeg/{suffix[1:]}{suffix}", frames, film=is_video(suffix))
    av_files.make(root / "ffmpeg/alac.m4a", 6000, encoder="alac", form="s16p")
    colours = photo(90, 110)
    (root / "pictures/lossy.heic").write_bytes(heic(colours, quality=70, chroma=420, matrix_coefficients=6))
    (root / "pictures/deep.heic").write_bytes(heic(files.DEEP_RGB, "RGB;16"))
    for compression in ("lerc", "jpeg", "jpeg2000", "webp", "zstd", "lzma", "zlib"):
        (root / f"pictures/{compression}.tif").write_bytes(
            files.tiff(colours, photometric="rgb", compression=compression)
        )
    for name, samples in (("deep", files.DEEP_RGB), ("float", colours.astype(np.float32) / 255)):
        for predictor in (False, True):
            content = files.tiff(samples, photometric="rgb", compression="zlib", predictor=predictor)
            (root / f"pictures/zlib-{name}-{predictor}.tif").write_bytes(content)
    large = photo(240, 320)
    for name in ("bytes.png", "lossy.jpg", "strips.tif"):
        write_image(root / "large" / name, large)
    write_image(root / "large/fractions.tif", large.astype(np.float32) / 255)
    write_sound(root / "large/whole.flac", sound(70_001), "PCM_16")
    write_sound(root / "large/fractions.wav", sound(70_001), "FLOAT")


def _to_write(root: Path) -> None:
    """Make lossless files of each layout, large enough for what encoders look at."""
    for channels, name in ((1, "grey"), (3, "colour"), (4, "alpha")):
        write_image(root / f"{name}.png", photo(61, 97, channels))
        write_image(root / f"deep-{name}.png", photo(33, 45, channels, np.uint16))
    (root / "grey-alpha.png").write_bytes(files.LOSSLESS["grey-alpha.png"]())
    (root / "frames.png").write_bytes(files.ANIMATIONS["rgb.png"]())
    drawing = np.full((80, 120, 3), 255, np.uint8)
    cv2.putText(drawing, "drawn", (5, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (9, 90, 200), 2, cv2.LINE_AA)
    write_image(root / "drawing.png", drawing)
    write_image(root / "float.tif", photo(33, 45).astype(np.float32) / 255)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"):
        write_sound(root / f"{subtype}.wav", sound(3001, 2), subtype)


def _arrays(root: Path) -> None:
    """Make arrays of every dtype, order and format; one is larger than the pieces that are summed, and than a block."""
    root.mkdir(parents=True)
    for dtype in ("<f2", "<f4", ">f4", "<f8", "<c8", "|u1", "|i1", "<u2", ">i2", "<i4", "<u4", ">i8", "<u8"):
        kind, order = np.dtype(dtype), "big" if dtype.startswith(">") else "little"
        np.save(root / f"{kind.name}-{order}.npy", arrays.features(dtype, (90, 31)))
    large = arrays.features("<f4", (700, 301)) * 100 + 3
    np.save(root / "large.npy", large)
    np.save(root / "fortran.npy", np.asfortranarray(large[:, :200]))
    np.save(root / "one-column.npy", large[:, 0])
    gaps = large.copy()
    gaps[::7, 5], gaps[3, 9] = np.nan, np.inf
    np.save(root / "gaps.npy", gaps)
    members = {"x_train": large[:300], "y_train": arrays.LABELS, "deep": arrays.features("<i2"), "bias": large[0]}
    for name, compressed in (("stored", False), ("packed", True)):
        (root / f"{name}.npz").write_bytes(arrays.npz(compressed=compressed, **members))
    tensors = {
        "weight": ("F32", (700, 301), large.tobytes()),
        "brain": ("BF16", (40, 30), arrays.brain(arrays.features("<f4"))),
        "half": ("F16", (40, 30), arrays.features("<f2").tobytes()),
        "bias": ("F32", (40,), arrays.features("<f4")[:, 0].tobytes()),
    }
    (root / "weights.safetensors").write_bytes(arrays.tensors_file(tensors, {"format": "pt"}))
