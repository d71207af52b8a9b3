"""`noiseaug merge`."""

from __future__ import annotations

import os
from json import dumps

import click

from noiseaug.cli.options.shared import TRACEBACKS, json_object, quiet, with_options
from noiseaug.cli.wording import counted, printable
from noiseaug.manifest.merging import merge
from noiseaug.storage.paths import FAILURES


@click.command("merge")
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@with_options(quiet("No summary."), json_object(), TRACEBACKS)
def command(dest: str, quiet: bool, json: bool) -> int:
    """Make one manifest of those that runs with --shard left in DEST, the one that a single run would have written.

    All shards must be done; else those that are not are named, and nothing is changed.

    Exit status: 0 done or done before, 3 done and some files had failed, 1 could not merge, 2 usage.
    """
    merged = merge(dest)
    if json:
        click.echo(dumps(merged._asdict()))
    elif not quiet and not merged.shards:
        click.echo("nothing to do, there are no shards to merge")
    elif not quiet:
        click.echo(f"{merged.shards:,} shards merged: {merged.rows:,} outputs, {merged.failures:,} failures")
        click.echo(f"manifest: {printable(merged.manifest)}")
    if merged.failures and quiet:
        listing = printable(os.path.join(os.path.dirname(merged.manifest), FAILURES))
        click.echo(f"noiseaug: {counted(merged.failures, 'failure')}, listed in {listing}", err=True)
    return 3 if merged.failures else 0
