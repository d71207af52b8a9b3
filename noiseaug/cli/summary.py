"""The summary of a run, in words."""

from __future__ import annotations

import os

import click

from noiseaug.cli.wording import counted, describe, printable
from noiseaug.pipeline.summary import FAILURES_SHOWN, Summary
from noiseaug.storage.paths import FAILURES


def show_summary(summary: Summary, dest: str, *, tolerated: bool) -> None:
    """Print what a run did; `tolerated` tells whether it is taken for done although files failed."""
    left = [f"{counted(summary.others, 'other file')} left alone"] if summary.others else []
    left += [f"{counted(summary.specials, 'special file')} skipped"] if summary.specials else []
    if not (summary.written or summary.failed or summary.pruned or summary.sidecars):
        nothing = [] if summary.left_over else ["nothing to do"]
        click.echo(", ".join([*nothing, f"{summary.up_to_date:,} up to date", *left]))
        _show_beside(summary, dest)
        return
    parts = [f"{counted(summary.written, 'file')} written to {printable(dest)}"]
    if summary.written:
        parts[0] += f" ({', '.join(f'{count:,} {kind}' for kind, count in sorted(summary.kinds.items()))})"
    parts += [f"{summary.up_to_date:,} up to date"] if summary.up_to_date else []
    parts += [f"{summary.pruned:,} deleted as their source is gone"] if summary.pruned else []
    click.echo(", ".join(parts + left))
    for what, count in summary.not_kept.items():
        click.echo(f"not kept from {counted(count, 'file')}: {what}")
    _show_beside(summary, dest)
    if summary.failed:
        _show_failures(summary, tolerated)
    if summary.manifest:
        click.echo(f"manifest: {printable(summary.manifest)}")


def _show_beside(summary: Summary, dest: str) -> None:
    if summary.sidecars:
        click.echo(f"{counted(summary.sidecars, 'file')} that go along written")
    if summary.unlabelled:
        click.echo(f"{counted(summary.unlabelled, 'source')} without a file that was to go along")
    if summary.left_over:
        what = counted(summary.left_over, "file")
        click.echo(f"{what} of earlier runs left over; noiseaug prune {printable(dest)} removes them")


def _show_failures(summary: Summary, tolerated: bool) -> None:
    of = f", of {summary.failed_sources:,} of {counted(summary.files, 'file')}, as --max-failures allows"
    click.echo(f"{summary.failed:,} failed{of if tolerated else ''}:", err=True)
    for failure in summary.failures[:FAILURES_SHOWN]:
        click.echo(f"  {describe(failure)}", err=True)
    if summary.manifest:
        listing = printable(os.path.join(os.path.dirname(summary.manifest), FAILURES))
        click.echo(f"  all are listed in {listing}; the same command tries them again", err=True)
