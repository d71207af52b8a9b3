"""`noiseaug verify`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import click

from noiseaug.cli.display import is_terminal, printable
from noiseaug.verification import verify
from noiseaug.verification.findings import Report

_DIRECTORY = click.Path(exists=True, file_okay=False)


@click.command("verify", short_help="Compare DEST with its manifest.")
@click.argument("dest", type=_DIRECTORY)
@click.option("--source", type=_DIRECTORY, help="The SOURCE of the run; its files must be as they were.")
@click.option("--deep", is_flag=True, help="Make every output again, and compare the bytes. Needs --source.")
@click.option("--manifest", metavar="NAME", help="What the manifest in DEST is called.  [default: looked for]")
@click.option("--workers", type=click.IntRange(min=1), help="Files worked on at once.  [default: available cores]")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(dest: str, source: str | None, quiet: bool, as_json: bool, **checks: Any) -> int:
    """Compare DEST with its manifest: missing, truncated, altered and extra files.

    Exit status: 0 all is as it should be, 3 it is not, 1 could not check, 2 usage.
    """
    bar: Any = None
    if is_terminal(sys.stderr) and not quiet:
        from tqdm import tqdm  # not for runs in scripts

        bar = tqdm(unit=" files", dynamic_ncols=True, file=sys.stderr)
    try:
        report = verify(dest, source, **checks, on_progress=bar.update if bar else lambda _: None)
    finally:
        if bar:
            bar.close()
    if as_json:
        click.echo(json.dumps({"checked": report.checked, "findings": [row._asdict() for row in report.findings]}))
    else:
        _show(report, quiet)
    return 3 if report.findings else 0


def _show(report: Report, quiet: bool) -> None:
    for finding in report.findings:
        click.echo(f"{finding.problem}: {printable(finding.file_name)}: {printable(finding.detail)}")
    counts = Counter(finding.problem for finding in report.findings)
    verdict = ", ".join(f"{count:,} {problem}" for problem, count in counts.items()) or "all as recorded"
    if not quiet:
        click.echo(f"{report.checked:,} checked: {verdict}")
