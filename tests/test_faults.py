"""Faults that a run survives, each injected: dying and hanging decoders, full disks, files that change under way."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from trees import STRENGTH, command, failures, make_photos, noiseaug, tree

from noiseaug import Level, Recipe
from noiseaug.engines.processes import Processes
from noiseaug.planning.targets import Target
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos")


@pytest.fixture(scope="module")
def undisturbed(photos, tmp_path_factory):
    dest = tmp_path_factory.mktemp("undisturbed") / "out"
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    return tree(dest)


def without(files: dict[str, str], *names: str) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name not in (*names, "manifest.jsonl", "failures.jsonl")}


@pytest.fixture
def run_with(photos, tmp_path):
    """Runs over the photos with a fault; returns the result and DEST."""

    def run(*options, **fault):
        dest = tmp_path / "out"
        return noiseaug("run", photos, dest, *STRENGTH, *options, fault={"count": str(tmp_path / "n")} | fault), dest

    return run


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


FULL_DISKS = {
    "an output": {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "when": "half", "nth": 3},
    "the announcements": {"call": "write", "path": "pending.jsonl", "when": "half"},
    "the journal": {"call": "write", "path": "journal.jsonl", "when": "half", "nth": 4},
    "the manifest": {"call": "os.fsync", "path": ""},
}


@pytest.mark.parametrize("full", FULL_DISKS)
def test_a_full_disk_is_an_error_that_names_the_place_and_the_next_run_completes(
    full, run_with, photos, undisturbed, tmp_path
):
    result, dest = run_with(**FULL_DISKS[full], do="ENOSPC")
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert str(dest) in result.stderr
    assert "Traceback" not in result.stderr
    assert not (dest / "manifest.jsonl").exists()
    assert not list(dest.rglob("*.tmp"))
    whole = without(undisturbed)
    assert all(whole[name] == digest for name, digest in tree(dest).items() if not name.startswith(".noiseaug"))
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


def test_a_limit_on_the_size_of_files_is_an_error_and_the_next_run_completes(photos, tmp_path, undisturbed):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    result = noiseaug("run", photos, tmp_path / "out", *STRENGTH, preexec_fn=limit)
    assert result.returncode == 1
    assert "File too large" in result.stderr
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert noiseaug("run", photos, tmp_path / "out", *STRENGTH).returncode == 0
    assert tree(tmp_path / "out") == undisturbed


def test_a_small_file_system_that_runs_full_is_an_error_and_the_next_run_completes(photos, tmp_path, undisturbed):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs to mount a tmpfs, which takes root")
    try:
        result = noiseaug("run", photos, disk / "out", *STRENGTH)
        assert result.returncode == 1
        assert "No space left on device" in result.stderr
        assert not list(disk.rglob("*.tmp"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert noiseaug("run", photos, disk / "out", *STRENGTH).returncode == 0
        assert tree(disk / "out") == undisturbed
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_dest_that_cannot_be_written_is_an_error(run_with):
    result, dest = run_with(call="os.open", path=r"noiseaug-\w+\.tmp", nth=0, do="EROFS")
    assert result.returncode == 1
    assert "Read-only file system" in result.stderr
    assert str(dest) in result.stderr


@pytest.mark.parametrize(
    ("errno", "reason"), [("EACCES", "Permission denied"), ("EIO", "Input/output error"), ("ENOENT", "No such file")]
)
def test_a_source_that_cannot_be_opened_costs_one_file(errno, reason, run_with, undisturbed):
    result, dest = run_with(call="os.open", path="dogs/010.png", nth=0, do=errno)
    assert result.returncode == 3
    assert reason in failures(dest)["dogs/010.png"]
    assert without(tree(dest)) == without(undisturbed, "dogs/010.png")


def test_a_source_that_cannot_be_read_costs_one_file(run_with, undisturbed):
    result, dest = run_with(call="os.read", path="photos/dogs/010.png", nth=0, do="EIO")
    assert result.returncode == 3
    assert "Input/output error" in failures(dest)["dogs/010.png"]
    assert without(tree(dest)) == without(undisturbed, "dogs/010.png")


@pytest.mark.parametrize("do", ["append", "remove"])
@pytest.mark.parametrize("name", ["dogs/010.png", "sound/hiss.wav"])
def test_a_source_that_changes_while_it_is_read_gives_no_output(do, name, tmp_path):
    source, dest = make_photos(tmp_path / "photos", count=12), tmp_path / "out"
    fault = {"call": "os.read", "path": f"photos/{name}", "do": do, "victim": str(source / name)}
    result = noiseaug("run", source, dest, *STRENGTH, fault=fault | {"count": str(tmp_path / "n")})
    assert result.returncode == 3
    assert "changed while reading" in failures(dest)[name]
    assert not (dest / name).exists()


def test_directories_and_files_in_the_way_cost_what_they_are_in_the_way_of(photos, tmp_path, undisturbed):
    dest = tmp_path / "out"
    (dest / "cats/001.png").mkdir(parents=True)
    (dest / "sound").write_bytes(b"a file")
    result = noiseaug("run", photos, dest, *STRENGTH)
    assert result.returncode == 3
    assert set(failures(dest)) == {"cats/001.png", "sound/hiss.wav", "sound/hum.flac"}
    assert "a directory is in the way" in failures(dest)["cats/001.png"]
    assert "sound" in failures(dest)["sound/hum.flac"]
    assert (dest / "sound").read_bytes() == b"a file"
    (dest / "sound").unlink()
    (dest / "cats/001.png").rmdir()
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed


def test_links_to_directories_are_followed_on_request_and_loops_are_not(tmp_path):
    source, dest = make_photos(tmp_path / "photos", count=4), tmp_path / "out"
    make_photos(tmp_path / "elsewhere", count=2)
    (source / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (source / "cats/loop").symlink_to(source, target_is_directory=True)
    (source / "cats/self").symlink_to(source / "cats", target_is_directory=True)
    assert "6 files written" in noiseaug("run", source, dest, *STRENGTH).stdout
    followed = noiseaug("run", source, dest, *STRENGTH, "--follow-symlinks")
    assert followed.returncode == 0
    assert (dest / "linked/dogs/000.jpg").exists()
    assert not (dest / "cats/loop").exists()
    assert not (dest / "cats/self").exists()


def test_names_that_a_file_system_takes_for_one_are_not_overwritten(tmp_path):
    disk, image = tmp_path / "disk", tmp_path / "image"
    disk.mkdir()
    if not (shutil.which("mkfs.ntfs") and shutil.which("lowntfs-3g")):
        pytest.skip("needs ntfs-3g, for a file system that folds names")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ntfs", "-q", "-F", "-Q", str(image)], check=True, capture_output=True)
    if subprocess.run(["lowntfs-3g", "-o", "ignore_case", str(image), str(disk)], capture_output=True).returncode:
        pytest.skip("needs to mount with FUSE, which takes root, for a file system that folds names")
    try:
        source = make_photos(tmp_path / "photos", count=4)
        shutil.copy(source / "cats/001.png", source / "dogs/002.PNG")
        result = noiseaug("run", source, disk / "out", *STRENGTH)
        assert result.returncode == 3
        assert failures(disk / "out") == {
            "dogs/002.png": "would overwrite dogs/002.PNG, as the file system of DEST folds names; rename one"
        }
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_image_that_declares_more_pixels_than_allowed_is_refused_by_its_header(photos, tmp_path):
    result = noiseaug("run", photos, tmp_path / "out", *STRENGTH, "--max-pixels", str(48 * 48 - 1), "--kind", "image")
    assert result.returncode == 3
    assert "48 x 48 pixels, more than the 2,303 of --max-pixels" in result.stderr


def test_a_decompression_bomb_is_refused_in_little_memory(tmp_path):
    source = make_photos(tmp_path / "photos", count=2)
    png = bytearray((source / "cats/001.png").read_bytes())
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    (source / "bomb.png").write_bytes(png)

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    result = noiseaug("run", source, tmp_path / "out", *STRENGTH, "--workers", "1", preexec_fn=limit)
    assert result.returncode == 3
    assert "60000 x 60000 pixels" in failures(tmp_path / "out")["bomb.png"]


def test_a_reader_of_stdout_that_goes_away_is_no_error(photos, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        command("run", photos, tmp_path / "out", *STRENGTH), stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out/manifest.jsonl").exists()


def test_a_bare_environment_is_enough(photos, tmp_path, undisturbed):
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    result = subprocess.run(
        command("run", photos, tmp_path / "out", *STRENGTH), env=kept | {"LC_ALL": "C"}, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "out") == undisturbed


def test_a_working_directory_that_was_deleted_is_no_obstacle(photos, tmp_path, undisturbed):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); from noiseaug.cli import main; main()"
    arguments = command("run", photos, tmp_path / "out", *STRENGTH)
    place = {"PYTHONPATH": str(Path(__file__).parents[1])}
    result = subprocess.run(
        [arguments[0], "-c", script, *arguments[3:]], env=os.environ | place, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "out") == undisturbed


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
