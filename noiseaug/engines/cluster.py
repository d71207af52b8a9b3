"""The Dask engine: batches on the workers of a cluster, which may die, come late, or be cut off and go on.

Dask does a task at least once, perhaps twice at the same time. That is no harm: a worker publishes by renaming, the
second copy has the same bytes, and is found to be there. What a worker does after the run is over must not count, so
workers publish only while the permit stands: a file in DEST that goes with the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from multiprocessing import resource_tracker
from typing import Any

from noiseaug.engines.cluster_worker import Call, Done, do, release, reply, reply_path
from noiseaug.engines.pool import Batch
from noiseaug.errors import EngineUnavailable, NoiseaugError, Stopped, WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task, failure_of, withdraw
from noiseaug.storage.output_file import remove_temporaries
from noiseaug.storage.paths import STATE_PREFIX
from noiseaug.version import versions

# A task of Dask costs 1 to 4 ms of scheduler and client, so it is to hold about 100 ms of work.
_BATCH = Batch(work=1 << 22, items=512)
_RETRIES = 2  # where a worker cannot begin: another one may
_PATIENCE = 10.0  # seconds for files of workers to appear, and for workers to hear that the run is over
_GONE = "the Dask scheduler is gone, or dropped the work; the same command goes on from here"
_MUST_MATCH = ("python", "dask", "distributed", "msgpack")
_SILENT = logging.CRITICAL + 1
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")


class Cluster:
    """Batches on a Dask cluster: that of a scheduler, or one of processes on this machine.

    Attributes:
        workers: how many tasks are done at once.
        lost: tasks that a worker died over, perhaps leaving a temporary.
        batch: how much work goes into a batch.
    """

    batch = _BATCH

    def __init__(self, job: Job, workers: int, timeout: float, quiet: bool, scheduler: str | None) -> None:
        """`workers` is for the cluster on this machine, which is used if there is no `scheduler` (an address)."""
        if importlib.util.find_spec("distributed") is None:
            raise EngineUnavailable("--engine dask needs Dask: pip install 'noiseaug[dask]'")
        self.workers = workers
        self.lost: list[Task] = []
        token = os.urandom(8).hex()
        if scheduler:
            job = replace(job, source_root=os.path.abspath(job.source_root), dest_root=os.path.abspath(job.dest_root))
        permit = os.path.join(job.dest_root, f"{STATE_PREFIX}-{job.tag}{token}.tmp")
        self._call = Call(replace(job, permit=permit), timeout, quiet, token, versions(), "", 0)
        self._scheduler = scheduler
        self._cluster: Any = None
        self._client: Any = None
        self._ready = False
        self._guard = threading.Lock()  # of the three below, which the client's thread changes too
        self._under_way: dict[Any, Sequence[Task]] = {}
        self._suspects: deque[tuple[Sequence[Task], Future[list[Outcome]]]] = deque()
        self._alone = False  # the last batch that was started is a suspect, with no other under way
        self._recount = False
        self._closed = False

    @property
    def job(self) -> Job:
        """What all tasks have in common."""
        return self._call.job

    def submit(self, tasks: Sequence[Task]) -> Future[list[Outcome]]:
        """Starts a batch; the first one starts or connects the cluster, so that a run with nothing to do does not."""
        if not self._ready:
            self._connect(tasks[0])
        if self._recount:
            self._recount = False
            self._count_workers()
        result: Future[list[Outcome]] = Future()
        self._start(tasks, result)
        return result

    def close(self) -> None:
        """Ends the work at once: here and on the workers, of which those that are not ours stay."""
        if self._closed:
            return
        self._closed = True
        if self._client is not None:
            job = self._call.job
            remove_temporaries(job.dest_root, job.tag + self._call.token)  # the permit, and replies of workers
            # Whatever of the cluster is gone already cannot be told to stop, and need not be.
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._under_way))
                if self._cluster is None:
                    self._client.sync(self._client._run, release, self._call.token, callback_timeout=_PATIENCE)
            with contextlib.suppress(Exception):
                self._client.close(timeout=1)
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                _end(self._cluster)

    def _connect(self, witness: Task) -> None:
        distributed = _distributed()
        if self._scheduler is None:
            with _deaf():
                self._cluster = _local_cluster(distributed, self.workers)
        where = self._scheduler or self._cluster
        try:
            patience = importlib.import_module("dask").config.get("distributed.comm.timeouts.connect")
            self._client = distributed.Client(where, timeout=patience, set_as_default=False, name="noiseaug")
            self._client.wait_for_workers(1, timeout=patience)
        except (OSError, ValueError, TypeError) as error:
            raise EngineUnavailable(_unreached(str(self._scheduler), self._client is not None, error)) from None
        self._count_workers()
        self._client.subscribe_topic("all", self._heard)
        self._call = replace(self._call, witness=witness.source.path, witness_size=witness.source.size)
        self._check_versions()
        self._check_places()
        self._ready = True

    def _count_workers(self) -> None:
        with contextlib.suppress(OSError):  # the scheduler is gone, as the batches will tell
            self.workers = sum(self._client.nthreads().values()) or 1

    def _check_versions(self) -> None:
        """Refuses a cluster of other versions of what the two ends talk with. (Those that decide bytes are compared by
        each worker, also if it comes later.)"""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self._client.get_versions(check=True)
        except ValueError as error:  # says the documentation; 2026.8 only warns
            raise WorkerUnfit(f"the Dask cluster does not fit: {error}") from None
        here = found["client"]["packages"]
        others = {"scheduler": found["scheduler"]} | {f"worker {at}": info for at, info in found["workers"].items()}
        for name, info in others.items():
            for package in _MUST_MATCH:
                one, other = (str(packages.get(package)) for packages in (here, info["packages"]))
                if package == "python":
                    one, other = (".".join(version.split(".")[:2]) for version in (one, other))
                if one != other:
                    raise WorkerUnfit(f"the Dask {name} has {package} {other}, and this has {one}; align them")

    def _check_places(self) -> None:
        """Refuses workers that do not see SOURCE and DEST, or whose files are not seen here."""
        call = self._call
        with open(call.job.permit, "wb") as file:
            file.write(call.token.encode())
        for address, answer in self._client.run(reply, call, on_error="return").items():
            if isinstance(answer, Exception):
                raise WorkerUnfit(f"Dask worker {address} cannot run noiseaug ({answer}); install it there")
            if answer is not None:
                raise WorkerUnfit(f"Dask worker {address} {answer}")
            path = reply_path(call, address)
            deadline = time.monotonic() + _PATIENCE
            while not os.path.exists(path):
                if time.monotonic() > deadline:
                    dest = call.job.dest_root
                    raise WorkerUnfit(
                        f"what Dask worker {address} writes to DEST {dest} is not seen here; mount one there"
                    )
                time.sleep(0.1)
            os.unlink(path)

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        """Takes note of workers that come and go. (Called by the client's thread.)"""
        action = event[1].get("action")
        self._recount = self._recount or action in ("add-worker", "remove-worker")
        if action == "remove-worker" and event[1].get("processing-tasks"):
            self.lost += [task for tasks in list(self._under_way.values()) for task in tasks]

    def _start(self, tasks: Sequence[Task], result: Future[list[Outcome]], *, trial: bool = False) -> None:
        with self._guard:
            try:
                future = self._client.submit(do, self._call, tasks, pure=False, retries=_RETRIES)
            except Exception:  # of the client, which takes nothing once its scheduler is gone
                result.set_exception(Stopped(_GONE))
                return
            self._under_way[future] = tasks
            self._alone = trial
        self._client.loop.add_callback(self._follow, tasks, future, result)

    async def _follow(self, tasks: Sequence[Task], future: Any, result: Future[list[Outcome]]) -> None:
        """Passes on what comes of a batch. (Runs in the client's thread.)

        Not by `Client.get_executor`: of a batch that was done, whose worker died before its result was fetched, and
        whose next worker died too, its future never hears (distributed 2026.8: `_cascade_future` lets the error of
        `_gather` go). 1 run of 10 hung where workers died over a file.
        """
        try:
            done = await self._client.gather(future, asynchronous=True)
        except (Exception, asyncio.CancelledError) as error:
            if self._closed:
                return
            if type(error).__name__ == "KilledWorker":
                self._isolate(tasks, error, result)
            else:
                result.set_exception(self._translated(error))
        else:
            result.set_result(self._accepted(tasks, done))
        with self._guard:
            del self._under_way[future]
            suspect = self._suspects.popleft() if self._suspects and not self._under_way else None
        if suspect:
            self._start(*suspect, trial=True)

    def _accepted(self, tasks: Sequence[Task], done: Done) -> list[Outcome]:
        self.lost += done.lost
        for task, outcome in zip(tasks, done.outcomes, strict=True):
            if outcome.failures and not outcome.rows:
                withdraw(self._call.job, task)
        return done.outcomes

    def _isolate(self, tasks: Sequence[Task], error: BaseException, result: Future[list[Outcome]]) -> None:
        """Finds the task that workers die over. Dask blames whatever a dead worker had before it, so the halves of a
        batch are tried again, and a single task when nothing else is under way: what dies alone has failed."""
        self.lost += tasks
        if len(tasks) > 1:
            self._start_halves(tasks, result)
        elif self._alone:
            deaths = getattr(error, "allowed_failures", 0) + 1
            withdraw(self._call.job, tasks[0])
            result.set_result([failure_of(tasks[0], f"each Dask worker that was at it died ({deaths} in a row)")])
        else:
            self._suspects.append((tasks, result))

    def _start_halves(self, tasks: Sequence[Task], result: Future[list[Outcome]]) -> None:
        middle = len(tasks) // 2
        halves: list[Future[list[Outcome]]] = [Future(), Future()]

        def join(_: Future[list[Outcome]]) -> None:
            if all(half.done() for half in halves):
                error = halves[0].exception() or halves[1].exception()
                if error:
                    result.set_exception(error)
                else:
                    result.set_result(halves[0].result() + halves[1].result())

        for half, part in zip(halves, (tasks[:middle], tasks[middle:]), strict=True):
            half.add_done_callback(join)
            self._start(part, half)

    def _translated(self, error: BaseException) -> BaseException:
        if isinstance(error, NoiseaugError):
            return error
        if isinstance(error, asyncio.CancelledError | CancelledError):
            return Stopped(_GONE)
        first_line = str(error).partition("\n")[0]
        return WorkerUnfit(f"a Dask worker cannot do its work: {type(error).__name__}: {first_line}")


def _distributed() -> Any:
    """The package (half a second to import), made quiet: it would tell of every worker that comes or goes."""
    importlib.import_module("dask").config.set({"logging": dict.fromkeys(_LOGGERS, "critical")})
    distributed: Any = importlib.import_module("distributed")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(_SILENT)
    warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)  # `_check_versions` tells
    return distributed


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """What is started within does not hear the Ctrl-C that a terminal sends to all processes; this one does, later."""
    resource_tracker.ensure_running()  # starting it, multiprocessing unblocks SIGINT in the thread that needs it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _local_cluster(distributed: Any, workers: int) -> Any:
    """A scheduler and worker processes on this machine."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,  # what decodes is a process of its own
        silence_logs=_SILENT,
    )


def _end(cluster: Any) -> None:
    """Ends a local cluster: 0.05 s instead of 0.3 s, as its workers, which hold nothing, are killed."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)
    cluster.close(timeout=2)


def _unreached(scheduler: str, connected: bool, error: Exception) -> str:
    if connected:
        return f"the Dask scheduler at {scheduler} has no workers; start some with: dask worker {scheduler}"
    reason = str(error).partition("\n")[0]
    return f"no Dask scheduler answers at {scheduler} ({reason}); expected an address such as tcp://host:8786"
