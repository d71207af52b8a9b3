"""The options of `run` that say which files are meant."""

from __future__ import annotations

from typing import Any

import click

from noiseaug.cli.options.shared import repeatable, values_for
from noiseaug.cli.options.types import FOLDERS, SHARD, Whole
from noiseaug.kinds import DEFAULT_KINDS, KINDS
from noiseaug.settings.selection import Selection, parse_names

OPTIONS = (
    click.option(
        "--include", metavar="GLOB", multiple=True, help="Only files that match (as in .gitignore; repeatable)."
    ),
    click.option("--exclude", metavar="GLOB", multiple=True, help="No files or directories that match (repeatable)."),
    click.option(
        "--include-member",
        metavar="PATTERN",
        multiple=True,
        help="""Noise only on arrays of such names in .npz and .safetensors files, such as '*.weight'; also on integers
        and arrays of one dimension, which are kept as labels otherwise (repeatable).""",
    ),
    click.option(
        "--exclude-member", metavar="PATTERN", multiple=True, help="Arrays of such names stay as they are (repeatable)."
    ),
    click.option(
        "--keep",
        metavar="GLOB",
        multiple=True,
        help="""Copy files that match as they are, in the same place, whatever their type: val/, data.yaml (repeatable).
        Images and audio stand in the manifest as clean, other files in kept.jsonl.""",
    ),
    click.option(
        "--masks",
        type=FOLDERS,
        default="",
        help="""Folders such as masks whose images go along unchanged, under the names of targets: masks/a.png with
        images/a.jpg.""",
    ),
    repeatable(
        "--kind",
        click.Choice(sorted(KINDS)),
        """Only files of this kind (repeatable): audio takes the sound of videos too, array takes .npy, .npz and
        .safetensors.  [default: image and audio]""",
    ),
    click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False),
        help="""With one file as SOURCE: the directory its path is taken relative to, so that it gets the noise it would
        get with that directory as SOURCE.""",
    ),
    click.option("--limit", type=Whole(min=1), help="Only the first so many files, to try things."),
    click.option("--hidden", is_flag=True, help="Take files and directories too whose names begin with a dot."),
    click.option("--follow-symlinks", is_flag=True, help="Walk directories that links lead to."),
    click.option(
        "--files-from",
        type=click.File("rb"),
        metavar="FILE|-",
        help="Work on the files named in FILE, one a line, relative to SOURCE; - is stdin.",
    ),
    click.option(
        "--shard",
        type=SHARD,
        help="Only part I (from 1) of N of the files, beside runs of the others; merge DEST then makes one manifest.",
    ),
    click.option("-0", "--null", is_flag=True, help="Names in --files-from end with NUL bytes."),
)


def selection_of(options: dict[str, Any]) -> Selection:
    """Return the selection that the options spell. Raise click.BadParameter if they spell none."""
    names = None
    if options["files_from"]:
        try:
            names = parse_names(options["files_from"].read(), null=options["null"])
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--files-from") from None
    kinds = frozenset(options["kind"])
    return Selection(
        kinds=kinds or DEFAULT_KINDS, videos="audio" in kinds, names=names, **values_for(Selection, options)
    )
