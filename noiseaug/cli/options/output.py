"""The options of `run` that say what is written, and how it is encoded."""

from __future__ import annotations

from typing import Any, get_args

import click

from noiseaug import media
from noiseaug.cli.options.types import SUFFIXES
from noiseaug.layout import Layout, Link, WithClean
from noiseaug.recipe import MEASURES, SUBSAMPLINGS

OPTIONS = (
    click.option(
        "--name",
        metavar="TEMPLATE",
        help="""Names of targets, of {dir} {stem} {ext} {level} {copy} {label}, such as '{level}/{dir}/{stem}{ext}'.
        [default: {dir}/{stem}{ext} for a single target, {dir}/{stem}-{level}-{copy}{ext} for several]""",
    ),
    click.option(
        "--with-clean",
        type=click.Choice(get_args(WithClean)),
        help="Originals in DEST too. tree: clean/ and noisy/ with the same names; beside: under their own names.",
    ),
    click.option(
        "--link",
        type=click.Choice(get_args(Link)),
        default="auto",
        show_default=True,
        help="How originals come there. auto: sharing blocks or as hard links where the file system can, else copies.",
    ),
    click.option(
        "--sidecars",
        type=SUFFIXES,
        default="",
        help="""Files of the same stem that go along with each target, such as .txt,.json,.xml. The <filename> of Pascal
        VOC is brought up to date.""",
    ),
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


def layout_of(options: dict[str, Any]) -> Layout:
    """What the options say of what is written; raises click.BadParameter if that is nothing."""
    try:
        return Layout(options["name"], options["with_clean"], options["link"], options["sidecars"])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--name") from None
