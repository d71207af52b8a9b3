"""Images as ImageMagick and GraphicsMagick see them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from differential.pictures import Seen, canonical

PROGRAMS = {"ImageMagick": "convert", "GraphicsMagick": "gm"}


def by_imagemagick(path: Path) -> Seen | None:
    """By ImageMagick, which writes each frame as PAM."""
    coalesced = ["-coalesce"] if path.suffix == ".gif" else []
    return (
        _seen(["convert", str(path), *coalesced, "-colorspace", "sRGB", "-depth", "16", "pam:-"])
        if shutil.which("convert")
        else None
    )


def by_graphicsmagick(path: Path) -> Seen | None:
    """By GraphicsMagick."""
    coalesced = ["-coalesce"] if path.suffix == ".gif" else []
    return _seen(["gm", "convert", str(path), *coalesced, "-depth", "16", "pam:-"]) if shutil.which("gm") else None


def _seen(command: list[str]) -> Seen | None:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if done.returncode:
        return None
    return Seen(tuple(_pams(done.stdout)))


def _pams(data: bytes) -> list[np.ndarray]:
    """The frames of PAM files one after the other."""
    frames = []
    while data:
        head, mark, data = data.partition(b"ENDHDR\n")
        if not mark:
            raise ValueError("no PAM")
        fields = dict(line.split(maxsplit=1) for line in head.splitlines()[1:] if b" " in line)
        height, width, depth, top = (int(fields[name]) for name in (b"HEIGHT", b"WIDTH", b"DEPTH", b"MAXVAL"))
        dtype = np.dtype(">u2" if top > 255 else "u1")
        size = height * width * depth * dtype.itemsize
        samples = np.frombuffer(data[:size], dtype).reshape(height, width, depth)
        frames.append(canonical(samples.astype(np.uint16), top))
        data = data[size:]
    return frames
