"""Images by OpenCV, with all settings that matter to a decoder."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from differential import contents

Files = Iterator[tuple[str, bytes]]

_PLAIN = (
    "png",
    "jpg",
    "tif",
    "webp",
    "avif",
    "jp2",
    "gif",
    "bmp",
    "pgm",
    "ppm",
    "pnm",
    "pbm",
    "pam",
    "pfm",
    "hdr",
    "ras",
)
_TIFF = {
    "raw": 1,
    "lzw": 5,
    "deflate": 8,
    "old-deflate": 32946,
    "packbits": 32773,
    "jpeg": 7,
    "zstd": 50000,
    "lzma": 34925,
    "lerc": 34887,
    "webp": 50001,
}


def files() -> Files:
    """All of them."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    for name, picture in contents.pictures().items():
        for layout, array in _layouts(picture).items():
            for suffix in _PLAIN:
                yield from _file(f"opencv-{suffix}-{layout}-{name}.{suffix}", array)
            for kind, number in _TIFF.items():
                yield from _file(f"opencv-tif-{kind}-{layout}-{name}.tif", array, cv2.IMWRITE_TIFF_COMPRESSION, number)
    yield from _settings()


def _layouts(picture: np.ndarray) -> dict[str, np.ndarray]:
    bgr = np.ascontiguousarray(picture[..., ::-1])
    bgra = np.ascontiguousarray(contents.with_alpha(picture)[..., [2, 1, 0, 3]])
    grey = contents.grey(picture)
    return {
        "grey": grey,
        "bgr": bgr,
        "bgra": bgra,
        "grey16": contents.deep(grey),
        "bgr16": contents.deep(bgr),
        "bgra16": contents.deep(bgra),
        "greyf": (grey / 255).astype(np.float32),
        "bgrf": (bgr / 255).astype(np.float32),
        "grey-s16": contents.deep(grey).astype(np.int16),
        "grey-s32": contents.deep(grey).astype(np.int32),
        "grey-s8": grey.astype(np.int8),
        "greyd": grey / 255,
    }


def _file(name: str, array: np.ndarray, *settings: int) -> Files:
    try:
        done, encoded = cv2.imencode(name[name.rindex(".") :], array, settings)
    except cv2.error:
        return
    if done:
        yield name, encoded.tobytes()


def _settings() -> Files:
    for name, picture in contents.pictures().items():
        bgr = np.ascontiguousarray(picture[..., ::-1])
        for sampling in (411, 420, 422, 440, 444):
            number = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
            for progressive in (0, 1):
                settings = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, number, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
                yield from _file(f"opencv-jpg-{sampling}-p{progressive}-{name}.jpg", bgr, *settings)
        for interval in (1, 3):
            yield from _file(f"opencv-jpg-restart{interval}-{name}.jpg", bgr, cv2.IMWRITE_JPEG_RST_INTERVAL, interval)
        for level in (0, 1, 9):
            yield from _file(f"opencv-png-level{level}-{name}.png", bgr, cv2.IMWRITE_PNG_COMPRESSION, level)
        yield from _file(
            f"opencv-png-bilevel-{name}.png", contents.grey(picture) // 128 * 255, cv2.IMWRITE_PNG_BILEVEL, 1
        )
        for suffix in ("pbm", "pgm", "ppm"):
            array = bgr if suffix == "ppm" else contents.grey(picture)
            yield from _file(f"opencv-{suffix}-plain-{name}.{suffix}", array, cv2.IMWRITE_PXM_BINARY, 0)
        for quality in (1, 50, 101):
            yield from _file(f"opencv-webp-q{quality}-{name}.webp", bgr, cv2.IMWRITE_WEBP_QUALITY, quality)
        for quality in (40, 100):
            for depth in (8, 10, 12):
                array = bgr if depth == 8 else contents.deep(bgr) >> (16 - depth)
                settings = (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_SPEED, 9)
                yield from _file(f"opencv-avif-q{quality}-{depth}bit-{name}.avif", array, *settings)
        for rows in (1, 5):
            yield from _file(f"opencv-tif-rows{rows}-{name}.tif", bgr, cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows)
        for kind in ("RLE", "NONE"):
            number = getattr(cv2, f"IMWRITE_HDR_COMPRESSION_{kind}")
            yield from _file(
                f"opencv-hdr-{kind.lower()}-{name}.hdr",
                (bgr / 255).astype(np.float32),
                cv2.IMWRITE_HDR_COMPRESSION,
                number,
            )
