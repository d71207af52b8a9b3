"""Runs over shards of one SOURCE into one DEST, at once or one by one, and what `noiseaug merge` makes of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections import Counter

import pytest

from noiseaug import Shard
from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.faults import injected
from support.places import ROOT
from support.trees import manifest, times, tree


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    source = make_photos(tmp_path_factory.mktemp("source") / "photos")
    (source / "cats-old").mkdir()
    shutil.copy(source / "cats/001.png", source / "cats-old/a.png")  # after cats/ in a walk, before it as a text
    (source / "cats/broken.png").write_bytes(b"no image")
    (source / "dogs/broken.jpg").write_bytes(b"no image")
    return source


@pytest.fixture(scope="module")
def single(photos, tmp_path_factory):
    """What a run without shards leaves."""
    dest = tmp_path_factory.mktemp("single") / "out"
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 3
    return tree(dest)


@pytest.fixture(scope="module")
def sharded(photos, tmp_path_factory):
    """A DEST in which three shards are done and not merged."""
    dest = tmp_path_factory.mktemp("sharded") / "out"
    run_shards(photos, dest, 3)
    return dest


@pytest.fixture
def mine(sharded, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(sharded, tmp_path / "out")


def run_shards(source, dest, of, *options):
    """Runs all shards at once."""
    started = [
        subprocess.Popen(
            command("run", source, dest, *STRENGTH, "--workers", "1", "-q", "--shard", f"{number}/{of}", *options),
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(1, of + 1)
    ]
    for process in started:
        _, told = process.communicate(timeout=60)
        assert process.returncode in (0, 3), told


def test_one_shard_alone_merges_to_what_a_single_run_leaves(photos, single, dest):
    assert noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/1").returncode == 3
    assert noiseaug("merge", dest).returncode == 3
    assert tree(dest) == single


def test_shards_at_once_merge_to_what_a_single_run_leaves(photos, single, mine):
    merged = noiseaug("merge", mine)
    assert merged.returncode == 3, merged.stderr  # as a single run, which has failures too
    assert "3 shards merged: 27 outputs, 2 failures" in merged.stdout
    assert tree(mine) == single
    assert "27 up to date" in noiseaug("run", photos, mine, *STRENGTH).stdout
    assert tree(mine) == single


def test_after_a_merge_a_plain_run_writes_nothing_at_all(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=6)
    run_shards(source, dest, 2)
    assert noiseaug("merge", dest).returncode == 0
    before = times(dest)
    assert noiseaug("merge", dest).stdout == "nothing to do, there are no shards to merge\n"
    assert noiseaug("run", source, dest, *STRENGTH).stdout == "nothing to do, 8 up to date\n"
    assert times(dest) == before


def test_a_repeated_shard_writes_nothing_at_all(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=6)
    run_shards(source, dest, 2)
    before = times(dest)
    assert noiseaug("run", source, dest, *STRENGTH, "--shard", "2/2").stdout.startswith("nothing to do, ")
    assert times(dest) == before


def test_shards_that_hold_no_file_are_done_too(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=2)
    for number in range(1, 10):
        result = noiseaug("run", source, dest, *STRENGTH, "--engine", "threads", "--shard", f"{number}/9")
        assert result.returncode == 0, result.stderr
    assert noiseaug("merge", dest).returncode == 0
    assert len(manifest(dest)) == 4


def test_missing_and_unfinished_shards_are_named_and_nothing_is_merged(photos, single, mine, tmp_path):
    shutil.rmtree(mine / ".noiseaug-shards/2-of-3")
    fault = {"call": "write", "path": "journal.jsonl", "when": "half", "do": "kill-group", "count": str(tmp_path / "n")}
    again = ["run", photos, mine, "--std", "0.2", "--shard", "3/3"]
    assert noiseaug(*again, fault=fault).returncode == -signal.SIGKILL
    before = times(mine)
    refused = noiseaug("merge", mine)
    assert refused.returncode == 1
    assert "missing 2/3; unfinished 3/3" in refused.stderr
    assert times(mine) == before
    for number in (2, 3):
        assert noiseaug("run", photos, mine, *STRENGTH, "--shard", f"{number}/3").returncode in (0, 3)
    assert noiseaug("merge", mine).returncode == 3
    assert tree(mine) == single


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


def test_shards_over_a_finished_run_do_what_is_new_and_redo_nothing(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=8)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    shutil.copy(source / "cats/001.png", source / "cats/new.png")
    before = times(dest / "dogs")
    done = [noiseaug("run", source, dest, *STRENGTH, "--shard", f"{number}/2").stdout for number in (1, 2)]
    assert sum("1 file written" in text for text in done) == 1
    assert noiseaug("merge", dest).returncode == 0
    assert times(dest / "dogs") == before
    fresh = tmp_path / "fresh"
    assert noiseaug("run", source, fresh, *STRENGTH).returncode == 0
    assert tree(dest) == tree(fresh)


def test_another_number_of_shards_is_refused_and_both_are_named(photos, mine):
    before = tree(mine)
    refused = noiseaug("run", photos, mine, *STRENGTH, "--shard", "1/4")
    assert refused.returncode == 2
    assert "holds shards of 3 (1/3, 2/3, 3/3), and this is 1/4" in refused.stderr
    assert tree(mine) == before


def test_shards_with_other_options_are_not_merged(photos, mine):
    other = ["--std", "25/255", "--seed", "8", "--shard", "2/3"]
    assert noiseaug("run", photos, mine, *other).returncode in (0, 3)
    refused = noiseaug("merge", mine)
    assert refused.returncode == 1
    assert "seed of 2/3 is not as of 1/3" in refused.stderr
    assert not (mine / "manifest.jsonl").exists()


def test_prune_in_a_shard_deletes_outputs_of_its_own_sources_alone(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=16)
    run_shards(source, dest, 2)
    assert noiseaug("merge", dest).returncode == 0
    gone = [f"cats/{number:03}.png" for number in (1, 5, 7, 11, 13)]
    first = [name for name in gone if Shard(1, 2).holds(name)]
    assert 0 < len(first) < len(gone)
    for name in gone:
        (source / name).unlink()
    pruned = noiseaug("run", source, dest, *STRENGTH, "--shard", "1/2", "--prune")
    assert f"{len(first)} deleted" in pruned.stdout
    assert [name for name in gone if not (dest / name).exists()] == first
    assert "deleted" in noiseaug("run", source, dest, *STRENGTH, "--shard", "2/2", "--prune").stdout
    again = noiseaug("run", source, dest, *STRENGTH, "--shard", "1/2", "--prune")
    assert again.stdout.startswith("nothing to do")
    assert noiseaug("merge", dest).returncode == 0
    fresh = tmp_path / "fresh"
    noiseaug("run", source, fresh, *STRENGTH)
    assert tree(dest) == tree(fresh)


def test_a_directory_that_no_shard_can_list_is_one_failure(photos, dest, tmp_path):
    for number in (1, 2):
        fault = {"call": "os.scandir", "path": "sound", "nth": 0, "do": "EACCES"}
        noiseaug("run", photos, dest, *STRENGTH, "--shard", f"{number}/2", fault=fault)
    assert noiseaug("merge", dest).returncode == 3
    alone = tmp_path / "alone"
    noiseaug("run", photos, alone, *STRENGTH, fault=fault)
    assert tree(dest) == tree(alone)


def test_names_that_two_shards_would_give_are_refused_by_each(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=4)
    shutil.copy(source / "dogs/002.png", source / "dogs/002.jpg")
    for number in (1, 2):
        refused = noiseaug("run", source, dest, *STRENGTH, "--image-format", "png", "--shard", f"{number}/2")
        assert refused.returncode == 2
        assert "would both become dogs/002.png" in refused.stderr
    assert not dest.exists()


def test_plain_runs_and_merges_wait_for_shards_and_shards_for_themselves(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": "manifest.jsonl", "do": "hang", "count": str(tmp_path / "count")}
    first = subprocess.Popen(
        command("run", photos, dest, *STRENGTH, "-q", "--shard", "1/2"),
        env=os.environ | injected(fault),
        start_new_session=True,
    )
    try:
        while not (tmp_path / "count").exists():
            assert first.poll() is None
            time.sleep(0.01)
        same = ("run", photos, dest, *STRENGTH, "--shard", "1/2")
        for arguments in (same, same[:-2], ("merge", dest)):
            refused = noiseaug(*arguments)
            assert refused.returncode == 1
            assert f"is being written by process {first.pid};" in refused.stderr
        assert noiseaug("run", photos, dest, *STRENGTH, "--shard", "2/2").returncode in (0, 3)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_a_shard_that_tidies_up_leaves_what_another_is_writing(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": "/cats/.*g$", "do": "hang", "count": str(tmp_path / "count")}
    first = subprocess.Popen(
        command("run", photos, dest, *STRENGTH, "-q", "--workers", "1", "--shard", "1/2"),
        env=os.environ | injected(fault),
        start_new_session=True,
    )
    try:
        while not (tmp_path / "count").exists():
            assert first.poll() is None
            time.sleep(0.01)
        unfinished = set(dest.rglob("*.tmp"))
        assert unfinished
        fault = POINTS["an output is half written"] | {"do": "kill-group", "nth": 2, "count": str(tmp_path / "n")}
        second = ("run", photos, dest, *STRENGTH, "--shard", "2/2")
        assert noiseaug(*second, fault=fault).returncode == -signal.SIGKILL
        assert set(dest.rglob("*.tmp")) > unfinished
        assert noiseaug(*second).returncode in (0, 3)
        assert set(dest.rglob("*.tmp")) == unfinished
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_a_shard_waits_for_a_plain_run(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": "manifest.jsonl", "do": "hang", "count": str(tmp_path / "count")}
    environment = os.environ | injected(fault)
    first = subprocess.Popen(command("run", photos, dest, *STRENGTH, "-q"), env=environment, start_new_session=True)
    try:
        while not (tmp_path / "count").exists():
            assert first.poll() is None
            time.sleep(0.01)
        refused = noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/2")
        assert refused.returncode == 1
        assert f"is being written by process {first.pid};" in refused.stderr
        assert not (dest / ".noiseaug-shards").exists()
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0/4", "use $((ID + 1))/4"),
        ("5/4", "from 1 to N"),
        ("1/0", "from 1 to N"),
        ("-1/4", "expected I/N"),
        ("2", "expected I/N"),
        ("one/4", "expected I/N"),
    ],
)
def test_what_is_no_shard_is_refused_with_what_is_expected(text, hint, photos, dest):
    refused = noiseaug("run", photos, dest, *STRENGTH, f"--shard={text}")
    assert refused.returncode == 2
    assert hint in refused.stderr
    assert not dest.exists()


SCALING = (ROOT / "docs/scaling.md").read_text()
(MAKEFILE,) = re.findall(r"```make\n(.*?)```", SCALING, re.DOTALL)
(XARGS,) = re.findall(r"```bash\n(seq.*?)```", SCALING, re.DOTALL)


@pytest.mark.parametrize("way", ["make", "xargs"])
def test_what_the_documentation_shows_gives_what_a_single_run_leaves(way, tmp_path):
    if shutil.which(way) is None:
        pytest.skip(f"needs {way}")
    make_photos(tmp_path / "photos", count=10)
    program = tmp_path / "bin/noiseaug"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    script = "make -j4" if way == "make" else XARGS
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert noiseaug("run", tmp_path / "photos", tmp_path / "alone", *STRENGTH).returncode == 0
    assert tree(tmp_path / "photos-noisy") == tree(tmp_path / "alone")


def test_one_file_and_a_depfile_do_not_go_with_a_shard(photos, dest):
    one = noiseaug("run", photos / "cats/001.png", dest, *STRENGTH, "--shard", "1/2")
    assert (one.returncode, "divides a directory" in one.stderr) == (2, True)
    made = noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/2", "--depfile", dest.with_suffix(".d"))
    assert (made.returncode, "--depfile names all sources" in made.stderr) == (2, True)


def test_there_is_nothing_to_merge_where_no_shard_was_run(photos):
    refused = noiseaug("merge", photos)
    assert refused.returncode == 2
    assert "nothing to merge" in refused.stderr


def test_verify_asks_for_a_merge_first(mine):
    refused = noiseaug("verify", mine)
    assert refused.returncode == 2
    assert f"noiseaug merge {mine} makes it" in refused.stderr


def test_a_dry_run_of_a_shard_names_its_own_outputs(photos, dest):
    shards = [noiseaug("run", photos, dest, *STRENGTH, "-n", "--shard", f"{n}/3").stdout for n in (1, 2, 3)]
    whole = noiseaug("run", photos, dest, *STRENGTH, "-n").stdout
    assert sorted("".join(shards).splitlines()) == sorted(whole.splitlines())
    assert not dest.exists()


def test_shards_are_of_like_size_and_a_source_stays_in_its_own():
    counts = Counter(next(n for n in range(1, 9) if Shard(n, 8).holds(f"cats/{i:05}.jpg")) for i in range(8000))
    assert min(counts.values()) > 850
    assert max(counts.values()) < 1150
    assert [n for n in range(1, 17) if Shard(n, 16).holds("cats/é\udcff.png")] == [5]  # for ever


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Photos with YOLO labels beside them."""
    source = make_photos(tmp_path_factory.mktemp("labelled") / "photos", 9)
    for path in [*source.glob("*/*.png"), *source.glob("*/*.jpg")]:
        path.with_suffix(".txt").write_text(f"0 0.5 0.5 0.1 0.1 {path.name}\n")
    return source


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "denoise", "--with-clean", "tree", "--sidecars", ".txt", "--prob", "0.7"],
        ["--copies", "3", "--with-clean", "beside", "--sidecars", ".txt", "--link", "copy"],
        ["--copies", "2", "--name", "{level}/{copy}/{dir}/{stem}{ext}"],
    ],
)
def test_originals_labels_and_names_of_shards_are_those_of_a_single_run(labelled, dest, tmp_path, options):
    run_shards(labelled, dest, 3, *options)
    assert noiseaug("merge", dest).returncode == 0
    assert noiseaug("run", labelled, tmp_path / "single", *STRENGTH, *options).returncode == 0
    assert tree(dest) == tree(tmp_path / "single")
    assert "nothing to do" in noiseaug("run", labelled, dest, *STRENGTH, *options).stdout
    assert noiseaug("verify", dest, "--source", labelled, "--deep").returncode == 0


def test_shards_with_other_names_for_targets_are_not_merged(labelled, dest):
    for number, name in ((1, "{dir}/{stem}{ext}"), (2, "x/{dir}/{stem}{ext}")):
        noiseaug("run", labelled, dest, *STRENGTH, "--shard", f"{number}/2", "--name", name)
    result = noiseaug("merge", dest)
    assert result.returncode == 1
    assert "name of 2/2 is not as of 1/2" in result.stderr


@pytest.mark.parametrize(
    "option",
    [["--manifest", "metadata.csv"], ["--label-smoothing", "0.1"], ["--limit", "3"]],
    ids=lambda option: option[0],
)
def test_what_is_of_all_sources_is_refused_for_a_part(labelled, dest, option):
    result = noiseaug("run", labelled, dest, *STRENGTH, "--shard", "1/2", *option)
    assert result.returncode == 2
    assert option[0] in result.stderr
    assert not dest.exists()


def test_after_a_merge_a_run_adds_what_is_of_all_sources_and_makes_nothing_again(labelled, dest, tmp_path):
    run_shards(labelled, dest, 2)
    noiseaug("merge", dest)
    before = {name: at for name, at in times(dest).items() if name.endswith((".png", ".jpg", ".wav"))}
    whole = ["--manifest", "metadata.jsonl", "--label-smoothing", "0.1"]
    assert noiseaug("run", labelled, dest, *STRENGTH, *whole).stdout.startswith("nothing to do")
    assert {name: at for name, at in times(dest).items() if name in before} == before
    noiseaug("run", labelled, tmp_path / "single", *STRENGTH, *whole)
    assert tree(dest) == tree(tmp_path / "single")
