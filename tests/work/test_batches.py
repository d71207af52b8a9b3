"""Small files are done together, step by step; each comes out as if it had been done alone, and costs only itself."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from noiseaug import Recipe
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source, Walk
from noiseaug.settings.layout import Layout
from noiseaug.settings.selection import Selection
from noiseaug.work.batch import Batch
from noiseaug.work.perform import perform
from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_mixed, photo, sound, write_image, write_sound
from support.trees import failures, tree, without


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of many kinds, of most of which there are several alike, in an order that mixes them."""
    root = make_mixed(tmp_path_factory.mktemp("small"))
    for number in range(9):
        write_image(root / f"alike/{number}-colour.png", photo(32, 32, seed=number))
        write_image(root / f"alike/{number}-alpha.png", photo(32, 32, 4, seed=number))
        write_image(root / f"alike/{number}-grey.png", photo(20 + number % 2, 33, 1, seed=number))
        write_image(root / f"alike/{number}-deep.png", photo(24, 24, 1, np.uint16, seed=number))
        write_image(root / f"alike/{number}.jpg", photo(40, 40, seed=number))
        write_sound(root / f"alike/{number}.wav", sound(3000 + number % 2, seed=number), "PCM_16")
    return root


def tasks_of(source: Path, recipe: Recipe, layout: Layout) -> list[Task]:
    plan, found = Plan(recipe, layout), Walk(str(source), Selection())
    return [
        Task(one, recipe, tuple(plan.targets(one.path, one.kind)), frozenset())
        for one in found
        if isinstance(one, Source)
    ]


@pytest.mark.parametrize(
    ("levels", "settings"),
    [
        (["25/255"], {}),
        (["25/255"], {"mono": True}),
        (["0.02"], {"clip": (0.2, 0.7), "mean": 0.05}),
        (["0.001"], {}),
        (["0.3"], {}),  # by buckets on 16 bits
        (["5/255", "25/255"], {"copies": 2, "prob": 0.6}),
        (["0.01:0.1"], {"clip": "none"}),
    ],
)
def test_a_batch_makes_of_each_file_what_is_made_of_it_alone(small, tmp_path, levels, settings):
    tasks = tasks_of(small, Recipe.of(levels, seed=7, **settings), Layout(with_clean="beside"))
    together = list(Batch(Job(str(small), str(tmp_path / "together")), tasks).outcomes())
    alone = [perform(Job(str(small), str(tmp_path / "alone")), task) for task in tasks]
    assert together == alone
    assert tree(tmp_path / "together") == tree(tmp_path / "alone")
    assert sum(len(outcome.rows) for outcome in alone) >= 2 * 54


def test_a_bad_file_among_many_that_are_alike_costs_only_itself(small, tmp_path, dest):
    recipe, bad = Recipe.of("25/255", seed=7), tmp_path / "bad"
    for path in small.glob("alike/*-colour.png"):
        (bad / path.name).parent.mkdir(exist_ok=True)
        (bad / path.name).write_bytes(path.read_bytes())
    (bad / "4-colour.png").write_bytes((bad / "4-colour.png").read_bytes()[:-300])
    (bad / "6-colour.png").write_bytes(b"")
    outcomes = list(Batch(Job(str(bad), str(dest)), tasks_of(bad, recipe, Layout())).outcomes())
    assert [bool(outcome.failed) for outcome in outcomes] == [number in (4, 6) for number in range(9)]
    whole = list(Batch(Job(str(small / "alike"), str(tmp_path / "w")), tasks_of(bad, recipe, Layout())).outcomes())
    assert [outcome.rows for outcome in outcomes if not outcome.failed] == [
        outcome.rows for number, outcome in enumerate(whole) if number not in (4, 6)
    ]


@pytest.mark.parametrize("call", ["os.open", "os.replace"])
@pytest.mark.parametrize("do", ["segfault", "hang"])
def test_a_worker_that_dies_at_any_step_of_a_batch_costs_one_file(call, do, run_with, undisturbed):
    result, dest = run_with("--timeout", "1.5", call=call, path=r"dogs/006\.", nth=0, do=do)
    assert result.returncode == 3
    assert set(failures(dest)) == {name for name in failures(dest) if name.startswith("dogs/006")} != set()
    assert without(tree(dest)) == without(undisturbed, *failures(dest))


def test_small_files_that_decode_to_large_images_are_not_in_memory_at_once(tmp_path, dest):
    for number in range(8):
        write_image(tmp_path / f"flat/{number:02}.png", np.zeros((4000, 4000), np.uint8))
    run = command("run", tmp_path / "flat", dest, *STRENGTH, "--png-level", "0", "--workers", "1", "--quiet")
    told = "import resource as r, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    told += "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", told, *run], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 200 << 10  # KiB; the samples of all have 122 MiB


def test_a_batch_of_many_outputs_keeps_few_files_open(small, dest):
    options = ("--copies", "20", "--with-clean", "beside", "--workers", "2")
    few = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))}
    done = noiseaug("run", small, dest, "--std", "0.1", "--std", "0.02", *options, **few)
    assert done.returncode == 0, done.stderr
