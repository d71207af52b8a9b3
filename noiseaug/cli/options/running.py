"""The options of `run` that say how it goes about its work."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import click

from noiseaug.cli.options.types import ADDRESS, SECONDS
from noiseaug.settings.running import MAX_PIXELS, EngineName, Running

OPTIONS = (
    click.option("--workers", type=click.IntRange(min=1), help="Files worked on at once.  [default: available cores]"),
    click.option(
        "--engine",
        type=click.Choice(get_args(EngineName)),
        default="auto",
        show_default=True,
        help="""processes
        (what auto is) survive decoders that crash; threads start faster; dask is for several machines.""",
    ),
    click.option(
        "--scheduler", type=ADDRESS, help="Of a Dask cluster, tcp://host:8786.  [default: one on this machine]"
    ),
    click.option(
        "--timeout",
        type=SECONDS,
        default="300",
        show_default=True,
        help="""Seconds
        that one file may take (not on threads).""",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        default=MAX_PIXELS,
        show_default=True,
        help="Refuse larger images, before they are decoded.",
    ),
    click.option("--force", is_flag=True, help="Make everything again."),
    click.option("--checksum", is_flag=True, help="Tell changed sources by SHA-256, not by size and time."),
    click.option("--prune", is_flag=True, help="Delete outputs whose source is gone."),
    click.option("--overwrite-foreign", is_flag=True, help="Replace files in DEST that noiseaug did not write."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails."),
    click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
    click.option("-q", "--quiet", is_flag=True, help="No summary and no progress."),
    click.option("-v", "--verbose", is_flag=True, help="Name each file as it is done."),
    click.option("--json", is_flag=True, help="Print the summary as a JSON object."),
)


def running_of(options: dict[str, Any]) -> Running:
    """How the options say that the run is carried out; raises click.UsageError where they contradict each other."""
    if options["scheduler"] and options["engine"] != "dask":
        raise click.UsageError("--scheduler goes with --engine dask")
    if options["scheduler"] and options["workers"]:
        raise click.UsageError("--workers goes without --scheduler; the cluster has as many as it has")
    return Running(**{setting.name: options[setting.name] for setting in fields(Running)})
