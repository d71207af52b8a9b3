"""`noiseaug run --dry-run`: what would be done, a line for each output, or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from json import dumps

import click

from noiseaug.cli.wording import printable
from noiseaug.pipeline.dry_run import Planned

_CURRENT, _FAILS = "up to date", "failed"


def show_planned(outputs: Iterable[Planned], *, as_json: bool) -> int:
    """Print what a run would do, and return the exit status: 3 if sources would fail."""
    totals: Counter[str] = Counter()
    shown = (output for output in outputs if _counted(output, totals))
    if as_json:
        click.echo('{"outputs": [', nl=False)
        for number, output in enumerate(shown):
            click.echo((",\n" if number else "\n") + dumps(output._asdict()), nl=False)
        click.echo(f'\n], "totals": {dumps(totals)}}}')
    else:
        for output in shown:
            click.echo(_line(output))
        counts = ", ".join(f"{count:,} {state}" for state, count in totals.items())
        click.echo(f"dry run: {counts or 'nothing found'}; nothing was written", err=True)
    return 3 if totals[_FAILS] else 0


def _counted(output: Planned, totals: Counter[str]) -> bool:
    """Count an output; tell whether it is to be shown."""
    totals[output.state] += 1
    return output.state != _CURRENT


def _line(output: Planned) -> str:
    name = printable(output.file_name or output.source_path)
    return f"{output.state}: {name}" + (f" ({printable(output.reason)})" if output.reason else "")
