"""Masks that go along with images, and files that are kept as they are."""

from __future__ import annotations

import json

import pytest

from support.commands import noiseaug, within
from support.corpus import photo, write_image
from support.trees import failures, files, manifest, times, tree

STRENGTH = ["--std", "0.1", "--seed", "7"]
BOTH = [*STRENGTH, "--masks", "masks", "--keep", "val/", "--keep", "/data.yaml", "--keep", "README"]


@pytest.fixture
def pairs(source):
    """Images with masks for training and validation, and files that describe them."""
    for index, name in enumerate(("train/images/a.jpg", "train/images/b.jpg", "val/images/c.jpg")):
        write_image(source / name, photo(16, 16, seed=index))
        write_image(source / name.replace("images", "masks").replace(".jpg", ".png"), photo(16, 16, seed=index + 10))
    (source / "data.yaml").write_text("train: train/images\n")
    (source / "README").write_text("about\n")
    (source / "val/classes.txt").write_text("cell\n")
    return source


def test_masks_follow_every_copy_and_level_and_what_is_kept_stays_in_its_place(pairs, dest):
    options = [*BOTH, "--std", "0.2", "--copies", "2", "--with-clean", "tree"]
    result = within("run", pairs, dest, *options)
    assert (result.returncode, result.stderr) == (0, "")
    rows = manifest(dest)
    for name, row in rows.items():
        if name.startswith("val/"):
            assert (row["role"], row["level"], row["sidecars"]) == ("clean", "clean", [])
            assert (dest / name).read_bytes() == (pairs / name).read_bytes()
        else:
            (mask,) = row["sidecars"]
            assert mask == name.replace("/images/", "/masks/").replace(".jpg", ".png")
            origin = row["source_path"].replace("images", "masks").replace(".jpg", ".png")
            assert (dest / mask).read_bytes() == (pairs / origin).read_bytes()
    assert [name for name in rows if name.startswith("val/")] == ["val/images/c.jpg", "val/masks/c.png"]
    kept = [json.loads(line) for line in (dest / "kept.jsonl").read_text().splitlines()]
    assert [row["file_name"] for row in kept] == ["README", "data.yaml", "val/classes.txt"]
    assert within("verify", dest, "--source", pairs, "--deep").returncode == 0
    before = times(dest)
    assert within("run", pairs, dest, *options).stdout.startswith("nothing to do")
    assert times(dest) == before


def test_what_is_kept_is_followed_and_verified_and_pruned(pairs, dest):
    within("run", pairs, dest, *BOTH)
    (pairs / "data.yaml").write_text("changed: yes\n")
    assert "1 file written" in within("run", pairs, dest, *BOTH).stdout
    assert (dest / "data.yaml").read_text() == "changed: yes\n"
    (dest / "data.yaml").write_text("edited\n")
    assert "data.yaml" in within("verify", dest).stdout
    assert within("run", pairs, dest, *BOTH, "--force").returncode == 0
    (pairs / "README").unlink()
    assert "1 deleted as their source is gone" in within("run", pairs, dest, *BOTH, "--prune").stdout
    assert not (dest / "README").exists()
    assert within("verify", dest, "--source", pairs).returncode == 0


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(pairs, dest, tmp_path):
    fault = {"call": "write", "path": "kept.jsonl", "nth": 2, "do": "kill-group", "count": str(tmp_path / "n")}
    assert noiseaug("run", pairs, dest, *BOTH, fault=fault).returncode < 0
    assert noiseaug("run", pairs, dest, *BOTH).returncode == 0
    assert noiseaug("run", pairs, tmp_path / "fresh", *BOTH).returncode == 0
    assert tree(dest) == tree(tmp_path / "fresh")


def test_shards_merge_to_what_a_single_run_leaves(pairs, dest, tmp_path):
    for shard in ("1/2", "2/2"):
        within("run", pairs, dest, *BOTH, "--shard", shard)
    assert within("merge", dest).returncode == 0
    within("run", pairs, tmp_path / "alone", *BOTH)
    assert tree(dest) == tree(tmp_path / "alone")


def test_what_is_kept_needs_no_codec_if_none_can_read_it(source, dest):
    write_image(source / "a.png", photo(8, 8))
    (source / "phone.heic").write_bytes(b"what a phone writes")
    result = within("run", source, dest, *STRENGTH, "--keep", "*.heic")
    assert (result.returncode, result.stderr) == (0, "")
    assert (dest / "phone.heic").read_bytes() == b"what a phone writes"
    assert list(manifest(dest)) == ["a.png"]


def test_what_has_the_name_of_a_file_of_the_run_itself_is_not_kept(source, dest):
    write_image(source / "a.png", photo(8, 8))
    (source / "manifest.jsonl").write_text("{}\n")
    assert within("run", source, dest, *STRENGTH, "--keep", "*.jsonl").returncode == 3
    assert "which is a name that the run itself uses" in failures(dest)["manifest.jsonl"]
    assert list(manifest(dest)) == ["a.png"]


def test_a_list_of_kept_files_that_somebody_else_wrote_is_not_overwritten(source, dest):
    write_image(source / "a.png", photo(8, 8))
    dest.mkdir()
    (dest / "kept.jsonl").write_text("mine\n")
    assert within("run", source, dest, *STRENGTH).returncode == 1
    assert (dest / "kept.jsonl").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("image", "mask", "expected"),
    [
        ("a.jpg", "masks/a.png", "masks/a.png"),
        ("images/train/a.jpg", "masks/train/a.bmp", "masks/train/a.bmp"),
        ("cells/a.tif", "masks/a.tif", "masks/a.tif"),
        ("cells/a.tif", "cells/masks/a.tif", "cells/masks/a.tif"),
    ],
)
def test_masks_are_found_in_the_folders_that_data_sets_have(source, dest, image, mask, expected):
    write_image(source / image, photo(8, 8))
    write_image(source / mask, photo(8, 8, seed=1))
    assert within("run", source, dest, *STRENGTH, "--masks", "masks").returncode == 0
    assert files(dest) == sorted([image, expected, "manifest.jsonl"])
    assert (dest / expected).read_bytes() == (source / mask).read_bytes()


def test_masks_follow_names_by_a_template(pairs, dest):
    within("run", pairs, dest, *STRENGTH, "--masks", "masks", "--exclude", "val/", "--name", "{level}/{stem}{ext}")
    assert [row["sidecars"] for row in manifest(dest).values()] == [["std0.1/masks/a.png"], ["std0.1/masks/b.png"]]


def test_images_without_a_mask_are_counted(pairs, dest):
    (pairs / "train/masks/b.png").unlink()
    result = within("run", pairs, dest, *STRENGTH, "--masks", "masks")
    assert "no mask found for 1 of 3 images; expected an image of the same stem in masks/" in result.stderr


def test_a_folder_that_is_called_masks_and_would_get_noise_is_named_once(pairs, dest):
    result = within("run", pairs, dest, *STRENGTH)
    assert result.stderr.count("train/masks/, val/masks/ get noise") == 1
    assert "--masks masks" in result.stderr
    for remedy in (["--masks", "masks"], ["--exclude", "masks/"], ["--keep", "masks/"], ["--kind", "audio"]):
        assert "get noise" not in within("run", pairs, dest, *STRENGTH, *remedy).stderr


@pytest.mark.parametrize("name", ["/masks", "../masks", "a//b"])
def test_what_is_no_folder_of_masks_is_refused(pairs, dest, name):
    result = within("run", pairs, dest, *STRENGTH, "--masks", name)
    assert result.returncode == 2
    assert "is no name of a folder with masks" in result.stderr


def test_a_file_that_is_kept_no_longer_is_left_over_and_prune_takes_only_that(pairs, dest):
    within("run", pairs, dest, *STRENGTH, "--masks", "masks", "--keep", "/data.yaml", "--keep", "README")
    within("run", pairs, dest, *STRENGTH, "--masks", "masks", "--keep", "README")
    rows = [json.loads(line) for line in (dest / "leftovers.jsonl").read_text().splitlines()]
    assert [row["file_name"] for row in rows] == ["data.yaml"]
    assert within("verify", dest).returncode == 0
    assert within("prune", dest).returncode == 0
    assert "README" in files(dest)
    assert not {"data.yaml", "leftovers.jsonl"} & set(files(dest))
    assert within("verify", dest).stdout.startswith("4 checked: all as recorded")


def test_masks_come_to_images_that_stand_already_without_making_them_again(pairs, dest):
    within("run", pairs, dest, *STRENGTH, "--exclude", "masks/")
    before = times(dest)
    result = within("run", pairs, dest, *STRENGTH, "--masks", "masks")
    assert "3 sidecars written" in result.stdout
    assert all(times(dest)[name] == time for name, time in before.items() if name.endswith(".jpg"))
    assert manifest(dest)["train/images/a.jpg"]["sidecars"] == ["train/masks/a.png"]


@pytest.mark.parametrize("engine", ["processes", "threads"])
def test_masks_that_got_noise_are_replaced_by_the_masks_themselves_and_back(pairs, dest, engine):
    options = [*STRENGTH, "--engine", engine]
    within("run", pairs, dest, *options)
    noisy = files(dest), manifest(dest)
    for _ in range(2):
        result = within("run", pairs, dest, *options, "--masks", "masks")
        assert (result.returncode, result.stderr) == (0, "")
        assert (dest / "train/masks/a.png").read_bytes() == (pairs / "train/masks/a.png").read_bytes()
        assert not (dest / "leftovers.jsonl").exists()
        assert within("verify", dest).returncode == 0
        assert within("run", pairs, dest, *options, "--masks", "masks").stdout.startswith("nothing to do")
        within("run", pairs, dest, *options)
        assert (files(dest), manifest(dest)) == noisy
        assert within("verify", dest, "--source", pairs, "--deep").returncode == 0
