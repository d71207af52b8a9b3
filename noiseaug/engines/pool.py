"""The pool: tasks in, outcomes out in the same order, with a bounded number of batches under way on an engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from noiseaug.kinds import work_of
from noiseaug.planning.task import About, Item, Job, Outcome, Task, failure_of
from noiseaug.work.publish import withdraw

# Batches under way for each worker: enough for the others to go on while one does a long recording.
_WINDOW = 8
# Bytes that even a small file counts as, times the work of its kind.
_LEAST_BYTES = 1 << 12


class BatchSize(NamedTuple):
    """When a batch is full: by the bytes of its sources (4 KiB at the least each), or by how many there are."""

    work: int = 1 << 18  # 5 to 20 ms
    items: int = 64


class WorkerDied(Exception):
    """A worker died before it finished a batch. The message says how.

    Attributes:
        outcomes: the outcomes of the tasks that it had finished.
        others: how many of the tasks that follow it had begun, and did not die over.
        suspects: how many of the tasks that follow these are tried again apart from the rest of the batch.
        limit: how often a worker may die in this way over the suspects; at that many deaths, the first one has failed.
    """

    def __init__(
        self, reason: str, outcomes: Sequence[Outcome] = (), *, others: int = 0, suspects: int = 1, limit: int = 1
    ) -> None:
        super().__init__(reason)
        self.outcomes, self.others, self.suspects, self.limit = outcomes, others, suspects, limit


class Pending(Protocol):
    """A batch under way: the part in use here of `concurrent.futures.Future`, which takes 5 ms to import."""

    def done(self) -> bool:
        """Tell whether `result` returns at once."""

    def result(self) -> list[Outcome]:
        """Wait for the outcomes of the batch, and return them in order. Raise WorkerDied if there are not all."""


class Engine(Protocol):
    """Where batches of tasks are done.

    Attributes:
        job: what all tasks have in common.
        workers: how many tasks are done at once.
        lost: tasks that a worker died over, perhaps leaving a temporary.
        batch_size: how much goes into a batch.
    """

    job: Job
    workers: int
    lost: list[Task]
    batch_size: BatchSize

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Start a batch."""

    def close(self) -> None:
        """End the workers at once, whatever they are doing."""


def in_order(
    engine: Engine, items: Iterable[Item[About]], announce: Callable[[Sequence[Task]], None]
) -> Iterator[tuple[About, Outcome | None]]:
    """Yield what each item is about with the outcome of its task, in the order of `items`.

    No more of `items` is read than is needed to keep the workers busy. `announce` is called with each batch of tasks
    before it starts.
    """
    window: deque[tuple[list[Item[About]], list[Task], Pending | None]] = deque()
    under_way = 0
    for batch in _batches(items, engine.batch_size):
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


def _batches(items: Iterable[Item[About]], size: BatchSize) -> Iterator[list[Item[About]]]:
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
    engine: Engine, batch: list[Item[About]], tasks: list[Task], pending: Pending | None
) -> Iterator[tuple[About, Outcome | None]]:
    outcomes = iter(_settled(engine, tasks, pending) if pending else ())
    for about, task in batch:
        outcome = next(outcomes) if task else None
        # With a permit, the engine does a part of a run: the run itself withdraws, as it knows that it is not over.
        if task and outcome and outcome.failed and not engine.job.permit:
            withdraw(engine.job, task)
        yield about, outcome


def _settled(engine: Engine, tasks: Sequence[Task], pending: Pending, deaths: int = 1) -> list[Outcome]:
    """Return the outcomes of a batch.

    If its worker died, the suspects are tried again by themselves, until it is known which task to blame: that one has
    failed. The other tasks go on at once.
    """
    try:
        return pending.result()
    except WorkerDied as death:
        undone = tasks[len(death.outcomes) :]
        begin, end = death.others, death.others + death.suspects
        suspects, rest = undone[begin:end], [*undone[:begin], *undone[end:]]
        under_way = engine.submit(rest) if rest else None
        if deaths >= death.limit:
            verdict = [failure_of(suspects[0], str(death))]
        else:
            verdict = _settled(engine, suspects, engine.submit(suspects), deaths + 1)
        found = _settled(engine, rest, under_way) if under_way else []
        return [*death.outcomes, *found[:begin], *verdict, *found[begin:]]
