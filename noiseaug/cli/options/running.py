"""The options of `run` that say how it goes about its work."""

from __future__ import annotations

from typing import Any, get_args

import click

from noiseaug.cli.config import load
from noiseaug.cli.options.shared import (
    VERBOSE,
    WORKERS,
    choice,
    json_object,
    quiet,
    replacing,
    values_for,
    with_default,
)
from noiseaug.cli.options.types import ADDRESS, MAX_FAILURES, SECONDS, Whole
from noiseaug.settings.running import MAX_PIXELS, EngineName, Running

ALLOWANCE = with_default(
    "--max-failures",
    MAX_FAILURES,
    "0",
    "Failures with which a run succeeds. Up to N files, or P% of them; they are recorded all the same.",
)
OPTIONS = (
    WORKERS,
    choice(
        "--engine",
        get_args(EngineName),
        "auto",
        """Where files are worked on. processes (what auto is) survive decoders that crash; threads start faster; dask
        is for several machines.""",
    ),
    click.option(
        "--scheduler",
        type=ADDRESS,
        help="Of a Dask cluster: tcp://host:8786. By default one is started on this machine.",
    ),
    with_default("--timeout", SECONDS, "300", "Seconds that one file may take. Not on threads."),
    with_default("--max-pixels", Whole(min=1), MAX_PIXELS, "Refuse larger images. Before they are decoded."),
    click.option(
        "--accept-damaged",
        is_flag=True,
        help="Use what decodes of damaged files. They are recorded as damaged in the manifest.",
    ),
    replacing("--force", "Make everything again. Also what is up to date."),
    click.option(
        "--checksum", is_flag=True, help="Tell changed sources by their hash. By SHA-256, and not by size and time."
    ),
    replacing("--prune", "Delete outputs whose source is gone."),
    replacing("--overwrite", "Replace files of others in DEST. Files that no run is known to have written."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails."),
    ALLOWANCE,
    click.option("-n", "--dry-run", is_flag=True, help="Print what would be done. Nothing is written."),
    quiet("No summary and no progress."),
    VERBOSE,
    json_object("Print the summary as a JSON object."),
    click.option(
        "--events",
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE|-",
        help="""Write what happens to FILE as JSON lines. started, done and failed for each source, finished. - is
        standard output, which then has nothing else.""",
    ),
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=load,
        help="""Take options from a TOML file. From its table [run], under their names. The command line and the
        environment go before it.""",
    ),
    click.option(
        "--print-config", is_flag=True, help="Print all options as TOML. In a form for --config; nothing is done."
    ),
)


def running_of(options: dict[str, Any]) -> Running:
    """Return how the options say that a run goes about its work.

    Raises:
        click.UsageError: if they contradict each other.
    """
    if options["scheduler"] and options["engine"] != "dask":
        raise click.UsageError("--scheduler goes with --engine dask")
    if options["scheduler"] and options["workers"]:
        raise click.UsageError("--workers goes without --scheduler; the cluster has as many as it has")
    if options["fail_fast"] and options["max_failures"]:
        raise click.UsageError(
            "--fail-fast stops at the first failure, and --max-failures lets some be; use one of them"
        )
    return Running(**values_for(Running, options))
