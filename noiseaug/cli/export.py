"""`noiseaug export`."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import click

from noiseaug.cli.display import is_terminal, printable
from noiseaug.exports import FORMATS, ExportSummary, export
from noiseaug.exports.options import ExportOptions
from noiseaug.exports.samples import Failure

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}

_NOUNS = {"image": "image", "audio": "recording", "noisy": "noisy file", "clean": "clean file"}


def _size(_: click.Context, __: click.Parameter, value: str) -> int:
    """Bytes from text such as 500MB."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]i?b|b?)", value.strip(), re.IGNORECASE)
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not 0 < size < 1 << 63:
        raise click.BadParameter(f"{value!r} is no size; expected one such as 500MB, 1GB or 2GiB")
    return size


def _prefix(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        ExportOptions(prefix=value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.command("export", short_help="Write what is in DEST in the form that a training library reads.")
@click.argument("dest", type=click.Path(exists=True, file_okay=False))
@click.option("--to", required=True, type=click.Choice(list(FORMATS)), help="The library that is to read it.")
@click.option(
    "--output",
    type=click.Path(),
    help="Where to: a file for nemo, else a directory.  [default: in DEST, for nemo as nemo_manifest.json]",
)
@click.option(
    "--role",
    type=click.Choice(["noisy", "clean", "all"]),
    default="all",
    show_default=True,
    help="Which outputs; each sample tells its role.",
)
@click.option(
    "--paths",
    type=click.Choice(["relative", "absolute"]),
    help="How nemo and lhotse manifests name files: relative to themselves, or absolute."
    "  [default: relative for nemo, absolute for lhotse]",
)
@click.option(
    "--shard-size", default="1GB", show_default=True, callback=_size, metavar="SIZE", help="Of a tar file, at most."
)
@click.option("--prefix", default="shard", show_default=True, callback=_prefix, help="Of the names of tar files.")
@click.option("--force", is_flag=True, help="Replace files that no export wrote.")
@click.option("-q", "--quiet", is_flag=True, help="Print failures only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(dest: str, to: str, output: str | None, quiet: bool, as_json: bool, **options: Any) -> int:
    """Write what a run left in DEST in the form that a training library reads.

    \b
    nemo        a manifest of audio, with transcripts from NAME.txt beside NAME.wav
    lhotse      recordings.jsonl.gz and supervisions.jsonl.gz, likewise
    webdataset  tar files of audio and images, with manifest row, class and sidecars

    Outputs that are missing or of another size than recorded are named and left out. What is there already and up to
    date is not written again; files that no export wrote are not replaced.

    Exit status: 0 done, 1 could not export, 2 usage, 3 done but for some files, 130 or 143 interrupted.
    """
    bar: Any = None
    if is_terminal(sys.stderr) and not quiet:
        from tqdm import tqdm  # not for runs in scripts

        bar = tqdm(unit=" files", dynamic_ncols=True, file=sys.stderr)

    def on_failure(failure: Failure) -> None:
        line = f"failed: {printable(failure.name)}: {printable(failure.reason)}"
        if bar:
            bar.write(line, file=sys.stderr)
        else:
            click.echo(line, err=True)

    try:
        summary = export(dest, to, output, ExportOptions(**options), bar.update if bar else lambda _: None, on_failure)
    finally:
        if bar:
            bar.close()
    if as_json:
        click.echo(json.dumps({"to": to} | summary.as_dict()))
    elif not quiet:
        _show(summary, to)
    return 3 if summary.failed else 0


def _show(summary: ExportSummary, to: str) -> None:
    if not summary.samples:
        click.echo("nothing exported")
        return
    files = summary.files[0]
    if len(summary.files) > 1:
        files = f"{len(summary.files):,} files in {os.path.dirname(files) or '.'}"
    done = "written to" if summary.written or summary.removed else "up to date in"
    parts = [f"{_counted(summary.samples, 'sample')} {done} {printable(files)}"]
    parts += [f"{_counted(count, _NOUNS[what])} left out" for what, count in sorted(summary.left_out.items())]
    parts += [f"{summary.failed:,} failed"] if summary.failed else []
    click.echo(f"{to}: {', '.join(parts)}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
