"""`noiseaug show`."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps

import click

from noiseaug.cli.options.shared import json_object, with_options
from noiseaug.cli.wording import counted, printable
from noiseaug.manifest.records import DAMAGED, Record
from noiseaug.verification.one_output import OneOutput, command_for, look_up

_MOST_NAMED = 6
# What a std is a fraction of.
_OF = {
    "value": "in the units of the values",
    "array": "of the standard deviation of the array",
    "column": "of the standard deviation of each column",
}


@click.command("show")
@click.argument("output", type=click.Path())
@with_options(json_object("Print a JSON object: the row of the manifest, and what else is known."))
def command(output: str, json: bool) -> int:
    """Say all that is known of OUTPUT, a file that noiseaug wrote.

    What it was made of and how, what was measured, whether it is still as written, and the command that makes it again.

    Exit status: 0 it is as written, 3 it is not, 2 nothing is known of it, or usage.
    """
    found = look_up(output)
    if json:
        again, name = command_for(found.record)
        known = {"dest": found.dest, "as_written": not found.problem, "problem": found.problem}
        known |= {"left_over": found.left_over, "command": again, "written_as": name}
        click.echo(dumps(known | {"record": found.record}))
    else:
        for title, text in _lines(found):
            click.echo(f"{title:<10}  {printable(text)}")
    return 3 if found.problem else 0


def _lines(found: OneOutput) -> Iterator[tuple[str, str]]:
    """Yield what is known, as pairs of what it is about and a text."""
    record = found.record
    yield "output", f"{record['file_name']} in {found.dest}"
    yield "made of", f"{record['source_path']}, {_described(record)}"
    yield "noise", _noise(record)
    if measured := _measured(record):
        yield "measured", measured
    if record.get("not_kept"):
        yield "not kept", record["not_kept"]
    if DAMAGED in record:
        yield "damaged", f"its source: {record[DAMAGED]}"
    if record.get("options"):
        yield "options", record["options"]
    size = f"{record['bytes']:,} bytes, SHA-256 {record['sha256']}"
    yield "now", f"not as written, {found.problem}" if found.problem else f"as written: {size}"
    if found.left_over:
        yield "left over", "it is of an earlier run, and the last one was not asked for it"
    yield "made with", record["made_with"]
    again, name = command_for(record)
    yield "again", again
    yield "", f"writes it as {name}, with the same bytes where the libraries are the same"


def _described(record: Record) -> str:
    """Return what kind of file it is, as far as the row says."""
    if record["kind"] == "image" and "width" in record:
        return f"an image of {record['width']} x {record['height']}, {record.get('dtype')}"
    if record["kind"] == "audio" and "duration" in record:
        return f"audio of {record['duration']:.2f} s at {record.get('sampling_rate')} Hz, {record.get('subtype')}"
    if record["kind"] == "array" and "shape" in record:
        return _arrays(record)
    return str(record["kind"])


def _arrays(record: Record) -> str:
    """Return which arrays a file holds, and which of them got noise."""
    shapes, dtypes = (str(record.get(key, "")).split("; ") for key in ("shape", "dtype"))
    if "members" not in record:
        return f"an array of shape {shapes[0]}, {dtypes[0]}"
    found = [" ".join(one) for one in zip(record["members"], shapes, dtypes, strict=False)]
    parts = [f"noise on {counted(len(found), 'array')} ({_some(found)})"] if found else []
    if kept := record.get("members_kept"):
        parts.append(f"{counted(len(kept), 'array')} kept ({_some(kept)})")
    return "a file of arrays: " + ", ".join(parts or ["none"])


def _some(names: list[str]) -> str:
    more = f", and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _noise(record: Record) -> str:
    if record.get("role") == "clean":
        return "none"
    strength = f"std {record['std']:.4g} {_OF.get(str(record.get('std_of')), 'of full scale')}"
    if found := record.get("source_std"):
        strength += f" ({_some([f'{std:.4g}' for std in found])})"
    if record["kind"] == "image":
        strength += f" ({255 * record['std']:.3g}/255)"
    if record.get("snr_db") is not None:
        strength = f"SNR {record['snr_db']:g} dB, {strength}"
    mean = f", mean {record['mean']:g}" if record["mean"] else ""
    shared = ", one value for all channels" if record["mono"] else ""
    return f"{strength}{mean}{shared}; level {record['level']}, copy {record['copy']}, seed {record['seed']}"


def _measured(record: Record) -> str:
    """Return the figures of what was written."""
    unit = " of full scale" if "int" in str(record.get("dtype")) and record["kind"] == "array" else ""
    parts = [f"std {record['noise_std']:.4g}{unit}"] if record.get("noise_std") is not None else []
    parts += [f"PSNR {record['psnr_db']:.2f} dB"] if record.get("psnr_db") is not None else []
    parts += [f"SNR {record['snr_db_measured']:.2f} dB"] if record.get("snr_db_measured") is not None else []
    if record.get("clipped") is not None:
        parts.append(f"{100 * record['clipped']:.2g}% of the samples clipped")
    return ", ".join(parts)
