"""A batch of tasks as a worker does it: small files step by step together, large ones each for itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from noiseaug.media.steps import Steps
from noiseaug.noise.scale import Array
from noiseaug.noise.together import Wanted, add_together
from noiseaug.planning.task import Job, Outcome, Task
from noiseaug.settings.recipe import Recipe
from noiseaug.work.perform import perform, steps_of

# Bytes of samples that wait together; large files do not wait (`media.steps.SMALL`).
_TOGETHER = 1 << 20


@functools.lru_cache(maxsize=16)
def _known(recipe: Recipe) -> Recipe:
    """Return the recipe of earlier batches that is equal to this one. What is cached of it is found faster: 10 us less.

    Each batch brings a recipe of its own, as it comes from another process.
    """
    return recipe


class _Work:
    """The steps of one task of a batch, under way."""

    def __init__(self, number: int, steps: Steps[Outcome]) -> None:
        self.number, self._steps = number, steps
        self.wanted: Wanted | None = None
        self.outcome: Outcome | None = None

    def go_on(self, answer: Array | None = None) -> None:
        """Do the next step, which is given the answer to what was wanted."""
        self.wanted = None
        try:
            self.wanted = self._steps.send(answer)
        except StopIteration as end:
            self.outcome = end.value

    def leave(self) -> None:
        """Leave the task as if it had not begun."""
        self._steps.close()
        self.wanted = None


class Batch:
    """Does the tasks of a batch.

    Args:
        job: what they have in common.
        tasks: the tasks.
        note: told the number of a task before each step of it.
    """

    def __init__(self, job: Job, tasks: Sequence[Task], note: Callable[[int], None] = lambda _: None) -> None:
        self._job, self._note = job, note
        recipes = {id(task.recipe): _known(task.recipe) for task in tasks}
        self._tasks = [task._replace(recipe=recipes[id(task.recipe)]) for task in tasks]

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of each task, in order."""
        read: list[_Work] = []
        for number, task in enumerate(self._tasks):
            work = _Work(number, steps_of(self._job, task))
            self._go_on(work)
            if work.outcome is not None and not read:
                yield work.outcome
            else:
                read.append(work)
        waiting: list[_Work] = []
        size = 0
        for work in read:
            while work.outcome is None and work.wanted is None:
                self._go_on(work)
            if work.outcome is not None and not waiting:
                yield work.outcome
                continue
            waiting.append(work)
            size += work.wanted.samples.nbytes if work.wanted else 0
            if size >= _TOGETHER:
                yield from self._finished(waiting)
                waiting, size = [], 0
        yield from self._finished(waiting)

    def _go_on(self, work: _Work, answer: Array | None = None) -> None:
        self._note(work.number)
        work.go_on(answer)

    def _finished(self, several: Sequence[_Work]) -> Iterator[Outcome]:
        """Go through the other steps of several tasks, and yield the outcome of each."""
        while under_way := [work for work in several if work.outcome is None]:
            answers = self._answers([work for work in under_way if work.wanted])
            for work in under_way:
                if work.outcome is None:
                    self._go_on(work, answers.get(work.number))
        for work in several:
            assert work.outcome is not None
            yield work.outcome

    def _answers(self, asking: Sequence[_Work]) -> dict[int, Array]:
        """Return the samples with noise that tasks ask for, by the number of the task.

        If that fails, the tasks are done one by one, so that one does not cost the others.
        """
        if not asking:
            return {}
        self._note(asking[0].number)
        try:
            noisy = add_together([work.wanted for work in asking if work.wanted])
        except Exception:
            for work in asking:
                work.leave()
                self._note(work.number)
                work.outcome = perform(self._job, self._tasks[work.number])
            return {}
        return {work.number: samples for work, samples in zip(asking, noisy, strict=True)}
