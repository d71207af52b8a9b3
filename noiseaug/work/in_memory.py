"""One task in memory: the samples of every target, as a worker would encode them, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from noiseaug import kinds
from noiseaug.manifest.records import Record
from noiseaug.media.output import Output, Samples, Unwritten
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Task
from noiseaug.settings.level import CLEAN
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.work.perform import codec_of, output_of
from noiseaug.work.record import describe_samples


class Pair(NamedTuple):
    """A target in memory: the samples of its source, its own, and what the manifest would say of them."""

    clean: Samples
    noisy: Samples
    record: Record


def unwritten(job: Job, task: Task) -> list[tuple[Target, Output]]:
    """Return an output that is not written for each target of a task, and before them one for its source as it is."""
    original = Target(f"clean/{task.targets[0].file_name}", CLEAN, 0)  # as `Layout.with_clean` names it
    return [(target, output_of(job, task, target, Unwritten(target.file_name))) for target in (original, *task.targets)]


def pairs(job: Job, task: Task) -> Iterator[Pair]:
    """Yield the targets of a source one after the other; those that are left out, as the source is silent, are not.

    The samples of the source have the dtype and the channels of its targets; all pairs share one array of them.

    Raises:
        Refused: if the source cannot be decoded, or a target cannot hold it.
        Damaged: if a part of the source is missing or corrupt, unless that is accepted.
        OSError: if it cannot be read.
    """
    if why := kinds.why_unreadable(task.source.path):
        raise Refused(why)
    with SourceFile(f"{job.source_root}/{task.source.path}") as source:
        about_source = {"source_bytes": source.size, "source_sha256": source.sha256()}
        wanted = unwritten(job, task)
        outputs = [output for _, output in wanted]
        codec = codec_of(task.source.kind)
        found = codec.samples(source, outputs, job.max_pixels, accept_damaged=job.accept_damaged)
        clean = next(found)
        source.check_unchanged()
        for (target, output), noisy in zip(wanted[1:], found, strict=True):
            if clean and noisy:
                record = describe_samples(task, target, output, noisy.facts) | about_source
                del record["not_kept"]  # of which nothing is known where nothing is encoded
                yield Pair(clean, noisy, record)
