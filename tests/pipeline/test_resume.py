"""Nothing is redone, nothing is lost: runs that are repeated, changed under way, stopped or killed."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import cv2
import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.faults import NAMED_POINTS
from support.held import held
from support.trees import failures, manifest, times, tree


@pytest.fixture
def mine(photos, tmp_path):
    """A copy of the photos that a test may change, already augmented."""
    source, dest = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(photos, source)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    return source, dest


def test_the_same_command_again_writes_nothing_at_all(mine):
    source, dest = mine
    before = times(dest)
    again = noiseaug("run", source, dest, *STRENGTH)
    assert again.returncode == 0
    assert again.stdout == "nothing to do, 26 up to date\n"
    assert times(dest) == before


def test_the_same_command_again_after_failures_writes_nothing_at_all(mine):
    source, dest = mine
    (source / "broken.png").write_bytes(b"no image")
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 3
    before = {name: when for name, when in times(dest).items() if name != str(dest)}  # the journal came and went
    again = noiseaug("run", source, dest, *STRENGTH)
    assert again.returncode == 3
    assert {name: when for name, when in times(dest).items() if name != str(dest)} == before


def test_only_a_touched_source_is_done_again(mine):
    source, dest = mine
    before = times(dest)
    os.utime(source / "cats/001.png")
    assert "1 file written" in noiseaug("run", source, dest, *STRENGTH).stdout
    changed = {name for name, when in times(dest).items() if before.get(name) != when}
    assert {Path(name).name for name in changed} == {"out", "cats", "001.png", "manifest.jsonl"}


def test_a_changed_source_and_a_new_one_are_done_and_a_removed_one_leaves_the_manifest(mine):
    source, dest = mine
    cv2.imwrite(str(source / "cats/001.png"), cv2.imread(str(source / "cats/005.png")))
    shutil.copy(source / "cats/003.jpg", source / "cats/new.jpg")
    (source / "dogs/002.png").unlink()
    assert "2 files written" in noiseaug("run", source, dest, *STRENGTH).stdout
    names = manifest(dest)
    assert "cats/new.jpg" in names
    assert "dogs/002.png" not in names
    assert (dest / "dogs/002.png").exists()  # it is not deleted unless asked for
    noiseaug("prune", dest)
    fresh = dest.with_name("fresh")
    noiseaug("run", source, fresh, *STRENGTH)
    assert tree(dest) == tree(fresh)


def test_prune_deletes_outputs_whose_source_is_gone_but_none_that_was_changed(mine):
    source, dest = mine
    shutil.rmtree(source / "sound")
    (source / "dogs/002.png").unlink()
    with (dest / "sound/hiss.wav").open("ab") as file:
        file.write(b"mine")
    result = noiseaug("run", source, dest, *STRENGTH, "--prune")
    assert "2 deleted as their source is gone" in result.stdout
    assert not (dest / "dogs/002.png").exists()
    assert not (dest / "sound/hum.flac").exists()
    assert (dest / "sound/hiss.wav").exists()


def test_nothing_is_concluded_from_a_directory_that_cannot_be_listed(mine, tmp_path):
    source, dest = mine
    before = tree(dest)
    fault = {"call": "os.scandir", "path": "sound", "do": "EACCES", "count": str(tmp_path / "count")}
    result = noiseaug("run", source, dest, *STRENGTH, "--prune", fault=fault)
    assert result.returncode == 3
    assert failures(dest) == {"sound": "directory cannot be listed: Permission denied"}
    (dest / "failures.jsonl").unlink()
    assert tree(dest) == before


def test_nothing_is_concluded_from_a_source_that_is_empty(mine):
    source, dest = mine
    before = tree(dest)
    shutil.rmtree(source)
    source.mkdir()
    result = noiseaug("run", source, dest, *STRENGTH, "--prune")
    assert result.returncode == 1
    assert "no image or audio files" in result.stderr
    assert tree(dest) == before


def test_another_strength_redoes_everything_and_force_does_too(mine):
    source, dest = mine
    assert "26 files written" in noiseaug("run", source, dest, "--std", "0.1").stdout
    assert "26 files written" in noiseaug("run", source, dest, "--std", "0.1", "--force").stdout


def test_checksum_goes_by_content_and_not_by_time(mine):
    source, dest = mine
    for path in source.rglob("*.*"):
        os.utime(path)
    swapped = source / "sound/hiss.wav"
    old, content = swapped.stat(), bytearray(swapped.read_bytes())
    content[100] ^= 1
    swapped.write_bytes(content)
    os.utime(swapped, ns=(old.st_atime_ns, old.st_mtime_ns - 10**12))  # same size, older: only the content tells
    result = noiseaug("run", source, dest, *STRENGTH, "--checksum")
    assert result.stdout.startswith("1 file written")
    assert "25 up to date" in result.stdout


def test_an_output_that_is_missing_or_of_another_size_is_made_again(mine):
    source, dest = mine
    before = tree(dest)
    (dest / "cats/001.png").unlink()
    (dest / "cats/003.jpg").write_bytes(b"short")
    assert "2 files written" in noiseaug("run", source, dest, *STRENGTH).stdout
    assert tree(dest) == before


def test_what_failed_is_tried_again_and_nothing_else(mine):
    source, dest = mine
    good = (source / "cats/001.png").read_bytes()
    (source / "cats/001.png").write_bytes(good[:200])
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 3
    assert set(failures(dest)) == {"cats/001.png"}
    assert not (dest / "cats/001.png").exists()  # what it was made from is no more
    (source / "cats/001.png").write_bytes(good)
    again = noiseaug("run", source, dest, *STRENGTH)
    assert again.returncode == 0
    assert again.stdout.startswith("1 file written")
    assert not (dest / "failures.jsonl").exists()


def test_a_foreign_file_is_never_overwritten_unless_asked_for(photos, tmp_path, undisturbed):
    dest = tmp_path / "out"
    (dest / "cats").mkdir(parents=True)
    (dest / "cats/001.png").write_bytes(b"precious")
    for flags in ([], ["--force"]):
        assert noiseaug("run", photos, dest, *STRENGTH, *flags).returncode == 3
        assert (dest / "cats/001.png").read_bytes() == b"precious"
        assert "no run is known to have written it" in failures(dest)["cats/001.png"]
    assert noiseaug("run", photos, dest, *STRENGTH, "--overwrite").returncode == 0
    assert tree(dest) == undisturbed


def test_a_foreign_file_stays_foreign_through_a_killed_run(photos, tmp_path):
    dest = tmp_path / "out"
    (dest / "cats").mkdir(parents=True)
    (dest / "cats/001.png").write_bytes(b"precious")
    fault = {"call": "write", "path": "journal.jsonl", "do": "kill-group", "count": str(tmp_path / "count")}
    assert noiseaug("run", photos, dest, *STRENGTH, fault=fault).returncode == -signal.SIGKILL
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 3
    assert (dest / "cats/001.png").read_bytes() == b"precious"


def test_outputs_whose_manifest_was_lost_are_recognised_by_their_bytes(mine, undisturbed):
    source, dest = mine
    (dest / "manifest.jsonl").unlink()
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


def test_a_damaged_manifest_is_mended(mine, undisturbed):
    source, dest = mine
    lines = (dest / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    lines[3], lines[4] = b"\x00\xff garbage\n", b"x" * 1_000_000 + b"\n"
    (dest / "manifest.jsonl").write_bytes(b"".join(lines)[:-20])
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


@pytest.mark.parametrize("point", NAMED_POINTS)
def test_a_run_killed_at_a_named_point_resumes_to_the_same_bytes(point, photos, undisturbed, tmp_path):
    fault = NAMED_POINTS[point] | {"do": "kill-group", "count": str(tmp_path / "count")}
    killed = noiseaug("run", photos, tmp_path / "out", *STRENGTH, "--workers", "2", fault=fault)
    assert killed.returncode == -signal.SIGKILL, "the point was not reached"
    assert noiseaug("run", photos, tmp_path / "out", *STRENGTH).returncode == 0
    assert tree(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("point", ["the journal is half written", "an output just got its name"])
def test_a_changed_recipe_after_a_kill_leaves_nothing_of_the_old_one(point, photos, undisturbed, tmp_path):
    fault = NAMED_POINTS[point] | {"do": "kill-group", "nth": 3, "count": str(tmp_path / "count")}
    killed = noiseaug("run", photos, tmp_path / "out", "--std", "0.2", fault=fault)
    assert killed.returncode == -signal.SIGKILL, "the point was not reached"
    assert noiseaug("run", photos, tmp_path / "out", *STRENGTH).returncode == 0
    assert tree(tmp_path / "out") == undisturbed


def test_a_run_killed_while_it_recovers_resumes_to_the_same_bytes(photos, undisturbed, tmp_path):
    dest = tmp_path / "out"
    points = [
        NAMED_POINTS["the journal is half written"],
        {"call": "write", "path": "base.new", "when": "half"},
        {"call": "os.replace", "path": "base.jsonl", "when": "after"},
        {"call": "os.unlink", "path": "journal.jsonl", "when": "after"},
        NAMED_POINTS["an output just got its name"] | {"nth": 5},
        {"call": "os.unlink", "path": "base.jsonl", "when": "after"},
    ]
    for number, point in enumerate(points):
        fault = {"do": "kill-group", "count": str(tmp_path / f"count{number}")} | point
        assert noiseaug("run", photos, dest, *STRENGTH, fault=fault).returncode == -signal.SIGKILL, point
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


def test_a_run_killed_again_and_again_resumes_to_the_same_bytes(photos, undisturbed, tmp_path):
    points = {
        "the journal has grown": 2,
        "an output is half written": 3,
        "targets are half announced": 1,
        "the journal is half written": 4,
        "an output just got its name": 2,
        "the journal is about to grow": 3,
    }
    for name, nth in points.items():
        fault = NAMED_POINTS[name] | {"nth": nth, "do": "kill-group", "count": str(tmp_path / name)}
        assert noiseaug("run", photos, tmp_path / "out", *STRENGTH, fault=fault).returncode == -signal.SIGKILL, name
    assert noiseaug("run", photos, tmp_path / "out", *STRENGTH).returncode == 0
    assert tree(tmp_path / "out") == undisturbed


def test_a_resumed_run_does_not_redo_what_the_journal_holds(photos, tmp_path):
    fault = {"call": "write", "path": "journal.jsonl", "nth": 12, "do": "kill-group", "count": str(tmp_path / "count")}
    noiseaug("run", photos, tmp_path / "out", *STRENGTH, fault=fault)
    again = noiseaug("run", photos, tmp_path / "out", *STRENGTH)
    assert "11 up to date" in again.stdout


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("engine", ["processes", "threads"])
def test_a_signal_stops_cleanly_and_the_run_can_be_taken_up(number, status, engine, tmp_path):
    source = make_photos(tmp_path / "photos", count=12, size=400)
    arguments = ["run", source, tmp_path / "out", *STRENGTH, "--engine", engine]
    about_to_publish = NAMED_POINTS["an output is about to get its name"] | {"nth": 5}
    with held(about_to_publish, *arguments, "--workers", "1") as (run, _):
        assert list((tmp_path / "out").rglob("*.tmp"))
        os.killpg(run.pid, number)  # as a terminal does: to the workers too
        _, told = run.communicate(timeout=60)
    assert run.returncode == status
    assert told == "noiseaug: stopped; what is written is whole, and the same command goes on from here\n"
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert not (tmp_path / "out/manifest.jsonl").exists()
    assert noiseaug(*arguments).returncode == 0
    noiseaug("run", source, tmp_path / "fresh", *STRENGTH)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")
