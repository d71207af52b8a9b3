"""Outputs made again from their sources, and compared with what the manifest says."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Container, Iterator
from typing import Any

from noiseaug.engines.choice import engine_for
from noiseaug.engines.pool import in_order
from noiseaug.manifest.records import DAMAGED, Record
from noiseaug.manifest.untrusted import read_checked
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Item, Job, Outcome, Task
from noiseaug.planning.walk import Source
from noiseaug.settings.level import Clip, Level
from noiseaug.settings.recipe import Recipe, parse_options
from noiseaug.settings.running import Running
from noiseaug.storage import disk
from noiseaug.storage.paths import inside
from noiseaug.verification.checks import KEYS
from noiseaug.verification.findings import Finding


def made_again(
    dest: str, manifest: str, source: str, workers: int, changed: Container[str] = frozenset()
) -> Iterator[Finding]:
    """Make every output again, a row at a time, and yield where what comes out is not what the manifest says.

    Outputs whose source is `changed` are left out. Of damaged sources, what decodes is used, as in a run that wrote
    them. The other sources are as they were when a run took them, so that
    images of any size are made again, with whatever --max-pixels it had.
    """
    with tempfile.TemporaryDirectory(prefix="noiseaug-verify-") as scratch:
        job = Job(source, scratch, max_pixels=sys.maxsize, accept_damaged=True)
        engine = engine_for(job, Running(workers=workers))
        try:
            for record, outcome in in_order(engine, _tasks(dest, manifest, source, changed), lambda _: None):
                if isinstance(record, Finding):
                    yield record
                    continue
                yield from _compared(record, outcome or Outcome())
                disk.remove(os.path.join(scratch, record["file_name"]))
        finally:
            engine.close()


def _tasks(dest: str, manifest: str, source: str, changed: Container[str]) -> Iterator[Item[Record | Finding]]:
    """Yield the row and the task of each output; without a task, what keeps a row from having one."""
    for entry in read_checked(os.path.join(dest, manifest), KEYS):
        record = entry.record
        if record is None or not inside(source, record["source_path"]) or not inside(dest, record["file_name"]):
            continue  # found by the checks of rows
        if record["file_name"] in changed:
            yield Finding("differs", record["file_name"], "is not made again: its source changed"), None
            continue
        try:
            recipe = _recipe_of(record)
        except (TypeError, ValueError) as error:
            yield Finding("invalid", record["file_name"], f"its row holds no recipe: {error}"), None
            continue
        if record.get("role") == "clean" and record["sha256"] == record["source_sha256"]:
            continue  # the source itself, which the checks of rows compare
        target = Target(record["file_name"], recipe.levels[0], record["copy"])
        source_file = Source(record["source_path"], record["kind"], record["source_bytes"], 0)
        yield record, Task(source_file, recipe, (target,), frozenset())


def _recipe_of(record: Record) -> Recipe:
    """Return the recipe that a row tells of. Raise TypeError or ValueError if it tells of none."""
    low, high, ratio = record.get("clip_low"), record.get("clip_high"), record.get("snr_db")
    clip: Clip = "none" if low is None or high is None else (float(low), float(high))
    if record.get("clip") in ("auto", "none"):  # of arrays, of which one file may have integers and floats
        clip = "auto" if record["clip"] == "auto" else "none"
    # Each kind is the name of its options.
    options: dict[str, Any] = {record["kind"]: parse_options(record["kind"], record["options"])}
    level = (
        Level.of(float(record["std"]), unbounded=record["kind"] == "array")
        if ratio is None
        else Level(float(ratio), float(ratio), "snr")
    )
    return Recipe((level,), float(record["mean"]), clip, record["mono"], record["seed"], **options)


def _compared(record: Record, outcome: Outcome) -> Iterator[Finding]:
    for failure in outcome.failures:
        yield Finding("differs", record["file_name"], f"cannot be made again: {json.loads(failure)['error']}")
    for row in outcome.rows:
        made = json.loads(row.line)
        if DAMAGED in made and DAMAGED not in record:
            yield Finding(
                "differs", record["file_name"], f"its source is damaged, which its row does not say: {made[DAMAGED]}"
            )
        if made["sha256"] == record["sha256"]:
            continue
        if made["source_sha256"] != record["source_sha256"]:
            why = "the source changed"
        elif made["made_with"] != record["made_with"]:
            why = f"library versions changed: {record['made_with']} then, {made['made_with']} now"
        else:
            why = "neither source nor libraries changed, so the manifest's parameters are not those it was made with"
        yield Finding("differs", record["file_name"], f"made again it has other bytes: {why}")
