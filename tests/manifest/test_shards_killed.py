"""Shards and merges that are killed at named points, and what takes them up."""

from __future__ import annotations

import shutil
import signal

import pytest

from support.commands import STRENGTH, noiseaug
from support.held import held
from support.shards import run_shards
from support.trees import tree

POINTS = {
    "an output is half written": {"call": "os.write", "path": r"noiseaug-[\w-]+\.tmp", "when": "half"},
    "an output just got its name": {"call": "os.replace", "path": "(png|jpg|wav|flac)$", "when": "after", "nth": 2},
    "the journal is half written": {"call": "write", "path": "journal.jsonl", "when": "half", "nth": 2},
    "its command is about to be noted": {"call": "os.replace", "path": "command.json"},
    "its manifest is about to be published": {"call": "os.replace", "path": "manifest.jsonl"},
    "its manifest was just published": {"call": "os.replace", "path": "manifest.jsonl", "when": "after"},
}


def test_shards_killed_at_named_points_and_resumed_merge_to_what_a_single_run_leaves(photos, single, dest, tmp_path):
    for number, (name, point) in enumerate(POINTS.items(), start=1):
        shard = ["run", photos, dest, *STRENGTH, "--shard", f"{number}/{len(POINTS)}"]
        fault = point | {"do": "kill-group", "count": str(tmp_path / f"n{number}")}
        assert noiseaug(*shard, fault=fault).returncode == -signal.SIGKILL, name
        assert f"{number}/{len(POINTS)}" in noiseaug("merge", dest).stderr, name
    for number in range(1, len(POINTS) + 1):
        assert noiseaug("run", photos, dest, *STRENGTH, "--shard", f"{number}/{len(POINTS)}").returncode in (0, 3)
    assert not list(dest.rglob("*.tmp"))
    assert noiseaug("merge", dest).returncode == 3
    assert tree(dest) == single


MERGE_POINTS = {
    "the merged manifest is half written": {"call": "write", "path": "journal.jsonl", "when": "half", "nth": 4},
    "the failures were just published": {"call": "os.replace", "path": "failures.jsonl", "when": "after"},
    "the manifest is about to be published": {"call": "os.replace", "path": "manifest.jsonl"},
    "the manifest was just published": {"call": "os.replace", "path": "manifest.jsonl", "when": "after"},
    "a file of the shards was just removed": {"call": "os.unlink", "path": "/lock$", "when": "after"},
}


@pytest.mark.parametrize("point", MERGE_POINTS)
def test_a_merge_killed_at_a_named_point_can_be_repeated(point, photos, single, mine, tmp_path):
    fault = MERGE_POINTS[point] | {"do": "kill-group", "count": str(tmp_path / "n")}
    assert noiseaug("merge", mine, fault=fault).returncode == -signal.SIGKILL, "the point was not reached"
    assert noiseaug("merge", mine).returncode in (0, 3)
    assert tree(mine) == single
    assert noiseaug("merge", mine).returncode == 0
    assert tree(mine) == single


def test_a_plain_run_takes_over_what_shards_have_done_finished_or_not(photos, single, mine, tmp_path):
    shutil.rmtree(mine / ".noiseaug-shards/2-of-3")
    fault = POINTS["an output just got its name"] | {"do": "kill-group", "count": str(tmp_path / "n")}
    assert noiseaug("run", photos, mine, *STRENGTH, "--force", "--shard", "3/3", fault=fault).returncode == -9
    fault = {"call": "os.replace", "path": "manifest.jsonl", "do": "kill-group", "count": str(tmp_path / "n2")}
    assert noiseaug("run", photos, mine, *STRENGTH, fault=fault).returncode == -9  # it can be killed as ever
    assert noiseaug("run", photos, mine, *STRENGTH).returncode == 3
    assert tree(mine) == single


def test_shards_take_up_a_plain_run_that_was_killed(photos, single, dest, tmp_path):
    for number, point in enumerate(("an output is half written", "the journal is half written")):
        fault = POINTS[point] | {"nth": 9, "do": "kill-group", "count": str(tmp_path / f"n{number}")}
        assert noiseaug("run", photos, dest, *STRENGTH, fault=fault).returncode == -9
    run_shards(photos, dest, 2)
    assert noiseaug("merge", dest).returncode == 3
    assert tree(dest) == single


def test_a_shard_that_tidies_up_leaves_what_another_is_writing(photos, dest, tmp_path):
    first, second = (["run", photos, dest, *STRENGTH, "--shard", f"{number}/2"] for number in (1, 2))
    with held({"call": "os.replace", "path": "/cats/.*g$"}, *first, "-q", "--workers", "1"):
        unfinished = set(dest.rglob("*.tmp"))
        assert unfinished
        fault = POINTS["an output is half written"] | {"do": "kill-group", "nth": 2, "count": str(tmp_path / "n")}
        assert noiseaug(*second, fault=fault).returncode == -signal.SIGKILL
        assert set(dest.rglob("*.tmp")) > unfinished
        assert noiseaug(*second).returncode in (0, 3)
        assert set(dest.rglob("*.tmp")) == unfinished
