"""`python -m benchmarks.cluster`: what Dask costs beside local processes, on the same cores and the same JPEG files.

Three ways take turns over the corpus `jpeg`: local processes, a Dask cluster that the run starts, one that is there.
As starting up is not repeated however many files there are, it is measured by itself, over one file, and the overhead
given with and without it.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks import corpus as corpora
from benchmarks.contenders import SEED, noiseaug_command
from benchmarks.corpus import CORPORA
from benchmarks.measure import fresh_folder, wall_clock

_START_LIMIT = 30.0  # seconds


@click.command(help=__doc__)
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Cores.")
def main(repeat: int, workers: int) -> None:
    """Measures and prints."""
    (corpus,) = (corpus for corpus in CORPORA if corpus.name == "jpeg")
    corpora.build(corpus, workers)
    corpora.warm(corpus)
    with tempfile.TemporaryDirectory(prefix="noiseaug-bench-") as place, _cluster(Path(place), workers) as address:
        one = Path(place) / "one"
        one.mkdir()
        (one / "one.jpg").write_bytes(next(corpus.path.rglob("*.jpg")).read_bytes())
        ways = {
            "local processes": ["--engine", "processes", "--workers", str(workers)],
            "Dask, started by the run": ["--engine", "dask", "--workers", str(workers)],
            "Dask, there already": ["--engine", "dask", "--scheduler", address],
        }
        whole: dict[str, list[float]] = {way: [] for way in ways}
        start: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(repeat):
            for way, options in ways.items():
                whole[way].append(_seconds(corpus.path, options))
                start[way].append(_seconds(one, options))
    _show(whole, start, corpus.count)


def _seconds(source: Path, options: list[str]) -> float:
    with fresh_folder() as dest:
        common = ["run", str(source), str(dest), "--std", "25/255", "--seed", str(SEED), "--quiet"]
        return wall_clock([*noiseaug_command(), *common, *options])


@contextlib.contextmanager
def _cluster(place: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers of one thread, which end with the block."""
    file = place / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    running = [_start("scheduler", ["--host", "127.0.0.1", "--port", "0", *common], quiet)]
    try:
        own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(place), *common]
        running += [_start("worker", own, quiet) for _ in range(workers)]
        import distributed

        with distributed.Client(scheduler_file=str(file), timeout=_START_LIMIT) as client:
            client.wait_for_workers(workers, timeout=_START_LIMIT)
            address = client.scheduler.address
        time.sleep(1)
        yield address
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def _start(kind: str, options: list[str], streams: dict[str, int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{kind}", *options], **streams)


def _show(whole: dict[str, list[float]], start: dict[str, list[float]], files: int) -> None:
    medians = {way: (statistics.median(whole[way]), statistics.median(start[way])) for way in whole}
    base, base_start = next(iter(medians.values()))
    click.echo(f"{files:,} files, seconds (median); overhead over local processes\n")
    click.echo("| way | whole | of it to start | overhead | without the start |")
    click.echo("|---|---|---|---|---|")
    for way, (total, begin) in medians.items():
        with_start, without = total / base - 1, (total - begin) / (base - base_start) - 1
        click.echo(f"| {way} | {total:.2f} | {begin:.2f} | {with_start:+.0%} | {without:+.0%} |")


if __name__ == "__main__":
    main()
