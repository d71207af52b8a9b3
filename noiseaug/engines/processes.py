"""The engine of most runs: worker processes on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from queue import SimpleQueue

from noiseaug.engines.pool import BatchSize, Pending, WorkerDied
from noiseaug.engines.template import Template
from noiseaug.engines.worker_process import WorkerProcess
from noiseaug.errors import Stopped, WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task

_STARTS = 5  # tries to start a worker


class _Promise:
    """The outcomes of a batch that are to come, or an error in their place; asked for once."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self._answers: SimpleQueue[list[Outcome] | Exception] = SimpleQueue()

    def keep(self, answer: list[Outcome] | Exception) -> None:
        self._answers.put(answer)

    def done(self) -> bool:
        return not self._answers.empty()

    def result(self) -> list[Outcome]:
        answer = self._answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Processes:
    """Batches on worker processes, each minded by a thread, replaced when it dies or takes too long over a file."""

    batch_size = BatchSize()

    def __init__(self, job: Job, workers: int, timeout: float, quiet: bool = True) -> None:
        """`timeout` is the time a file may take, in seconds; `quiet` drops what codecs say on stderr."""
        self.job, self.workers = job, workers
        self.lost: list[Task] = []
        self._timeout, self._quiet = timeout, quiet
        self._todo: SimpleQueue[_Promise | None] = SimpleQueue()
        self._minders: list[threading.Thread] = []
        self._alive: set[WorkerProcess] = set()
        self._closing = threading.Lock()  # no batch is put behind the end of the queue
        self._closed = False
        self._template: Template | None = None
        self._starting = threading.Lock()  # no second template is started

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Start a batch."""
        promise = _Promise(tasks)
        with self._closing:
            if self._closed:
                promise.keep(Stopped("the run is over"))
            else:
                self._todo.put(promise)
                if len(self._minders) < self.workers:
                    self._minders.append(threading.Thread(target=self._mind, daemon=True))
                    self._minders[-1].start()
        return promise

    def _mind(self) -> None:
        """Have one batch after the other done by a worker."""
        worker: WorkerProcess | None = None
        while promise := self._todo.get():
            try:
                if self._closed:
                    raise Stopped("the run is over")
                if worker is None or not worker.is_alive():
                    worker = self._started(worker, {task.source.kind for task in promise.tasks})
                promise.keep(worker.do(promise.tasks, self._timeout))
            except Exception as error:
                if isinstance(error, WorkerDied):
                    self.lost.append(promise.tasks[len(error.outcomes) + error.others])
                promise.keep(error)

    def _started(self, dead: WorkerProcess | None, kinds: set[str]) -> WorkerProcess:
        """Start a worker, in place of the dead one if there is one.

        It is tried again if it is killed (by the system, say, for want of memory) as it starts.
        """
        if dead:
            self._alive.discard(dead)
            dead.bury()
        end = ""
        for _ in range(_STARTS):
            try:
                worker = WorkerProcess(self.job, self._quiet, self._living_template(), kinds)
            except WorkerDied as death:
                end = str(death)
                continue
            self._alive.add(worker)
            if self._closed:
                worker.kill()
            return worker
        raise WorkerUnfit(f"worker processes are killed as they start ({end}), {_STARTS} in a row")

    def _living_template(self) -> Template | None:
        """Return the template, or another one after its death.

        None is for a single worker, which starts faster by itself, and for systems where forking is not safe.
        """
        if self.workers == 1 or sys.platform != "linux":
            return None
        with self._starting:
            if self._template is None or not self._template.is_alive():
                self._template = Template(quiet=self._quiet)
            return self._template

    def close(self) -> None:
        """Kill the workers."""
        with self._closing:
            self._closed = True
            for _ in self._minders:
                self._todo.put(None)
        for worker in list(self._alive):
            worker.kill()
        for minder in self._minders:
            minder.join()
        while self._alive:
            self._alive.pop().bury()
        if self._template:
            self._template.close()
