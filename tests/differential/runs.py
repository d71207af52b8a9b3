"""Runs over a corpus at `--std 0`, and the verdict of every file."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from differential.images import LOSSY, image
from differential.recordings import lossy_subtype, sound
from differential.verdicts import Job, Verdict, refusal
from noiseaug.kinds import kind_of
from support.commands import noiseaug
from support.trees import failures, manifest

_MEMORY = 6 << 30  # address space of a process that reads what may be damaged, in bytes
_ORDER = "order of channels"  # which a conversion may lose, and say so
_CHUNK = 20  # files that a process judges at a time


def judge(job: Job, *, tried: bool = True) -> Verdict:
    """Return the verdict of one file; see `refusal` for `tried`."""
    if job.message:
        return refusal(job, tried=tried)
    return image(job) if job.kind == "image" else sound(job)


def jobs(corpus: Path, scratch: Path, *options: str) -> list[Job]:
    """Return the jobs of a corpus, after a run over all and one into lossless formats over what is lossy."""
    _run(corpus, _fresh(scratch / "out"), *options)
    rows, refused = manifest(scratch / "out"), failures(scratch / "out")
    lossy = [row["source_path"] for row in rows.values() if _is_lossy(row)]
    floats = [name for name in lossy if name.lower().endswith(".hdr")]
    plain: dict[str, Path] = {}
    reordered: set[str] = set()
    for form, names in {"png": sorted(set(lossy) - set(floats)), "tif": floats}.items():
        if not names:
            continue
        listed, dest = scratch / f"{form}.txt", _fresh(scratch / form)
        listed.write_text("".join(f"{name}\n" for name in names))
        _run(corpus, dest, *options, "--files-from", str(listed), "--image-format", form, "--audio-format", "flac")
        plain |= {row["source_path"]: dest / name for name, row in manifest(dest).items()}
        reordered |= {row["source_path"] for row in manifest(dest).values() if _ORDER in row["not_kept"]}
    made = [Job(corpus / name, kind_of(name) or "", message) for name, message in refused.items()]
    for output, row in rows.items():
        name = row["source_path"]
        facts = row["not_kept"] + (f", {_ORDER}" if name in reordered else ""), row.get("subtype", "")
        made.append(Job(corpus / name, row["kind"], "", scratch / "out" / output, plain.get(name), *facts))
    return made


def verdicts(made: list[Job], *, tried: bool = True) -> Iterator[Verdict]:
    """Yield the verdicts of jobs, from other processes, as readers may crash."""
    for start in range(0, len(made), 50 * _CHUNK):
        part = made[start : start + 50 * _CHUNK]
        try:
            with ProcessPoolExecutor(2, initializer=_limit) as pool:
                yield from list(pool.map(partial(judge, tried=tried), part, chunksize=_CHUNK))
        except BrokenProcessPool:
            yield from (_judge_alone(job, tried) for job in part)


def _judge_alone(job: Job, tried: bool) -> Verdict:
    try:
        with ProcessPoolExecutor(1, initializer=_limit) as pool:
            return pool.submit(judge, job, tried=tried).result()
    except BrokenProcessPool:
        return Verdict(job.source.name, "ambiguous", "", "crashes an independent reader")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _is_lossy(row: dict) -> bool:
    suffix = row["file_name"].rpartition(".")[2].lower()
    return suffix in LOSSY or bool(lossy_subtype(row.get("subtype", ""), row["not_kept"]))


def _run(corpus: Path, dest: Path, *options: str) -> None:
    result = noiseaug("run", corpus, dest, "--std", "0", *options, timeout=3600)
    if result.returncode not in (0, 3) or "Traceback" in result.stderr:
        raise SystemExit(f"the run ended with {result.returncode}: {result.stderr}")


def _fresh(folder: Path) -> Path:
    """Return an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
