"""The options of `run` that say which files are meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import click

from noiseaug.cli.options.shared import Decorator, parameters_of, repeatable, values_for
from noiseaug.cli.options.types import FOLDERS, SHARD, Whole
from noiseaug.kinds import DEFAULT_KINDS, KINDS
from noiseaug.settings.selection import Selection, parse_names

OPTIONS = (
    click.option(
        "--include",
        metavar="GLOB",
        multiple=True,
        help="Only files that match. Patterns are those of .gitignore. Repeatable.",
    ),
    click.option("--exclude", metavar="GLOB", multiple=True, help="No files or directories that match. Repeatable."),
    click.option(
        "--include-member",
        metavar="PATTERN",
        multiple=True,
        help="""Noise only on arrays of such names: '*.weight'. In .npz and .safetensors files; also on integers and
        arrays of one dimension, which are kept as labels otherwise. Repeatable.""",
    ),
    click.option(
        "--exclude-member", metavar="PATTERN", multiple=True, help="Arrays of such names stay as they are. Repeatable."
    ),
    click.option(
        "--keep",
        metavar="GLOB",
        multiple=True,
        help="""Copy files that match as they are. Such as val/ and data.yaml, whatever their type. Repeatable.
        Images and audio stand in the manifest as clean, other files in kept.jsonl.""",
    ),
    click.option(
        "--masks",
        type=FOLDERS,
        default="",
        help="""Folders whose images go along unchanged. Under the names of targets: masks/a.png with images/a.jpg.""",
    ),
    repeatable(
        "--kind",
        click.Choice(sorted(KINDS)),
        """Only files of this kind. audio takes the sound of videos too, array takes .npy, .npz and .safetensors.
        Repeatable.  [default: image and audio]""",
    ),
    click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False),
        help="""For one file: where its path begins. It gets the noise that it would get with that directory as
        SOURCE.""",
    ),
    click.option("--limit", type=Whole(min=1), help="Only the first N files. To try things."),
    click.option("--hidden", is_flag=True, help="Also names that begin with a dot. Of files and of directories."),
    click.option(
        "--follow-symlinks", is_flag=True, help="Walk directories that links lead to. By default they are not walked."
    ),
    click.option(
        "--files-from",
        type=click.File("rb"),
        metavar="FILE|-",
        help="Only the files named in FILE. One a line, relative to SOURCE; - is standard input.",
    ),
    click.option(
        "--shard",
        type=SHARD,
        help="Only part I of N of the files. From 1; noiseaug merge makes one manifest of all parts.",
    ),
    click.option("-0", "--null", is_flag=True, help="Names in --files-from end with NUL. As find -print0 writes them."),
)


def only(names: Collection[str]) -> list[Decorator]:
    """Return those of the options whose values have these names."""
    return [option for option in OPTIONS if parameters_of([option])[0].name in names]


def selection_of(options: dict[str, Any]) -> Selection:
    """Return the selection that the options spell. Raise click.BadParameter if they spell none."""
    names = None
    if options.get("files_from"):
        try:
            names = parse_names(options["files_from"].read(), null=options["null"])
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--files-from") from None
    kinds = frozenset(options["kind"])
    return Selection(
        kinds=kinds or DEFAULT_KINDS, videos="audio" in kinds, names=names, **values_for(Selection, options)
    )
