"""What runs on the workers of a Dask cluster: batches of tasks, done by worker processes of noiseaug's own.

So a decoder that crashes or hangs ends a process of ours and not the Dask worker, which others may be using, and costs
what it costs on one machine: its file, named.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from noiseaug.engines import pool
from noiseaug.errors import WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task
from noiseaug.storage.source_file import Refused, SourceFile
from noiseaug.version import versions

_PATIENCE = 3.0  # seconds that a network file system may take to show a new file
_IDLE = 30.0  # seconds after which the processes of a run that has nothing to do here are ended


@dataclass(frozen=True)
class Call:
    """What all batches of a run have in common.

    Attributes:
        job: with absolute paths where the cluster is not this machine's, and with a permit.
        timeout: seconds that a file may take.
        quiet: whether what codecs say on stderr is dropped.
        token: tells runs apart; it is what the permit holds.
        versions: those that decide bytes, where the run was started.
        witness: a source of the run.
        witness_size: its size in bytes.
    """

    job: Job
    timeout: float
    quiet: bool
    token: str
    versions: dict[str, str]
    witness: str
    witness_size: int


class Done(NamedTuple):
    """A batch is done: its outcomes in order, and the tasks that may have left a temporary."""

    outcomes: list[Outcome]
    lost: list[Task]


def why_unfit(call: Call) -> str | None:
    """Why this worker cannot do the batches of a run, and what to do; None if it can."""
    for package, here in versions().items():
        there = call.versions[package]
        if here != there:
            return (
                f"has {package} {here}, where the run was started with {there}, and may write other bytes; align them"
            )
    return _why_unseen(call.job.permit, call.token, "DEST", call.job.dest_root) or _why_unlike(call)


def _why_unseen(path: str, content: str, what: str, root: str) -> str | None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with SourceFile(path) as file:
                if file.read() == content.encode():
                    return None
                reason = "the file is another one"
        except (OSError, Refused) as error:
            reason = getattr(error, "strerror", None) or str(error)
        if time.monotonic() > deadline:
            return f"does not see {what} {root} ({path}: {reason}); mount it there under the same path"
        time.sleep(0.1)


def _why_unlike(call: Call) -> str | None:
    """Why the witness is not seen as it is where the run was started. (Nothing is written to SOURCE to find out.)"""
    path = os.path.join(call.job.source_root, call.witness)
    try:
        with SourceFile(path) as file:
            if file.size == call.witness_size:
                return None
            reason = f"{file.size} bytes; expected {call.witness_size}"
    except (OSError, Refused) as error:
        reason = getattr(error, "strerror", None) or str(error)
    return f"does not see SOURCE {call.job.source_root} ({path}: {reason}); mount it there under the same path"


def reply_path(call: Call, address: str) -> str:
    """The file in DEST by which the worker at `address` shows that it writes where the run reads."""
    return f"{call.job.permit.removesuffix('.tmp')}-{''.join(c if c.isalnum() else '-' for c in address)}.tmp"


def reply(call: Call, dask_worker: Any) -> str | None:
    """`why_unfit`, and if nothing is the matter, makes the file of `reply_path`. (Dask fills in `dask_worker`.)"""
    reason = why_unfit(call)
    if reason:
        return reason
    try:
        os.close(os.open(reply_path(call, dask_worker.address), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
    except OSError as error:
        return f"cannot write to DEST {call.job.dest_root}: {error.strerror}; give it leave to"
    return None


class _Desk:
    """The worker processes of one run on this Dask worker, which end when nothing has come for a while."""

    def __init__(self, call: Call, workers: int) -> None:
        self.engine = pool.Processes(call.job, workers, call.timeout, call.quiet)
        self.busy = 0
        self.timer: threading.Timer | None = None


# A Dask worker calls functions, from as many threads as it has: what lasts from call to call stands here.
_desks: dict[str, _Desk] = {}
_guard = threading.Lock()


def do(call: Call, tasks: Sequence[Task]) -> Done:
    """Does a batch.

    Raises:
        WorkerUnfit: if this worker cannot: it joined late, and lacks what the others were found to have.
    """
    desk = _taken(call)
    try:
        items = [(None, task) for task in tasks]
        outcomes = [outcome for _, outcome in pool.in_order(desk.engine, items, lambda _: None) if outcome]
        lost = [task for task in tasks if task in desk.engine.lost]
        return Done(outcomes, lost)
    finally:
        with _guard:
            desk.busy -= 1
            if not desk.busy:
                desk.timer = threading.Timer(_IDLE, release, [call.token])
                desk.timer.daemon = True
                desk.timer.start()


def _taken(call: Call) -> _Desk:
    with _guard:
        desk = _desks.get(call.token)
        if desk is None:
            from distributed import get_worker

            worker = get_worker()
            if reason := why_unfit(call):
                raise WorkerUnfit(f"Dask worker {worker.address} {reason}")
            desk = _desks[call.token] = _Desk(call, worker.state.nthreads)
        if desk.timer:
            desk.timer.cancel()
            desk.timer = None
        desk.busy += 1
        return desk


def release(token: str) -> None:
    """Ends the worker processes of a run."""
    with _guard:
        desk = _desks.pop(token, None)
    if desk:
        desk.engine.close()
