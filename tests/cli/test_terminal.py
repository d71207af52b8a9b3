"""The command line on a terminal: a bar while it is at work, and at the end the same text as in a pipe."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.faults import injected
from support.trees import tree

SIZES = [(24, 80), (12, 40)]


def on_a_terminal(size, *arguments, fault=None, resized=None, env=()):
    """The exit status of noiseaug on a pseudo-terminal of so many rows and columns, and all that it shows there.

    A `fault` is injected as in `support.faults`. With `resized`, a fault that holds the process, the terminal gets that
    size meanwhile.
    """
    ours, its = pty.openpty()
    set_size(its, size)
    environment = os.environ | dict(env) | (injected(fault) if fault else {})
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), its)
    ends = fifo_of(fault["reached"]) if resized else ()
    settings = streams | {"env": environment, "start_new_session": True, "pass_fds": ends[1:]}
    process = subprocess.Popen(command(*arguments), **settings)
    shown = b""
    if resized:
        os.close(ends[1])  # the process has it too, so reading ends should it not come to the point
        assert os.read(ends[0], 1), "the point was not reached"
        os.close(ends[0])
        set_size(its, resized)
        os.killpg(process.pid, signal.SIGWINCH)  # as the terminal's driver does for those it controls
        with open(fault["go"], "wb") as go:
            go.write(b".")
    os.close(its)
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    return process.wait(timeout=120), shown.decode().replace("\r\n", "\n")


def fifo_of(path):
    """The ends of a FIFO: one to read from, and one to write to."""
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # as nobody writes yet
    os.set_blocking(reader, True)
    return reader, os.open(path, os.O_WRONLY)


def set_size(terminal, size):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


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
    counts = "2 shards merged: 10 outputs of 10 sources, 0 failures"
    assert (ended, shown) == (0, f"{counts}\nmanifest: {shards}/manifest.jsonl\n")
    check(size, "merge", shards)


@pytest.mark.parametrize("size", SIZES)
def test_a_merge_names_what_is_of_an_earlier_run(size, photos, finished):
    (finished / "annotations.json").write_bytes(b'{"images": [\n],\n"annotations": [\n]}\n')
    view = ["run", photos, finished, *STRENGTH, "--manifest", "metadata.csv"]
    for options in (view, ["run", photos, finished, *STRENGTH, "--shard", "1/1"]):
        assert noiseaug(*options).returncode == 0
    ended, shown = on_a_terminal(size, "merge", finished)
    assert ended == 0
    first, *rest = shown.splitlines()
    assert first.startswith(
        "noiseaug: annotations.json is of an earlier run and is left as it was; run with --annotations"
    )
    assert rest[0] == "1 shard merged: 10 outputs of 10 sources, 0 failures"
    assert rest[-1] == "view: metadata.csv, which says what the manifest says"


@pytest.mark.parametrize("size", SIZES)
def test_an_interrupted_dest_is_named_and_a_stale_view_too(size, finished):
    (finished / "annotations.json").write_bytes(
        b'{"images": [\n{"id": 1, "file_name": "x.png"}\n],\n"annotations": [\n]}\n'
    )
    assert "stale: annotations.json: has an image x.png where" in check(size, "verify", finished, status=3)
    (finished / ".noiseaug").mkdir()
    assert "interrupted: .noiseaug: a run was interrupted" in check(size, "verify", finished, status=3)


@pytest.mark.parametrize("size", SIZES)
def test_failures_that_are_allowed_are_named_on_a_terminal_too(size, tmp_path):
    source = make_photos(tmp_path / "photos", count=2)
    (source / "broken.png").write_bytes(b"not an image")
    ended, shown = on_a_terminal(size, "run", source, tmp_path / "dest", *STRENGTH, "--max-failures", "1")
    assert ended == 0
    assert "1 failed, of 1 of 5 files, as --max-failures allows:\n  broken.png: " in shown


@pytest.mark.parametrize("size", SIZES)
def test_presets_are_listed(size):
    check(size, "presets")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["run", "verify", "export"])
def test_quiet_means_no_bar(size, name, photos, finished):
    arguments = {"run": [photos, finished, *STRENGTH], "verify": [finished], "export": [finished, "--to", "nemo"]}
    assert on_a_terminal(size, name, *arguments[name], "--quiet") == (0, "")


@pytest.mark.parametrize("size", SIZES)
def test_a_run_that_was_interrupted_goes_on_on_a_terminal(size, photos, tmp_path):
    dest, expected = tmp_path / "dest", tmp_path / "expected"
    fault = {"call": "os.replace", "path": "dogs/.*png$", "do": "interrupt-group", "count": str(tmp_path / "n")}
    status, shown = on_a_terminal(size, "run", photos, dest, *STRENGTH, fault=fault)
    assert (status, "Traceback" in shown) == (130, False)
    assert shown.endswith("noiseaug: stopped; what is written is whole, and the same command goes on from here\n")
    status, shown = on_a_terminal(size, "run", photos, dest, *STRENGTH)
    assert (status, "Traceback" in shown) == (0, False)
    assert noiseaug("run", photos, expected, *STRENGTH).returncode == 0
    assert tree(dest) == tree(expected)


STOPPED = {
    "verify": ({"call": "os.scandir", "path": "dest$"}, "not all is checked; the same command begins again"),
    "export": (
        {"call": "os.replace", "path": "nemo_manifest"},
        "nothing half-written is left; the same command begins again",
    ),
    "merge": ({"call": "os.replace", "path": "dest/manifest.jsonl"}, "no shard is lost; the same command begins again"),
    "preview": ({"call": "os.replace", "path": "sheet.png"}, "no sheet is written; the same command begins again"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_ctrl_c_stops_any_command_with_a_line_and_it_can_be_repeated(name, photos, tmp_path):
    dest = tmp_path / "dest"
    for part in [["--shard", "1/2"], ["--shard", "2/2"]] if name == "merge" else [[]]:
        assert noiseaug("run", photos, dest, *STRENGTH, *part).returncode == 0
    fault, line = STOPPED[name]
    options = {"export": ["--to", "nemo"], "preview": ["-o", tmp_path / "sheet.png"]}.get(name, [])
    fault = fault | {"do": "interrupt-group", "count": str(tmp_path / "n")}
    status, shown = on_a_terminal((24, 80), name, dest, *options, fault=fault)
    assert (status, "Traceback" in shown) == (130, False)
    assert shown.endswith(f"noiseaug: stopped; {line}\n")
    status, shown = on_a_terminal((24, 80), name, dest, *options)
    assert (status, "Traceback" in shown) == (0, False), shown
    assert not [path for path in tree(dest) if path.startswith(".noiseaug")]


@pytest.mark.parametrize(("size", "resized"), [(SIZES[0], SIZES[1]), (SIZES[1], SIZES[0])])
@pytest.mark.parametrize("name", ["run", "verify", "export"])
def test_a_terminal_may_be_resized_in_the_middle(name, size, resized, photos, finished, tmp_path):
    fifos = {name: str(tmp_path / name) for name in ("reached", "go")}
    for path in fifos.values():
        os.mkfifo(path)
    arguments, fault = {
        "run": ([photos, tmp_path / "other", *STRENGTH], {"call": "write", "path": "journal.jsonl"}),
        "verify": ([finished], {"call": "os.scandir", "path": "dest$"}),
        "export": ([finished, "--to", "nemo"], {"call": "os.replace", "path": "nemo_manifest"}),
    }[name]
    fault |= {"do": "hold", "count": str(tmp_path / "n")} | fifos
    status, shown = on_a_terminal(size, name, *arguments, fault=fault, resized=resized)
    assert (status, "Traceback" in shown) == (0, False), shown
    bars = [part for part in re.split(r"[\r\n]", shown) if " files [" in part or "/10 [" in part]
    assert bars
    assert len(bars[-1]) <= resized[1]


@pytest.mark.parametrize("name", ["run", "verify", "export"])
def test_a_dumb_terminal_gets_the_text_and_no_bar(name, photos, finished, tmp_path):
    arguments = {"run": [photos, finished, *STRENGTH], "verify": [finished], "export": [finished, "--to", "nemo"]}[name]
    status, shown = on_a_terminal((24, 80), name, *arguments, env={"TERM": "dumb"})
    assert status == 0
    assert "\r" not in shown and "\x1b" not in shown and " files [" not in shown
    expected = noiseaug(name, *arguments).stdout.replace("up to date in", "written to") if name == "export" else None
    assert shown == (expected or noiseaug(name, *arguments).stdout)
