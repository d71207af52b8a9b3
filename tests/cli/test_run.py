"""The main job: one command, a noisy mirror of a folder, a summary and an exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import termios

import pytest

from support.commands import command, noiseaug, to_make, within
from support.corpus import photo, pixels, read_image, write_image, write_sound
from support.corpus import sound as hum
from support.trees import failures, manifest, times, tree

STRENGTH = ["--std", "10/255", "--seed", "7"]


@pytest.fixture(scope="module")
def ran(mixed, tmp_path_factory):
    """The command as a user types it, over the mixed folder: what it printed, and where it wrote."""
    dest = tmp_path_factory.mktemp("ran") / "noisy"
    return noiseaug("run", mixed, dest, *STRENGTH), dest


@pytest.fixture
def two(source):
    """A folder with one image and one recording."""
    write_image(source / "a.png", photo(8, 8))
    write_sound(source / "b.wav", hum(200), "PCM_16")
    return source


@pytest.fixture
def one_is_broken(two):
    (two / "aa.png").write_bytes(b"no image at all")
    return two


def test_the_summary_says_what_was_written_and_where_and_nothing_else_is_printed(ran):
    result, dest = ran
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == f"16 files written to {dest} (8 audio, 8 image), 1 other file left alone"
    assert re.fullmatch(r"\d+ kB read, \d+ kB written in [\d.]+ s \([\d.,]+ files/s\)", lines[1])
    assert re.fullmatch(r"[\d.]+% of the samples clipped", lines[2])
    assert lines[3:] == [f"manifest: {dest}/manifest.jsonl"]


def test_dest_mirrors_source_and_holds_no_more_than_the_manifest_besides(ran, mixed):
    _, dest = ran
    sources = {name for name in tree(mixed) if not name.endswith(".txt")}
    assert set(tree(dest)) == sources | {"manifest.jsonl"}


def test_every_output_differs_from_its_source_and_has_a_row_in_the_manifest(ran, mixed):
    _, dest = ran
    clean, noisy = tree(mixed), tree(dest)
    rows = manifest(dest)
    assert set(rows) == {name for name, digest in noisy.items() if digest} - {"manifest.jsonl"}
    assert all(noisy[name] != clean[name] for name in rows)


def test_nothing_in_source_changes(mixed, tmp_path):
    before, stamps = tree(mixed), times(mixed)
    assert noiseaug("run", mixed, tmp_path / "dest", *STRENGTH).returncode == 0
    assert tree(mixed) == before
    assert times(mixed) == stamps


def test_a_second_run_says_that_there_is_nothing_to_do(ran, mixed):
    _, dest = ran
    before = times(dest)
    again = within("run", mixed, dest, *STRENGTH)
    assert again == (0, "nothing to do, 16 up to date, 1 other file left alone\n", "")
    assert times(dest) == before


def test_several_copies_and_levels_are_told_apart_by_name(two, dest):
    assert within("run", two, dest, "--std", "0.1", "--std", "5/255:50/255", "--copies", "2").returncode == 0
    levels = ("std0.1", "std0.0196-0.196")
    names = {
        f"{stem}-{level}-{copy}{end}"
        for stem, end in (("a", ".png"), ("b", ".wav"))
        for level in levels
        for copy in (0, 1)
    }
    assert set(tree(dest)) == names | {"manifest.jsonl"}
    assert list(manifest(dest))[:4] == [f"a-{level}-{copy}.png" for level in levels for copy in (0, 1)]


def test_a_name_may_hold_several_dots_or_begin_with_one(source, dest):
    for name in (".hidden.png", "a.b.png", "UPPER.PNG"):
        write_image(source / "plain.png", photo(8, 8)).rename(source / name)
    assert within("run", source, dest, "--std", "0.1", "--copies", "2", "--hidden").returncode == 0
    stems = {".hidden-std0.1-0.png", "a.b-std0.1-0.png", "UPPER-std0.1-0.PNG"}
    assert {name for name in tree(dest) if "-0." in name} == stems


def test_one_file_goes_to_a_file_name_without_a_manifest(two, tmp_path):
    target = tmp_path / "new" / "folder" / "noisy.png"
    result = within("run", two / "a.png", target, "--std", "0.1")
    assert result == (0, f"1 file written to {target} (1 image)\n", "")
    assert tree(target.parent) == {"noisy.png": tree(target.parent)["noisy.png"]}
    assert read_image(target).shape == (8, 8, 3)


def test_one_file_does_not_replace_another_unless_asked(two, tmp_path):
    """As a shell makes of `run *.png` with two matches."""
    target = tmp_path / "b.png"
    target.write_text("mine")
    result = within("run", two / "a.png", target, "--std", "0.1")
    assert (result.returncode, result.stdout) == (3, "nothing written\n")
    assert "  a.png: b.png exists; use --overwrite to replace it, or name another file\n" in result.stderr
    assert target.read_text() == "mine"
    assert within("run", two / "a.png", target, "--std", "0.1", "--overwrite").returncode == 0
    assert read_image(target).shape == (8, 8, 3)


def test_one_file_goes_into_a_directory_under_its_own_name_with_a_manifest(two, dest):
    dest.mkdir()
    assert within("run", two / "a.png", dest, "--std", "0.1").returncode == 0
    assert set(tree(dest)) == {"a.png", "manifest.jsonl"}


def test_one_file_goes_into_a_new_directory_if_dest_ends_in_a_slash(two, dest):
    assert within("run", two / "a.png", f"{dest}/", "--std", "0.1", "--copies", "2").returncode == 0
    assert set(tree(dest)) == {"a-std0.1-0.png", "a-std0.1-1.png", "manifest.jsonl"}


@pytest.mark.parametrize(("name", "other"), [("a.png", "noisy.wav"), ("a.png", "noisy"), ("b.wav", "noisy.png")])
def test_one_file_is_never_written_as_what_its_new_name_does_not_say(two, tmp_path, name, other):
    result = within("run", two / name, tmp_path / other, "--std", "0.1")
    assert result.returncode != 0
    assert not (tmp_path / other).exists()


def test_several_outputs_of_one_file_need_a_directory(two, tmp_path):
    result = within("run", two / "a.png", tmp_path / "noisy.png", "--std", "0.1", "--copies", "2")
    assert result.returncode == 2
    assert "directory" in result.stderr and "noisy.png" in result.stderr


def test_a_failure_is_told_and_recorded_and_costs_only_itself(one_is_broken, dest):
    result = noiseaug("run", one_is_broken, dest, *STRENGTH)
    assert result.returncode == 3
    assert result.stdout.startswith(f"2 files written to {dest} (1 audio, 1 image)")
    assert "1 failed:\n  aa.png: cannot be decoded as an image" in result.stderr
    assert f"{dest}/failures.jsonl" in result.stderr
    assert list(manifest(dest)) == ["a.png", "b.wav"]
    assert list(failures(dest)) == ["aa.png"]


def test_failures_are_forgotten_once_they_are_mended(one_is_broken, dest):
    within("run", one_is_broken, dest, *STRENGTH)
    write_image(one_is_broken / "aa.png", photo(8, 8))
    assert within("run", one_is_broken, dest, *STRENGTH).returncode == 0
    assert set(tree(dest)) == {"a.png", "aa.png", "b.wav", "manifest.jsonl"}


def test_fail_fast_stops_at_the_first_failure(one_is_broken, dest):
    (one_is_broken / "ab.png").write_bytes(b"no image either")
    result = within("run", one_is_broken, dest, *STRENGTH, "--fail-fast")
    assert result.returncode == 3
    assert result.stderr.startswith("noiseaug: error: aa.png: cannot be decoded as an image")
    assert result.stderr.count("\n") == 1
    assert list(failures(dest)) == ["aa.png"]


def test_a_source_with_nothing_to_do_is_said_and_leaves_no_dest(source, dest):
    (source / "notes.txt").write_text("hello")
    result = within("run", source, dest, *STRENGTH)
    assert result.returncode == 1
    assert result.stdout == ""
    assert f"no image or audio files to work on in {source} (1 other file there)" in result.stderr
    assert not dest.exists()


def test_a_missing_source_is_a_usage_error(source, dest):
    result = within("run", source / "missing", dest, *STRENGTH)
    assert result.returncode == 2
    assert "missing" in result.stderr and "does not exist" in result.stderr


def test_dest_that_is_a_file_is_refused_where_source_is_a_directory(two, dest):
    dest.write_text("mine")
    result = within("run", two, dest, *STRENGTH)
    assert result.returncode == 2
    assert f"DEST {dest} is a file; expected a directory" in result.stderr
    assert dest.read_text() == "mine"


def test_a_file_that_was_in_dest_before_is_not_overwritten_unless_asked(two, dest):
    dest.mkdir()
    (dest / "a.png").write_text("mine")
    result = within("run", two, dest, *STRENGTH)
    assert result.returncode == 3
    assert "no run is known to have written it" in failures(dest)["a.png"]
    assert (dest / "a.png").read_text() == "mine"
    assert within("run", two, dest, *STRENGTH, "--overwrite").returncode == 0
    assert read_image(dest / "a.png").shape == (8, 8, 3)


def test_a_dry_run_prints_the_targets_in_order_and_writes_nothing(two, dest):
    result = within("run", two, dest, "--std", "0.1", "--copies", "2", "-n")
    assert to_make(result.stdout) == ["a-std0.1-0.png", "a-std0.1-1.png", "b-std0.1-0.wav", "b-std0.1-1.wav"]
    assert (result.returncode, result.stderr) == (0, "dry run: 4 new; nothing was written\n")
    assert not dest.exists()


def test_a_dry_run_prints_only_what_is_not_up_to_date(two, dest):
    within("run", two, dest, *STRENGTH)
    write_image(two / "new.png", photo(8, 8))
    before = tree(dest)
    assert within("run", two, dest, *STRENGTH, "-n").stdout == "new: new.png\n"
    assert tree(dest) == before


def test_quiet_prints_nothing(two, dest):
    assert within("run", two, dest, *STRENGTH, "-q") == (0, "", "")


def test_quiet_still_tells_by_the_exit_status_that_something_failed(one_is_broken, dest):
    result = within("run", one_is_broken, dest, *STRENGTH, "-q")
    assert (result.returncode, result.stdout) == (3, "")
    first, second, third = result.stderr.splitlines()
    assert first == "1 failed:"
    assert second.startswith("  aa.png: cannot be decoded as an image")
    assert third == f"  all are listed in {dest}/failures.jsonl; the same command tries them again"


def test_verbose_names_each_file_on_stderr_as_it_is_done(one_is_broken, dest):
    result = within("run", one_is_broken, dest, *STRENGTH, "-v")
    lines = result.stderr.splitlines()
    assert lines[0] == "a.png"
    assert lines[1].startswith("failed: aa.png: cannot be decoded")
    assert lines[2] == "b.wav"
    assert result.stdout.startswith("2 files written")


def test_json_prints_the_summary_as_one_object(one_is_broken, dest):
    (one_is_broken / "notes.txt").write_text("hello")
    result = within("run", one_is_broken, dest, *STRENGTH, "--json")
    assert result.returncode == 3
    summary = json.loads(result.stdout)
    expected = {"written": 2, "failed": 1, "up_to_date": 0, "others": 1, "specials": 0, "seed": 7}
    assert summary | expected == summary
    assert summary["manifest"] == f"{dest}/manifest.jsonl"
    assert [failure["source_path"] for failure in summary["failures"]] == ["aa.png"]


def test_a_progress_bar_is_drawn_on_a_terminal_and_nowhere_else(two, dest):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with open(ours, "rb", buffering=0) as terminal:
        with open(theirs, "wb") as stderr:
            done = subprocess.run(
                command("run", two, dest, *STRENGTH), stdout=subprocess.PIPE, stderr=stderr, timeout=120
            )
        drawn = b"".join(iter(lambda: read_or_nothing(terminal), b"")).decode()
    assert (done.returncode, done.stdout[:15]) == (0, b"2 files written")
    assert "2" in drawn and "files" in drawn and "B/s" in drawn
    assert "2 files written" not in drawn


def read_or_nothing(terminal):
    """What a terminal shows, piece by piece; Linux ends it with an error."""
    try:
        return terminal.read(65536)
    except OSError:
        return b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_with_whole_files_only_and_says_how_to_go_on(source, dest, number):
    """The run cannot end by itself: what it says with -v does not fit into the pipe, which is not read meanwhile."""
    for index in range(400):
        write_image(source / f"{index:03}{'x' * 200}.png", pixels((64, 64, 3), seed=index))
    arguments = command("run", source, dest, *STRENGTH, "-v", "--workers", "1")
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "pipesize": 4096}
    with subprocess.Popen(arguments, **streams) as running:
        assert running.stderr.readline().startswith("000x")
        running.send_signal(number)
        last = running.communicate(timeout=60)[1].splitlines()[-1]
    assert running.returncode == 128 + number
    assert "stopped" in last and "the same command goes on" in last
    written = [name for name in tree(dest) if name.endswith(".png")]
    assert 0 < len(written) < 400
    assert not [name for name in tree(dest) if name.endswith(".tmp")]
    assert all(read_image(dest / name).shape == (64, 64, 3) for name in written)


def test_a_closed_pipe_behind_the_summary_is_no_failure_of_the_run(two, dest):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as stdout:
        done = subprocess.run(command("run", two, dest, *STRENGTH), stdout=stdout, stderr=subprocess.PIPE, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert set(tree(dest)) == {"a.png", "b.wav", "manifest.jsonl"}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_disturb_a_run(two, dest, closed):
    script = f'exec "$@" {closed}'
    done = subprocess.run(["sh", "-c", script, "sh", *command("run", two, dest, *STRENGTH)], capture_output=True)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert set(tree(dest)) == {"a.png", "b.wav", "manifest.jsonl"}
