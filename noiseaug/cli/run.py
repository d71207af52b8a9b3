"""`noiseaug run`."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any

import click

from noiseaug.cli.advice import warnings_of
from noiseaug.cli.config import as_toml
from noiseaug.cli.dry_run import show_planned
from noiseaug.cli.events import STDOUT, events_to
from noiseaug.cli.help import GroupedCommand
from noiseaug.cli.options import noise, output, running, selection
from noiseaug.cli.options.effects import refuse_without_effect
from noiseaug.cli.progress import RunBar
from noiseaug.cli.summary import show_failures, show_summary
from noiseaug.cli.wording import printable
from noiseaug.companions.depfile import Depfile
from noiseaug.pipeline.dry_run import planned
from noiseaug.pipeline.run import carried_out
from noiseaug.pipeline.summary import Progress, Summary
from noiseaug.settings.request import Request
from noiseaug.storage import disk

_GROUPS = {
    "Noise": noise.OPTIONS,
    "Selection": selection.OPTIONS,
    "Output": output.OPTIONS,
    "Running": running.OPTIONS,
}
_EXAMPLES = """
\b
Examples:
  noiseaug run photos/ photos-noisy/ --std 25/255 --seed 7
  noiseaug run photos/ sweep/ --std 5/255 --std 25/255 --copies 2 --workers 8
  noiseaug run speech/ speech-noisy/ --snr 0:20 --sidecars .txt
  noiseaug run photo.png photo-noisy.png --std 10%
"""


@click.command("run", cls=GroupedCommand, groups=_GROUPS, epilog=_EXAMPLES)
@click.argument("source", type=click.Path(exists=True), is_eager=True)  # --std is explained by what it is
@click.argument("dest", type=click.Path())
def command(source: str, dest: str, **options: Any) -> int:
    """Write noisy copies of the images, audio and arrays below SOURCE to DEST, with a manifest.

    DEST mirrors SOURCE: the same relative names, so that clean and noisy files match by name. Several levels or copies
    are told apart by -LEVEL-COPY before the suffix. Files of other kinds are left alone, and so are arrays in a folder
    without --kind array. What DEST already holds and is up to date is not made again. SOURCE may be one file, and DEST
    then a file name.

    Every option can also be set as NOISEAUG_RUN_OPTION in the environment, and in a file that --config names, but for
    those that replace or delete files.

    Exit status: 0 done, 1 could not run, 2 usage, 3 finished but some files failed (more than --max-failures allows),
    130 or 143 interrupted.
    """
    began = time.time_ns()
    recipe = noise.recipe_of(options)
    layout = output.layout_of(options, recipe)
    chosen, how = selection.selection_of(options), running.running_of(options)
    try:
        request = Request(recipe, chosen, how, layout, output.companions_of(options))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    refuse_without_effect(request, source, options)
    if options["print_config"]:
        click.echo(as_toml(click.get_current_context(), [source, dest], {"seed": recipe.seed}))
        return 0
    if options["dry_run"]:
        return show_planned(planned(source, dest, request), as_json=options["json"])
    summary = _carried_out(source, dest, request, options)
    succeeded = how.tolerates(summary.sources_failed, summary.sources)
    if options["stamp"] and succeeded:
        disk.stamp(options["stamp"], began)  # so that a source that changed meanwhile is newer
    if not options["quiet"]:
        for warning in warnings_of(summary, recipe):
            click.echo(f"noiseaug: warning: {warning}", err=True)
    with contextlib.suppress(BrokenPipeError):  # the run is done, whether or not anyone reads of it
        if options["json"]:
            click.echo(json.dumps(summary.as_dict() | {"seed": recipe.seed}))
        elif not options["quiet"] and options["events"] != STDOUT:
            show_summary(summary, dest)
            if chosen.shard:
                click.echo(f"shard {chosen.shard} is done; when all are: noiseaug merge {printable(dest)}")
    show_failures(summary, tolerated=succeeded)
    return 0 if succeeded else 3


def _carried_out(source: str, dest: str, request: Request, options: dict[str, Any]) -> Summary:
    """Carry out the run, and tell whoever listens how it goes."""
    depfile = _depfile(source, dest, options)
    bar = RunBar(source, request.selection, quiet=options["quiet"], verbose=options["verbose"])
    with events_to(options["events"]) as events:
        events.started(source, dest, request.recipe.seed)
        with bar:

            def on_progress(progress: Progress) -> None:
                bar.record(progress)
                events.record(progress)
                if depfile:
                    for path in progress.source_paths:
                        depfile.add(path)

            summary = carried_out(source, dest, request, on_progress, bar.note)
        events.finished(summary, request.recipe.seed)
    if depfile:
        depfile.write()
    return summary


def _depfile(source: str, dest: str, options: dict[str, Any]) -> Depfile | None:
    if not options["depfile"]:
        return None
    root = source if disk.is_directory(source) else options["root"] or os.path.dirname(source)
    if options["stamp"]:
        return Depfile(options["depfile"], options["stamp"], root)
    if disk.is_directory(source):
        return Depfile(options["depfile"], os.path.join(dest, options["manifest"]), root)
    return Depfile(options["depfile"], dest, root)
