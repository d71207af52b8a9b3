"""The summary of a run, in words."""

from __future__ import annotations

import os

import click

from noiseaug.cli.wording import counted, describe, printable
from noiseaug.pipeline.summary import FAILURES_SHOWN, Summary
from noiseaug.storage.paths import FAILURES


def show_summary(summary: Summary, dest: str) -> None:
    """Print what a run did."""
    left = [f"{counted(summary.others, 'other file')} left alone"] if summary.others else []
    left += [f"{counted(summary.specials, 'special file')} skipped"] if summary.specials else []
    if not summary.written and not summary.failed and not summary.pruned:
        click.echo(", ".join(["nothing to do", f"{summary.up_to_date:,} up to date", *left]))
        _show_remarks(summary)
        return
    parts = [f"{counted(summary.written, 'file')} written to {printable(dest)}"]
    if summary.written:
        parts[0] += f" ({', '.join(f'{count:,} {kind}' for kind, count in sorted(summary.kinds.items()))})"
    parts += [f"{summary.up_to_date:,} up to date"] if summary.up_to_date else []
    parts += [f"{summary.pruned:,} deleted as their source is gone"] if summary.pruned else []
    click.echo(", ".join(parts + left))
    _show_remarks(summary)
    for what, count in summary.not_kept.items():
        click.echo(f"not kept from {counted(count, 'file')}: {what}")
    if summary.failed:
        _show_failures(summary)
    if summary.manifest:
        click.echo(f"manifest: {printable(summary.manifest)}")


def _show_remarks(summary: Summary) -> None:
    for remark in summary.remarks:
        click.echo(printable(remark))


def _show_failures(summary: Summary) -> None:
    click.echo(f"{summary.failed:,} failed:", err=True)
    for failure in summary.failures[:FAILURES_SHOWN]:
        click.echo(f"  {describe(failure)}", err=True)
    if summary.manifest:
        listing = printable(os.path.join(os.path.dirname(summary.manifest), FAILURES))
        click.echo(f"  all are listed in {listing}; the same command tries them again", err=True)
