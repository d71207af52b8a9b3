"""Which independent readers each format has, the most trusted first."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from differential import magick, pictures, sounds

Readers = tuple[tuple[str, Callable[[Path], Any]], ...]

_PILLOW, _CODECS = ("Pillow", pictures.by_pillow), ("imagecodecs", pictures.by_imagecodecs)
_TIFFFILE, _FFMPEG = ("tifffile", pictures.by_tifffile), ("FFmpeg", pictures.by_ffmpeg)
_MAGICK, _GRAPHICS = ("ImageMagick", magick.by_imagemagick), ("GraphicsMagick", magick.by_graphicsmagick)
_RASTERS = ("gif", "bmp", "dib", "pbm", "pgm", "ppm", "pnm", "pam", "pfm", "ras", "sr")

# None of them is the code that noiseaug itself decodes the format with.
_IMAGES: dict[str, Readers] = {
    "png": (_PILLOW, _CODECS, _FFMPEG, _MAGICK),
    **dict.fromkeys(("jpg", "jpeg", "jpe"), (_PILLOW, _CODECS, _MAGICK)),
    **dict.fromkeys(("tif", "tiff"), (_TIFFFILE, _PILLOW, _MAGICK, _GRAPHICS)),
    **dict.fromkeys(("webp", "avif"), (_PILLOW, _CODECS, _MAGICK)),
    "jp2": (_CODECS, _FFMPEG, _PILLOW, _MAGICK),
    **dict.fromkeys(_RASTERS, (_FFMPEG, _MAGICK, _GRAPHICS)),
    "hdr": (_FFMPEG, _CODECS, _MAGICK),
}
_SOUND_FFMPEG = ("FFmpeg", sounds.by_ffmpeg)
_SOUNDS: Readers = (_SOUND_FFMPEG, ("SciPy", sounds.by_scipy), ("sox", sounds.by_sox))
_MPEG: Readers = (_SOUND_FFMPEG, ("LAME", sounds.by_lame))  # sox keeps the delay of the encoder


def readers_of(path: Path, kind: str) -> Readers:
    """Return the readers of a file of this kind, with their names."""
    suffix = path.suffix[1:].lower()
    if kind == "image":
        return _IMAGES.get(suffix, (_PILLOW, _MAGICK))
    return _MPEG if suffix in ("mp3", "mp2", "mp1") else _SOUNDS


def readings(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    """Yield the name of each reader that can read a file, and what it reads."""
    for name, read in readers_of(path, kind):
        found = _without_words(read, path)
        if found is not None:
            yield name, found


def reading(path: Path | None, kind: str, reader: str) -> Any:
    """Return what a reader makes of a file, or else the next one that can read it; None if none can."""
    if path is None or not path.is_file():
        return None
    for _, read in sorted(readers_of(path, kind), key=lambda known: known[0] != reader):
        found = _without_words(read, path)
        if found is not None:
            return found
    return None


def _without_words(read: Callable[[Path], Any], path: Path) -> Any:
    """Return what a reader makes of a file, or None if it cannot read it, for whatever reason."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        return read(path)
    return None
