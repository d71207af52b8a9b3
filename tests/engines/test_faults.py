"""Decoders and workers that die or hang cost one file at most; each fault is injected."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from noiseaug import Level, Recipe
from noiseaug.engines.processes import Processes
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source
from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos, photo, pixels, write_image
from support.faults import injected
from support.trees import failures, files, tree, without


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ("kill", "worker was killed, perhaps for want of memory (signal 9)"),
        ("segfault", "decoder crashed (signal 11)"),
    ],
)
def test_a_decoder_that_crashes_costs_one_file(do, told, run_with, photos, undisturbed):
    result, dest = run_with(call="os.open", path="dogs/010.png", nth=0, do=do)
    assert result.returncode == 3
    assert failures(dest) == {"dogs/010.png": told}
    assert without(tree(dest)) == without(undisturbed, "dogs/010.png")
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


def test_many_decoders_that_crash_cost_one_file_each(run_with, undisturbed):
    result, dest = run_with(call="os.open", path=r"dogs/\d+.png", nth=0, do="segfault")
    dogs = [name for name in undisturbed if name.startswith("dogs/") and name.endswith("png")]
    assert result.returncode == 3
    assert set(failures(dest)) == set(dogs)
    assert without(tree(dest)) == without(undisturbed, *dogs)


def test_a_worker_that_is_killed_from_outside_costs_nothing(run_with, undisturbed):
    result, dest = run_with(call="os.open", path="dogs/010.png", do="kill")  # once: the file is innocent
    assert result.returncode == 0
    assert tree(dest) == undisturbed


def test_workers_that_are_killed_again_and_again_cost_nothing(photos, tmp_path, undisturbed):
    dest = tmp_path / "out"
    for number in range(1, 6):
        fault = {
            "call": "os.replace",
            "path": rf"/0\d{number}\.\w+$",
            "do": "kill",
            "count": str(tmp_path / f"n{number}"),
        }
        assert noiseaug("run", photos, dest, *STRENGTH, "--force", fault=fault).returncode == 0
        assert tree(dest) == undisturbed


def test_a_source_with_more_to_tell_of_than_a_socket_holds_is_no_obstacle(tmp_path):
    source, dest = make_photos(tmp_path / "photos", count=2), tmp_path / "out"
    result = noiseaug("run", source, dest, *STRENGTH, "--copies", "900", "--timeout", "30", "--kind", "image")
    assert result.returncode == 0
    assert len((dest / "manifest.jsonl").read_bytes().splitlines()) == 2 * 900


def test_a_decoder_that_never_returns_costs_one_file(run_with, undisturbed):
    result, dest = run_with("--timeout", "1.5", call="os.open", path="dogs/010.png", nth=0, do="hang")
    assert result.returncode == 3
    assert failures(dest) == {"dogs/010.png": "took longer than 1.5 s; see --timeout"}
    assert without(tree(dest)) == without(undisturbed, "dogs/010.png")


def test_an_exception_that_nobody_expected_costs_one_file_and_v_shows_where(run_with, undisturbed):
    result, dest = run_with("-v", call="os.replace", path="dogs/010.png", nth=0, do="raise")
    assert result.returncode == 3
    error = "unexpected ZeroDivisionError: nobody expected this (-v shows the traceback)"
    assert failures(dest) == {"dogs/010.png": error}
    assert "Traceback (most recent call last)" in result.stderr
    assert without(tree(dest)) == without(undisturbed, "dogs/010.png")


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_a_file_that_now_crashes_its_decoder_leaves_no_output_of_before(tmp_path, dest, engine):
    photos = make_photos(tmp_path / "photos", 4)
    for path in photos.glob("*/00*"):
        path.with_suffix(".txt").write_text("label")
    options = [*STRENGTH, "--sidecars", ".txt", "--engine", engine]
    assert noiseaug("run", photos, dest, *options).returncode == 0
    os.utime(photos / "cats/001.png")  # the first of those to do, which workers of Dask are shown to begin with
    os.utime(photos / "dogs/002.png")
    fault = {"call": "os.open", "path": "dogs/002.png", "nth": 0, "do": "segfault", "count": str(tmp_path / "n")}
    result = noiseaug("run", photos, dest, *options, fault=fault)
    assert result.returncode == 3, result.stderr
    assert set(failures(dest)) == {"dogs/002.png"}
    assert not (dest / "dogs/002.png").exists()
    assert not (dest / "dogs/002.txt").exists()
    assert noiseaug("verify", dest).returncode == 0


def test_an_engine_that_is_closed_leaves_nobody_waiting(mixed, dest):
    """As on a Dask worker, whose thread waits for batches while the run that they are of ends."""
    dest.mkdir()
    engine = Processes(Job(str(mixed), str(dest)), workers=1, timeout=60)
    found = Source("images/cats/a.png", "image", 0, 0)
    task = Task(found, Recipe.of(0.1), (Target("a.png", Level.of(0.1), 0),), frozenset())
    batches = [engine.submit([task]) for _ in range(50)]
    engine.close()
    batches.append(engine.submit([task]))
    ended = []
    waiting = threading.Thread(target=lambda: ended.extend(map(outcome_of, batches)), daemon=True)
    waiting.start()
    waiting.join(timeout=60)
    assert len(ended) == 51
    assert "the run is over" in ended[-1]


def outcome_of(batch) -> str:
    try:
        return str(batch.result())
    except Exception as error:
        return str(error)


ENDED = """
import os, sys, threading
from noiseaug import Recipe, Running, run

source, dest, reached, go = sys.argv[1:]

def end(progress):
    with open(reached) as file:
        file.read(1)
    raise KeyboardInterrupt

try:
    run(source, dest, Recipe.of(0.1), running=Running("threads", workers=2), on_progress=end)
except KeyboardInterrupt:
    print(*sorted(os.listdir(dest)))
with open(go, "w") as file:
    file.write(".")
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print(*sorted(os.listdir(dest)))
"""


@pytest.mark.parametrize("before", [False, True], ids=["first time", "again"])
def test_a_thread_that_goes_on_after_the_end_of_a_run_leaves_nothing(before, source, dest, tmp_path):
    """It is held before it opens its source until the run has cleaned up."""
    write_image(source / "a.png", pixels((400, 400, 3)))  # a batch by itself
    write_image(source / "b.png", photo(8, 8))
    if before:
        assert noiseaug("run", source, dest, "--std", "0.2").returncode == 0
    names = files(dest) if before else []
    reached, go = tmp_path / "reached", tmp_path / "go"
    os.mkfifo(reached)
    os.mkfifo(go)
    point = {"call": "os.open", "path": r"/b\.png$", "do": "hold", "reached": str(reached), "go": str(go)}
    environment = os.environ | injected(point | {"count": str(tmp_path / "count")})
    command = [sys.executable, "-c", ENDED, source, dest, reached, go]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    at_the_end, later = (line.split() for line in result.stdout.splitlines())
    assert not [name for name in (*at_the_end, *later) if name.endswith(".tmp")]
    assert "b.png" not in set(later) - set(names)
    assert set(names) - {"manifest.jsonl"} <= set(later)
