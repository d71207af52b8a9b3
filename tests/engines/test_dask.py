"""Runs on Dask clusters: real schedulers and workers, the same bytes, and what of them dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from support.clusters import LOCAL, machines, started, worker_of
from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.held import held
from support.processes import children_of
from support.trees import failures, times, tree


def under_way(*arguments):
    """A run that has written down the first of its results, and is held there."""
    patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}  # and waits no longer for a scheduler
    return held({"call": "write", "path": "journal.jsonl", "when": "after"}, *arguments, **patience)


def test_a_cluster_on_this_machine_gives_the_same_bytes_and_the_second_run_writes_nothing(large, expected, dest):
    result = noiseaug("run", large, dest, *LOCAL)
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(dest) == expected[large]
    before = times(dest)
    assert noiseaug("run", large, dest, *LOCAL).stdout == "nothing to do, 32 up to date\n"
    assert times(dest) == before


def test_a_cluster_that_is_there_is_used_and_left_as_it_was(large, expected, tmp_path, cluster, on_cluster):
    os.symlink(large, tmp_path / "photos")
    result = noiseaug(
        "run", "photos", "dest", *on_cluster, cwd=tmp_path
    )  # relative to where the run is, not the workers
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "dest") == expected[large]
    assert not any(children_of(machine.process.pid) for machine in cluster)


def test_shards_can_be_done_on_a_cluster(photos, expected, dest, on_cluster):
    for number in (1, 2):
        assert noiseaug("run", photos, dest, *on_cluster, "--shard", f"{number}/2").returncode == 0
    assert noiseaug("merge", dest).returncode == 0
    assert tree(dest) == expected[photos]


def test_the_old_output_of_a_source_that_fails_now_is_removed(tmp_path, dest, on_cluster):
    source = make_photos(tmp_path / "photos", count=4)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    (source / "cats/001.png").write_bytes(b"no image")
    assert noiseaug("run", source, dest, *on_cluster).returncode == 3
    assert set(failures(dest)) == {"cats/001.png"}
    assert not (dest / "cats/001.png").exists()


def test_a_worker_that_is_killed_costs_nothing(large, expected, dest):
    with under_way("run", large, dest, *LOCAL) as (run, let_go):
        workers = [pid for pid in children_of(run.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(workers[0], signal.SIGKILL)
        let_go()
        _, told = run.communicate(timeout=60)
    assert (run.returncode, told) == (0, "")
    assert tree(dest) == expected[large]


def test_a_run_that_is_killed_is_taken_up_and_its_cluster_lives(large, expected, dest, on_cluster):
    with under_way("run", large, dest, *on_cluster) as (run, _):
        run.kill()
        run.wait()
    assert noiseaug("run", large, dest, *on_cluster).returncode == 0
    assert tree(dest) == expected[large]


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_ctrl_c_stops_cleanly_here_and_leaves_a_cluster_elsewhere_alive(
    where, large, expected, dest, cluster, on_cluster
):
    options = LOCAL if where == "here" else on_cluster
    with under_way("run", large, dest, *options) as (run, let_go):
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        let_go()
        _, told = run.communicate(timeout=30)
    assert run.returncode == 130
    assert told == "noiseaug: stopped; what is written is whole, and the same command goes on from here\n"
    assert not (dest / "manifest.jsonl").exists()
    assert noiseaug("run", large, dest, *on_cluster).returncode == 0
    assert tree(dest) == expected[large]


def test_a_scheduler_that_is_gone_is_an_error_and_the_run_can_be_taken_up(large, expected, dest, tmp_path):
    with machines() as running:
        running.append(started(tmp_path, "scheduler", "--host", "127.0.0.1", "--port", "0"))
        running.append(worker_of(running[0], tmp_path))
        options = [*STRENGTH, "--engine", "dask", "--scheduler", running[0].address]
        with under_way("run", large, dest, *options) as (run, let_go):
            running[0].process.kill()
            let_go()
            _, told = run.communicate(timeout=60)
    assert run.returncode == 1
    assert told.startswith("noiseaug: error: the Dask scheduler is gone")
    assert noiseaug("run", large, dest, *STRENGTH).returncode == 0
    assert tree(dest) == expected[large]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"do": "segfault"}, "decoder crashed (signal 11)"),
        ({"do": "hang"}, "took longer than 1.5 s; see --timeout"),
    ],
)
def test_a_decoder_that_crashes_or_never_returns_costs_one_file(fault, reason, photos, expected, dest, tmp_path):
    fault |= {"call": "os.open", "path": "dogs/010.png", "nth": 0, "count": str(tmp_path / "n")}
    result = noiseaug("run", photos, dest, *LOCAL, "--timeout", "1.5", fault=fault)
    assert result.returncode == 3, result.stderr
    assert failures(dest) == {"dogs/010.png": reason}
    assert noiseaug("run", photos, dest, *STRENGTH).stdout.startswith("1 file written")
    assert tree(dest) == expected[photos]


def test_a_file_that_the_workers_themselves_die_over_is_found_and_costs_one_file(expected, dest, tmp_path):
    source = make_photos(tmp_path / "photos", count=6)
    fault = {"call": "os.open", "path": "dogs/002.png", "nth": 0, "do": "kill-parent", "count": str(tmp_path / "n")}
    one_death = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    result = noiseaug("run", source, dest, *LOCAL, fault=fault, env=one_death)
    assert result.returncode == 3, result.stderr
    assert failures(dest) == {"dogs/002.png": "each Dask worker that was at it died (1 in a row)"}
    assert "Traceback" not in result.stderr
    assert "7 files written" in result.stdout
    assert not list(dest.rglob("*.tmp"))
    assert noiseaug("run", source, dest, *STRENGTH).stdout.startswith("1 file written")
