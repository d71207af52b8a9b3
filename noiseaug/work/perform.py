"""Tasks as a worker does them: decode the source once, make every target asked for, publish and record each."""

from __future__ import annotations

import errno
import functools
import importlib
import os
import posixpath
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from noiseaug import kinds
from noiseaug.manifest.reading import record_of
from noiseaug.manifest.records import DAMAGED, Row, failure_line, record_line, without_sidecars
from noiseaug.media.output import Facts, Output, Samples
from noiseaug.media.steps import Steps, done
from noiseaug.noise.streams import SharedCells, Stream, stream_key
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Outcome, Strength, Task, failure_of
from noiseaug.settings.level import CLEAN
from noiseaug.storage.output_file import Link, OutputFile
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.work.publish import Unpublished, publish, publish_sidecars, remove_stale
from noiseaug.work.record import describe, strength_of

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


class _Media(Protocol):
    def samples(
        self, source: SourceFile, outputs: list[Output], max_pixels: int, *, accept_damaged: bool
    ) -> Iterator[Samples | None]: ...

    def perform(
        self, source: SourceFile, outputs: list[Output], max_pixels: int, *, accept_damaged: bool
    ) -> Steps[list[Facts | None]]: ...


def perform(job: Job, task: Task) -> Outcome:
    """Do one task. Whatever goes wrong with it stands in the outcome."""
    return done(steps_of(job, task))


def steps_of(job: Job, task: Task) -> Steps[Outcome]:
    """Return the steps of a task. Whatever goes wrong with it stands in the outcome."""
    try:
        return (yield from _made(job, task) if task.labelled or task.stale else _targets_made(job, task))
    except Refused as refused:
        return failure_of(task, str(refused))
    except (MemoryError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:  # so that to go on with other files is no use
            return Outcome(stop=f"cannot write below {job.dest_root}: {error.strerror}; make room and run again")
        return failure_of(task, why_failed(error, task.source.path))
    except Exception as error:
        failed = failure_of(task, f"{why_failed(error, task.source.path)} (-v shows the traceback)")
        return failed._replace(traceback=traceback.format_exc())


def why_failed(error: Exception, source_path: str) -> str:
    """Return why a source cannot be done, in words for people, of what was raised while it was worked on."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, MemoryError):
        return "needs more memory than there is; make it smaller, or use fewer workers"
    if isinstance(error, OSError):
        where = os.fsdecode(error.filename) if error.filename else source_path
        return f"{error.strerror or error} ({where})"
    first_line = str(error).partition("\n")[0]
    return f"unexpected {type(error).__name__}: {first_line}"


def _made(job: Job, task: Task) -> Steps[Outcome]:
    """Make the targets of a source, and the sidecars of those that stand as they are."""
    labelled = _labelled(job, task)._replace(notes=remove_stale(job, task))
    return (yield from _targets_made(job, task)).joined(labelled) if task.targets else labelled


def _targets_made(job: Job, task: Task) -> Steps[Outcome]:
    """Make the targets of a source, unless it is as it was."""
    if task.source.kind != kinds.FILE and (why := kinds.why_unreadable(task.source.path)):
        raise Refused(why)
    with SourceFile(f"{job.source_root}/{task.source.path}") as source:
        sha256 = source.sha256() if task.known_sha256 or not source.is_large else None
        if sha256 and sha256 == task.known_sha256:
            return Outcome(unchanged=True)
        outputs: list[Output] = []
        try:
            outputs.extend(_opened(job, task, target) for target in task.targets)
            outputs = _sharing(outputs) if len(outputs) > 1 else outputs
            codec = codec_of(task.source.kind)
            facts = yield from codec.perform(source, outputs, job.max_pixels, accept_damaged=job.accept_damaged)
            sha256 = sha256 or source.sha256()
            source.check_unchanged()
            return _published(job, task, source, sha256, outputs, facts)
        finally:
            for output in outputs:
                output.file.discard()


@functools.cache  # importlib takes four calls to find what is imported
def codec_of(kind: str) -> _Media:
    """Return the package of a kind of media, which imports its codecs."""
    return importlib.import_module(f"noiseaug.media.{kind}")


def _opened(job: Job, task: Task, target: Target) -> Output:
    return output_of(job, task, target, OutputFile(f"{job.dest_root}/{target.file_name}", job.tag, job.gate))


def output_of(job: Job, task: Task, target: Target, file: OutputFile) -> Output:
    """Return an output with its random stream, with noise or, by its level or by chance, without."""
    recipe, level = task.recipe, target.level
    key = stream_key(recipe.seed, task.source.path, target.copy)
    if level != CLEAN and (recipe.prob == 1 or Stream(key).chooses(recipe.prob)):
        return Output(recipe, level, key, file=file, source_path=task.source.path, copy=target.copy)
    return Output(replace(recipe, mean=0.0), CLEAN, key, file=file, link=_link(job, task, target))


def _sharing(outputs: list[Output]) -> list[Output]:
    """Return the outputs, of which the levels of a copy draw their random numbers once for all."""
    levels = Counter(output.key for output in outputs if output.level != CLEAN)
    shared = {key: SharedCells(key, count) for key, count in levels.items() if count > 1}
    return [replace(output, cells=shared.get(output.key)) for output in outputs] if shared else outputs


def _link(job: Job, task: Task, target: Target) -> Link | None:
    """Return how a target without noise is made of its source.

    None means that its samples are encoded anew, like those of other targets.
    """
    same_suffix = posixpath.splitext(target.file_name)[1] == posixpath.splitext(task.source.path)[1]
    can_be_source = same_suffix and task.recipe.clip != "none"
    if target.level != CLEAN:  # no link, from which nothing would tell that the source was written to
        return "copy" if can_be_source else None
    return job.link if can_be_source or target.file_name == task.source.path else None


def _labelled(job: Job, task: Task) -> Outcome:
    """Publish the sidecars of the targets that stand as they are. One without them keeps its row."""
    rows, failures, count = [], [], 0
    for target, line in task.labelled:
        record = without_sidecars(record_of(line))
        try:
            record |= publish_sidecars(job, task, target)
            count += len(record["sidecars"])
        except Unpublished as reason:
            failures.append(failure_line(task.source.path, str(reason), target.file_name))
        rows.append(Row(target.file_name, record_line(record)))
    return Outcome(failures=tuple(failures), labelled=tuple(rows), sidecars=count)


def _published(
    job: Job, task: Task, source: SourceFile, sha256: str, outputs: list[Output], facts: list[Facts | None]
) -> Outcome:
    """Publish the outputs, and record each. One that cannot have its place is a failure of its own."""
    rows, failures, count, size, damaged, strength = [], [], 0, 0, 0, Strength()
    for target, output, fact in zip(task.targets, outputs, facts, strict=True):
        if fact is None:
            continue
        record = describe(task, target, output, fact)
        record |= {"source_bytes": source.size, "source_sha256": sha256}
        try:
            if task.sidecars is not None:
                record |= publish_sidecars(job, task, target)
            publish(job, task, target.file_name, output.file, source.mtime_ns)
            rows.append(Row(target.file_name, record_line(record)))
            count += len(record.get("sidecars", ()))
            size += record["bytes"]
            damaged += DAMAGED in record
            strength = strength.plus(strength_of(record)) if record.get("role") == "noisy" else strength
        except Unpublished as reason:
            failures.append(failure_line(task.source.path, str(reason), target.file_name))
    lost = _not_kept(facts)
    made = Outcome(
        tuple(rows),
        tuple(failures),
        sidecars=count,
        bytes_written=size,
        not_kept=lost,
        strength=strength,
        damaged=damaged,
    )
    return made._replace(labels=labels) if (labels := _labels(facts)) else made


def _labels(facts: list[Facts | None]) -> tuple[str, ...]:
    """Return the arrays in a source that its targets hold without noise, as labels."""
    found = next((fact["labels"] for fact in facts if fact and "labels" in fact), None)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _not_kept(facts: list[Facts | None]) -> tuple[tuple[str, str], ...]:
    """Return what a source's targets have lost of it, which is the same for all of them."""
    fact = next((fact for fact in facts if fact and fact.get("not_kept")), {})
    lost = str(fact.get("not_kept", ""))
    return tuple((what, str(fact["source_format"])) for what in lost.split(", ") if what)
