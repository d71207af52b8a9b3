"""Tasks that are done by several workers at once, or after their run, as may happen on a cluster."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from noiseaug import Recipe
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Walk
from noiseaug.settings.selection import Selection
from noiseaug.work.perform import perform
from support.trees import tree


def tasks_of(source: Path, ours: bool) -> list[Task]:
    recipe = Recipe.of("25/255", seed=7)
    found = [found for found in Walk(str(source), Selection()) if not hasattr(found, "reason")]
    made = [(found, tuple(Plan(recipe).targets(found.path, found.kind))) for found in found]
    return [
        Task(found, recipe, wanted, frozenset(target.file_name for target in wanted) if ours else frozenset())
        for found, wanted in made
    ]


@pytest.mark.parametrize("ours", [False, True])
def test_a_task_that_is_done_by_several_at_once_has_one_result(ours, photos, undisturbed, dest):
    tasks, start = tasks_of(photos, ours), threading.Barrier(4)
    outcomes: list[list] = []

    def work():
        start.wait()
        outcomes.append([perform(Job(str(photos), str(dest)), task) for task in tasks])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(several == outcomes[0] for several in outcomes)
    assert not any(outcome.failures for outcome in outcomes[0])
    assert tree(dest) == {name: digest for name, digest in undisturbed.items() if name != "manifest.jsonl"}


def test_a_worker_that_goes_on_after_its_run_publishes_and_removes_nothing(photos, dest):
    job = Job(str(photos), str(dest), permit=str(dest / ".noiseaug-gone.tmp"))
    task = next(task for task in tasks_of(photos, ours=True) if task.source.path == "cats/001.png")
    (dest / "cats").mkdir(parents=True)
    (dest / "cats/001.png").write_bytes(b"by the next run")
    assert perform(job, task).failures
    gone = task._replace(source=task.source._replace(path="cats/none.png"))
    assert perform(replace(job, overwrite=True), gone).failures
    assert (dest / "cats/001.png").read_bytes() == b"by the next run"
