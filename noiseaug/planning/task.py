"""The values that travel between a run and its workers. Nothing here imports a codec or touches a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from noiseaug.manifest.records import Row, failure_line
from noiseaug.planning.labels import SoftLabel
from noiseaug.planning.sidecars import Sidecar, name_for
from noiseaug.planning.targets import Target
from noiseaug.planning.walk import Source
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.running import MAX_PIXELS
from noiseaug.storage.output_file import Gate, Link
from noiseaug.storage.paths import MANIFEST


@dataclass(frozen=True)
class Job:
    """The facts that all tasks of a run have in common.

    Attributes:
        source_root: the directory that source paths are relative to.
        dest_root: the directory that file names are relative to.
        overwrite: whether files that no run wrote may be replaced.
        link: how originals come to DEST.
        max_pixels: images of more are refused before they are decoded.
        accept_damaged: outputs are made of what decodes of damaged sources, which are refused otherwise.
        manifest: the name of the manifest, or of the view of it, that the run writes.
        tag: begins the names of temporaries.
        permit: a file in DEST, or empty. Without the file, nothing is published or removed in DEST. The run removes it
            when it ends, as workers on other machines may not hear of the end.
        gate: if given, closed when the run is over, after which nothing is written to DEST: for threads of the run.
        recorded: whether DEST has a manifest, which tells what earlier runs wrote.
    """

    source_root: str
    dest_root: str
    overwrite: bool = False
    link: Link = "copy"
    max_pixels: int = MAX_PIXELS
    accept_damaged: bool = False
    tag: str = ""
    manifest: str = MANIFEST
    permit: str = ""
    recorded: bool = True
    gate: Gate | None = None


class Task(NamedTuple):
    """One source and the targets of it that are wanted.

    Attributes:
        source: the source.
        recipe: what noise is wanted.
        targets: what to make of it.
        ours: names of files that an earlier run made of this source, which may be replaced.
        taken: names that the task takes over: an earlier run wrote these files and made them of another source.
        known_sha256: if the source still has this hash, its targets are up to date and nothing is to be done.
        sidecars: files that go along with each target; None if none were asked for.
        stale: names and hashes of files that an earlier run wrote along with targets, which are to go.
        label: the class of the source.
        soft_label: what the rows say of its class, if anything.
        labelled: targets that stand as they are, with their rows, and whose sidecars are to be written.
    """

    source: Source
    recipe: Recipe
    targets: tuple[Target, ...]
    ours: frozenset[str]
    known_sha256: str | None = None
    sidecars: tuple[Sidecar, ...] | None = None
    stale: tuple[tuple[str, str], ...] = ()
    label: str = ""
    soft_label: SoftLabel | None = None
    labelled: tuple[tuple[Target, bytes], ...] = ()
    taken: frozenset[str] = frozenset()

    @property
    def file_names(self) -> list[str]:
        """The names of all files that the task writes."""
        made = [target.file_name for target in self.targets]
        if not self.labelled and not self.sidecars:
            return made
        all_names = [*made, *(target.file_name for target, _ in self.labelled)]
        return made + [name_for(one, self.source.path, name) for one in self.sidecars or () for name in all_names]


About = TypeVar("About")
Item = tuple[About, Task | None]  # something to pass on in order, and the task whose outcome belongs to it


class Strength(NamedTuple):
    """How strong the noise on some outputs is: sums over them, for the mean of all outputs of a run.

    Attributes:
        outputs: how many outputs with noise there are.
        clipped: the fractions of their samples that clipped.
        asked: the variances that were asked for, in squares of full scale.
        measured: the variances that were measured on the samples before encoding.
        decoded: those that were measured after it, where that was asked for.
    """

    outputs: int = 0
    clipped: float = 0.0
    asked: float = 0.0
    measured: float = 0.0
    decoded: float = 0.0

    def plus(self, other: Strength) -> Strength:
        """Return the sums over the outputs of both."""
        outputs, *sums = (mine + its for mine, its in zip(self, other, strict=True))
        return Strength(int(outputs), *sums)


class Outcome(NamedTuple):
    """The result of a task.

    Attributes:
        rows: a manifest row for each target that now stands in DEST.
        failures: lines for failures.jsonl.
        labelled: the new rows of targets that stand as they were, and whose sidecars were written.
        sidecars: how many sidecars were written.
        bytes_written: the size of the outputs that were written.
        not_kept: pairs of something in the source that its targets have lost, and the source's format.
        strength: how strong the noise of the outputs is that were written.
        labels: arrays in the source that were kept as labels, without noise.
        damaged: how many outputs were made of a source of which a part is missing or corrupt.
        failed: the source as a whole failed, so that no target of it is to stand in DEST.
        unchanged: nothing was done, as the source has the hash that was known.
        stop: a reason why no further task can succeed.
        notes: what the user is to be told though nothing failed.
        traceback: of an exception that nobody expected.
    """

    rows: tuple[Row, ...] = ()
    failures: tuple[bytes, ...] = ()
    labelled: tuple[Row, ...] = ()
    sidecars: int = 0
    bytes_written: int = 0
    not_kept: tuple[tuple[str, str], ...] = ()
    strength: Strength = Strength()
    labels: tuple[str, ...] = ()
    damaged: int = 0
    failed: bool = False
    unchanged: bool = False
    stop: str | None = None
    notes: tuple[str, ...] = ()
    traceback: str | None = None

    def joined(self, other: Outcome) -> Outcome:
        """Return this outcome with the failures and the labelled rows of another."""
        failures, labelled = self.failures + other.failures, self.labelled + other.labelled
        count, notes = self.sidecars + other.sidecars, self.notes + other.notes
        return self._replace(failures=failures, labelled=labelled, sidecars=count, notes=notes)


def failure_of(task: Task, reason: str) -> Outcome:
    """Return the outcome of a task none of whose targets could be made."""
    return Outcome(failures=(failure_line(task.source.path, reason),), failed=True)
