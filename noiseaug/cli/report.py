"""`noiseaug report`."""

from __future__ import annotations

import click

from noiseaug.cli.options.shared import TRACEBACKS, quiet, replacing, with_default, with_options
from noiseaug.cli.options.types import Whole
from noiseaug.cli.progress import Bar
from noiseaug.cli.wording import counted, printable, size
from noiseaug.reports import MOST_SAMPLED, SAMPLE, Report, check_place, report, write

_DIRECTORY = click.Path(exists=True, file_okay=False)


@click.command("report")
@click.argument("dest", type=_DIRECTORY)
@with_options(
    click.option(
        *("-o", "--output"), type=click.Path(), default="report.html", show_default=True, help="The page; - for stdout."
    ),
    click.option("--source", type=_DIRECTORY, help="The SOURCE of the run, to show originals beside noisy outputs."),
    with_default("--sample", Whole(min=1, max=MOST_SAMPLED), SAMPLE, "Rows in the table, drawn at random."),
    with_default("--seed", Whole(min=0), 0, "Chooses which outputs are shown."),
    replacing("--overwrite", "Replace a file that is no report."),
    quiet("Print nothing."),
    TRACEBACKS,
)
def command(dest: str, output: str, source: str | None, sample: int, seed: int, overwrite: bool, quiet: bool) -> None:
    """Write a page about what a run left in DEST, to look at and to listen to.

    One HTML file that needs no network: what ran, totals, failures by cause, distributions, the worst outputs, and a
    sample of all, each beside its original. Originals come from --source, or from the run's own outputs without noise
    (--with-clean).

    A report that is there is replaced; any other file only with --overwrite. The same DEST and options give the same
    page.

    Exit status: 0 done, 1 could not report, 2 usage, 130 or 143 interrupted.
    """
    to_stdout = output == "-"
    if not to_stdout:
        check_place(output, overwrite=overwrite)
    with Bar(quiet=quiet) as bar:
        made = report(dest, source, sample=sample, seed=seed, on_progress=bar.advance)
    if to_stdout:
        click.echo(made.page, nl=False)
        return
    write(output, made.page, overwrite=overwrite)
    if not quiet:
        _show(made, output, source)


def _show(made: Report, output: str, source: str | None) -> None:
    parts = [counted(made.rows, "output")]
    parts += [f"{made.failed:,} failed"] if made.failed else []
    parts += [f"{made.shown:,} to look at or listen to"] if made.shown else []
    click.echo(f"{printable(output)}: {', '.join(parts)} ({size(len(made.page))})")
    if made.without_original:
        lacking = f"{made.without_original:,} of them without the original"
        if source is None:
            click.echo(f"{lacking}; --source, or run --with-clean, has those")
        else:
            click.echo(
                f"{lacking}: {printable(source)} does not have it as the run read it; name the SOURCE of the run"
            )
