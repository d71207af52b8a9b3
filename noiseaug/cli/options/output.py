"""The options of `run` that say what is written, and how it is encoded."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import click

from noiseaug import kinds
from noiseaug.cli.options.types import LABEL_SMOOTHING, MANIFEST_NAME, SUFFIXES
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import Layout, WithClean
from noiseaug.settings.recipe import MEASURES, SUBSAMPLINGS
from noiseaug.storage.output_file import Link

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
    click.option("--image-format", type=click.Choice(kinds.KINDS["image"].writable), help="Write images as this."),
    click.option("--audio-format", type=click.Choice(kinds.KINDS["audio"].writable), help="Write audio as this."),
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
        "--manifest",
        type=MANIFEST_NAME,
        default="manifest.jsonl",
        show_default=True,
        help="""What the manifest is called: NAME.jsonl; or NAME.csv or NAME.parquet, which are written beside
        manifest.jsonl. As metadata.*, Hugging Face datasets load DEST.""",
    ),
    click.option(
        "--annotations",
        type=click.Path(exists=True, dir_okay=False),
        metavar="COCO.json",
        help="Write annotations.json: these annotations of the sources, for the outputs.",
    ),
    click.option(
        "--label-smoothing",
        type=LABEL_SMOOTHING,
        help="""Write a soft_label in each row: 1-EPS for its class folder, EPS shared by the others, in the order of
        classes.json.""",
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


def companions_of(options: dict[str, Any]) -> Companions:
    """What the options say is written besides the outputs."""
    return Companions(**{setting.name: options[setting.name] for setting in fields(Companions)})
