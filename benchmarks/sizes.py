"""`python -m benchmarks.sizes png`, or `tiff`: the sizes of files beside those that OpenCV makes of the same samples.

TIFF files have deflate compression.

The images are the same on every machine, and so are the sizes, for one version of each library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import icon, photograph, scan
from noiseaug import GaussianNoise
from noiseaug.media.image.containers import png_writer, tiff_writer

Array = NDArray[Any]

STDS = (0, 1, 2, 5, 10, 25, 50)  # of 255
_SAMPLES = Path(__file__).parent.parent / "sample_data" / "images"
_DEPTHS = (np.uint8, np.uint16)
_CHANNELS = (1, 3, 4)


Sizes = Callable[[Array], tuple[int, int]]


def png(level: int) -> Sizes:
    """Return a function that returns the size of an image as PNG, and OpenCV's."""
    return lambda image: (len(png_writer.still(image, level)), len(cv2.imencode(".png", image)[1]))


def tiff(image: Array) -> tuple[int, int]:
    """Return the size of an image as TIFF, and OpenCV's."""
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE]
    if image.dtype.kind == "f":
        settings += [cv2.IMWRITE_TIFF_PREDICTOR, cv2.IMWRITE_TIFF_PREDICTOR_NONE]
    return len(tiff_writer.encode([image], [{}])), len(cv2.imencode(".tif", image, settings)[1])


def contents(*, floats: bool) -> dict[str, list[Array]]:
    """Return the images of each content, in the order BGR."""
    samples = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(_SAMPLES.rglob("*.*"))]
    photographs = [photograph(number, (384, 512)) for number in range(8)]
    layouts = [(depth, channels) for depth in _DEPTHS for channels in _CHANNELS]
    found = {
        "sample images": samples,
        "photographs": photographs,
        "grey photographs": [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in photographs],
        "icons, 32x32": [icon(number) for number in range(8)],
        "scans, 16 bits": [np.ascontiguousarray(scan(number)[:512, :512, 0]) for number in range(4)],
        "line art": [line_art(depth, channels) for depth, channels in layouts],
        "one colour": [_layered(np.full((256, 256), 200, np.uint8), depth, channels) for depth, channels in layouts],
        "slopes": [_layered(_slope(), depth, channels) for depth, channels in layouts],
    }
    return found | ({"photographs, float32": [image / np.float32(255) for image in photographs]} if floats else {})


def line_art(depth: type[np.unsignedinteger[Any]], channels: int) -> Array:
    """Return a drawing on white: lines, frames, circles and words."""
    rng = np.random.default_rng(channels)
    page = np.full((384, 512), 255, np.uint8)
    for number in range(24):
        (left, top), (right, bottom) = rng.integers(0, (512, 384), (2, 2)).tolist()
        ink = int(rng.integers(0, 128))
        if number % 3 == 0:
            cv2.line(page, (left, top), (right, bottom), ink, 2)
        elif number % 3 == 1:
            cv2.rectangle(page, (left, top), (right, bottom), ink, 1)
        else:
            cv2.putText(page, f"words {number}", (left // 2, top), cv2.FONT_HERSHEY_SIMPLEX, 0.6, ink, 1, cv2.LINE_AA)
    return _layered(page, depth, channels)


def _slope() -> Array:
    across = np.linspace(0, 255, 512)
    return np.rint((across + across[:384, None]) / 2).astype(np.uint8)


def _layered(page: Array, depth: type[np.unsignedinteger[Any]], channels: int) -> Array:
    deep = page.astype(depth) * depth(np.iinfo(depth).max // 255)
    return deep if channels == 1 else np.ascontiguousarray(np.repeat(deep[..., None], channels, axis=2))


def ratios(images: list[Array], std: int, sizes: Sizes) -> Iterator[float]:
    """Yield the size of each image with noise, relative to OpenCV's."""
    noise = GaussianNoise(std=std / 255, seed=7)
    for number, image in enumerate(images):
        alpha = image.ndim == 3 and image.shape[2] == 4
        ours, theirs = sizes(noise(image, key=f"{number}", alpha=alpha) if std else image)
        yield ours / theirs


def table(sizes: Sizes, by_content: dict[str, list[Array]]) -> str:
    """Return the mean ratio by content and standard deviation, and the largest of each content, in Markdown."""
    lines = [
        f"| content | {' | '.join(f'{std}/255' for std in STDS)} | largest |",
        f"|---|{'---:|' * (len(STDS) + 1)}",
    ]
    found: list[float] = []
    for content, images in by_content.items():
        by_std = [list(ratios(images, std, sizes)) for std in STDS]
        here = [ratio for some in by_std for ratio in some]
        means = " | ".join(f"{np.mean(some):.2f}" for some in by_std)
        lines.append(f"| {len(images)} {content} | {means} | {max(here):.3f} |")
        found += here
    above = sum(ratio > 1.02 for ratio in found)
    lines += [
        "",
        f"{len(found)} files: {np.mean(found):.3f} in the mean, {max(found):.3f} at most, {above} above 1.02.",
    ]
    return "\n".join(lines)


@click.command(help=__doc__)
@click.argument("format_name", metavar="png|tiff", type=click.Choice(["png", "tiff"]))
@click.option("--png-level", type=click.IntRange(0, 9), default=1, show_default=True)
def main(format_name: str, png_level: int) -> None:
    """Prints the table."""
    sizes = png(png_level) if format_name == "png" else tiff
    click.echo(table(sizes, contents(floats=format_name == "tiff")))


if __name__ == "__main__":
    main()
