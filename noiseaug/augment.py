"""What a worker does with one source: decode once, make every target asked for, publish each, and say what was done."""

from __future__ import annotations

import errno
import importlib
import os
import posixpath
import traceback
from typing import Protocol

from noiseaug import media
from noiseaug.files import OutOfSpace, OutputFile, Refused, SourceFile, sha256_of_file
from noiseaug.manifest import Record, Row, failure_line, record_line
from noiseaug.media.output import Facts, Output
from noiseaug.plan import Target
from noiseaug.sampling import stream_key
from noiseaug.task import Job, Outcome, Task, failure_of, withdraw

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


class _Media(Protocol):
    def augment(self, source: SourceFile, outputs: list[Output], max_pixels: int) -> list[Facts | None]: ...


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
    if why := media.why_unreadable(task.source.path):
        raise Refused(why)
    with SourceFile(os.path.join(job.source_root, task.source.path)) as source:
        source_sha256 = source.sha256()
        if source_sha256 == task.known_sha256:
            return Outcome(unchanged=True)
        outputs: list[Output] = []
        try:
            outputs.extend(_open_output(job, task, target) for target in task.targets)
            codec: _Media = importlib.import_module(f"noiseaug.media.{task.source.kind}")
            facts = codec.augment(source, outputs, job.max_pixels)
            source.check_unchanged()
            rows, failures = [], []
            for target, output, fact in zip(task.targets, outputs, facts, strict=True):
                if fact is None:
                    continue
                record = _record(task, target, output, fact)
                record |= {"source_bytes": source.size, "source_sha256": source_sha256}
                reason = _publish(job, task, target, output.file, source.mtime_ns)
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
    fact = next((fact for fact in facts if fact), {})
    lost = str(fact.get("not_kept", ""))
    if not lost:
        return ()
    return tuple((what, str(fact["source_format"])) for what in lost.split(", ") if what)


def _open_output(job: Job, task: Task, target: Target) -> Output:
    key = stream_key(task.recipe.seed, task.source.path, target.copy)
    file = OutputFile(os.path.join(job.dest_root, target.file_name), job.tag)
    return Output(file, task.recipe, target.level, key)


def _record(task: Task, target: Target, output: Output, facts: Facts) -> Record:
    source, recipe = task.source, task.recipe
    return {
        "file_name": target.file_name,
        "source_path": source.path,
        "kind": source.kind,
        "role": "noisy",
        "label": posixpath.basename(posixpath.dirname(source.path)),
        "level": target.level.label,
        "copy": target.copy,
        "mean": recipe.mean,
        "mono": recipe.mono,
        "seed": recipe.seed,
        "key": output.key,
        "recipe": recipe.fingerprint(target.level, source.kind),
        "options": recipe.options(source.kind),
        **facts,
        "bytes": output.file.size(),
        "sha256": output.file.sha256(),
    }


def _publish(job: Job, task: Task, target: Target, file: OutputFile, mtime_ns: int) -> str | None:
    """Puts the file in place; a reason if it must not be. What already holds the same bytes is taken as it is."""
    if job.permit and not os.path.exists(job.permit):
        return "was not published, as the run is over"
    if os.path.isdir(file.path) and not os.path.islink(file.path):
        return f"a directory is in the way of {target.file_name}; remove it or choose another DEST"
    if target.file_name not in task.ours and not job.overwrite_foreign and os.path.lexists(file.path):
        if os.path.isfile(file.path) and sha256_of_file(file.path) == file.sha256():
            return None
        return (
            f"{target.file_name} stands in DEST and noiseaug did not write it; move it away or use --overwrite-foreign"
        )
    file.publish(mtime_ns)
    return None


def _failed(job: Job, task: Task, reason: str) -> Outcome:
    """The failure of a whole task. (With a permit, a worker that was cut off may fail where another one did the task:
    it removes nothing.)"""
    if not job.permit:
        withdraw(job, task)
    return failure_of(task, reason)
