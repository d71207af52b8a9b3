"""One output: its row, whether it is still as written, and the command that makes it again."""

from __future__ import annotations

import os
import posixpath
import shlex
from dataclasses import fields
from typing import NamedTuple

from noiseaug.errors import Misplaced
from noiseaug.manifest.reading import find, holds_rows, read_groups, record_of
from noiseaug.manifest.records import DAMAGED, Record
from noiseaug.manifest.untrusted import defect_of, row_problem, type_problem
from noiseaug.settings.recipe import OPTIONS, parse_options
from noiseaug.storage import disk
from noiseaug.storage.paths import LEFTOVERS, inside
from noiseaug.verification.checks import KEYS, described

_FORMAT = "format"  # an option of each kind, which the command line tells apart by the kind


class OneOutput(NamedTuple):
    """What is known of one output.

    Attributes:
        dest: the directory that the run wrote to.
        record: its row of the manifest.
        problem: how the file differs from its row; empty if it is as written.
        left_over: whether it is of an earlier run, and the last one was not asked for it.
    """

    dest: str
    record: Record
    problem: str
    left_over: bool


def look_up(path: str) -> OneOutput:
    """Return what the manifest says of the output at `path`, whether or not the file is still there.

    Raises:
        Misplaced: if no manifest above it has a row for it.
    """
    directory, name = os.path.split(os.path.abspath(path))
    if example := _first_in(path):
        raise Misplaced(f"{path} holds outputs and is none; expected the name of one, such as {example}")
    while True:
        for listed in (find(directory), LEFTOVERS):
            if line := _line_of(os.path.join(directory, listed), name):
                return _checked(directory, record_of(line), left_over=listed == LEFTOVERS)
        if holds_rows(os.path.join(directory, find(directory))):
            raise Misplaced(
                f"{path} is not in {os.path.join(directory, find(directory))}; expected the name of an output, such as"
                " its file_name lists them"
            )
        above, folder = os.path.split(directory)
        if above == directory:
            raise Misplaced(f"{path} is no output of noiseaug: no folder above it has a manifest; expected DEST/NAME")
        directory, name = above, posixpath.join(folder, name)


def _first_in(directory: str) -> str | None:
    """Return the path of the first output of a DEST; None for any other path."""
    if not disk.is_directory(directory):
        return None
    names = (name for group in read_groups(os.path.join(directory, find(directory))) for name in group.rows)
    first = next(names, None)
    return first and os.path.join(directory, first)


def _line_of(manifest: str, name: str) -> bytes | None:
    return next((group.rows[name] for group in read_groups(manifest) if name in group.rows), None)


def _checked(dest: str, record: Record, *, left_over: bool) -> OneOutput:
    problem = row_problem(record, KEYS) or type_problem(record) or _problem_of_options(record)
    if problem:
        raise Misplaced(f"{record['file_name']}: its row {problem}; expected one that a run wrote: run it again")
    path = inside(dest, record["file_name"])
    if path is None:
        raise Misplaced(f"{record['file_name']}: its name leads out of {dest}; nothing is looked up there")
    defect = defect_of(path, record["bytes"], record["sha256"])
    finding = described(record["file_name"], defect) if defect else None
    return OneOutput(dest, record, f"{finding.problem}: {finding.detail}" if finding else "", left_over)


def _problem_of_options(record: Record) -> str | None:
    try:
        parse_options(record["kind"], record["options"])
    except ValueError as error:
        return f"has wrong options: {error}"
    return None


def command_for(record: Record) -> tuple[str, str]:
    """Return the command that makes an output again from SOURCE in AGAIN, and the name that it has there.

    >>> row = {"source_path": "cats/a.png", "file_name": "cats/a.png", "kind": "image", "std": 0.1, "mean": 0.0,
    ...     "clip_low": 0.0, "clip_high": 1.0, "mono": False, "seed": 7, "copy": 0, "options": "quality=90",
    ...     "sha256": "2c26", "source_sha256": "fcde"}
    >>> command_for(row)
    ('noiseaug run SOURCE AGAIN --include /cats/a.png --kind image --std 0.1 --seed 7 --quality 90', 'AGAIN/cats/a.png')
    """
    source, suffix = record["source_path"], os.path.splitext(record["file_name"])[1]
    if record["sha256"] == record["source_sha256"]:
        return shlex.join(["cp", f"SOURCE/{source}", f"AGAIN{suffix}"]), f"AGAIN{suffix}"
    ratio, kind = record.get("snr_db"), record["kind"]
    words = ["noiseaug", "run", "SOURCE", "AGAIN", "--include", "/" + _as_pattern(source)]
    words += ["--kind", kind]
    words += ["--std", str(record["std"])] if ratio is None else [f"--snr={ratio}"]
    words += ["--seed", str(record["seed"])]
    words += [f"--mean={record['mean']}"] if record["mean"] else []
    words += ["--mono"] if record["mono"] else []
    words += _clip(record)
    words += _options(kind, record["options"])
    words += ["--accept-damaged"] if record.get(DAMAGED) else []
    name = os.path.splitext(source)[0]
    if copy := record["copy"]:
        words += ["--copies", str(copy + 1), "--name", "{dir}/{stem}-{copy}{ext}"]
        name += f"-{copy}"
    return shlex.join(words), f"AGAIN/{name}{suffix}"


def _as_pattern(path: str) -> str:
    """Return the pattern of .gitignore that matches a path and nothing else."""
    return "".join(f"\\{c}" if c in "*?[]\\ !#" else c for c in path)


def _clip(record: Record) -> list[str]:
    if record.get("clip") in ("auto", "none"):  # as rows of arrays say it, of which one file may have many limits
        return [] if record["clip"] == "auto" else ["--clip", "none"]
    low, high = record.get("clip_low"), record.get("clip_high")
    if low is None or high is None:
        return ["--clip", "none"]
    is_whole_image = record["kind"] == "image" and "float" not in str(record.get("dtype"))
    saturates = (low, high) == (0, 1) if is_whole_image else record["kind"] == "audio" and low == -1 and high < 1
    return [] if saturates else [f"--clip={low}:{high}"]


def _options(kind: str, text: str) -> list[str]:
    """Return the options of a row as the command line spells them."""
    options, words = parse_options(kind, text), []
    for item in fields(OPTIONS[kind]):
        value = getattr(options, item.name)
        if isinstance(value, tuple):
            words += [f"--{item.name.replace('_', '-')}={one}" for one in value]
        elif value != item.default:
            name = f"--{kind}-format" if item.name == _FORMAT else f"--{item.name.replace('_', '-')}"
            words += [name] if value is True else [name, str(value)]
    return words
