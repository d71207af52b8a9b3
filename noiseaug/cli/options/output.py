"""The options of `run` that say what is written, and how it is encoded."""

from __future__ import annotations

from typing import Any, get_args

import click

from noiseaug.cli.options.shared import choice, values_for, with_default
from noiseaug.cli.options.types import LABEL_SMOOTHING, MANIFEST_NAME, SUFFIXES, Format, Whole
from noiseaug.kinds import KINDS
from noiseaug.settings.companions import Companions
from noiseaug.settings.layout import LabelFolder, Layout, WithClean
from noiseaug.settings.recipe import MEASURES, SUBSAMPLINGS, Recipe
from noiseaug.storage.output_file import Link

OPTIONS = (
    click.option(
        "--name",
        metavar="TEMPLATE",
        help="""Names of outputs: '{level}/{dir}/{stem}{ext}'. Of {dir} {stem} {ext} {level} {std} {snr} {copy} {label}.
        [default: {dir}/{stem}{ext} for a single target, {dir}/{stem}-{level}-{copy}{ext} for several]""",
    ),
    click.option(
        "--with-clean",
        type=click.Choice(get_args(WithClean)),
        help="Originals in DEST, too. tree: clean/ and noisy/ with the same names; beside: under their own names.",
    ),
    choice(
        "--link",
        get_args(Link),
        "copy",
        """How originals come to DEST. A copy shares blocks where the file system can; through links, edits reach
        SOURCE.""",
    ),
    click.option(
        "--sidecars",
        type=SUFFIXES,
        default="",
        help="""Files that go along: .txt,.json,.xml. Those of the same stem, with each target. The <filename> of Pascal
        VOC is brought up to date.""",
    ),
    choice(
        "--label-folder",
        get_args(LabelFolder),
        "last",
        "Which folder above a file is its label. The last, as for Hugging Face, or the first, as for torchvision.",
    ),
    click.option(
        "--image-format",
        type=Format(KINDS["image"].writable),
        help="Write images as this. By default in the format of the source.",
    ),
    click.option(
        "--audio-format",
        type=Format(KINDS["audio"].writable),
        help="Write audio as this. By default in the format of the source.",
    ),
    click.option(
        "--quality",
        type=Whole(1, 100),
        help="Quality of JPEG, WebP and AVIF [95]. Of WebP with loss; 95 keeps most of the noise.",
    ),
    choice("--subsampling", SUBSAMPLINGS, "444", "Chroma of JPEG. Anything but 444 takes noise away."),
    click.option(
        "--png-level",
        type=Whole(0, 9),
        help="""Compression of PNG [1]. 0 stores, for training, as such files are read six times as fast; 1 is fast; 9
        is small.""",
    ),
    choice(
        "--measure",
        MEASURES,
        "encoded",
        "Which noise is recorded. decoded: also what survived encoding, of images and audio.",
    ),
    with_default(
        "--manifest",
        MANIFEST_NAME,
        "manifest.jsonl",
        """The manifest's name. NAME.jsonl; or NAME.csv or NAME.parquet, which are written beside
        manifest.jsonl. As metadata.*, Hugging Face datasets load DEST.""",
    ),
    click.option(
        "--annotations",
        type=click.Path(exists=True, dir_okay=False),
        metavar="COCO.json",
        help="Annotations of the sources. They are written for the outputs as annotations.json.",
    ),
    click.option(
        "--label-smoothing",
        type=LABEL_SMOOTHING,
        help="""Write soft labels to the manifest. 1-EPS for the folder of the class, EPS shared by the others, in the
        order of classes.json.""",
    ),
    click.option(
        "--depfile", type=click.Path(dir_okay=False), help="Write prerequisites for Make to FILE. They are the sources."
    ),
    click.option(
        "--stamp",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Touch FILE when the run has succeeded. Also if nothing was to do; it is what Make is to look at.",
    ),
)


def layout_of(options: dict[str, Any], recipe: Recipe) -> Layout:
    """Return how the options say that the outputs of `recipe` are called.

    Raises:
        click.UsageError: if that gives several outputs the same name, is no template, or makes no pairs.
    """
    try:
        layout = Layout(**values_for(Layout, options))
        layout.check(recipe)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--name") from None
    try:
        layout.check_pairs(recipe)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return layout


def companions_of(options: dict[str, Any]) -> Companions:
    """Return what the options say is written besides the outputs."""
    return Companions(**values_for(Companions, options))
