"""The pool: tasks in, outcomes out in the same order, a bounded window under way, on engines that may lose workers."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol, TypeVar

from noiseaug.errors import WorkerUnfit
from noiseaug.task import Job, Outcome, Task, failure_of

Note = TypeVar("Note")
Item = tuple[Note, Task | None]  # something to pass on in order, and the task whose outcome belongs to it

# Batches under way for each worker: enough for the others to go on while one does a long recording.
_WINDOW = 8
# A byte of audio is an eighth of the work of one of a compressed image.
_LEAST_BYTES = 1 << 12
_WORK_PER_BYTE = {"image": 1.0, "audio": 1 / 8}
_STARTS = 5  # tries to start a worker
# Runs are parallel over files; a BLAS that starts threads of its own takes time to start and cores from the others.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Memory freed after one file is kept for the next instead of being given back and faulted in anew (glibc, mallopt(3)):
# 1,000 JPEG 512x512 took 2.80 s with this and 3.60 s without, for 19,000 page faults and 851,000.
_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


class Batch(NamedTuple):
    """How much goes into a batch: the bytes of its sources (4 KiB at the least each), and how many there are."""

    work: int = 1 << 18  # 5 to 20 ms
    items: int = 64


class WorkerDied(Exception):
    """The process that did a batch is gone. `outcomes` are those of the tasks it had finished."""

    def __init__(self, reason: str, outcomes: list[Outcome], timed_out: bool) -> None:
        super().__init__(reason)
        self.outcomes = outcomes
        self.timed_out = timed_out


class Engine(Protocol):
    """Where batches of tasks are done.

    Attributes:
        workers: how many tasks are done at once.
        lost: tasks that a worker died over, perhaps leaving a temporary.
        batch: how much goes into a batch.
    """

    workers: int
    lost: list[Task]
    batch: Batch

    def submit(self, tasks: Sequence[Task]) -> Future[list[Outcome]]:
        """Starts a batch. Its future gives the outcomes in order, or raises WorkerDied."""

    def close(self) -> None:
        """Ends the workers at once, whatever they are doing."""


def in_order(
    engine: Engine, items: Iterable[Item[Note]], announce: Callable[[Sequence[Task]], None]
) -> Iterator[tuple[Note, Outcome | None]]:
    """Each item's note with the outcome of its task, in the order of `items`, which is read no further than needed.

    `announce` is called with each batch of tasks before it starts.
    """
    window: deque[tuple[list[Item[Note]], list[Task], Future[list[Outcome]] | None]] = deque()
    under_way = 0
    for batch in _batches(items, engine.batch):
        tasks = [task for _, task in batch if task]
        if tasks:
            announce(tasks)
            under_way += 1
        window.append((batch, tasks, engine.submit(tasks) if tasks else None))
        while window and (under_way >= _WINDOW * engine.workers or window[0][2] is None or window[0][2].done()):
            under_way -= window[0][2] is not None
            yield from _matched(engine, *window.popleft())
    while window:
        yield from _matched(engine, *window.popleft())


def _batches(items: Iterable[Item[Note]], size: Batch) -> Iterator[list[Item[Note]]]:
    batch: list[Item[Note]] = []
    weight = 0.0
    for item in items:
        batch.append(item)
        task = item[1]
        if task:
            work = task.source.size * _WORK_PER_BYTE[task.source.kind]
            weight += max(work, _LEAST_BYTES) * len(task.targets)
        if weight >= size.work or len(batch) >= size.items:
            yield batch
            batch, weight = [], 0.0
    if batch:
        yield batch


def _matched(
    engine: Engine, batch: list[Item[Note]], tasks: list[Task], future: Future[list[Outcome]] | None
) -> Iterator[tuple[Note, Outcome | None]]:
    outcomes = iter(_settled(engine, tasks, future) if future else ())
    for note, task in batch:
        yield note, next(outcomes) if task else None


def _settled(engine: Engine, tasks: Sequence[Task], future: Future[list[Outcome]]) -> list[Outcome]:
    """The outcomes of a batch. If its worker died, the task under way is tried once more by itself: the second death,
    or running out of time, is its failure. The tasks behind it go on."""
    try:
        return future.result()
    except WorkerDied as death:
        done, suspect, rest = death.outcomes, tasks[len(death.outcomes)], tasks[len(death.outcomes) + 1 :]
        after = engine.submit(rest) if rest else None
        if death.timed_out or (len(tasks) == 1 and not done):
            verdict = [failure_of(suspect, str(death))]
        else:
            verdict = _settled(engine, [suspect], engine.submit([suspect]))
        return [*done, *verdict, *(_settled(engine, rest, after) if after else [])]


class Threads:
    """Batches on threads of this process: nothing to start up, but a decoder that crashes takes the run with it."""

    batch = Batch()

    def __init__(self, job: Job, workers: int) -> None:
        self.workers = workers
        self.lost: list[Task] = []
        self._job = job
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, tasks: Sequence[Task]) -> Future[list[Outcome]]:
        """Starts a batch."""
        from noiseaug.augment import augment  # here alone does a run decode in its own process

        return self._threads.submit(lambda: [augment(self._job, task) for task in tasks])

    def close(self) -> None:
        """Cancels what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Processes:
    """Batches on worker processes, each minded by a thread, replaced when it dies or takes too long over a file."""

    batch = Batch()

    def __init__(self, job: Job, workers: int, timeout: float, quiet: bool = True) -> None:
        """`timeout` is the time a file may take, in seconds; `quiet` drops what codecs say on stderr."""
        self.workers = workers
        self.lost: list[Task] = []
        self._job, self._timeout, self._quiet = job, timeout, quiet
        self._threads = ThreadPoolExecutor(workers)
        self._mine = threading.local()
        self._alive: set[_Worker] = set()
        self._closed = False

    def submit(self, tasks: Sequence[Task]) -> Future[list[Outcome]]:
        """Starts a batch."""
        return self._threads.submit(self._do, tasks)

    def _started(self) -> _Worker:
        """A new worker, at the next try if one is killed (by the system, say, for want of memory) as it starts."""
        for _ in range(_STARTS - 1):
            with contextlib.suppress(WorkerDied):
                return _Worker(self._job, self._quiet)
        try:
            return _Worker(self._job, self._quiet)
        except WorkerDied as death:
            raise WorkerUnfit(f"worker processes are killed as they start ({death}), {_STARTS} in a row") from None

    def _do(self, tasks: Sequence[Task]) -> list[Outcome]:
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None or not worker.is_alive():
            worker = self._mine.worker = self._started()
            self._alive.add(worker)
            if self._closed:
                worker.kill()
        try:
            return worker.do(tasks, self._timeout)
        except WorkerDied as death:
            self.lost.append(tasks[len(death.outcomes)])
            self._alive.discard(worker)
            self._mine.worker = None
            worker.bury()
            raise

    def close(self) -> None:
        """Kills the workers."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in list(self._alive):
            worker.kill()
        self._threads.shutdown(wait=True)
        while self._alive:
            self._alive.pop().bury()


class _Worker:
    """A process that runs `worker.serve` at the other end of a socket."""

    # Not by multiprocessing, whose children import the caller's __main__ again and share descriptors among siblings.
    _COMMAND = "import sys; sys.path[:] = sys.argv[2:]; from noiseaug.worker import serve; serve(int(sys.argv[1]))"

    def __init__(self, job: Job, quiet: bool) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-c", self._COMMAND, str(theirs.fileno()), *sys.path]
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if quiet else None,
                env=os.environ | _ONE_THREAD | _KEEP_MEMORY | ({"OPENCV_LOG_LEVEL": "SILENT"} if quiet else {}),
            )
        self._connection = Connection(ours.detach())
        try:
            self._connection.send(job)
            self._connection.recv()
        except (EOFError, ConnectionError):
            self.bury()
            if self._process.returncode < 0:
                raise WorkerDied(self._end(), [], timed_out=False) from None
            raise WorkerUnfit(f"a worker process cannot start ({self._end()}); -v shows what it says") from None

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def do(self, tasks: Sequence[Task], timeout: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            self._connection.send(tasks)
            for _ in tasks:
                if not self._connection.poll(timeout):
                    self.kill()
                    self._process.wait()
                    raise WorkerDied(f"took longer than {timeout:g} s; see --timeout", outcomes, timed_out=True)
                outcomes.append(self._connection.recv())
        except (EOFError, ConnectionError):
            raise WorkerDied(f"decoder crashed ({self._end()})", outcomes, timed_out=False) from None
        return outcomes

    def _end(self) -> str:
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def bury(self) -> None:
        self._connection.close()
        self._process.wait()
