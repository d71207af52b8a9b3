"""What runs on the workers of a Dask cluster: batches of tasks, done by worker processes of noiseaug's own.

A decoder that crashes or hangs ends one of these processes, and not the Dask worker, which others may be using. So it
costs what it costs on one machine: its file, named.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from noiseaug.engines.pool import in_order
from noiseaug.engines.processes import Processes
from noiseaug.errors import WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task
from noiseaug.planning.walk import Source
from noiseaug.settings.running import Running
from noiseaug.storage import disk
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.version import versions

_PATIENCE = 3.0  # seconds that a network file system may take to show a new file
_IDLE = 30.0  # seconds after which the processes of a run that has nothing to do here are ended


@dataclass(frozen=True)
class Call:
    """What all batches of a run have in common.

    Attributes:
        job: with absolute paths where the cluster is not this machine's, and with a permit, which tells runs apart.
        running: how the run is carried out.
        versions: the `versions` where the run was started.
        witness: a source of the run.
    """

    job: Job
    running: Running
    versions: dict[str, str]
    witness: Source


def show_up(call: Call) -> str:
    """Make a file in DEST, by which the run sees that this worker writes where the run reads; return its path.

    Raises:
        WorkerUnfit: if this worker cannot do the batches of the run; the message says why and what to do.
    """
    _check(call)
    path = f"{call.job.permit.removesuffix('.tmp')}-{os.urandom(8).hex()}.tmp"
    try:
        disk.create(path)
    except OSError as error:
        raise WorkerUnfit(f"cannot write to DEST {call.job.dest_root}: {error.strerror}; give it leave to") from None
    return path


def _check(call: Call) -> None:
    for package, here in versions().items():
        there = call.versions[package]
        if here != there:
            raise WorkerUnfit(
                f"has {package} {here}, where the run was started with {there}, and may write other bytes; align them"
            )
    job, witness = call.job, call.witness
    _check_sight("DEST", job.dest_root, job.permit, 0, _PATIENCE)
    # Nothing is written to SOURCE to find out: one of its files is as it is where the run was started.
    _check_sight("SOURCE", job.source_root, os.path.join(job.source_root, witness.path), witness.size)


def _check_sight(what: str, root: str, path: str, size: int, patience: float = 0.0) -> None:
    """Raise WorkerUnfit if no file of this size comes to be seen at `path`, which is below `root`."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with SourceFile(path) as file:
                if file.size == size:
                    return
                reason = f"{file.size} bytes; expected {size}"
        except (OSError, Refused) as error:
            reason = getattr(error, "strerror", None) or str(error)
        if time.monotonic() >= deadline:
            raise WorkerUnfit(f"does not see {what} {root} ({path}: {reason}); mount it there under the same path")
        time.sleep(0.1)


class _Desk:
    """The worker processes of one run on this Dask worker, which end when nothing has come for a while."""

    def __init__(self, call: Call, workers: int) -> None:
        self.engine = Processes(call.job, workers, call.running.timeout, quiet=not call.running.verbose)
        self.busy = 0
        self.timer: threading.Timer | None = None


# A Dask worker calls functions, from as many threads as it has: what lasts from call to call stands here, by permit.
_desks: dict[str, _Desk] = {}
_guard = threading.Lock()


def do(call: Call, tasks: Sequence[Task]) -> tuple[list[Outcome], list[Task]]:
    """Do a batch. Return its outcomes in order, and the tasks that may have left a temporary.

    Raises:
        WorkerUnfit: if this worker cannot: it joined late, and lacks what the others were found to have.
    """
    with _engine_of(call) as engine:
        outcomes = [outcome for _, outcome in in_order(engine, [(None, task) for task in tasks], lambda _: None)]
        return [outcome for outcome in outcomes if outcome], [task for task in tasks if task in engine.lost]


@contextlib.contextmanager
def _engine_of(call: Call) -> Iterator[Processes]:
    """Give the engine of a run; when nobody has used it for a while, it ends."""
    with _guard:
        desk = _desks.get(call.job.permit)
        if desk is None:
            from distributed import get_worker

            worker = get_worker()
            try:
                _check(call)
            except WorkerUnfit as unfit:
                raise WorkerUnfit(f"Dask worker {worker.address} {unfit}") from None
            desk = _desks[call.job.permit] = _Desk(call, worker.state.nthreads)
        if desk.timer:
            desk.timer.cancel()
        desk.busy += 1
    try:
        yield desk.engine
    finally:
        with _guard:
            desk.busy -= 1
            if not desk.busy:
                desk.timer = threading.Timer(_IDLE, release, [call.job.permit])
                desk.timer.daemon = True
                desk.timer.start()


def release(permit: str) -> None:
    """End the worker processes of the run with this permit."""
    with _guard:
        desk = _desks.pop(permit, None)
    if desk:
        desk.engine.close()
