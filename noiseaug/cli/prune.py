"""`noiseaug prune`."""

from __future__ import annotations

from json import dumps

import click

from noiseaug.cli.options.shared import json_object, quiet, with_options
from noiseaug.cli.wording import counted, printable
from noiseaug.manifest.removing import Removal, prune


@click.command("prune")
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@click.option("-n", "--dry-run", is_flag=True, help="Name what would be removed, and remove nothing.")
@with_options(quiet("Name only what stays."), json_object())
def command(dest: str, dry_run: bool, quiet: bool, json: bool) -> int:
    """Remove what noiseaug wrote to DEST in earlier runs and the last run was not asked for.

    Such files are listed in leftovers.jsonl: outputs of another --std, --seed, --name or --include, their labels, and
    views of the manifest. A file that was changed since noiseaug wrote it stays, and is named.

    Exit status: 0 done, 3 some files stay, 1 could not prune, 2 usage.
    """
    found = prune(dest, dry_run=dry_run)
    stay = [removal for removal in found if removal.kept]
    if json:
        click.echo(dumps({"dry_run": dry_run, "files": [removal._asdict() for removal in found]}))
        return 3 if stay else 0
    if not quiet:
        for removal in found:
            if not removal.kept:
                click.echo(f"{'would remove' if dry_run else 'removed'}: {printable(removal.file_name)}")
    for removal in stay:
        click.echo(f"stays: {printable(removal.file_name)}: {removal.kept}", err=True)
    if not quiet:
        _show_total([removal for removal in found if not removal.kept], dest, dry_run=dry_run)
    return 3 if stay else 0


def _show_total(gone: list[Removal], dest: str, *, dry_run: bool) -> None:
    if not gone:
        click.echo(f"nothing left over to remove in {printable(dest)}")
        return
    size = sum(removal.size for removal in gone)
    click.echo(f"{counted(len(gone), 'file')} of {size:,} bytes {'would be removed' if dry_run else 'removed'}")
