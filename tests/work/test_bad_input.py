"""Whatever lies in SOURCE: one bad file costs only itself, special files are not opened, and no name is too odd."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.commands import command, noiseaug, within
from support.corpus import photo, save_image, sound, write_image, write_sound
from support.places import DATA
from support.trees import failures, manifest, times, tree

STRENGTH = ["--std", "10/255", "--seed", "7"]
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24

BAD = {
    "corrupt.png": "cannot be decoded as an image",
    "corrupt.jpg": "cannot be decoded as an image",
    "truncated.png": "cannot be decoded as an image",
    "truncated.jpg": "cannot be decoded as an image",
    "truncated.tif": "cannot be decoded as an image",
    "truncated.webp": "cannot be decoded as an image",
    "truncated.bmp": "cannot be decoded as an image",
    "truncated.wav": "is truncated",
    "truncated.flac": "",
    "empty.png": "is empty; expected an image",
    "empty.wav": "is empty; expected audio",
    "empty.mp3": "is empty; expected audio",
    "text.png": "cannot be decoded as an image",
    "text.wav": "cannot be decoded as audio",
    "text.mp3": "cannot be decoded as audio",
    "sound.png": "cannot be decoded as an image",
    "picture.wav": "cannot be decoded as audio",
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


def test_the_first_failures_are_shown_and_where_the_others_are_listed(bad):
    _, dest, result, _ = bad
    lines = result.stderr.splitlines()
    assert lines[0] == f"{len(BAD)} failed:"
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == sorted(BAD)[: len(lines) - 2]
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


def test_special_files_are_counted_and_never_opened(source, dest):
    """Nobody writes to the FIFOs: a run that opens one to read would wait for ever."""
    write_image(source / "a.png", photo(8, 8))
    for name in ("pipe.wav", "pipe.png"):
        os.mkfifo(source / name)
    (source / "link-to-pipe.wav").symlink_to("pipe.wav")
    (source / "endless.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(source, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/socket.wav" if len(str(source)) > 80 else str(source / "socket.wav"))
        os.close(here)
        result = noiseaug("run", source, dest, *STRENGTH)
    assert result.returncode == 0
    assert "5 special files skipped" in result.stdout
    assert list(manifest(dest)) == ["a.png"]


def test_a_fifo_given_as_source_is_refused_and_not_opened(tmp_path, dest):
    os.mkfifo(tmp_path / "pipe.wav")
    result = noiseaug("run", tmp_path / "pipe.wav", dest, *STRENGTH)
    assert result.returncode == 2
    assert "neither a directory nor a regular file" in result.stderr


def test_links_to_directories_are_not_walked(source, dest):
    write_image(source / "real" / "a.png", photo(8, 8))
    (source / "again").symlink_to("real")
    (source / "again.png").symlink_to("real")
    (source / "real" / "up").symlink_to("..")
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    assert list(manifest(dest)) == ["real/a.png"]


def test_a_file_and_a_directory_that_may_not_be_read_are_failures_of_their_own(source, dest):
    for name in ("a.png", "locked.png", "closed/b.png", "z.png"):
        write_image(source / name, photo(8, 8))
    (source / "locked.png").chmod(0)
    (source / "closed").chmod(0)
    arguments = command("run", source, dest, *STRENGTH)
    if os.geteuid() == 0:
        arguments = as_root_without_privileges(arguments)
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    (source / "closed").chmod(0o700)
    assert done.returncode == 3
    assert set(failures(dest)) == {"locked.png", "closed"}
    assert all("Permission denied" in reason for reason in failures(dest).values())
    assert list(manifest(dest)) == ["a.png", "z.png"]


def as_root_without_privileges(arguments):
    """The command such that root, too, may only read what the modes of files allow."""
    if sys.platform != "linux":
        pytest.skip("root reads every file, and only Linux can take that from it")
    drop = [
        f"prctl({PR_CAPBSET_DROP}, {capability}, 0, 0, 0)" for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)
    ]
    if ctypes.CDLL(None).prctl(23, CAP_DAC_OVERRIDE, 0, 0, 0) != 1:  # PR_CAPBSET_READ
        return arguments
    script = (
        f"import ctypes, os, sys; libc = ctypes.CDLL(None); assert not any([{', '.join('libc.' + d for d in drop)}])"
    )
    return [sys.executable, "-c", f"{script}; os.execv(sys.executable, sys.argv[1:])", *arguments]


def test_a_dest_that_may_not_be_written_is_said_in_one_line(source, tmp_path):
    write_image(source / "a.png", photo(8, 8))
    (tmp_path / "locked").mkdir(mode=0o500)
    for dest in (tmp_path / "locked", tmp_path / "locked" / "new"):
        arguments = command("run", source, dest, *STRENGTH)
        if os.geteuid() == 0:
            arguments = as_root_without_privileges(arguments)
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "Permission denied" in done.stderr and str(tmp_path / "locked") in done.stderr


def test_a_directory_in_the_way_of_an_output_is_a_failure_that_says_so(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    (dest / "a.png").mkdir(parents=True)
    assert within("run", source, dest, *STRENGTH).returncode == 3
    assert "a directory is in the way of a.png" in failures(dest)["a.png"]
    assert list(manifest(dest)) == ["b.png"]


def test_a_file_in_the_way_of_a_directory_is_a_failure_of_what_is_below(source, dest):
    write_image(source / "sub" / "a.png", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    dest.mkdir()
    (dest / "sub").write_text("mine")
    assert within("run", source, dest, *STRENGTH).returncode == 3
    assert list(failures(dest)) == ["sub/a.png"]
    assert "unexpected" not in failures(dest)["sub/a.png"]
    assert list(manifest(dest)) == ["b.png"]
    assert (dest / "sub").read_text() == "mine"


def test_a_link_in_dest_is_not_written_through(source, dest, tmp_path):
    write_image(source / "a.png", photo(8, 8))
    dest.mkdir()
    (tmp_path / "mine.png").write_text("mine")
    (dest / "a.png").symlink_to(tmp_path / "mine.png")
    within("run", source, dest, *STRENGTH, "--overwrite-foreign")
    assert (tmp_path / "mine.png").read_text() == "mine"


# Names

LONGEST = "n" * 251 + ".png"
ODD = [
    *(
        b"two words.png",
        b"new\nline.png",
        b"-dash.png",
        b"--std.png",
        b"tab\t.png",
        b"'quote\".png",
        b"back\\slash.png",
    ),
    *(b"\xff\xfe.png", b"caf\xe9.png", "emoji \U0001f600 .png".encode(), "ne\u0301e.png".encode(), b"*[a-z]?.png"),
    *(b"%s{0}.png", b"~.png", b" .png", b"#hash.png", b"\x1b[31mred.png", b"\xe2\x80\xae.png", LONGEST.encode()),
    *(b"sub dir\n/\xff/a.png", b"-/x.png"),
]


@pytest.fixture
def odd(source):
    for index, name in enumerate(ODD):
        path = Path(os.fsdecode(os.fsencode(source) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_image(source / "made.png", photo(8, 8, seed=index)).read_bytes())
    (source / "made.png").unlink()
    return source


def file_names(root: Path) -> set[bytes]:
    return {os.fsencode(path.relative_to(root)) for path in root.rglob("*") if path.suffix == ".png"}


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_odd_names_are_names_like_others(odd, dest, engine):
    result = within("run", odd, dest, *STRENGTH, "--engine", engine, "-v")
    assert result.returncode == 0
    assert file_names(dest) == set(ODD)
    assert {os.fsencode(name) for name in manifest(dest)} == set(ODD)
    assert len(set(tree(dest).values())) == len(tree(dest)) - 2  # three directories have no hash


def test_messages_show_odd_names_on_one_line_and_without_control_characters(odd, dest):
    result = within("run", odd, dest, *STRENGTH, "-v")
    lines = result.stderr.split("\n")
    assert len(lines) == len(ODD) + 1
    assert not {"\x1b", "\t", "\u202e"} & set(result.stderr)
    assert any("new\\nline.png" in line for line in lines)


def test_failures_with_odd_names_are_recorded_under_those_names(odd, dest):
    for name in ODD:
        Path(os.fsdecode(os.fsencode(odd) + b"/" + name)).write_bytes(b"no image")
    assert within("run", odd, dest, *STRENGTH).returncode == 3
    assert {os.fsencode(name) for name in failures(dest)} == set(ODD)


def test_a_dry_run_prints_names_as_bytes(odd, dest):
    done = subprocess.run(command("run", odd, dest, *STRENGTH, "-n"), capture_output=True, timeout=120)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ODD)


def test_odd_names_do_well_in_the_plainest_locale(odd, dest):
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii"}
    result = noiseaug("run", odd, dest, *STRENGTH, "-v", env=plain)
    assert result.returncode == 0, result.stderr
    assert file_names(dest) == set(ODD)


def test_the_longest_name_with_a_level_added_is_a_failure_of_that_file_alone(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / LONGEST, photo(8, 8))
    assert within("run", source, dest, *STRENGTH, "--copies", "2").returncode == 3
    assert {name: "unexpected" not in reason for name, reason in failures(dest).items()} == {LONGEST: True}
    assert len(manifest(dest)) == 2


def test_source_and_dest_may_have_odd_names_themselves(tmp_path):
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff \n"))
    dest = Path(os.fsdecode(os.fsencode(tmp_path) + b"/-out\xfe \n"))
    write_image(tmp_path / "a.png", photo(8, 8))
    source.mkdir()
    (tmp_path / "a.png").rename(source / "a.png")
    result = noiseaug("run", source, "--", dest.name, *STRENGTH[:0], cwd=tmp_path, env={"NOISEAUG_RUN_SEED": "7"})
    assert result.returncode == 2  # no strength: only to see that the message can be printed
    result = noiseaug("run", *STRENGTH, "--", source.name, dest.name, cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.count("\n") == 2
    assert set(tree(dest)) == {"a.png", "manifest.jsonl"}
    assert not times(dest).keys() & times(source).keys()


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
