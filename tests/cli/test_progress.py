"""What a run says while it is at work: for people on and off a terminal, and for other programs."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from noiseaug.cli import progress
from support.commands import STRENGTH, command, noiseaug, within
from support.corpus import make_photos


@pytest.fixture
def photos(tmp_path):
    return make_photos(tmp_path / "photos", count=4)


@pytest.fixture
def impatient(monkeypatch):
    """Lines of progress after each file, instead of each 30 s."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)


def test_off_a_terminal_a_line_says_how_far_a_run_is(photos, tmp_path, impatient):
    (photos / "broken.png").write_bytes(b"no image")
    result = within("run", photos, tmp_path / "dest", *STRENGTH)
    lines = [line for line in result.stderr.splitlines() if re.match("noiseaug: [0-9]", line)]
    assert len(lines) == 7  # one a source
    pattern = r"noiseaug: [0-9] (of 7 )?files?( \([0-9]+%\))?(, [0-9.]+ [kMG]?B/s)?(, 1 failed)?(, .* left)?"
    assert all(re.fullmatch(pattern, line) for line in lines), lines
    assert "1 failed" in lines[-1]


def test_a_short_run_and_a_quiet_one_say_nothing_meanwhile(photos, tmp_path, impatient):
    assert within("run", photos, tmp_path / "quiet", *STRENGTH, "--quiet").stderr == ""
    assert noiseaug("run", photos, tmp_path / "short", *STRENGTH, "--std", "2/255").stderr == ""


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_events_tell_of_each_source_and_end_with_the_summary(photos, tmp_path):
    (photos / "cats/broken.png").write_bytes(b"no image")
    dest = tmp_path / "dest"
    result = within("run", photos, dest, *STRENGTH, "--std", "0.2", "--events", tmp_path / "events.jsonl")
    assert "written to" in result.stdout
    started, *told, finished = events_of((tmp_path / "events.jsonl").read_text())
    assert started == {"event": "started", "source": str(photos), "dest": str(dest), "seed": 7}
    by_source = {event["source_path"]: event for event in told}
    assert list(by_source) == sorted(by_source), "in walk order"
    assert by_source["cats/broken.png"]["event"] == "failed"
    assert "cannot be decoded" in by_source["cats/broken.png"]["error"]
    assert by_source["cats/001.png"]["written"] == ["cats/001-std0.098-0.png", "cats/001-std0.2-0.png"]
    assert (finished["event"], finished["written"], finished["failed"]) == ("finished", 12, 1)
    summary = json.loads(within("run", photos, dest, *STRENGTH, "--std", "0.2", "--json").stdout)
    assert finished.keys() - {"event"} == summary.keys()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a file that is always full")
def test_events_that_cannot_be_written_end_the_run_with_their_name(photos, tmp_path):
    result = within("run", photos, tmp_path / "dest", *STRENGTH, "--events", "/dev/full")
    assert (result.returncode, result.stderr) == (1, "noiseaug: error: /dev/full: No space left on device\n")


def test_events_on_stdout_have_it_for_themselves(photos, tmp_path):
    result = within("run", photos, tmp_path / "dest", *STRENGTH, "--events", "-")
    assert [event["event"] for event in events_of(result.stdout)] == ["started", *["done"] * 6, "finished"]
    again = within("run", photos, tmp_path / "dest", *STRENGTH, "--events", "-")
    assert all(event["written"] == [] for event in events_of(again.stdout)[1:-1])
    refused = within("run", photos, tmp_path / "dest", *STRENGTH, "--events", "-", "--json")
    assert (refused.returncode, "use one of them" in refused.stderr) == (2, True)


def test_a_run_that_cannot_begin_does_not_finish(tmp_path):
    (tmp_path / "empty").mkdir()
    result = within("run", tmp_path / "empty", tmp_path / "dest", *STRENGTH, "--events", "-")
    assert [event["event"] for event in events_of(result.stdout)] == ["started"]
    assert result.returncode == 1


def test_a_reader_that_goes_away_does_not_end_the_run(photos, tmp_path):
    process = subprocess.Popen(
        command("run", photos, tmp_path / "dest", *STRENGTH, "--events", "-"), stdout=subprocess.PIPE
    )
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    assert len((tmp_path / "dest/manifest.jsonl").read_text().splitlines()) == 6
