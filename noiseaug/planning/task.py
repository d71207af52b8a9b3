"""What travels between a run and its workers. Nothing here imports a codec."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from noiseaug.manifest.records import Row, failure_line
from noiseaug.planning.labels import SoftLabel
from noiseaug.planning.sidecars import Sidecar, name_for
from noiseaug.planning.targets import Target
from noiseaug.planning.walk import Source
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.running import MAX_PIXELS
from noiseaug.storage.output_file import Link


@dataclass(frozen=True)
class Job:
    """What all tasks of a run have in common.

    Attributes:
        source_root: the directory that source paths are relative to.
        dest_root: the directory that file names are relative to.
        overwrite_foreign: whether files that no run wrote may be replaced.
        link: how originals come to DEST.
        max_pixels: images of more are refused before they are decoded.
        tag: begins the names of temporaries.
        permit: if not empty, a file without which nothing is published or removed in DEST: it goes with the run, which
            its workers, on other machines, may not hear of.
    """

    source_root: str
    dest_root: str
    overwrite_foreign: bool = False
    link: Link = "copy"
    max_pixels: int = MAX_PIXELS
    tag: str = ""
    permit: str = ""


class Task(NamedTuple):
    """One source and the targets of it that are wanted.

    Attributes:
        source: the source.
        recipe: what noise is wanted.
        targets: what to make of it.
        ours: file names of targets that an earlier run wrote, which may be replaced.
        known_sha256: if the source still has this hash, its targets are up to date and nothing is to be done.
        sidecars: files that go along with each target; None if none were asked for.
        stale: files that an earlier run wrote along with targets, which are to go.
        label: the class of the source.
        soft_label: what the rows say of its class, if anything.
    """

    source: Source
    recipe: Recipe
    targets: tuple[Target, ...]
    ours: frozenset[str]
    known_sha256: str | None = None
    sidecars: tuple[Sidecar, ...] | None = None
    stale: tuple[str, ...] = ()
    label: str = ""
    soft_label: SoftLabel | None = None

    @property
    def file_names(self) -> list[str]:
        """The names of all files that it writes."""
        names = [target.file_name for target in self.targets]
        return names + [name_for(one, self.source.path, name) for one in self.sidecars or () for name in names]


About = TypeVar("About")
Item = tuple[About, Task | None]  # something to pass on in order, and the task whose outcome belongs to it


class Outcome(NamedTuple):
    """What came of a task.

    Attributes:
        rows: a manifest row for each target that now stands in DEST.
        failures: lines for failures.jsonl.
        not_kept: what of the source could not be carried over, and its format.
        unchanged: nothing was done, as the source has the hash that was known.
        stop: a reason why no further task can succeed.
        traceback: of an exception that nobody expected.
    """

    rows: tuple[Row, ...] = ()
    failures: tuple[bytes, ...] = ()
    not_kept: tuple[tuple[str, str], ...] = ()
    unchanged: bool = False
    stop: str | None = None
    traceback: str | None = None


def withdraw(job: Job, task: Task) -> None:
    """Removes what an earlier run made of a source that fails now: it is of something that is no more."""
    for name in task.file_names:
        if name in task.ours:
            # It is not there, or cannot be removed: the failure says that it is not to be used.
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(job.dest_root, name))


def failure_of(task: Task, reason: str) -> Outcome:
    """The outcome of a task none of whose targets could be made."""
    return Outcome(failures=(failure_line(task.source.path, reason),))
