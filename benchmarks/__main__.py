"""`python -m benchmarks`: times noiseaug beside the usual ways of doing the same, and says which goals are met.

Everything is timed as whole processes by the clock on the wall, start-up and end included, on files in the page cache,
into a fresh folder in memory (or in TMPDIR, where that is set). Other work on the machine shows in the times: let it
rest, or trust the ratios only.
"""

from __future__ import annotations

import os
import signal
import sys

import click

from benchmarks import corpus as corpora
from benchmarks import figures, memory, report
from benchmarks.contenders import CONTENDERS, ENGINES
from benchmarks.corpus import CORPORA, Corpus
from benchmarks.measure import Timings, rounds, scratch_root

_RESULTS = corpora.HERE / "results" / "latest.json"


@click.command(help=__doc__)
@click.option("--only", type=click.Choice([corpus.name for corpus in CORPORA]), multiple=True, help="These corpora.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds over each corpus.")
@click.option("--workers", type=click.IntRange(min=1), default=lambda: os.cpu_count() or 1, help="Default: all cores.")
@click.option("--engines", is_flag=True, help="Compare threads with processes as well.")
@click.option("--memory", "with_memory", is_flag=True, help="Measure memory as well (some minutes, 3 GB of disk).")
def main(only: tuple[str, ...], repeat: int, workers: int, engines: bool, with_memory: bool) -> None:
    """Runs what is asked for, and prints and keeps the results."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # outputs may be in memory: remove them
    load = os.getloadavg()[0]
    if load > 0.5:
        click.echo(f"The load average is {load:.1f}: other work on this machine will show in the times.", err=True)
    chosen = [corpus for corpus in CORPORA if not only or corpus.name in only]
    checksums = {}
    for corpus in chosen:
        corpora.build(corpus, workers)
        checksums[corpus.name] = corpora.warm(corpus)

    results: dict[str, tuple[Corpus, dict[str, Timings]]] = {}
    for corpus in chosen:
        results[corpus.name] = corpus, rounds(corpus, CONTENDERS, repeat, workers)
    setting = f"{workers} workers, median of {repeat}, outputs in {scratch_root()}"
    click.echo(f"{setting}; library: albumentations or audiomentations\n")
    click.echo(report.corpora_table(results))

    on_engines = {
        corpus.name: (corpus, rounds(corpus, ENGINES, repeat, workers))
        for corpus in chosen
        if engines and corpus.engines
    }
    if on_engines:
        click.echo("\n" + report.engines_table(on_engines))

    single = [] if only else [*figures.noise(), *figures.start()]
    single += memory.memory() if with_memory else []
    if single:
        click.echo("\n" + report.figures_table(single))

    content = {
        "workers": workers,
        "repeat": repeat,
        "load_before": load,
        "corpora": report.as_plain(results, checksums),
        "engines": report.as_plain(on_engines, checksums),
        "figures": [figure._asdict() for figure in single],
    }
    report.write_json(_RESULTS, content)
    click.echo(f"\nAll times: {os.path.relpath(_RESULTS)}")


if __name__ == "__main__":
    main()
