"""Which files a run works on: globs, kinds, single files, and where DEST may lie."""

from __future__ import annotations

import pytest

from support.commands import to_make, within
from support.corpus import photo, sound, write_image, write_sound
from support.trees import failures, manifest, tree

STRENGTH = ["--std", "0.1", "--seed", "7"]
FILES = ["a.png", "cats/a.png", "cats/b.png", "cats/old/c.png", "dogs/a.wav", "dogs/b.png", "dogs/old/d.wav", "old.png"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("select") / "source"
    for index, name in enumerate(FILES):
        if name.endswith(".wav"):
            write_sound(root / name, sound(100, seed=index), "PCM_16")
        else:
            write_image(root / name, photo(8, 8, seed=index))
    (root / "cats" / "notes.txt").touch()
    return root


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        ([], FILES),
        (["--include", "*.wav"], ["dogs/a.wav", "dogs/old/d.wav"]),
        (["--include", "a.*"], ["a.png", "cats/a.png", "dogs/a.wav"]),
        (["--include", "/a.*"], ["a.png"]),
        (["--include", "cats"], ["cats/a.png", "cats/b.png", "cats/old/c.png"]),
        (["--include", "cats/"], ["cats/a.png", "cats/b.png", "cats/old/c.png"]),
        (["--include", "cats/*.png"], ["cats/a.png", "cats/b.png"]),
        (["--include", "cats/**/*.png"], ["cats/a.png", "cats/b.png", "cats/old/c.png"]),
        (["--include", "**/old"], ["cats/old/c.png", "dogs/old/d.wav"]),
        (["--include", "[cd]*/?.png"], ["cats/a.png", "cats/b.png", "dogs/b.png"]),
        (["--include", "cats/", "--include", "*.wav"], [*FILES[1:5], "dogs/old/d.wav"]),
        (["--include", "cats/", "--include", "!cats/b.png"], ["cats/a.png", "cats/old/c.png"]),
        (["--exclude", "old"], ["a.png", "cats/a.png", "cats/b.png", "dogs/a.wav", "dogs/b.png", "old.png"]),
        (["--exclude", "old/"], ["a.png", "cats/a.png", "cats/b.png", "dogs/a.wav", "dogs/b.png", "old.png"]),
        (["--exclude", "old*"], ["a.png", "cats/a.png", "cats/b.png", "dogs/a.wav", "dogs/b.png"]),
        (
            ["--exclude", "*.png", "--exclude", "!cats/*.png"],
            ["cats/a.png", "cats/b.png", "dogs/a.wav", "dogs/old/d.wav"],
        ),
        (["--exclude", "/cats/", "--exclude", "*.wav"], ["a.png", "dogs/b.png", "old.png"]),
        (
            ["--exclude", "cats/", "--exclude", "!cats/a.png"],
            ["a.png", *FILES[4:]],
        ),  # as Git: not below a left-out folder
        (["--include", "cats/", "--exclude", "old/"], ["cats/a.png", "cats/b.png"]),
        (["--include", "*.png", "--exclude", "a.png"], ["cats/b.png", "cats/old/c.png", "dogs/b.png", "old.png"]),
        (["--kind", "audio"], ["dogs/a.wav", "dogs/old/d.wav"]),
        (["--kind", "image", "--include", "dogs"], ["dogs/b.png"]),
        (["--kind", "image", "--kind", "audio"], FILES),
    ],
)
def test_selection(source, dest, options, selected):
    result = within("run", source, dest, *STRENGTH, *options, "-n")
    assert result.returncode == 0
    assert to_make(result.stdout) == selected


def test_a_selected_file_gets_the_bytes_it_would_get_among_all(source, tmp_path):
    within("run", source, tmp_path / "all", *STRENGTH)
    within("run", source, tmp_path / "some", *STRENGTH, "--include", "dogs/", "--kind", "audio")
    every, some = tree(tmp_path / "all"), tree(tmp_path / "some")
    assert {name for name in some if name.endswith(".wav")} == {"dogs/a.wav", "dogs/old/d.wav"}
    assert all(every[name] == digest for name, digest in some.items() if name != "manifest.jsonl")


def test_a_selection_of_nothing_is_said(source, dest):
    result = within("run", source, dest, *STRENGTH, "--include", "birds/")
    assert result.returncode == 1
    assert "no image or audio files to work on" in result.stderr
    assert not dest.exists()


def test_only_files_of_other_kinds_are_counted_as_left_alone(source, dest):
    result = within("run", source, dest, *STRENGTH, "--include", "cats/")
    assert "1 other file left alone" in result.stdout


# One file


@pytest.mark.parametrize("name", ["cats/a.png", "dogs/old/d.wav"])
def test_one_file_with_root_gets_the_bytes_of_the_run_over_that_root(source, tmp_path, name):
    within("run", source, tmp_path / "all", *STRENGTH)
    assert within("run", source / name, tmp_path / "one.bin" / name, *STRENGTH, "--root", source).returncode == 0
    assert tree(tmp_path / "one.bin")[name] == tree(tmp_path / "all")[name]


def test_one_file_with_root_goes_below_a_directory_under_its_relative_name(source, tmp_path):
    within("run", source, tmp_path / "all", *STRENGTH, "--include", "cats/a.png")
    (tmp_path / "one").mkdir()
    within("run", source / "cats/a.png", tmp_path / "one", *STRENGTH, "--root", source)
    assert tree(tmp_path / "one") == tree(tmp_path / "all")


def test_one_file_without_root_has_its_own_name_for_a_path(source, tmp_path):
    within("run", source / "cats", tmp_path / "folder", *STRENGTH)
    within("run", source / "cats/a.png", tmp_path / "a.png", *STRENGTH)
    assert tree(tmp_path)["a.png"] == tree(tmp_path / "folder")["a.png"]


def test_the_name_of_the_output_of_one_file_does_not_change_its_noise(source, tmp_path):
    for name in ("x.png", "y.png"):
        within("run", source / "cats/a.png", tmp_path / name, *STRENGTH, "--root", source)
    assert tree(tmp_path)["x.png"] == tree(tmp_path)["y.png"]


def test_a_relative_path_and_a_way_round_lead_to_the_same_noise(source, tmp_path, monkeypatch):
    monkeypatch.chdir(source / "dogs")
    ways = ["../cats/a.png", "../cats/old/../a.png", str(source / "cats/a.png")]
    for index, way in enumerate(ways):
        within("run", way, tmp_path / f"{index}.png", *STRENGTH, "--root", "..")
    digests = {digest for name, digest in tree(tmp_path).items() if name.endswith(".png")}
    assert len(digests) == 1 and len(list(tmp_path.glob("*.png"))) == 3


def test_a_link_given_as_source_is_the_file_under_the_name_that_was_given(source, tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link.png").symlink_to(source / "cats/a.png")
    (tmp_path / "root" / "copy.png").write_bytes((source / "cats/a.png").read_bytes())
    within("run", tmp_path / "root", tmp_path / "all", *STRENGTH)
    result = within("run", tmp_path / "root/link.png", tmp_path / "one.png", *STRENGTH, "--root", tmp_path / "root")
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path)["one.png"] == tree(tmp_path / "all")["link.png"]


def test_one_file_not_below_root_is_refused(source, dest):
    result = within("run", source / "a.png", dest, *STRENGTH, "--root", source / "cats")
    assert result.returncode == 2
    assert "not below --root" in result.stderr


def test_root_without_one_file_is_refused(source, dest):
    result = within("run", source, dest, *STRENGTH, "--root", source)
    assert result.returncode == 2
    assert "--root" in result.stderr


def test_one_file_of_another_kind_is_refused(source, dest):
    result = within("run", source / "cats/notes.txt", dest, *STRENGTH)
    assert result.returncode == 1
    assert "notes.txt" in result.stderr and "no image, audio or array file" in result.stderr


# Where DEST may lie


@pytest.fixture
def mine(source, tmp_path):
    """A small SOURCE that a test may write beside and into."""
    write_image(tmp_path / "mine" / "a.png", photo(8, 8))
    write_image(tmp_path / "mine" / "sub" / "b.png", photo(8, 8))
    return tmp_path / "mine"


@pytest.mark.parametrize("place", ["mine/sub/noisy", "mine/noisy", "link/noisy"])
def test_dest_inside_source_is_refused(mine, tmp_path, place):
    (tmp_path / "link").symlink_to(mine)
    before = tree(mine)
    result = within("run", mine, tmp_path / place, *STRENGTH)
    assert result.returncode == 2
    assert f"is inside SOURCE {mine}; name a directory beside it, such as {mine}-noisy" in result.stderr
    assert tree(mine) == before


@pytest.mark.parametrize("spelling", ["{mine}", "{mine}/", "{mine}/.", "{mine}/sub/..", "{link}"])
def test_dest_equal_to_source_is_refused_however_it_is_written(mine, tmp_path, spelling):
    (tmp_path / "link").symlink_to(mine)
    before = tree(mine)
    result = within("run", mine, spelling.format(mine=mine, link=tmp_path / "link"), *STRENGTH)
    assert result.returncode == 2
    assert "name another directory" in result.stderr
    assert tree(mine) == before


@pytest.mark.parametrize("option", [[], ["-n"]])
def test_source_inside_dest_is_refused(mine, option):
    before = tree(mine)
    result = within("run", mine / "sub", mine, *STRENGTH, *option)
    assert result.returncode == 2
    assert "is inside DEST" in result.stderr
    assert tree(mine) == before


def test_one_file_onto_itself_is_refused(mine, tmp_path):
    (tmp_path / "link.png").symlink_to(mine / "a.png")
    before = tree(mine)
    for dest in (mine / "a.png", mine, tmp_path / "link.png"):
        result = within("run", mine / "a.png", dest, *STRENGTH)
        assert result.returncode == 2, dest
        assert "is SOURCE" in result.stderr
    assert tree(mine) == before


def test_two_sources_that_would_be_written_under_one_name_are_kept_apart(source, dest):
    write_image(source / "a.pgm", photo(20, 20, 1))
    (source / "a.pbm").write_bytes(b"P4\n8 2\n\xaa\x55")
    result = within("run", source, dest, *STRENGTH)
    assert result.returncode == 3
    assert failures(dest) == {"a.pbm": "would be written as a.pgm, which is another source; rename one"}
    assert [name for name in manifest(dest) if name.endswith("gm")] == ["a.pgm"]
