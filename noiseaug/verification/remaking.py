"""Outputs made again from their sources, and compared with what the manifest says."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator

from noiseaug.engines.choice import engine_for
from noiseaug.engines.pool import in_order
from noiseaug.manifest.reading import read_entries
from noiseaug.manifest.records import Record
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Item, Job, Outcome, Task
from noiseaug.planning.walk import Source
from noiseaug.settings.level import CLEAN, Clip, Level
from noiseaug.settings.recipe import Recipe, parse_options
from noiseaug.settings.running import Running
from noiseaug.storage.paths import inside
from noiseaug.verification.checks import Checks, record_problem
from noiseaug.verification.findings import Finding


def made_again(checks: Checks, source: str, workers: int) -> Iterator[Finding]:
    """Makes every output again, a row at a time, and compares what the manifest says with what comes out."""
    with tempfile.TemporaryDirectory(prefix="noiseaug-verify-") as scratch:
        engine = engine_for(Job(source, scratch), Running(workers=workers))
        try:
            for record, outcome in in_order(engine, _tasks(checks, source), lambda _: None):
                if isinstance(record, Finding):
                    yield record
                    continue
                yield from _compared(record, outcome or Outcome())
                remade = os.path.join(scratch, record["file_name"])
                if os.path.exists(remade):
                    os.unlink(remade)
        finally:
            engine.close()


def _tasks(checks: Checks, source: str) -> Iterator[Item[Record | Finding]]:
    for entry in read_entries(checks.manifest_path):
        record = entry.record
        if record is None or record_problem(record) or inside(source, record["source_path"]) is None:
            continue  # found by the checks of rows
        if inside(checks.dest, record["file_name"]) is None:
            continue
        try:
            recipe = _recipe_of(record)
        except (TypeError, ValueError) as error:
            yield Finding("invalid", record["file_name"], f"its row holds no recipe: {error}"), None
            continue
        if record.get("role") == "clean" and record["sha256"] == record["source_sha256"]:
            continue  # the source itself, which the checks of rows compare
        source_file = Source(record["source_path"], record["kind"], record["source_bytes"], 0)
        level = CLEAN if record.get("role") == "clean" else recipe.levels[0]
        target = Target(record["file_name"], level, record["copy"])
        yield record, Task(source_file, recipe, (target,), frozenset())


def _recipe_of(record: Record) -> Recipe:
    low, high = record.get("clip_low"), record.get("clip_high")
    clip: Clip = "none" if low is None or high is None else (float(low), float(high))
    options = parse_options(record["kind"], record["options"])
    ratio = record.get("snr_db")
    level = Level.of(float(record["std"])) if ratio is None else Level(float(ratio), float(ratio), "snr")
    return Recipe(
        (level,),
        float(record["mean"]),
        clip,
        record["mono"],
        record["seed"],
        **{record["kind"]: options},  # type: ignore[arg-type] # each kind is the name of its options
    )


def _compared(record: Record, outcome: Outcome) -> Iterator[Finding]:
    for failure in outcome.failures:
        yield Finding("differs", record["file_name"], f"cannot be made again: {json.loads(failure)['error']}")
    for row in outcome.rows:
        made = json.loads(row.line)
        if made["sha256"] == record["sha256"]:
            continue
        if made["source_sha256"] != record["source_sha256"]:
            why = "the source changed"
        elif made["made_with"] != record["made_with"]:
            why = f"library versions changed: {record['made_with']} then, {made['made_with']} now"
        else:
            why = "neither source nor libraries changed, so the manifest's parameters are not those it was made with"
        yield Finding("differs", record["file_name"], f"made again it has other bytes: {why}")
