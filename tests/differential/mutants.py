"""Damaged files: what noiseaug accepts of them has to be what an independent reader sees in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from differential.runs import jobs, verdicts
from differential.verdicts import Verdict
from torture.damage import PATIENCE, PIXELS
from torture.intact import seeds
from torture.mutants import mutant

_BATCH = 2000


def mutants(scratch: Path, seed: int, total: int, keep: Path | None) -> Iterator[Verdict]:
    """Yield the verdicts of `total` damaged files; those that are wrong are put into `keep`, if it is given."""
    intact = seeds()
    for start in range(0, total, _BATCH):
        folder = scratch / f"mutants-{start}"
        folder.mkdir()
        histories = {}
        for number in range(start, min(start + _BATCH, total)):
            made = mutant(intact, seed, number)
            (folder / made.name).write_bytes(made.data)
            histories[made.name] = made.history
        options = ("--timeout", str(PATIENCE), "--max-pixels", str(PIXELS))
        todo = [job._replace(damaged=True) for job in jobs(folder, scratch, *options)]
        for verdict in verdicts(todo, tried=False):
            if verdict.verdict == "wrong" and keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / verdict.name).write_bytes((folder / verdict.name).read_bytes())
            yield verdict._replace(detail=f"{verdict.detail} ({histories[verdict.name]})")
