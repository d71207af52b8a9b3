"""The pool: tasks in, outcomes out in the same order, a bounded window under way, on engines that may lose workers."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from noiseaug.engines.worker_process import WorkerDied, WorkerProcess
from noiseaug.errors import Stopped, WorkerUnfit
from noiseaug.kinds import work_of
from noiseaug.planning.task import About, Item, Job, Outcome, Task, failure_of, withdraw

# Batches under way for each worker: enough for the others to go on while one does a long recording.
_WINDOW = 8
# Bytes that even a small file counts as, times the work of its kind.
_LEAST_BYTES = 1 << 12
# Workers that may die over a file before it has failed. One that is killed (signal 9), by the system for want of memory
# or by somebody, need not have died of the file.
_CRASHES, _KILLS = 2, 5
_STARTS = 5  # tries to start a worker


class Batch(NamedTuple):
    """How much goes into a batch: the bytes of its sources (4 KiB at the least each), and how many there are."""

    work: int = 1 << 18  # 5 to 20 ms
    items: int = 64


class Pending(Protocol):
    """A batch under way: what is used of `concurrent.futures.Future`, which takes 5 ms to import."""

    def done(self) -> bool:
        """Whether `result` returns at once."""

    def result(self) -> list[Outcome]:
        """The outcomes in order, when they are there. Raises WorkerDied."""


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

    @property
    def job(self) -> Job:
        """What all tasks have in common."""

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Starts a batch."""

    def close(self) -> None:
        """Ends the workers at once, whatever they are doing."""


def in_order(
    engine: Engine, items: Iterable[Item[About]], announce: Callable[[Sequence[Task]], None]
) -> Iterator[tuple[About, Outcome | None]]:
    """Each item's note with the outcome of its task, in the order of `items`, which is read no further than needed.

    `announce` is called with each batch of tasks before it starts.
    """
    window: deque[tuple[list[Item[About]], list[Task], Pending | None]] = deque()
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


def _batches(items: Iterable[Item[About]], size: Batch) -> Iterator[list[Item[About]]]:
    batch: list[Item[About]] = []
    weight = 0.0
    for item in items:
        batch.append(item)
        task = item[1]
        if task:
            work = task.source.size * work_of(task.source.kind)
            weight += max(work, _LEAST_BYTES) * len(task.targets)
        if weight >= size.work or len(batch) >= size.items:
            yield batch
            batch, weight = [], 0.0
    if batch:
        yield batch


def _matched(
    engine: Engine, batch: list[Item[About]], tasks: list[Task], future: Pending | None
) -> Iterator[tuple[About, Outcome | None]]:
    outcomes = iter(_settled(engine, tasks, future) if future else ())
    for note, task in batch:
        yield note, next(outcomes) if task else None


def _settled(engine: Engine, tasks: Sequence[Task], future: Pending, attempt: int = 1) -> list[Outcome]:
    """The outcomes of a batch. If its worker died, the task under way is tried again by itself: the second crash, or
    running out of time, is its failure. The tasks behind it go on."""
    try:
        return future.result()
    except WorkerDied as death:
        done, suspect, rest = death.outcomes, tasks[len(death.outcomes)], tasks[len(death.outcomes) + 1 :]
        after = engine.submit(rest) if rest else None
        if death.timed_out or attempt >= (_KILLS if death.killed else _CRASHES):
            verdict = [failure_of(suspect, str(death))]
            if not engine.job.permit:  # else this is a part of a run, which sees to it
                withdraw(engine.job, suspect)
        else:
            verdict = _settled(engine, [suspect], engine.submit([suspect]), attempt + 1)
        return [*done, *verdict, *(_settled(engine, rest, after) if after else [])]


class Threads:
    """Batches on threads of this process: nothing to start up, but a decoder that crashes takes the run with it."""

    batch = Batch()

    def __init__(self, job: Job, workers: int) -> None:
        self.workers = workers
        self.lost: list[Task] = []
        self.job = job
        from concurrent.futures import ThreadPoolExecutor

        self._threads = ThreadPoolExecutor(workers)

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Starts a batch."""
        from noiseaug.work.perform import augment  # here alone does a run decode in its own process

        return self._threads.submit(lambda: [augment(self.job, task) for task in tasks])

    def close(self) -> None:
        """Cancels what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Promise:
    """The outcomes of a batch, or what was raised in place of them."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self._settled = threading.Event()
        self._outcomes: list[Outcome] = []
        self._error: Exception | None = None

    def keep(self, do: Callable[[Sequence[Task]], list[Outcome]]) -> None:
        try:
            self._outcomes = do(self.tasks)
        except Exception as error:
            self._error = error
        self._settled.set()

    def done(self) -> bool:
        return self._settled.is_set()

    def result(self) -> list[Outcome]:
        self._settled.wait()
        if self._error:
            raise self._error
        return self._outcomes


class Processes:
    """Batches on worker processes, each minded by a thread, replaced when it dies or takes too long over a file."""

    batch = Batch()

    def __init__(self, job: Job, workers: int, timeout: float, quiet: bool = True) -> None:
        """`timeout` is the time a file may take, in seconds; `quiet` drops what codecs say on stderr."""
        self.workers = workers
        self.lost: list[Task] = []
        self.job, self._timeout, self._quiet = job, timeout, quiet
        self._todo: SimpleQueue[_Promise | None] = SimpleQueue()
        self._minders: list[threading.Thread] = []
        self._mine = threading.local()
        self._alive: set[WorkerProcess] = set()
        self._closed = False

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Starts a batch."""
        promise = _Promise(tasks)
        self._todo.put(promise)
        if self._closed:
            self._drop()
        elif len(self._minders) < self.workers:
            self._minders.append(threading.Thread(target=self._mind, daemon=True))
            self._minders[-1].start()
        return promise

    def _mind(self) -> None:
        while promise := self._todo.get():
            promise.keep(self._do)

    def _drop(self) -> None:
        """Ends the waiting for what has not begun and is not going to."""
        with contextlib.suppress(Empty):
            while True:
                if promise := self._todo.get_nowait():
                    promise.keep(self._do)

    def _do(self, tasks: Sequence[Task]) -> list[Outcome]:
        if self._closed:
            raise Stopped("the run is over")
        worker: WorkerProcess | None = getattr(self._mine, "worker", None)
        if worker is None or not worker.is_alive():
            if worker is not None:
                self._forget(worker)
            worker = self._mine.worker = self._started()
            self._alive.add(worker)
            if self._closed:
                worker.kill()
        try:
            return worker.do(tasks, self._timeout)
        except WorkerDied as death:
            self.lost.append(tasks[len(death.outcomes)])
            self._forget(worker)
            raise

    def _started(self) -> WorkerProcess:
        """A new worker, at the next try if one is killed (by the system, say, for want of memory) as it starts."""
        for _ in range(_STARTS - 1):
            with contextlib.suppress(WorkerDied):
                return WorkerProcess(self.job, self._quiet)
        try:
            return WorkerProcess(self.job, self._quiet)
        except WorkerDied as death:
            raise WorkerUnfit(f"worker processes are killed as they start ({death}), {_STARTS} in a row") from None

    def _forget(self, worker: WorkerProcess) -> None:
        self._alive.discard(worker)
        self._mine.worker = None
        worker.bury()

    def close(self) -> None:
        """Kills the workers."""
        self._closed = True
        for worker in list(self._alive):
            worker.kill()
        for _ in self._minders:
            self._todo.put(None)
        for minder in self._minders:
            minder.join()
        self._drop()
        while self._alive:
            self._alive.pop().bury()
