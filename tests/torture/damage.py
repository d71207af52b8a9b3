"""Runs over damaged files, under a limit of memory, and what is wrong with what they made."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.commands import STRENGTH, noiseaug
from support.trees import failures, manifest, tree
from torture.ground import LONGEST, Fault, Ground, difference, progress
from torture.intact import seeds
from torture.mutants import Mutant, mutant

BATCH = 500  # mutants a run
MEMORY = 3 << 30  # address space of each process that meets mutants, in bytes
SWALLOWED = 1200 << 20  # what a process may take of it for one of them, in bytes: OpenCV holds 1 GiB of TIFF strips
PIXELS = 1 << 22  # of --max-pixels for mutants, so that none of them has a right to more memory than that
PATIENCE = 20  # seconds that a mutant may take


def damaged_files(ground: Ground) -> Fault:
    """Mutants of every format, in runs under a limit of memory; what they made is read by a process of its own."""
    return (yield from damaged_in_runs(ground, seeds(), ground.times(20_000)))


def damaged_in_runs(ground: Ground, intact: dict[str, bytes], total: int, options: tuple[str, ...] = ()) -> Fault:
    """So many mutants of intact files, in runs with these options."""
    written, causes = 0, Counter[str]()
    for start in range(0, total, BATCH):
        batch = [mutant(intact, ground.seed, number) for number in range(start, min(start + BATCH, total))]
        source, dest = ground.fresh("source"), ground.fresh()
        source.mkdir()
        for made in batch:
            (source / made.name).write_bytes(made.data)
        problems = list(run_over(source, dest, batch, options))
        failed = failures(dest)
        causes.update(map(cause, failed.values()))
        written += sum(made.name not in failed for made in batch)
        for made in batch:
            # What is not of one of them is told with the first.
            names = {made.name, ""} if made is batch[0] else {made.name}
            lost = "; ".join(problem for name, problem in problems if name in names)
            if lost and ground.keep:
                ground.keep.mkdir(parents=True, exist_ok=True)
                (ground.keep / made.name).write_bytes(made.data)
            yield f"{made.name} ({made.history}): {lost}" if lost else ""
    crashes = ", ".join(f"{count} {what}" for what, count in sorted(causes.items()) if what != "refused")
    return (
        f"{written:,} outputs, {causes.total():,} failures, of them {crashes or 'all refused'}; "
        f"at most {peak_memory() >> 20} MiB a process"
    )


def run_over(source: Path, dest: Path, batch: list[Mutant], options: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Runs over mutants; what is wrong with what came of each, with its name, or "" if it is not of one."""
    before, peak = tree(source), peak_memory()
    try:
        result = noiseaug(
            *("run", source, dest, *STRENGTH, "--timeout", str(PATIENCE), "--max-pixels", str(PIXELS)),
            *options,
            timeout=LONGEST,
            preexec_fn=limit_memory,
            env={"MALLOC_PERTURB_": "85"},  # memory that was not written to reads as nonsense, not as nothing
        )
    except subprocess.TimeoutExpired:
        yield "", f"hangs: {LONGEST} s, and {progress(dest)} of {len(batch)} files done"
        return
    if result.returncode not in (0, 3) or "Traceback" in result.stderr:
        yield "", f"ended with {result.returncode}: {result.stderr.strip()}"
        return
    if peak_memory() > max(peak, SWALLOWED):
        yield "", f"{peak_memory() >> 20} MiB of memory taken by one process"
    if tree(source) != before:
        yield "", f"the sources were changed: {difference(tree(source), before)}"
    outputs = manifest(dest) if (dest / "manifest.jsonl").exists() else {}
    written, failed = {row["source_path"] for row in outputs.values()}, failures(dest)
    for made in batch:
        if (made.name in written) + (made.name in failed) != 1:
            yield made.name, "both written and failed" if made.name in failed else "neither written nor failed"
        elif failed.get(made.name, "").startswith("unexpected"):
            yield made.name, failed[made.name]
    yield from ((name, f"is extra in DEST: {name}") for name in extras(dest, outputs))
    yield from checked(dest, list(outputs))
    yield from remade(source, dest)


def extras(dest: Path, outputs: dict[str, dict]) -> list[str]:
    return sorted(tree(dest).keys() - outputs.keys() - {"manifest.jsonl", "failures.jsonl"})


def checked(dest: Path, outputs: list[str]) -> Iterator[tuple[str, str]]:
    """What a process of its own finds wrong with the outputs."""
    script = [sys.executable, str(Path(__file__).with_name("outputs.py")), str(dest)]
    try:
        result = subprocess.run(script, capture_output=True, text=True, timeout=LONGEST, preexec_fn=limit_memory)
    except subprocess.TimeoutExpired:
        yield "", "an output cannot be decoded in time"
        return
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    yield from ((name, f"its output {problem}") for name, problem in rows if problem)
    if result.returncode:
        culprit = outputs[len(rows)] if len(rows) < len(outputs) else ""
        yield culprit, f"its output ends a process that decodes it ({result.returncode}): {result.stderr[-300:]}"


def remade(source: Path, dest: Path) -> Iterator[tuple[str, str]]:
    """Outputs that have other bytes when they are made again, where memory holds other nonsense."""
    again = noiseaug(
        *("verify", dest, "--source", source, "--deep", "--json"),
        timeout=LONGEST,
        preexec_fn=limit_memory,
        env={"MALLOC_PERTURB_": "170"},
    )
    if again.returncode not in (0, 3) or "Traceback" in again.stderr:
        yield "", f"verify ended with {again.returncode}: {again.stderr.strip()}"
    else:
        for finding in json.loads(again.stdout)["findings"]:
            yield finding["file_name"], f"{finding['problem']}: {finding['detail']}"


def peak_memory() -> int:
    """The most memory that any process started from here, and from there, ever took, in bytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cause(error: str) -> str:
    """The kind of a failure."""
    kinds = {"decoder crashed": error, "took longer": "out of time", "needs more memory": "out of memory"}
    return next((kind for start, kind in kinds.items() if error.startswith(start)), "refused")
