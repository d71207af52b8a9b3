"""What a run was not asked for again stays in DEST, is accounted for, and goes only if that is asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from noiseaug import prune
from support.commands import noiseaug, within
from support.corpus import make_photos, photo, write_image
from support.trees import manifest, times, tree

PLAIN = ["--std", "0.1"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", count=4)


def left_over(dest: Path) -> list[str]:
    """The names in leftovers.jsonl."""
    path = dest / "leftovers.jsonl"
    return [json.loads(line)["file_name"] for line in path.read_text().splitlines()] if path.exists() else []


def images(dest: Path) -> set[str]:
    return {name for name, digest in tree(dest).items() if digest and not name.endswith(".jsonl")}


@pytest.mark.parametrize(
    "options",
    [
        ["--std", "0.1", "--std", "0.2"],
        ["--std", "0.1", "--copies", "2"],
        ["--std", "0.1", "--name", "{stem}-x{ext}"],
        ["--std", "0.1", "--include", "cats/"],
        ["--std", "0.1", "--limit", "1"],
        ["--std", "0.1", "--kind", "audio"],
        ["--std", "0.1", "--with-clean", "tree"],
    ],
)
def test_all_that_was_ever_written_is_in_the_manifest_or_left_over(photos, dest, options):
    within("run", photos, dest, *PLAIN)
    within("run", photos, dest, *options)
    assert images(dest) == {*manifest(dest), *left_over(dest)}
    assert not set(manifest(dest)) & set(left_over(dest))
    checked = within("verify", dest)
    assert checked.returncode == 0
    assert all(f"left over: {name}\n" in checked.stdout for name in left_over(dest))


def test_going_back_takes_up_what_was_left_over_without_making_it_anew(photos, dest):
    within("run", photos, dest, *PLAIN)
    before = times(dest / "cats")
    first = tree(dest)
    within("run", photos, dest, "--std", "0.2", "--name", "other/{stem}{ext}")
    assert set(left_over(dest)) == {name for name, digest in first.items() if digest} - {"manifest.jsonl"}
    back = within("run", photos, dest, *PLAIN)
    assert "6 up to date" in back.stdout
    assert times(dest / "cats") == before
    assert left_over(dest) == [f"other/{Path(name).name}" for name in manifest(dest)]


def test_a_second_run_with_files_left_over_writes_nothing_and_does_not_say_that_there_is_nothing_to_do(photos, dest):
    within("run", photos, dest, *PLAIN)
    within("run", photos, dest, *PLAIN, "--limit", "2")
    before = tree(dest), times(dest)
    again = within("run", photos, dest, *PLAIN, "--limit", "2")
    assert again.stdout.splitlines() == [
        "2 up to date",
        f"4 files of earlier runs left over; noiseaug prune {dest} removes them",
    ]
    assert (tree(dest), times(dest)) == before


def test_prune_removes_what_is_left_over_and_names_what_was_changed(photos, dest):
    within("run", photos, dest, *PLAIN)
    within("run", photos, dest, *PLAIN, "--include", "dogs/")
    changed = dest / "cats/001.png"
    changed.write_bytes(b"mine")
    planned = within("prune", dest, "--dry-run")
    assert "would remove: cats/003.jpg" in planned.stdout
    assert (dest / "cats/003.jpg").exists()
    done = within("prune", dest)
    assert done.returncode == 3
    assert done.stderr.startswith("stays: cats/001.png: it was changed since noiseaug wrote it")
    assert images(dest) == {*manifest(dest), "cats/001.png"}
    assert left_over(dest) == ["cats/001.png"]
    changed.unlink()
    assert prune(dest)[0].kept == ""
    assert not (dest / "leftovers.jsonl").exists()
    assert within("verify", dest).returncode == 0


def test_prune_of_a_run_takes_only_what_has_no_source_any_more(photos, dest):
    within("run", photos, dest, *PLAIN)
    (photos / "cats/001.png").unlink()
    within("run", photos, dest, *PLAIN, "--limit", "1")
    assert "cats/001.png" in left_over(dest)
    pruned = within("run", photos, dest, *PLAIN, "--limit", "1", "--prune")
    assert "1 deleted as their source is gone" in pruned.stdout
    assert not (dest / "cats/001.png").exists()
    assert (dest / "dogs/002.png").exists()


def test_what_an_interrupted_run_began_and_the_next_was_not_asked_for_is_left_over(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": r"cats/\d+-std0.3", "when": "after", "do": "kill-group"}
    fault["count"] = str(tmp_path / "count")
    noiseaug("run", photos, dest, "--std", "0.3", "--std", "0.4", fault=fault)
    written = {name for name in images(dest) if not name.endswith(".tmp")}
    assert written
    within("run", photos, dest, *PLAIN)
    assert written <= set(left_over(dest))
    assert within("prune", dest).returncode == 0
    assert images(dest) == set(manifest(dest))


def test_labels_that_are_no_longer_asked_for_are_left_over_and_no_image_is_made_again(photos, dest):
    for path in photos.rglob("*.png"):
        path.with_suffix(".txt").write_text("0 0.5 0.5 0.2 0.2\n")
    labelled = within("run", photos, dest, *PLAIN, "--sidecars", ".txt")
    assert "sidecars written" in labelled.stdout
    before = {name: digest for name, digest in tree(dest).items() if "jsonl" not in name}
    plain = within("run", photos, dest, *PLAIN)
    assert "6 up to date" in plain.stdout
    assert all(name.endswith(".txt") for name in left_over(dest))
    assert {name: digest for name, digest in tree(dest).items() if "jsonl" not in name} == before
    times_of_images = {name: time for name, time in times(dest).items() if name.endswith(".png")}
    again = within("run", photos, dest, *PLAIN, "--sidecars", ".txt")
    assert "6 up to date" in again.stdout
    assert {name: time for name, time in times(dest).items() if name.endswith(".png")} == times_of_images
    assert left_over(dest) == []
    assert within("verify", dest).stdout == "6 checked: all as recorded\n"


def test_views_that_are_no_longer_asked_for_are_left_over(photos, dest):
    within("run", photos, dest, *PLAIN, "--manifest", "metadata.csv", "--label-smoothing", "0.1")
    within("run", photos, dest, *PLAIN)
    assert left_over(dest) == ["classes.json", "metadata.csv"]
    assert within("verify", dest).returncode == 0
    assert within("prune", dest).returncode == 0
    assert set(tree(dest)) - images(dest) == {"cats", "dogs", "sound", "manifest.jsonl"}


def test_shards_and_merge_carry_what_is_left_over(photos, dest):
    within("run", photos, dest, "--std", "0.1", "--copies", "2")
    for number in (1, 2):
        within("run", photos, dest, *PLAIN, "--shard", f"{number}/2")
    assert within("merge", dest).returncode == 0
    assert images(dest) == {*manifest(dest), *left_over(dest)}


def test_prune_refuses_a_folder_without_manifest_and_an_interrupted_one(photos, dest, tmp_path):
    assert within("prune", photos).stderr.startswith(f"noiseaug: error: there is no manifest.jsonl in {photos}")
    within("run", photos, dest, *PLAIN)
    (dest / ".noiseaug").mkdir()
    assert "was interrupted; finish it with the same command" in within("prune", dest).stderr


def test_a_run_with_other_options_or_other_sources_says_so_before_it_starts(photos, dest, tmp_path):
    within("run", photos, dest, *PLAIN)
    other = within("run", photos, dest, "--std", "0.2")
    assert "DEST holds outputs of other options, such as" in other.stderr
    assert "DEST holds outputs" not in within("run", photos, dest, "--std", "0.2", "--std", "0.3").stderr
    shutil.move(photos, tmp_path / "moved")
    elsewhere = make_photos(tmp_path / "elsewhere/deep", count=3).parent
    told = within("run", elsewhere, dest, "--std", "0.2")
    assert f"DEST holds outputs of other sources: cats/001.png is not in {elsewhere}" in told.stderr


def test_a_dry_run_says_for_each_output_what_becomes_of_it(photos, dest):
    assert "new: cats/001.png\n" in within("run", photos, dest, *PLAIN, "-n").stdout
    within("run", photos, dest, *PLAIN)
    (photos / "dogs/000.jpg").unlink()
    (dest / "cats/003.jpg").unlink()
    (photos / "odd\nname.png").write_bytes((photos / "cats/001.png").read_bytes())
    (photos / "cats/001.png").write_bytes((photos / "dogs/002.png").read_bytes() + b"!")
    before = tree(dest)
    told = within("run", photos, dest, *PLAIN, "-n", "--prune")
    assert told.stdout.splitlines() == [
        "outdated: cats/001.png (its source changed)",
        "outdated: cats/003.jpg (it is gone from DEST)",
        "pruned: dogs/000.jpg",
        r"new: odd\nname.png",
    ]
    assert told.stderr == "dry run: 2 outdated, 1 pruned, 3 up to date, 1 new; nothing was written\n"
    as_json = json.loads(within("run", photos, dest, *PLAIN, "-n", "--json").stdout)
    assert as_json["totals"] == {"outdated": 2, "left over": 1, "up to date": 3, "new": 1}
    assert {"file_name": "odd\nname.png", "source_path": "odd\nname.png", "state": "new", "reason": ""} in as_json[
        "outputs"
    ]
    assert tree(dest) == before


@pytest.fixture
def namesakes(tmp_path: Path) -> Path:
    """Two images of one name and one size in bytes, in two folders."""
    for index, folder in enumerate("ab"):
        write_image(tmp_path / "namesakes" / folder / "x.bmp", photo(16, 16, seed=index))
    return tmp_path / "namesakes"


FLAT = [*PLAIN, "--name", "{stem}{ext}"]


@pytest.mark.parametrize(("first", "second"), ["ab", "ba"])
def test_a_name_that_passes_from_one_source_to_another_is_of_the_last(namesakes, dest, first, second):
    within("run", namesakes, dest, *FLAT, "--include", first)
    planned = within("run", namesakes, dest, *FLAT, "--include", second, "--dry-run")
    assert "outdated: x.bmp (it was made of another source)" in planned.stdout
    result = within("run", namesakes, dest, *FLAT, "--include", second)
    assert (result.returncode, result.stderr.count("failed")) == (0, 0)
    assert manifest(dest)["x.bmp"]["source_path"] == f"{second}/x.bmp"
    assert left_over(dest) == []
    assert within("verify", dest, "--source", namesakes, "--deep").returncode == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_name_that_was_passing_to_another_source_when_the_run_was_killed_can_go_back(namesakes, dest, when, tmp_path):
    within("run", namesakes, dest, *FLAT, "--include", "a")
    undisturbed = tree(dest)
    fault = {"call": "os.replace", "path": "x.bmp$", "when": when, "do": "kill-group"}
    fault["count"] = str(tmp_path / "count")
    assert noiseaug("run", namesakes, dest, *FLAT, "--include", "b", fault=fault).returncode == -9
    within("run", namesakes, dest, *FLAT, "--include", "a")
    assert tree(dest) == undisturbed


def test_shards_pass_a_name_from_one_source_to_another(namesakes, dest):
    within("run", namesakes, dest, *FLAT, "--include", "a")
    for shard in ("1/2", "2/2"):
        assert within("run", namesakes, dest, *FLAT, "--include", "b", "--shard", shard).returncode in (0, 1)
    assert within("merge", dest).returncode == 0
    assert manifest(dest)["x.bmp"]["source_path"] == "b/x.bmp"
    assert left_over(dest) == []


def test_what_a_moved_source_still_gives_is_not_pruned_with_its_old_place(namesakes, dest):
    options = ["--std", "0", "--name", "{stem}{ext}", "--prune"]
    (namesakes / "a/x.bmp").unlink()
    within("run", namesakes, dest, *options)
    (namesakes / "b/x.bmp").rename(namesakes / "a/x.bmp")
    assert within("run", namesakes, dest, *options).returncode == 0
    assert within("verify", dest, "--source", namesakes).stdout.startswith("1 checked: all as recorded")
