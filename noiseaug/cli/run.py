"""`noiseaug run`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import fields
from typing import Any, get_args

import click

from noiseaug import media
from noiseaug.cli.display import Display, show_summary
from noiseaug.cli.options import CLIP, LEVEL, MEAN, SECONDS, SEED, SNR
from noiseaug.depfile import Depfile
from noiseaug.manifest import MANIFEST
from noiseaug.pipeline import Progress, planned, run
from noiseaug.recipe import (
    MEASURES,
    ON_CLIP,
    ON_SILENCE,
    SNR_REFERENCES,
    SUBSAMPLINGS,
    AudioOptions,
    ImageOptions,
    Recipe,
)
from noiseaug.running import MAX_PIXELS, EngineName, Running
from noiseaug.sources import Selection, parse_names

_SOURCE = click.Path(exists=True)


@click.command("run", short_help="Write noisy copies of SOURCE to DEST.")
@click.argument("source", type=_SOURCE)
@click.argument("dest", type=click.Path())
# --- noise
@click.option(
    "--std",
    type=LEVEL,
    multiple=True,
    help="""Standard deviation as a fraction of full scale: 0.1, 10%, 25/255; or a range to draw from for each file,
    5/255:50/255. Repeatable.""",
)
@click.option(
    "--snr",
    type=SNR,
    multiple=True,
    help="""Signal-to-noise ratio of audio in dB: 10, --snr=-5, or a range 10:30. Repeatable. With --std too, images get
    the std and audio the SNR.""",
)
@click.option("--mean", type=MEAN, default="0", show_default=True, help="Mean of the noise, fraction of full scale.")
@click.option(
    "--clip",
    type=CLIP,
    default="auto",
    show_default=True,
    help="""auto: integers saturate at their range,
    floats are left alone. LO:HI: limits in fractions of full scale. none: unclipped, float32 output.""",
)
@click.option("--mono/--per-channel", default=False, help="One noise value for all channels, or one each (default).")
@click.option(
    "--seed", type=SEED, default="0", show_default=True, help="Chooses the noise; random picks one, and says it."
)
@click.option(
    "--copies", type=click.IntRange(min=1), default=1, show_default=True, help="Noisy versions at each level."
)
@click.option(
    "--snr-reference",
    type=click.Choice(SNR_REFERENCES),
    default="pooled",
    show_default=True,
    help="""The signal an SNR refers to: all channels, each channel, or what is not silence (-60 dB of the peak).""",
)
@click.option(
    "--on-silence",
    type=click.Choice(ON_SILENCE),
    default="copy",
    show_default=True,
    help="What an SNR makes of a silent file.",
)
@click.option("--keep-silence", is_flag=True, help="Digital silence in audio of more than 100 ms stays silent.")
@click.option(
    "--on-clip",
    type=click.Choice(ON_CLIP),
    default="saturate",
    show_default=True,
    help="What becomes of audio that clips; rescale: lower the file until it does not.",
)
# --- selection
@click.option("--include", metavar="GLOB", multiple=True, help="Only files that match (as in .gitignore; repeatable).")
@click.option("--exclude", metavar="GLOB", multiple=True, help="No files or directories that match (repeatable).")
@click.option("--kind", type=click.Choice(sorted(media.KINDS)), multiple=True, help="Only files of this kind.")
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False),
    help="""With one file as SOURCE: the directory its
    path is taken relative to, so that it gets the noise it would get with that directory as SOURCE.""",
)
@click.option("--follow-symlinks", is_flag=True, help="Walk directories that links lead to.")
@click.option(
    "--files-from",
    type=click.File("rb"),
    metavar="FILE|-",
    help="Work on the files named in FILE, one a line, relative to SOURCE; - is stdin.",
)
@click.option("-0", "--null", is_flag=True, help="Names in --files-from end with NUL bytes.")
# --- output
@click.option("--image-format", type=click.Choice(media.WRITABLE["image"]), help="Write images as this.")
@click.option("--audio-format", type=click.Choice(media.WRITABLE["audio"]), help="Write audio as this.")
@click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, lossy WebP and AVIF.  [default: 95]")
@click.option(
    "--subsampling",
    type=click.Choice(SUBSAMPLINGS),
    default="444",
    show_default=True,
    help="Of JPEG chroma; anything but 444 takes noise away.",
)
@click.option("--png-level", type=click.IntRange(0, 9), help="Of compression.  [default: what is fast]")
@click.option(
    "--measure",
    type=click.Choice(MEASURES),
    default="encoded",
    show_default=True,
    help="decoded: also record the noise that survived encoding.",
)
@click.option("--depfile", type=click.Path(dir_okay=False), help="Write the sources to FILE as prerequisites for Make.")
# --- running
@click.option("--workers", type=click.IntRange(min=1), help="Files worked on at once.  [default: available cores]")
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineName)),
    default="auto",
    show_default=True,
    help="""processes
    (what auto is) survive decoders that crash; threads start faster.""",
)
@click.option(
    "--timeout",
    type=SECONDS,
    default="300",
    show_default=True,
    help="""Seconds
    that one file may take (processes).""",
)
@click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=MAX_PIXELS,
    show_default=True,
    help="Refuse larger images, before they are decoded.",
)
@click.option("--force", is_flag=True, help="Make everything again.")
@click.option("--checksum", is_flag=True, help="Tell changed sources by SHA-256, not by size and time.")
@click.option("--prune", is_flag=True, help="Delete outputs whose source is gone.")
@click.option("--overwrite-foreign", is_flag=True, help="Replace files in DEST that noiseaug did not write.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails.")
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="No summary and no progress.")
@click.option("-v", "--verbose", is_flag=True, help="Name each file as it is done.")
@click.option("--json", is_flag=True, help="Print the summary as a JSON object.")
def command(source: str, dest: str, **options: Any) -> int:
    """Write noisy copies of the images and audio below SOURCE to DEST, with a manifest.

    DEST mirrors SOURCE: the same relative names, so that clean and noisy files match by name. Several levels or copies
    are told apart by -LEVEL-COPY before the suffix. Files of other kinds are left alone. What DEST already holds and is
    up to date is not made again. SOURCE may be one file, and DEST then a file name.

    Every option can also be set as NOISEAUG_RUN_OPTION in the environment.

    Exit status: 0 done, 1 could not run, 2 usage, 3 finished but some files failed, 130 or 143 interrupted.
    """
    recipe, selection = _recipe(options), _selection(options)
    running = Running(**{setting.name: options[setting.name] for setting in fields(Running)})
    if options["dry_run"]:
        for _, file_name in planned(source, dest, recipe, selection, running):
            click.echo(os.fsencode(file_name))
        return 0
    depfile = _depfile(source, dest, options)
    with Display(source, selection, quiet=options["quiet"], verbose=options["verbose"]) as display:

        def on_progress(progress: Progress) -> None:
            display.advance(progress)
            if depfile:
                for path in progress.source_paths:
                    depfile.add(path)

        summary = run(source, dest, recipe, selection, running, on_progress)
    if depfile:
        depfile.write()
    with contextlib.suppress(BrokenPipeError):  # the run is done, whether or not anyone reads of it
        if options["json"]:
            click.echo(json.dumps(summary.as_dict() | {"seed": recipe.seed}))
        elif not options["quiet"]:
            show_summary(summary, dest)
    return 3 if summary.failed else 0


def _recipe(options: dict[str, Any]) -> Recipe:
    seed = options["seed"]
    if seed == "random":
        seed = secrets.randbits(32)
        click.echo(f"noiseaug: seed {seed}", err=True)
    image = ImageOptions(
        options["quality"], options["subsampling"], options["png_level"], options["image_format"], options["measure"]
    )
    audio = AudioOptions(
        options["audio_format"],
        options["snr_reference"],
        options["on_silence"],
        options["keep_silence"],
        options["on_clip"],
    )
    if not options["std"] and not options["snr"]:
        raise click.UsageError("Missing option '--std' (or '--snr', for audio): how strong is the noise to be?")
    levels = (*options["std"], *options["snr"])
    try:
        return Recipe(levels, options["mean"], options["clip"], options["mono"], seed, options["copies"], image, audio)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _selection(options: dict[str, Any]) -> Selection:
    names = None
    if options["files_from"]:
        try:
            names = parse_names(options["files_from"].read(), null=options["null"])
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--files-from") from None
    kinds = frozenset(options["kind"] or media.KINDS)
    follow, root = options["follow_symlinks"], options["root"]
    return Selection(options["include"], options["exclude"], kinds, follow, names, root)


def _depfile(source: str, dest: str, options: dict[str, Any]) -> Depfile | None:
    if not options["depfile"]:
        return None
    target = os.path.join(dest, MANIFEST) if os.path.isdir(source) else dest
    root = source if os.path.isdir(source) else options["root"] or os.path.dirname(source)
    return Depfile(options["depfile"], target, root)
