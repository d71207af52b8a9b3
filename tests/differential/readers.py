"""Which independent readers each format has, the most trusted first."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from differential import magick, pictures, sounds

logging.getLogger("tifffile").disabled = True

Readers = tuple[tuple[str, Callable[[Path], Any]], ...]

_PILLOW, _CODECS = ("Pillow", pictures.by_pillow), ("imagecodecs", pictures.by_imagecodecs)
_TIFFFILE, _FFMPEG = ("tifffile", pictures.by_tifffile), ("FFmpeg", pictures.by_ffmpeg)
_MAGICK, _GRAPHICS = ("ImageMagick", magick.by_imagemagick), ("GraphicsMagick", magick.by_graphicsmagick)
_PROGRAMS = frozenset({"ImageMagick", "GraphicsMagick", "sox", "LAME"})
_RASTERS = ("gif", "bmp", "dib", "pbm", "pgm", "ppm", "pnm", "pam", "ras", "sr")

# None of them is the code that noiseaug itself decodes the format with.
_IMAGES: dict[str, Readers] = {
    "png": (_PILLOW, _CODECS, _FFMPEG, _MAGICK),
    **dict.fromkeys(("jpg", "jpeg", "jpe"), (_PILLOW, _CODECS, _MAGICK)),
    **dict.fromkeys(("tif", "tiff"), (_TIFFFILE, _PILLOW, _MAGICK, _GRAPHICS)),
    "webp": (_PILLOW, _CODECS, _MAGICK),
    "avif": (_CODECS, _FFMPEG, _MAGICK),
    "jp2": (_CODECS, _FFMPEG, _PILLOW, _MAGICK),
    **dict.fromkeys(_RASTERS, (_FFMPEG, _MAGICK, _GRAPHICS)),
    "pfm": (("NumPy", pictures.by_numpy), _MAGICK),
    "hdr": (_FFMPEG, _CODECS, _MAGICK),
}
_SOUND_FFMPEG = ("FFmpeg", sounds.by_ffmpeg)
_SOUNDS: Readers = (_SOUND_FFMPEG, ("SciPy", sounds.by_scipy), ("sox", sounds.by_sox))
_MPEG: Readers = (_SOUND_FFMPEG, ("LAME", sounds.by_lame))  # sox keeps the delay of the encoder


# What a file is, by its first bytes, as files go by wrong names.
_MAGICS = {
    b"\x89PNG": "png", b"\xff\xd8": "jpg", b"II": "tif", b"MM": "tif", b"GIF8": "gif", b"BM": "bmp", b"#?": "hdr",
    b"\x59\xa6\x6a\x95": "ras", b"\0\0\0\x0cjP": "jp2", b"\xff\x4f\xff\x51": "jp2", b"PF": "pfm", b"Pf": "pfm",
    **{b"P%d" % number: "ppm" for number in range(1, 8)},
}  # fmt: skip


def form_of(path: Path) -> str:
    """Return what an image is, by its first bytes or else by its suffix."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[8:12] == b"WEBP":
        return "webp"
    if start[4:8] == b"ftyp":
        return "avif"
    return next((form for magic, form in _MAGICS.items() if start.startswith(magic)), path.suffix[1:].lower())


def readers_of(path: Path, kind: str, *, programs: bool = True) -> Readers:
    """Return the readers of a file of this kind, with their names; without `programs`, those that are libraries."""
    if kind == "image":
        known = _IMAGES.get(form_of(path), (_PILLOW, _MAGICK))
    else:
        known = _MPEG if path.suffix.lower() in (".mp3", ".mp2", ".mp1") else _SOUNDS
    return tuple(reader for reader in known if programs or reader[0] not in _PROGRAMS)


def readings(path: Path, kind: str, *, programs: bool = True) -> Iterator[tuple[str, Any]]:
    """Yield the name of each reader that can read a file, and what it reads."""
    for name, read in readers_of(path, kind, programs=programs):
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
