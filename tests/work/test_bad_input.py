"""Whatever lies in SOURCE, one bad file costs only itself."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.commands import noiseaug, within
from support.corpus import photo, save_image, sound, write_image, write_sound
from support.places import DATA
from support.trees import failures, manifest, tree

STRENGTH = ["--std", "10/255", "--seed", "7"]

BAD = {
    "corrupt.png": "cannot be decoded as an image",
    "corrupt.jpg": "cannot be decoded as an image",
    "truncated.png": "is damaged: its pixels end early (row ",
    "truncated.jpg": "cannot be decoded as an image: it ends before its first scan",
    "truncated.tif": "is damaged: its pixels end early (row ",
    "truncated.webp": "cannot be decoded as an image",
    "truncated.bmp": "is damaged: its pixels end early (row ",
    "truncated.wav": "is damaged: its data ends early",
    "truncated.flac": "is damaged: some of its samples are missing or corrupt",
    "empty.png": "is empty; expected an image",
    "empty.wav": "is empty; expected audio",
    "empty.mp3": "is empty; expected audio",
    "text.png": "cannot be decoded as an image",
    "text.wav": "which is not read as audio",
    "text.mp3": "which is not read as audio",
    "sound.png": "cannot be decoded as an image",
    "picture.wav": "which is not read as audio",
    "no-pixels.png": "",
    "decoder-segfault.png": "",
    "dangling.png": "No such file or directory",
    "circle.png": "symbolic links",
}

GOOD = ["good.png", "good.wav", "zz-last.png", "dir.png/inside.png", "link.png"]


def fill_with_bad_files(root: Path) -> None:
    """Each file of BAD, each of GOOD, and one that is not for us."""
    write_image(root / "good.png", photo(40, 50))
    write_image(root / "zz-last.png", photo(40, 50, seed=1))
    write_image(root / "dir.png" / "inside.png", photo(40, 50, seed=2))
    write_sound(root / "good.wav", sound(), "PCM_16")
    write_sound(root / "other" / "whole.flac", sound(), "PCM_16")
    for suffix in ("png", "jpg", "tif", "webp", "bmp"):
        whole = save_image(root / "other" / f"whole.{suffix}", photo(40, 50)).read_bytes()
        (root / f"truncated.{suffix}").write_bytes(whole[: len(whole) * 6 // 10])
        if suffix in ("png", "jpg"):
            (root / f"corrupt.{suffix}").write_bytes(whole[:20] + bytes(len(whole) - 20))
    (root / "truncated.wav").write_bytes((root / "good.wav").read_bytes()[:4000])
    (root / "truncated.flac").write_bytes((root / "other" / "whole.flac").read_bytes()[:4000])
    for path in (root / "other").iterdir():
        path.rename(path.with_suffix(".txt"))
    for name in ("empty.png", "empty.wav", "empty.mp3"):
        (root / name).touch()
    for name in ("text.png", "text.wav", "text.mp3"):
        (root / name).write_text("This is a text, and a long one. " * 20)
    (root / "sound.png").write_bytes((root / "good.wav").read_bytes())
    (root / "picture.wav").write_bytes((root / "good.png").read_bytes())
    (root / "no-pixels.png").write_bytes((root / "good.png").read_bytes()[:16] + bytes(8) + bytes(100))
    (root / "decoder-segfault.png").write_bytes((DATA / "decoder-segfault.png").read_bytes())
    (root / "dangling.png").symlink_to("nowhere.png")
    (root / "circle.png").symlink_to("circle.png")
    (root / "link.png").symlink_to("good.png")


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """The bad files, their DEST, how the command over them ended, and what they were before."""
    root = tmp_path_factory.mktemp("bad")
    (root / "source").mkdir()
    fill_with_bad_files(root / "source")
    before = tree(root / "source"), times_without_links(root / "source")
    result = noiseaug("run", root / "source", root / "dest", *STRENGTH, "--workers", "2")
    return root / "source", root / "dest", result, before


def times_without_links(root):
    return {str(path): path.lstat().st_mtime_ns for path in [root, *root.rglob("*")]}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_failure_that_says_what_is_wrong(bad, name):
    _, dest, _, _ = bad
    reason = failures(dest)[name]
    assert BAD[name] in reason
    assert "Traceback" not in reason and "unexpected" not in reason and len(reason) > 10
    assert not os.path.lexists(dest / name)


def test_all_other_files_are_done_and_the_exit_status_is_3(bad):
    _, dest, result, _ = bad
    assert result.returncode == 3
    assert set(failures(dest)) == set(BAD)
    assert set(manifest(dest)) == set(GOOD)
    assert set(GOOD) <= set(tree(dest))
    assert result.stdout.startswith(f"{len(GOOD)} files written to {dest}")


def test_failures_are_shown_by_reason_and_where_the_others_are_listed(bad):
    _, dest, result, _ = bad
    lines = result.stderr.splitlines()
    assert lines[0] == f"{len(BAD)} failed:"
    grouped = [line for line in lines[1:-1] if " times: " in line]
    of_two = "  2 times: is empty; expected audio"
    assert of_two in grouped
    assert lines[lines.index(of_two) + 1] == "    empty.mp3, empty.wav"
    assert lines[-2].endswith(" other reasons")
    assert f"{dest}/failures.jsonl" in lines[-1]


def test_nothing_in_source_changes_and_nothing_is_left_in_the_making(bad):
    source, dest, _, before = bad
    assert (tree(source), times_without_links(source)) == before
    assert not [name for name in tree(dest) if ".noiseaug" in name]


def test_the_same_bad_files_fail_alike_with_threads_and_workers(bad, tmp_path):
    source, dest, _, _ = bad
    for engine in (["--engine", "threads", "--workers", "3"], ["--engine", "processes", "--workers", "1"]):
        other = tmp_path / engine[1]
        assert within("run", source, other, *STRENGTH, *engine).returncode == 3
        assert tree(other) == tree(dest)


@pytest.mark.parametrize("name", ["truncated.png", "truncated.tif", "corrupt.jpg", "text.wav"])
def test_one_bad_file_by_itself_is_one_failure_and_its_codec_says_nothing_besides(bad, dest, name):
    source, _, _, _ = bad
    result = noiseaug("run", source / name, dest.with_suffix(Path(name).suffix), *STRENGTH)
    assert result.returncode == 3
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == ["1 failed:", f"  {name}"]


def test_samples_that_are_not_numbers_are_no_reason_to_complain(tmp_path):
    write_image(tmp_path / "wild.tif", np.array([[np.nan, np.inf], [-np.inf, 1]], np.float32))
    write_sound(tmp_path / "wild.wav", np.array([[np.nan], [np.inf], [1e30]]), "FLOAT")
    for name in ("wild.tif", "wild.wav"):
        result = noiseaug("run", tmp_path / name, tmp_path / f"noisy-{name}", *STRENGTH)
        assert (result.returncode, result.stderr) == (0, "")


def test_a_link_to_a_file_is_followed_and_written_as_a_file(bad):
    _, dest, _, _ = bad
    assert (dest / "link.png").is_file() and not (dest / "link.png").is_symlink()


def test_samples_beyond_all_measure_are_no_reason_to_fail(source, dest):
    write_sound(source / "a.wav", np.full((1000, 1), 1e200), "DOUBLE")
    assert within("run", source, dest, "--std", "0.1", "--audio-format", "flac").returncode == 0
    assert manifest(dest)["a.flac"]["clipped"] == 1


def test_a_density_beyond_what_tiff_counts_in_thousandths_is_rounded(source, dest):
    path = write_image(source / "a.bmp", photo(8, 8))
    content = bytearray(path.read_bytes())
    content[38:46] = (2_000_000_000).to_bytes(4, "little") * 2  # pixels a metre
    path.write_bytes(content)
    assert within("run", source, dest, "--std", "0.1", "--image-format", "tif").returncode == 0
    with Image.open(dest / "a.tif") as image:
        assert image.info["dpi"] == (50_800_000, 50_800_000)


def test_a_folder_of_sources_that_all_fail_leaves_no_empty_folder(source, dest):
    write_image(source / "good/a.png", photo(8, 8))
    (source / "bad").mkdir()
    (source / "bad/a.png").write_bytes(b"no image")
    assert within("run", source, dest, *STRENGTH).returncode == 3
    assert sorted(path.name for path in dest.iterdir() if path.is_dir()) == ["good"]
