"""`noiseaug export`."""

from __future__ import annotations

import os
import re
from json import dumps
from typing import Any, get_args

import click

from noiseaug.cli.options.effects import refuse_for_format
from noiseaug.cli.options.shared import TRACEBACKS, choice, json_object, quiet, replacing, with_default, with_options
from noiseaug.cli.options.types import Parsed
from noiseaug.cli.progress import Bar
from noiseaug.cli.wording import counted, printable
from noiseaug.exports import FORMATS, ExportSummary, export
from noiseaug.exports.options import ExportOptions, Paths, Role
from noiseaug.exports.samples import Failure
from noiseaug.kinds import KINDS

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_PREFIX = Parsed("TEXT", lambda text: ExportOptions(prefix=text).prefix)


def _size(text: str) -> int:
    """Return the bytes that text such as 500MB stands for."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]i?b|b?)", text.strip(), re.IGNORECASE)
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not 0 < size < 1 << 63:
        raise ValueError(f"{text!r} is no size; expected one such as 500MB, 1GB or 2GiB")
    return size


@click.command("export")
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@with_options(
    click.option("--to", required=True, type=click.Choice(list(FORMATS)), help="The library that is to read it."),
    click.option(
        "--output",
        type=click.Path(),
        help="Where to: a file for nemo, else a directory.  [default: in DEST, for nemo as nemo_manifest.json]",
    ),
    choice("--role", get_args(Role), "all", "Which outputs; each sample tells its role."),
    click.option(
        "--paths",
        type=click.Choice(get_args(Paths)),
        help="How nemo and lhotse manifests name files: relative to themselves, or absolute."
        "  [default: relative for nemo, absolute for lhotse]",
    ),
    with_default("--shard-size", Parsed("SIZE", _size), "1GB", "Of a tar file, at most."),
    with_default("--prefix", _PREFIX, "shard", "Of the names of tar files."),
    replacing("--force", "Replace files that no export wrote."),
    quiet("Print failures only."),
    json_object(),
    TRACEBACKS,
)
def command(dest: str, to: str, output: str | None, quiet: bool, json: bool, **options: Any) -> int:
    """Write what a run left in DEST in the form that a training library reads.

    \b
    nemo        a manifest of audio, with transcripts from the .txt that went along with it
    lhotse      recordings.jsonl.gz and supervisions.jsonl.gz, likewise
    webdataset  tar files of audio and images, with manifest row, class and sidecars

    Outputs that are missing or of another size than recorded are named and left out. What is there already and up to
    date is not written again; files that no export wrote are not replaced.

    Exit status: 0 done, 1 could not export, 2 usage, 3 done but for some files, 130 or 143 interrupted.
    """
    refuse_for_format(to)
    with Bar(quiet=quiet) as bar:

        def on_failure(failure: Failure) -> None:
            bar.say(f"failed: {printable(failure.name)}: {printable(failure.reason)}")

        summary = export(dest, to, output, ExportOptions(**options), bar.advance, on_failure)
    if json:
        click.echo(dumps({"to": to} | summary.as_dict()))
    elif not quiet:
        _show(summary, to)
    return 3 if summary.failed else 0


def _show(summary: ExportSummary, to: str) -> None:
    parts = ["nothing exported"]
    if summary.samples:
        files = summary.files[0]
        if len(summary.files) > 1:
            files = f"{len(summary.files):,} files in {os.path.dirname(files) or '.'}"
        done = "written to" if summary.written or summary.removed else "up to date in"
        parts = [f"{counted(summary.samples, 'sample')} {done} {printable(files)}"]
    parts += [f"with {counted(summary.sidecars, FORMATS[to].sidecars)}"] if summary.sidecars else []
    nouns = {"noisy": "noisy file", "clean": "clean file"} | {name: kind.noun for name, kind in KINDS.items()}
    parts += [f"{counted(count, nouns[what])} left out" for what, count in sorted(summary.left_out.items())]
    parts += [f"{summary.failed:,} failed"] if summary.failed else []
    parts += [f"{counted(len(summary.removed), 'file')} of an earlier export removed"] if summary.removed else []
    click.echo(f"{to}: {', '.join(parts)}")
