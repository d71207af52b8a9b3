"""`noiseaug preview`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from noiseaug.cli.help import GroupedCommand
from noiseaug.cli.options import noise, selection
from noiseaug.cli.options.shared import quiet, replacing, with_default
from noiseaug.cli.options.types import Whole
from noiseaug.cli.wording import counted, printable
from noiseaug.kinds import KINDS
from noiseaug.settings.level import Level
from noiseaug.settings.recipe import Recipe

_WHICH = ("include", "exclude", "include_member", "exclude_member", "kind", "root", "hidden", "follow_symlinks")
_SHEET = (
    click.option(
        *("-o", "--output"),
        type=click.Path(),
        default="preview.png",
        show_default=True,
        help="The sheet; - for stdout.",
    ),
    click.option("--audio-out", type=click.Path(file_okay=False), metavar="DIR", help="Write excerpts to listen to."),
    with_default("--count", Whole(min=1, max=100), 6, "Files to show of each directory."),
    click.option("--show", is_flag=True, help="Open the sheet in the viewer of the system."),
    replacing("--overwrite", "Replace files that no preview wrote."),
    quiet("Print nothing but failures."),
)
_EXAMPLES = """
\b
Examples:
  noiseaug preview photos/
  noiseaug preview photos/ --std 2/255 --std 10/255 --count 12 -o sheet.png --show
  noiseaug preview speech/ --snr 20 --snr 0 --audio-out clips/
  noiseaug preview photos/cats/1.jpg --root photos/
  noiseaug preview x_train.npy --std 10% --std-of column
"""


@click.command(
    "preview",
    cls=GroupedCommand,
    groups={"Sheet": _SHEET, "Noise": noise.OPTIONS, "Selection": selection.only(_WHICH)},
    epilog=_EXAMPLES,
)
@click.argument(  # before --std, which is explained by what they are
    "paths", metavar="FILE_OR_DIR...", nargs=-1, required=True, type=click.Path(exists=True), is_eager=True
)
def command(paths: tuple[str, ...], output: str, audio_out: str | None, show: bool, **options: Any) -> int:
    """Draw a sheet of files as they are and with noise, to choose how strong it should be.

    A row has one file: the original and each level, as a whole and, beside it, a part at its real size, as noise goes
    away when a picture is scaled down. Recordings are shown as waveform and spectrogram, arrays as heat map and
    histogram: three of a file, and a million values of each. The noise is the very noise that `noiseaug run` gives a
    file with the same options. Without --std and --snr, four usual strengths are shown: of arrays, 5, 10, 20 and 50 %
    of their own standard deviation.

    A sheet that is there is replaced; any other file only with --overwrite.

    Exit status: 0 done, 3 some files cannot be shown, 1 could not draw, 2 usage.
    """
    if show and output == "-":
        raise click.UsageError("--show opens a file, and -o - writes none; leave one out")
    if os.path.splitext(output)[1].lower() not in ("", ".png"):
        raise click.UsageError(f"--output {printable(output)}: a sheet is a PNG file; give it a name that ends in .png")
    from noiseaug.reports.preview import preview
    from noiseaug.reports.preview_files import check_places, write

    recipes = _recipes(options)
    replace = options["overwrite"]
    check_places(output, audio_out, overwrite=replace)
    chosen = selection.selection_of(options)
    made = preview(paths, recipes, chosen, count=options["count"], with_clips=audio_out is not None)
    if output == "-" and made.shown:
        click.echo(made.sheet, nl=False)
    if made.shown:
        write(made, None if output == "-" else output, audio_out, overwrite=replace)
    for name, problem in made.failed:
        click.echo(f"failed: {printable(f'{name}: {problem}')}", err=True)
    if not made.shown:
        click.echo("noiseaug: no sheet is written, as there is nothing to show", err=True)
        return 3
    if not options["quiet"] and output != "-":
        clips = f", {counted(len(made.clips), 'excerpt')} in {printable(audio_out)}" if audio_out else ""
        click.echo(f"{printable(output)}: {counted(made.shown, 'file')}{clips}")
    if show and click.launch(os.path.abspath(output)):  # a path that no viewer takes for an option
        click.echo(f"noiseaug: warning: no viewer is found; open {printable(output)} yourself", err=True)
    return 3 if made.failed else 0


def _recipes(options: dict[str, Any]) -> dict[str, Recipe]:
    """Return the recipe for each kind of files: with the strengths that are asked for, or with usual ones."""
    if options["std"] or options["snr"] or options["preset"]:
        return dict.fromkeys(KINDS, noise.recipe_of(options))
    from noiseaug.reports.preview import LEVELS, RATIOS, SHARES

    ratios = [Level.parse(text, "snr") for text in RATIOS]
    usual = noise.recipe_of(options | {"std": list(map(Level.parse, LEVELS)), "snr": ratios})
    array = usual.array
    if click.get_current_context().get_parameter_source("std_of") is ParameterSource.DEFAULT:
        array = replace(array, std_of="array")
    of_arrays = replace(usual, levels=tuple(map(Level.parse, SHARES)), array=array)
    return dict.fromkeys(KINDS, usual) | {"array": of_arrays}
