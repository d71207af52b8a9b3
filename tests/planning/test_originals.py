"""Originals that go along, as a tree or beside."""

from __future__ import annotations

import signal

import cv2
import numpy as np
import pytest

from noiseaug import Layout, Recipe, run
from noiseaug.settings.recipe import AudioOptions
from support.commands import STRENGTH, noiseaug
from support.corpus import label_photos, make_photos, photo, sound, write_image, write_sound
from support.trees import files, manifest, times, tree


def test_a_tree_of_originals_has_the_names_of_the_noisy_ones(mixed, dest):
    assert noiseaug("run", mixed, dest, *STRENGTH, "--with-clean", "tree").returncode == 0
    rows = manifest(dest)
    noisy = {name.removeprefix("noisy/") for name, row in rows.items() if row["role"] == "noisy"}
    clean = {name.removeprefix("clean/") for name, row in rows.items() if row["role"] == "clean"}
    assert noisy == clean == {name for name in files(mixed) if not name.endswith(".txt")}
    assert files(dest / "clean") == files(dest / "noisy") == sorted(clean)
    for name in clean:
        assert (dest / "clean" / name).read_bytes() == (mixed / name).read_bytes()
        assert (dest / "noisy" / name).read_bytes() != (mixed / name).read_bytes()
    assert {row["std"] for row in rows.values() if row["role"] == "clean"} == {0.0}
    assert noiseaug("verify", dest, "--source", mixed, "--deep").stdout.endswith("all as recorded\n")


def test_pairs_in_another_format_differ_in_noise_alone(source, dest):
    write_image(source / "a.bmp", photo(32, 32))
    write_sound(source / "b.wav", sound(), "PCM_16")
    formats = ["--image-format", "png", "--audio-format", "flac"]
    assert noiseaug("run", source, dest, *STRENGTH, "--copies", 2, "--with-clean", "tree", *formats).returncode == 0
    names = ["a-std0.098-0.png", "a-std0.098-1.png", "b-std0.098-0.flac", "b-std0.098-1.flac"]
    assert files(dest / "clean") == files(dest / "noisy") == names
    assert np.array_equal(cv2.imread(str(dest / "clean" / names[0])), photo(32, 32))
    assert noiseaug("verify", dest, "--source", source, "--deep").returncode == 0


def test_originals_beside_keep_their_names_and_roles_tell_them_apart(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 4)
    assert noiseaug("run", photos, dest, *STRENGTH, "--with-clean", "beside").returncode == 0
    rows = manifest(dest)
    assert {name for name, row in rows.items() if row["role"] == "clean"} == set(files(photos))
    assert all(row["level"] == "clean" for row in rows.values() if row["role"] == "clean")
    assert {name for name, row in rows.items() if row["role"] == "noisy"} == {
        "-std0.098-0.".join(name.rsplit(".", 1)) for name in files(photos)
    }


def test_originals_beside_unclipped_noise_stay_as_they_are_and_those_of_a_tree_go_with_it(source, dest, tmp_path):
    write_image(source / "a.tif", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    options = [*STRENGTH, "--clip", "none"]
    assert noiseaug("run", source, dest, *options, "--with-clean", "beside").returncode == 0
    assert files(dest) == ["a-std0.098-0.tif", "a.tif", "b-std0.098-0.tif", "b.png", "manifest.jsonl"]
    assert (dest / "a.tif").read_bytes() == (source / "a.tif").read_bytes()
    assert noiseaug("run", source, tmp_path / "tree", *options, "--with-clean", "tree").returncode == 0
    clean = cv2.imread(str(tmp_path / "tree/clean/b.tif"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(clean, photo(8, 8) / np.float32(255))
    for made in (dest, tmp_path / "tree"):
        assert noiseaug("verify", made, "--source", source, "--deep").returncode == 0


def test_an_original_that_has_the_name_of_another_ones_copy_is_named_before_work(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "a-std0.098-0.png", photo(8, 8))
    result = noiseaug("run", source, dest, *STRENGTH, "--with-clean", "beside")
    assert result.returncode == 2
    assert "would both become a-std0.098-0.png" in result.stderr


@pytest.mark.parametrize("link", ["hardlink", "symlink", "copy"])
def test_originals_come_as_asked_and_a_second_run_writes_nothing(tmp_path, dest, link):
    photos = make_photos(tmp_path / "photos", 3)
    before = tree(photos), times(photos)
    options = [*STRENGTH, "--with-clean", "tree", "--link", link]
    assert noiseaug("run", photos, dest, *options).returncode == 0
    for name in files(photos):
        original, there = photos / name, dest / "clean" / name
        assert there.read_bytes() == original.read_bytes()
        assert there.is_symlink() == (link == "symlink")
        assert (not there.is_symlink() and there.samefile(original)) == (link == "hardlink")
    seen = times(dest)
    assert "nothing to do" in noiseaug("run", photos, dest, *options).stdout
    assert times(dest) == seen
    assert noiseaug("verify", dest, "--source", photos, "--deep").returncode == 0
    assert noiseaug("run", photos, dest, *options, "--force").returncode == 0
    assert not [name for name in files(dest) if ".noiseaug" in name]
    assert (tree(photos), times(photos)) == before


def test_an_edit_of_an_original_in_dest_does_not_reach_the_source(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 2)
    before = tree(photos)
    noiseaug("run", photos, dest, *STRENGTH, "--with-clean", "tree")
    for name in files(dest / "clean"):
        (dest / "clean" / name).write_bytes(b"edited")
    assert tree(photos) == before


def test_a_symbolic_link_leads_to_the_source_wherever_both_are_moved_together(tmp_path):
    photos = make_photos(tmp_path / "here/photos", 2)
    noiseaug("run", photos, tmp_path / "here/out", *STRENGTH, "--with-clean", "beside", "--link", "symlink")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = tmp_path / "there"
    assert all((moved / "out" / name).exists() for name in files(moved / "photos"))


@pytest.mark.parametrize("link", ["hardlink", "symlink", "copy"])
def test_an_original_that_is_written_to_afterwards_is_noticed(tmp_path, dest, link):
    photos = make_photos(tmp_path / "photos", 4)
    options = [*STRENGTH, "--with-clean", "tree", "--link", link]
    noiseaug("run", photos, dest, *options)
    changed = photos / "cats/001.png"
    other = write_image(tmp_path / "other.png", photo(48, 48, seed=9)).read_bytes()
    with open(changed, "r+b") as file:  # in place
        file.write(other)
        file.truncate()
    noiseaug("run", photos, dest, *options)
    assert noiseaug("verify", dest, "--source", photos, "--deep").returncode == 0
    noiseaug("run", photos, tmp_path / "fresh", *options)
    assert (dest / "manifest.jsonl").read_bytes() == (tmp_path / "fresh/manifest.jsonl").read_bytes()


def test_a_hard_linked_original_is_never_written_through(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 3)
    noiseaug("run", photos, dest, *STRENGTH, "--with-clean", "beside", "--link", "hardlink")
    before = tree(photos), times(photos)
    # the names of the originals now get noise
    assert noiseaug("run", photos, dest, "--std", "0.2").returncode == 0
    assert noiseaug("run", photos, dest, "--std", "0.2", "--image-format", "png", "--kind", "image").returncode in (
        0,
        1,
    )
    assert (tree(photos), times(photos)) == before


def test_pruning_takes_links_to_sources_that_are_gone(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 3)
    options = [*STRENGTH, "--with-clean", "tree", "--link", "symlink", "--prune"]
    noiseaug("run", photos, dest, *options)
    (photos / "cats/001.png").unlink()
    noiseaug("run", photos, dest, *options)
    assert "clean/cats/001.png" not in files(dest)
    assert noiseaug("verify", dest).returncode == 0


KILLS = [
    {"call": "write", "path": "journal.jsonl", "when": "half", "nth": 3, "do": "kill"},  # the run, not its workers
    {"call": "os.replace", "path": r"\.(txt|xml)$", "when": "after", "nth": 5, "do": "kill-group"},
    {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "when": "half", "nth": 9, "do": "kill-group"},
    {"call": "os.replace", "path": "manifest.jsonl", "do": "kill-group"},
]


@pytest.mark.parametrize("options", [["--with-clean", "tree"], ["--with-clean", "beside", "--copies", "3"]])
def test_a_killed_run_with_originals_resumes_to_the_same_bytes(tmp_path, dest, options):
    photos = make_photos(tmp_path / "photos", 24, 256)
    label_photos(photos)
    options = [*STRENGTH, *options, "--sidecars", ".txt,.xml"]
    noiseaug("run", photos, tmp_path / "whole", *options)
    for number, point in enumerate(KILLS):
        fault = point | {"count": str(tmp_path / f"n{number}")}
        assert noiseaug("run", photos, dest, *options, fault=fault).returncode == -signal.SIGKILL, point
    assert noiseaug("run", photos, dest, *options).returncode == 0
    assert tree(dest) == tree(tmp_path / "whole")


@pytest.mark.parametrize("how", ["tree", "beside"])
def test_originals_stand_beside_no_files_that_are_lowered(photos, dest, how):
    """A pair would differ by more than noise."""
    result = noiseaug("run", photos, dest, "--std", "0.5", "--on-clip", "rescale", "--with-clean", how)
    assert result.returncode == 2
    told = " ".join(result.stderr.split())
    assert "rescale lowers a noisy file and not its original" in told and "use --on-clip saturate" in told
    assert not dest.exists()
    with pytest.raises(ValueError, match="rescale lowers"):
        recipe = Recipe.of(0.5, audio=AudioOptions(on_clip="rescale"))
        run(photos, dest, recipe, layout=Layout(with_clean=how))
