"""`noiseaug verify`."""

from __future__ import annotations

from collections import Counter
from json import dumps
from typing import Any

import click

from noiseaug.cli.options.shared import TRACEBACKS, WORKERS, json_object, quiet, with_options
from noiseaug.cli.progress import Bar
from noiseaug.cli.wording import counted, printable
from noiseaug.verification import verify
from noiseaug.verification.findings import Report

_DIRECTORY = click.Path(exists=True, file_okay=False)


@click.command("verify")
@click.argument("dest", type=_DIRECTORY)
@click.option("--source", type=_DIRECTORY, help="The SOURCE of the run; its files must be as they were.")
@click.option("--deep", is_flag=True, help="Make every output again, and compare the bytes. Needs --source.")
@click.option("--manifest", metavar="NAME", help="What the manifest in DEST is called.  [default: looked for]")
@with_options(WORKERS, quiet("Print findings only."), json_object(), TRACEBACKS)
def command(dest: str, source: str | None, quiet: bool, json: bool, **checks: Any) -> int:
    """Compare DEST with its manifest: missing, truncated, altered and extra files, and views that say something else.

    After a run that was interrupted, that is all it says: run the same command again first.

    Exit status: 0 all is as it should be, 3 it is not, 1 could not check, 2 usage.
    """
    with Bar(quiet=quiet) as bar:
        report = verify(dest, source, **checks, on_progress=bar.advance)
    if json:
        findings = [row._asdict() for row in report.findings]
        click.echo(dumps({"checked": report.checked, "findings": findings, "left_over": report.left_over}))
    else:
        _show(report, quiet, dest)
    return 3 if report.findings else 0


def _show(report: Report, quiet: bool, dest: str) -> None:
    for finding in report.findings:
        click.echo(f"{finding.problem}: {printable(finding.file_name)}: {printable(finding.detail)}")
    counts = Counter(finding.problem for finding in report.findings)
    verdict = ", ".join(f"{count:,} {problem}" for problem, count in counts.items()) or "all as recorded"
    if quiet:
        return
    for name in report.left_over:
        click.echo(f"left over: {printable(name)}")
    click.echo(f"{report.checked:,} checked: {verdict}")
    if report.left_over:
        what = counted(len(report.left_over), "file")
        click.echo(f"{what} of earlier runs left over; noiseaug prune {printable(dest)} removes them")
