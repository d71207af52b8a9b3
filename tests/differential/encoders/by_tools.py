"""Images and recordings by programs of the system; those that are missing are named, and left out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from scipy.io import wavfile

from differential import contents
from differential.encoders import tool_images, tool_magick, tool_sounds
from differential.encoders.tool_variants import unique

Files = Iterator[tuple[str, bytes]]


class Call(NamedTuple):
    """A file to be made: the program, its arguments with {source} and {output}, and the name of the file."""

    program: str
    arguments: tuple[str, ...]
    name: str


def missing() -> list[str]:
    """The programs that are not installed."""
    wanted = {call.program for call in _calls(Path())}
    return sorted(name for name in wanted if not shutil.which(name))


def files(scratch: Path) -> Files:
    """All that the programs here write; a call that a program refuses is left out."""
    _sources(scratch)
    calls = [call for call in _calls(scratch) if shutil.which(call.program)]
    with ThreadPoolExecutor(2) as pool:
        for call, data in zip(calls, pool.map(lambda call: _made(call, scratch), calls), strict=True):
            if data:
                yield call.name, data


def _sources(scratch: Path) -> None:
    for name, picture in contents.pictures().items():
        Image.fromarray(picture).save(scratch / f"{name}-rgb.png")
        Image.fromarray(contents.grey(picture)).save(scratch / f"{name}-grey.png")
        Image.fromarray(contents.with_alpha(picture)).save(scratch / f"{name}-rgba.png")
        Image.fromarray(picture).save(scratch / f"{name}-rgb.ppm")
        Image.fromarray(contents.grey(picture)).save(scratch / f"{name}-grey.pgm")
        Image.fromarray(contents.grey(picture)).convert("1").save(scratch / f"{name}-bits.pbm")
        Image.fromarray(picture).quantize(16).convert("RGB").save(scratch / f"{name}-few.ppm")
    for name in contents.LENGTHS:
        wavfile.write(scratch / f"{name}-sound.wav", contents.RATE, contents.pcm16(name))
        wavfile.write(scratch / f"{name}-sound48.wav", 48_000, contents.pcm16(name))


def _calls(scratch: Path) -> Iterator[Call]:
    """Every variant of every content."""
    for variant in unique([*tool_magick.variants(), *tool_images.variants()]):
        for name in ("photo", "odd"):
            for layout in variant.contents:
                yield _call(
                    variant.program,
                    variant.arguments,
                    scratch / f"{name}-{layout}",
                    f"{variant.label}-{layout.split('.')[0]}-{name}",
                    variant.suffix,
                )
    for variant in unique(tool_sounds.variants()):
        for name in ("mono", "stereo", "odd", "surround"):
            for layout in variant.contents:
                yield _call(
                    variant.program,
                    variant.arguments,
                    scratch / f"{name}-{layout}",
                    f"{variant.label}-{layout.split('.')[0]}-{name}",
                    variant.suffix,
                )


def _call(program: str, arguments: str, source: Path, label: str, suffix: str) -> Call:
    name = f"{label}.{suffix}"
    places = {"source": str(source), "output": str(source.with_name(f"made-{name}"))}
    return Call(program, tuple(word.format(**places) for word in arguments.split()), name)


def _made(call: Call, scratch: Path) -> bytes | None:
    """The file; what a program writes to its standard output, if its arguments name no output."""
    output = scratch / f"made-{call.name}"
    named = any(str(output) in word for word in call.arguments)
    try:
        done = subprocess.run([call.program, *call.arguments], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    return (output.read_bytes() if output.exists() else None) if named else done.stdout
