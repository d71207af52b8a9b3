"""What a worker does with one source: decode once, make every target asked for, publish each, and say what was done."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import posixpath
import stat
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from noiseaug import kinds
from noiseaug.manifest.records import Record, Row, failure_line, record_line
from noiseaug.media.output import Facts, Output
from noiseaug.noise.sampling import Stream, stream_key
from noiseaug.planning.sidecars import content_for, name_for
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Outcome, Task, failure_of, withdraw
from noiseaug.settings.level import CLEAN
from noiseaug.storage.output_file import Link, OutOfSpace, OutputFile
from noiseaug.storage.paths import inside, why_unusable
from noiseaug.storage.source_file import Refused, SourceFile, sha256_of_file

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


class _Media(Protocol):
    def perform(self, source: SourceFile, outputs: list[Output], max_pixels: int) -> list[Facts | None]: ...


def augment(job: Job, task: Task) -> Outcome:
    """Does one task. Whatever goes wrong with it stands in the outcome."""
    path = task.source.path
    try:
        return _augment(job, task)
    except Refused as refused:
        return _failed(job, task, str(refused))
    except OutOfSpace as full:
        return Outcome(stop=str(full))
    except MemoryError:
        return _failed(job, task, "needs more memory than there is; make it smaller, or use fewer workers")
    except OSError as error:
        where = os.fsdecode(error.filename) if error.filename else path
        return _failed(job, task, f"{error.strerror or error} ({where})")
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        failed = _failed(job, task, f"unexpected {type(error).__name__}: {first_line} (-v shows the traceback)")
        return failed._replace(traceback=traceback.format_exc())


def _augment(job: Job, task: Task) -> Outcome:
    if task.source.kind != kinds.FILE and (why := kinds.why_unreadable(task.source.path)):
        raise Refused(why)
    with SourceFile(os.path.join(job.source_root, task.source.path)) as source:
        source_sha256 = source.sha256()
        if source_sha256 == task.known_sha256:
            return Outcome(unchanged=True)
        _remove(job, task.stale)
        outputs: list[Output] = []
        try:
            outputs.extend(_open_output(job, task, target) for target in task.targets)
            codec: _Media = importlib.import_module(f"noiseaug.media.{task.source.kind}")
            facts = codec.perform(source, outputs, job.max_pixels)
            source.check_unchanged()
            rows, failures = [], []
            for target, output, fact in zip(task.targets, outputs, facts, strict=True):
                if fact is None:
                    continue
                record = _record(task, target, output, fact)
                record |= {"source_bytes": source.size, "source_sha256": source_sha256}
                reason = _publish_sidecars(job, task, target, record) if task.sidecars is not None else None
                reason = reason or _publish(job, task, target.file_name, output.file, source.mtime_ns)
                if reason:
                    failures.append(failure_line(task.source.path, reason, target.file_name))
                else:
                    rows.append(Row(target.file_name, record_line(record)))
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise OutOfSpace(
                    f"cannot write below {job.dest_root}: {error.strerror}; make room and run again"
                ) from None
            raise
        finally:
            for output in outputs:
                output.file.discard()
    return Outcome(tuple(rows), tuple(failures), _not_kept(facts))


def _not_kept(facts: list[Facts | None]) -> tuple[tuple[str, str], ...]:
    """What could not be carried over from a source to its targets, which all lost the same."""
    fact = next((fact for fact in facts if fact and fact.get("not_kept")), {})
    lost = str(fact.get("not_kept", ""))
    if not lost:
        return ()
    return tuple((what, str(fact["source_format"])) for what in lost.split(", ") if what)


def _open_output(job: Job, task: Task, target: Target) -> Output:
    recipe, level = task.recipe, target.level
    key = stream_key(recipe.seed, task.source.path, target.copy)
    file = OutputFile(os.path.join(job.dest_root, target.file_name), job.tag)
    if level != CLEAN and (recipe.prob == 1 or Stream(key).chooses(recipe.prob)):
        return Output(file, recipe, level, key)
    return Output(file, replace(recipe, mean=0.0), CLEAN, key, _link(job, task, target))


def _link(job: Job, task: Task, target: Target) -> Link | None:
    """How a target without noise is made of its source; None if its samples are encoded anew, like those of others."""
    same_suffix = posixpath.splitext(target.file_name)[1] == posixpath.splitext(task.source.path)[1]
    if target.level != CLEAN:  # no link, from which nothing would tell that the source was written to
        return "copy" if same_suffix and task.recipe.clip != "none" else None
    is_beside = target.file_name == task.source.path
    return job.link if is_beside or (same_suffix and task.recipe.clip != "none") else None


def _record(task: Task, target: Target, output: Output, facts: Facts) -> Record:
    source, recipe = task.source, task.recipe
    written: Record = {"bytes": output.file.size(), "sha256": output.file.sha256()}
    if source.kind == kinds.FILE:
        return {"file_name": target.file_name, "source_path": source.path, "kind": source.kind, **written}
    return {
        "file_name": target.file_name,
        "source_path": source.path,
        "kind": source.kind,
        "role": "clean" if output.level == CLEAN else "noisy",
        "label": task.label,
        **({"soft_label": task.soft_label.values} if task.soft_label else {}),
        "level": target.level.label,
        "copy": target.copy,
        "mean": output.recipe.mean,
        "mono": recipe.mono,
        "seed": recipe.seed,
        "key": output.key,
        "recipe": recipe.fingerprint(target.level, source.kind),
        "options": recipe.options(source.kind),
        **facts,
        **written,
    }


def _publish_sidecars(job: Job, task: Task, target: Target, record: Record) -> str | None:
    """Writes what goes along with a target and notes it in the record; a reason if that must not be."""
    names, hashes = [], []
    for sidecar in task.sidecars or ():
        with SourceFile(os.path.join(job.source_root, sidecar.path)) as source:
            name = name_for(sidecar, task.source.path, target.file_name)
            if why := why_unusable(name):
                return f"its sidecar would become {name}, which {why}; rename it"
            file = OutputFile(os.path.join(job.dest_root, name), job.tag)
            try:
                file.write(memoryview(content_for(source.read(), name, target.file_name)))
                if reason := _publish(job, task, name, file, source.mtime_ns):
                    return reason
            finally:
                file.discard()
        names.append(name)
        hashes.append(file.sha256())
    record |= {"sidecars": names, "sidecars_sha256": hashes}
    return None


def _publish(job: Job, task: Task, file_name: str, file: OutputFile, mtime_ns: int) -> str | None:
    """Puts the file in place; a reason if it must not be. What already holds the same bytes is taken as it is."""
    if job.permit and not os.path.exists(job.permit):
        return "was not published, as the run is over"
    try:
        mode = os.lstat(file.path).st_mode
    except OSError:
        mode = 0  # nothing is there
    if stat.S_ISDIR(mode):
        return f"a directory is in the way of {file_name}; remove it or choose another DEST"
    if mode and file_name not in task.ours and not job.overwrite_foreign:
        if os.path.isfile(file.path) and sha256_of_file(file.path) == file.sha256():
            return None
        return f"{file_name} stands in DEST and noiseaug did not write it; move it away or use --overwrite-foreign"
    file.publish(mtime_ns)
    return None


def _failed(job: Job, task: Task, reason: str) -> Outcome:
    """The failure of a whole task. (With a permit, a worker that was cut off may fail where another one did the task:
    it removes nothing.)"""
    if not job.permit:
        withdraw(job, task)
    return failure_of(task, reason)


def _remove(job: Job, names: Iterable[str]) -> None:
    if job.permit and not os.path.exists(job.permit):
        return
    for name in names:
        path = inside(job.dest_root, name)
        with contextlib.suppress(OSError):  # it is not there, or cannot be removed
            if path:
                os.unlink(path)
