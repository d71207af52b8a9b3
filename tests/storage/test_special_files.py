"""Files that are none, may not be read or are in the way: FIFOs, links, directories, permissions."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys

import pytest

from support.commands import STRENGTH, command, noiseaug, within
from support.corpus import photo, write_image
from support.trees import failures, manifest

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


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
    within("run", source, dest, *STRENGTH, "--overwrite")
    assert (tmp_path / "mine.png").read_text() == "mine"
