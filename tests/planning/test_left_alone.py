"""What of SOURCE is left out, and said: outputs of other runs, hidden files, links to directories."""

from __future__ import annotations

import pytest

from support.commands import within
from support.corpus import photo, write_image
from support.trees import manifest

STRENGTH = ["--std", "0.1", "--seed", "7"]


@pytest.fixture
def plain(source):
    write_image(source / "cats/a.png", photo(8, 8))
    return source


@pytest.mark.parametrize("name", ["manifest.jsonl", "metadata.jsonl", "mine.jsonl"])
def test_the_dest_of_a_run_is_no_source_unless_it_is_named(plain, dest, tmp_path, name):
    within("run", plain, tmp_path / "noisy", *STRENGTH, "--manifest", name)
    (tmp_path / "noisy").rename(plain / "noisy")
    result = within("run", plain, dest, *STRENGTH)
    assert "noisy/ holds outputs of noiseaug and is left out; name it as SOURCE" in result.stdout
    assert list(manifest(dest)) == ["cats/a.png"]
    assert "noisy/ holds outputs" in within("run", plain, dest, *STRENGTH).stdout
    assert within("run", plain / "noisy", tmp_path / "again", *STRENGTH).returncode == 0
    assert list(manifest(tmp_path / "again")) == ["cats/a.png"]


def test_a_directory_with_tables_of_others_is_walked(plain, dest):
    (plain / "cats/labels.jsonl").write_text('{"file_name": "a.png", "text": "a cat"}\n')
    (plain / "cats/manifest.jsonl").touch()
    assert list(manifest(dest)) == ["cats/a.png"] if within("run", plain, dest, *STRENGTH).returncode == 0 else False


def test_hidden_files_and_directories_are_left_out_unless_asked_for(plain, dest):
    for name in (".cache/b.png", ".c.png", "cats/.d.png"):
        write_image(plain / name, photo(8, 8))
    result = within("run", plain, dest, *STRENGTH)
    assert "3 hidden files or directories left out; --hidden takes them" in result.stdout
    assert list(manifest(dest)) == ["cats/a.png"]
    within("run", plain, dest, *STRENGTH, "--hidden")
    assert list(manifest(dest)) == [".c.png", ".cache/b.png", "cats/.d.png", "cats/a.png"]


def test_a_hidden_file_that_is_named_is_taken(plain, dest, tmp_path):
    write_image(plain / ".c.png", photo(8, 8))
    (tmp_path / "names").write_text(".c.png\n")
    within("run", plain, dest, *STRENGTH, "--files-from", tmp_path / "names")
    assert list(manifest(dest)) == [".c.png"]


def test_links_to_directories_are_counted_as_such(plain, dest, tmp_path):
    write_image(tmp_path / "elsewhere/b.png", photo(8, 8))
    (plain / "dogs").symlink_to(tmp_path / "elsewhere")
    (plain / "birds.png").symlink_to(tmp_path / "elsewhere")
    result = within("run", plain, dest, *STRENGTH)
    assert "2 links to directories not followed; --follow-symlinks walks them" in result.stdout
    assert "special" not in result.stdout
    assert "other file" not in result.stdout
    followed = within("run", plain, dest, *STRENGTH, "--follow-symlinks")
    assert "not followed" not in followed.stdout
    assert list(manifest(dest)) == ["birds.png/b.png", "cats/a.png", "dogs/b.png"]


def test_nothing_found_says_what_was_left_out(plain, dest):
    (plain / "cats").rename(plain / ".cats")
    result = within("run", plain, dest, *STRENGTH)
    assert result.returncode == 1
    assert "1 hidden file or directory left out; --hidden takes it" in result.stderr


@pytest.mark.parametrize(("which", "labels"), [("last", {"cats"}), ("first", {"train"})])
def test_the_folder_that_is_the_label_can_be_chosen(source, dest, which, labels):
    write_image(source / "train/cats/a.png", photo(8, 8))
    within("run", source, dest, *STRENGTH)
    options = [*STRENGTH, "--label-folder", which]
    assert within("run", source, dest, *options).stdout.startswith("nothing to do")  # no image is made again
    assert {row["label"] for row in manifest(dest).values()} == labels
    within("run", source, dest / "named", *options, "--name", "{label}/{stem}{ext}")
    assert {name.split("/")[0] for name in manifest(dest / "named")} == labels
