"""The options of `run` that say what is written, and how it is encoded."""

from __future__ import annotations

import click

from noiseaug import media
from noiseaug.recipe import MEASURES, SUBSAMPLINGS

OPTIONS = (
    click.option("--image-format", type=click.Choice(media.WRITABLE["image"]), help="Write images as this."),
    click.option("--audio-format", type=click.Choice(media.WRITABLE["audio"]), help="Write audio as this."),
    click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, lossy WebP and AVIF.  [default: 95]"),
    click.option(
        "--subsampling",
        type=click.Choice(SUBSAMPLINGS),
        default="444",
        show_default=True,
        help="Of JPEG chroma; anything but 444 takes noise away.",
    ),
    click.option("--png-level", type=click.IntRange(0, 9), help="Of compression.  [default: what is fast]"),
    click.option(
        "--measure",
        type=click.Choice(MEASURES),
        default="encoded",
        show_default=True,
        help="decoded: also record the noise that survived encoding.",
    ),
    click.option(
        "--depfile", type=click.Path(dir_okay=False), help="Write the sources to FILE as prerequisites for Make."
    ),
)
