"""`noiseaug merge`."""

from __future__ import annotations

import os
from json import dumps

import click

from noiseaug.cli.options.running import ALLOWANCE
from noiseaug.cli.options.shared import TRACEBACKS, json_object, quiet, with_options
from noiseaug.cli.wording import counted, printable
from noiseaug.pipeline.merging import Merged, merge
from noiseaug.settings.running import Running
from noiseaug.storage.paths import FAILURES


@click.command("merge")
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@with_options(ALLOWANCE, quiet("No summary."), json_object(), TRACEBACKS)
def command(dest: str, max_failures: int | float, quiet: bool, json: bool) -> int:
    """Make one manifest of those that runs with --shard left in DEST, the one that a single run would have written.

    All shards must be done, with the same options and versions; else those that are not are named, and nothing is
    changed. Views of the manifest (CSV, Parquet) that are there are written anew.

    Exit status: 0 done or done before, 3 done and some files had failed (more than --max-failures allows), 1 could not
    merge, 2 usage.
    """
    merged = merge(dest)
    if not quiet:
        for note in merged.notes:
            click.echo(f"noiseaug: {printable(note)}", err=True)
    if json:
        click.echo(dumps(merged._asdict()))
    elif not quiet:
        _show(merged)
    if merged.failures and quiet:
        listing = printable(os.path.join(os.path.dirname(merged.manifest), FAILURES))
        click.echo(f"noiseaug: {counted(merged.failures, 'failure')}, listed in {listing}", err=True)
    files = merged.sources + merged.failed_sources
    return 0 if Running(max_failures=max_failures).tolerates(merged.failed_sources, files) else 3


def _show(merged: Merged) -> None:
    if not merged.shards:
        click.echo("nothing to do, there are no shards to merge")
        return
    outputs = f"{counted(merged.rows, 'output')} of {counted(merged.sources, 'source')}"
    click.echo(f"{counted(merged.shards, 'shard')} merged: {outputs}, {counted(merged.failures, 'failure')}")
    click.echo(f"manifest: {printable(merged.manifest)}")
    for name in merged.views:
        click.echo(f"view: {printable(name)}, which says what the manifest says")
