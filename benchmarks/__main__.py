"""`python -m benchmarks`: times noiseaug beside the usual ways of doing the same, and says which goals are met.

Everything is timed as whole processes by the clock on the wall, start-up and end included, on files in the page cache,
into a fresh folder in memory (or in TMPDIR, where that is set). Other work on the machine shows in the times: let it
rest, or trust the ratios only.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from benchmarks import arrays, calls, figures, memory, report
from benchmarks import bare as least
from benchmarks import corpus as corpora
from benchmarks import growth as growing
from benchmarks.contenders import CONTENDERS, ENGINES, KEEP_MEMORY
from benchmarks.corpus import CORPORA, Corpus
from benchmarks.measure import CHECKOUT, Timings, scratch_root
from benchmarks.rounds import rounds

_RESULTS = corpora.HERE / "results"
_DOCS = CHECKOUT / "docs"


@click.group(help=__doc__, invoke_without_command=True)
@click.pass_context
@click.option("--only", type=click.Choice([corpus.name for corpus in CORPORA]), multiple=True, help="These corpora.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds over each corpus.")
@click.option("--workers", type=click.IntRange(min=1), default=lambda: os.cpu_count() or 1, help="Default: all cores.")
@click.option("--engines", is_flag=True, help="Compare threads with processes as well.")
@click.option("--memory", "with_memory", is_flag=True, help="Measure memory as well (some minutes, 3 GB of disk).")
@click.option("--quick", is_flag=True, help="A handful of files, once: a look at whether all works.")
@click.option("--plot", is_flag=True, help="Draw docs/bench.png.")
def main(
    context: click.Context,
    only: tuple[str, ...],
    repeat: int,
    workers: int,
    engines: bool,
    with_memory: bool,
    quick: bool,
    plot: bool,
) -> None:
    """Runs what is asked for, and prints and keeps the results."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # outputs may be in memory: remove them
    load = os.getloadavg()[0]
    if load > 0.5:
        click.echo(f"The load average is {load:.1f}: other work on this machine will show in the times.", err=True)
    if context.invoked_subcommand:
        return
    chosen = [corpus for corpus in CORPORA if not only or corpus.name in only]
    if quick:
        chosen, repeat = [corpora.quick(corpus) for corpus in chosen], 1
    checksums = {}
    for corpus in chosen:
        corpora.build(corpus, workers)
        checksums[corpus.name] = corpora.warm(corpus)

    results: dict[str, tuple[Corpus, dict[str, Timings]]] = {}
    for corpus in chosen:
        results[corpus.name] = corpus, rounds(corpus, CONTENDERS, repeat, workers)
    setting = f"{workers} workers, medians of some {repeat} rounds, outputs in {scratch_root()}"
    click.echo(f"{setting}; library: albumentations or audiomentations\n")
    click.echo(report.corpora_table(results))

    on_engines = {
        corpus.name: (corpus, rounds(corpus, ENGINES, repeat, workers))
        for corpus in chosen
        if engines and corpus.engines
    }
    if on_engines:
        click.echo("\n" + report.engines_table(on_engines))

    idle = [] if only else list(figures.nothing_to_do(100 if quick else 100_000))
    large = [] if only else list(arrays.figures(20 if quick else 500))
    single = [] if only else [*figures.noise(20 if quick else 300), *figures.start(), *idle, *large]
    single += memory.memory() if with_memory else []
    if single:
        click.echo("\n" + report.figures_table(single))

    in_memory = [] if only else list(calls.rows(1 if quick else 7))
    if in_memory:
        click.echo("\n" + calls.table(in_memory))

    content = {
        "workers": workers,
        "repeat": repeat,
        "load_before": load,
        "corpora": report.as_plain(results, checksums),
        "engines": report.as_plain(on_engines, checksums),
        "figures": [figure._asdict() for figure in single],
        "calls": [row._asdict() for row in in_memory],
    }
    if quick:
        return
    report.write_json(_RESULTS / "latest.json", content)
    (_RESULTS / "latest.md").write_text(report.page_table(results, [*idle[-1:], *large]))
    click.echo(f"\nAll times and the table of docs/performance.md: {os.path.relpath(_RESULTS)}/latest.*")
    if plot:
        from benchmarks import plots

        plots.compared(results, _DOCS / "bench.png")


@main.command("calls", help=calls.__doc__)
@click.option("--rounds", type=click.IntRange(min=1), default=7, show_default=True, help="Rounds over the images.")
def calls_in_memory(rounds: int) -> None:
    """Measures what is installed, and prints the table."""
    click.echo(calls.table(list(calls.rows(rounds))))


@main.command("arrays", help=arrays.__doc__)
@click.option("--megabytes", type=click.IntRange(min=1), default=500, show_default=True, help="Size of the array.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
def one_array(megabytes: int, rounds: int) -> None:
    """Measures, and prints the table."""
    click.echo(arrays.table(arrays.rows(megabytes, rounds)))


@main.command(help=least.__doc__)
def bare() -> None:
    """Measures, with memory kept as workers keep it, and prints the table."""
    if not KEEP_MEMORY.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", "bare"], KEEP_MEMORY)
    click.echo(least.table())


@main.command(help=growing.__doc__)
@click.option("--only", type=click.Choice([axis.name for axis in growing.axes()]), multiple=True, help="These axes.")
@click.option("--quick", is_flag=True, help="Small sizes only.")
@click.option("--million", is_flag=True, help="A million files as well (some minutes).")
@click.option("--into", type=click.Path(path_type=Path), default=_DOCS, help="Where growth.md and growth.png go.")
def growth(only: tuple[str, ...], quick: bool, million: bool, into: Path) -> None:
    """Measures along each axis, and writes the page and its picture."""
    from benchmarks import plots

    chosen = [axis for axis in growing.axes(quick=quick, million=million) if not only or axis.name in only]
    found = list(growing.measure(chosen))
    page = growing.markdown(found, "growth.png")
    into.mkdir(parents=True, exist_ok=True)
    (into / "growth.md").write_text(page)
    plots.grown(found, into / "growth.png")
    click.echo(page)


if __name__ == "__main__":
    main()
