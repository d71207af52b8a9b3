"""Faults of disks and files that a run survives, each injected: disks that are full, files that change under way."""

from __future__ import annotations

import resource
import shutil
import subprocess

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.trees import failures, tree, without

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
        for name in ("Birds/1.png", "birds/2.png"):
            (source / name).parent.mkdir()
            shutil.copy(source / "cats/001.png", source / name)
        result = noiseaug("run", source, disk / "out", *STRENGTH)
        assert result.returncode == 3
        assert failures(disk / "out") == {
            "birds/2.png": "would come into Birds/, as the file system of DEST folds names; rename one",
            "dogs/002.png": "would overwrite dogs/002.PNG, as the file system of DEST folds names; rename one",
        }
    finally:
        subprocess.run(["umount", str(disk)], check=True)
