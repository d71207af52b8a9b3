"""Putting files in their places in DEST, and removing those of earlier runs."""

from __future__ import annotations

import contextlib
import os
import stat

from noiseaug.manifest.records import Record
from noiseaug.manifest.removing import remove_as_recorded
from noiseaug.planning.sidecars import content_for, name_for
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Task
from noiseaug.storage import disk
from noiseaug.storage.output_file import OutputFile
from noiseaug.storage.paths import why_unusable
from noiseaug.storage.source_file import SourceFile, sha256_of_file


class Unpublished(Exception):
    """A file cannot have its place in DEST; the message says why and what to do."""


def publish(job: Job, task: Task, file_name: str, file: OutputFile, mtime_ns: int) -> None:
    """Put a file in its place. One that is there with the same bytes is taken as it is.

    Raises:
        Unpublished: if the run is over, or what is there must not be replaced.
    """
    if job.permit and not disk.exists(job.permit):
        raise Unpublished("was not published, as the run is over")
    try:
        mode = disk.lstat(file.path).st_mode
    except OSError:
        mode = 0  # nothing is there
    if stat.S_ISDIR(mode):
        raise Unpublished(f"a directory is in the way of {file_name}; remove it or choose another DEST")
    if mode and not job.overwrite and file_name not in task.ours and file_name not in task.taken:
        if disk.is_file(file.path) and sha256_of_file(file.path) == file.sha256():
            return
        if not job.recorded:
            raise Unpublished(f"{file_name} exists; use --overwrite to replace it, or name another file")
        raise Unpublished(
            f"{file_name} stands in DEST and no run is known to have written it; move it away or use --overwrite"
        )
    file.publish(mtime_ns)


def publish_sidecars(job: Job, task: Task, target: Target) -> Record:
    """Write the files that go along with a target, and return what its record says of them.

    Raises:
        Unpublished: if one of them cannot have its place.
    """
    names, hashes = [], []
    for sidecar in task.sidecars or ():
        with SourceFile(os.path.join(job.source_root, sidecar.path)) as source:
            name = name_for(sidecar, task.source.path, target.file_name)
            if why := why_unusable(name, job.manifest):
                raise Unpublished(f"its sidecar would become {name}, which {why}; rename it")
            file = OutputFile(os.path.join(job.dest_root, name), job.tag, job.gate)
            try:
                file.write(memoryview(content_for(source.read(), name, target.file_name)))
                publish(job, task, name, file, source.mtime_ns)
            finally:
                file.discard()
        names.append(name)
        hashes.append(file.sha256())
    return {"sidecars": names, "sidecars_sha256": hashes}


def remove_stale(job: Job, task: Task) -> tuple[str, ...]:
    """Remove the files that an earlier run wrote along with targets, and that go along with none now.

    Those that are not as recorded stay; return a note on each.
    """
    if job.permit and not disk.exists(job.permit):
        return ()
    left = (name for name, sha256 in task.stale if not remove_as_recorded(job.dest_root, name, sha256))
    return tuple(
        f"{name} goes along with no output now, and stays, as it is not as noiseaug wrote it; remove it yourself"
        for name in left
    )


def withdraw(job: Job, task: Task) -> None:
    """Remove the files that an earlier run made of a source that fails now: what they were made of is no more."""
    for name in task.file_names:
        if name in task.ours:
            _remove(os.path.join(job.dest_root, name))


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # it cannot be removed: the manifest does not hold it, or a failure names it
        disk.remove(path)
