"""The command line on a terminal: a bar while it is at work, and at the end the same text as in a pipe."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos

SIZES = [(24, 80), (12, 40)]


def on_a_terminal(size, *arguments):
    """The exit status of noiseaug on a pseudo-terminal of so many rows and columns, and all that it shows there."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(command(*arguments), stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    return process.wait(timeout=120), shown.decode().replace("\r\n", "\n")


def _read(terminal):
    try:
        return os.read(terminal, 1 << 16)
    except OSError as error:
        assert error.errno == errno.EIO  # as Linux says that the other side has closed it
        return b""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("terminal") / "photos", count=8)


@pytest.fixture
def finished(photos, tmp_path):
    """The DEST of a run over all photos."""
    assert noiseaug("run", photos, tmp_path / "dest", *STRENGTH).returncode == 0
    return tmp_path / "dest"


@pytest.fixture
def shards(photos, tmp_path):
    """The DEST of runs over both halves of the photos, not merged."""
    for part in ("1/2", "2/2"):
        assert noiseaug("run", photos, tmp_path / "dest", *STRENGTH, "--shard", part).returncode == 0
    return tmp_path / "dest"


def check(size, *arguments, status=0):
    """A command shows at the end, on a terminal, all that it prints into a pipe where there is nothing left to do."""
    ended, shown = on_a_terminal(size, *arguments)
    assert "Traceback" not in shown
    assert ended == status, shown
    printed = noiseaug(*arguments)
    assert printed.stdout
    assert printed.returncode == status
    assert shown.endswith(printed.stdout), shown
    return shown


def untimed(text):
    """What a run prints, without how long it took."""
    return re.sub(r" in [0-9.,]+ s \(.*\)\n", "\n", text)


@pytest.mark.parametrize("size", SIZES)
def test_a_run_shows_a_bar_and_then_its_summary(size, photos, tmp_path):
    ended, shown = on_a_terminal(size, "run", photos, tmp_path / "shown", *STRENGTH)
    printed = noiseaug("run", photos, tmp_path / "piped", *STRENGTH)
    assert (ended, printed.returncode) == (0, 0)
    assert "10 files [" in shown or "10/10 [" in shown
    assert untimed(shown).endswith(untimed(printed.stdout).replace(f"{tmp_path}/piped", f"{tmp_path}/shown"))
    assert "Traceback" not in shown


@pytest.mark.parametrize("size", SIZES)
def test_a_run_with_nothing_to_do_says_so(size, photos, finished):
    assert "nothing to do, 10 up to date\n" in check(size, "run", photos, finished, *STRENGTH)


@pytest.mark.parametrize("size", SIZES)
def test_failures_are_listed_after_the_bar(size, photos, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "broken.png").write_bytes(b"not an image")
    ended, shown = on_a_terminal(size, "run", source, tmp_path / "dest", *STRENGTH, "--verbose")
    assert ended == 3
    assert "failed: broken.png: " in shown
    assert "1 failed:\n  broken.png: " in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("size", SIZES)
def test_verify_shows_a_bar_and_then_its_verdict(size, finished):
    shown = check(size, "verify", finished)
    assert "10 files [" in shown
    (finished / "cats/001.png").unlink()
    check(size, "verify", finished, status=3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("to", ["nemo", "lhotse", "webdataset"])
def test_an_export_shows_a_bar_and_then_what_it_wrote(size, to, finished):
    ended, shown = on_a_terminal(size, "export", finished, "--to", to)
    assert (ended, "Traceback" in shown) == (0, False)
    assert " files [" in shown
    assert "written to" in shown.splitlines()[-1]
    check(size, "export", finished, "--to", to)


@pytest.mark.parametrize("size", SIZES)
def test_an_export_names_failures_above_the_bar(size, finished):
    (finished / "sound/hum.flac").unlink()
    ended, shown = on_a_terminal(size, "export", finished, "--to", "nemo")
    assert (ended, "Traceback" in shown) == (3, False)
    assert "failed: sound/hum.flac: is missing; run noiseaug again" in shown


@pytest.mark.parametrize("size", SIZES)
def test_a_merge_says_what_came_together(size, shards):
    ended, shown = on_a_terminal(size, "merge", shards)
    assert (ended, shown) == (0, f"2 shards merged: 10 outputs, 0 failures\nmanifest: {shards}/manifest.jsonl\n")
    check(size, "merge", shards)


@pytest.mark.parametrize("size", SIZES)
def test_presets_are_listed(size):
    check(size, "presets")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["run", "verify", "export"])
def test_quiet_means_no_bar(size, name, photos, finished):
    arguments = {"run": [photos, finished, *STRENGTH], "verify": [finished], "export": [finished, "--to", "nemo"]}
    assert on_a_terminal(size, name, *arguments[name], "--quiet") == (0, "")
