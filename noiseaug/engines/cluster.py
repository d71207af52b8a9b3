"""The Dask engine: batches on the workers of a cluster, which may die, come late, or be cut off and go on.

Dask does a task at least once, perhaps twice at the same time. That is no harm: a worker publishes by renaming, and the
second copy has the same bytes and is found to be there. What a worker does after the run is over must not count. So
workers publish only while the permit stands: a file in DEST that goes with the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import replace
from typing import Any

from noiseaug.engines.cluster_connection import check, connected
from noiseaug.engines.cluster_worker import Call, do, release
from noiseaug.engines.pool import BatchSize, WorkerDied
from noiseaug.errors import EngineUnavailable, NoiseaugError, Stopped, WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task
from noiseaug.planning.walk import Source
from noiseaug.settings.running import Running
from noiseaug.storage.output_file import remove_temporaries
from noiseaug.storage.paths import STATE_PREFIX
from noiseaug.version import versions

_RETRIES = 2  # where a worker cannot begin: another one may
_PATIENCE = 10.0  # seconds for workers to hear that the run is over
_GONE = "the Dask scheduler is gone, or dropped the work; the same command goes on from here"


class Cluster:
    """Batches on a Dask cluster: that of a scheduler, or one of processes on this machine.

    Attributes:
        job: what all tasks have in common.
        workers: how many tasks are done at once.
        lost: tasks that a worker died over, perhaps leaving a temporary.
        batch_size: how much work goes into a batch.
    """

    # A task of Dask costs 1 to 4 ms of scheduler and client, so it is to hold about 100 ms of work.
    batch_size = BatchSize(work=1 << 22, items=512)

    def __init__(self, job: Job, workers: int, running: Running) -> None:
        """`workers` is for the cluster on this machine, which is used if `running` names no scheduler.

        Raises:
            EngineUnavailable: if Dask is not installed.
        """
        if importlib.util.find_spec("distributed") is None:
            raise EngineUnavailable("--engine dask needs Dask: pip install 'noiseaug[dask]'")
        self.job, self.workers = job, workers
        self.lost: list[Task] = []
        self._running = running
        self._tag = job.tag + os.urandom(8).hex()  # begins the names of the permit and of the answers to it
        self._client: Any = None
        self._call: Call
        self._ending = contextlib.ExitStack()
        self._under_way: dict[Future[list[Outcome]], tuple[Any, Sequence[Task]]] = {}
        self._alone = False  # the batch that was started last is to be the only one under way
        self._recount = False

    def submit(self, tasks: Sequence[Task]) -> Future[list[Outcome]]:
        """Start a batch. The first one starts or connects the cluster, so that a run with nothing to do does not.

        Dask blames whatever a dead worker had before it. So a task that a worker died over is tried when nothing else
        is under way: a task that a worker dies over then has failed.
        """
        if self._client is None:
            self._connect(tasks[0].source)
        if self._recount:
            self._recount = False
            self._count_workers()
        alone = len(tasks) == 1 and tasks[0] in self.lost
        if alone or self._alone:
            wait(list(self._under_way))
        self._alone = alone
        try:
            future = self._client.submit(do, self._call, tasks, pure=False, retries=_RETRIES)
        except Exception:  # of the client, which takes nothing once its scheduler is gone
            gone: Future[list[Outcome]] = Future()
            gone.set_exception(Stopped(_GONE))
            return gone
        pending = asyncio.run_coroutine_threadsafe(self._outcomes(tasks, future, alone), self._client.loop.asyncio_loop)
        self._under_way[pending] = future, tasks
        pending.add_done_callback(self._under_way.pop)
        return pending

    def close(self) -> None:
        """End the work at once: here and on the workers, of which those that are not ours stay."""
        self._ending.close()

    def _connect(self, witness: Source) -> None:
        job, running = self.job, self._running
        if running.scheduler:
            job = replace(job, source_root=os.path.abspath(job.source_root), dest_root=os.path.abspath(job.dest_root))
        job = replace(job, permit=os.path.join(job.dest_root, f"{STATE_PREFIX}-{self._tag}.tmp"))
        self._call = Call(job, running, versions(), witness)
        self._client = self._ending.enter_context(connected(running.scheduler, self.workers))
        self._ending.callback(self._end_work)
        self._count_workers()
        self._client.subscribe_topic("all", self._heard)
        check(self._client, self._call)

    def _end_work(self) -> None:
        remove_temporaries(self.job.dest_root, self._tag)
        # Whatever of the cluster is gone already cannot be told to stop, and need not be.
        with contextlib.suppress(Exception):
            self._client.cancel([future for future, _ in list(self._under_way.values())])
            if self._running.scheduler:
                self._client.sync(self._client._run, release, self._call.job.permit, callback_timeout=_PATIENCE)

    def _count_workers(self) -> None:
        with contextlib.suppress(OSError):  # the scheduler is gone, as the batches will tell
            self.workers = sum(self._client.nthreads().values()) or 1

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take note of workers that come and go. (Called in the client's thread.)"""
        action = event[1].get("action")
        self._recount = self._recount or action in ("add-worker", "remove-worker")
        if action == "remove-worker" and event[1].get("processing-tasks"):
            self.lost += [task for _, tasks in list(self._under_way.values()) for task in tasks]

    async def _outcomes(self, tasks: Sequence[Task], future: Any, alone: bool) -> list[Outcome]:
        """Return what comes of a batch. (Runs in the client's thread.)

        Not by `Client.get_executor`: of a batch that was done, whose worker died before its result was fetched, and
        whose next worker died too, its future never hears (distributed 2026.8: `_cascade_future` lets the error of
        `_gather` go). 1 run of 10 hung where workers died over a file.
        """
        outcomes: list[Outcome]
        try:
            outcomes, lost = await self._client.gather(future, asynchronous=True)
        except NoiseaugError:
            raise
        except (asyncio.CancelledError, CancelledError):
            raise Stopped(_GONE) from None
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                self.lost += tasks
                deaths = getattr(error, "allowed_failures", 0) + 1
                reason = f"each Dask worker that was at it died ({deaths} in a row)"
                raise WorkerDied(reason, suspects=(len(tasks) + 1) // 2, limit=1 if alone else sys.maxsize) from None
            first_line = str(error).partition("\n")[0]
            raise WorkerUnfit(f"a Dask worker cannot do its work: {type(error).__name__}: {first_line}") from None
        self.lost += lost
        return outcomes
