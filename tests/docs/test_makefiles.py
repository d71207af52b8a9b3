"""The rules of docs/makefiles.md, run by the real Make."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import noiseaug
from support.corpus import make_photos
from support.faults import injected
from support.places import ROOT
from support.trees import manifest, tree

RULES = re.findall(r"```make\n(.*?)```", (ROOT / "docs/makefiles.md").read_text(), re.DOTALL)
NOISEAUG = f"NOISEAUG={sys.executable} -m noiseaug"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def make(place: Path, *arguments: str, **settings) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", NOISEAUG, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, **settings)


@pytest.fixture
def with_directory_rule(tmp_path):
    make_photos(tmp_path / "photos", count=8)
    (tmp_path / "photos/a b$c#d%e.png").write_bytes((tmp_path / "photos/cats/001.png").read_bytes())
    (tmp_path / "Makefile").write_text(RULES[0])
    assert "11 files written" in make(tmp_path).stdout
    return tmp_path


@pytest.fixture
def with_pattern_rule(tmp_path):
    for path in make_photos(tmp_path / "made", count=8).rglob("*.png"):
        (tmp_path / "photos").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "photos" / path.name)
    (tmp_path / "Makefile").write_text(RULES[1])
    return tmp_path


def test_a_second_make_does_nothing(with_directory_rule):
    assert "is up to date" in make(with_directory_rule).stdout


@pytest.mark.parametrize("name", ["photos/cats/001.png", "photos/a b$c#d%e.png"])
def test_a_touched_source_is_done_again_alone(name, with_directory_rule):
    os.utime(with_directory_rule / name)
    assert "1 file written" in make(with_directory_rule).stdout
    assert "is up to date" in make(with_directory_rule).stdout


def test_a_touched_makefile_starts_one_run_and_then_none(with_directory_rule):
    os.utime(with_directory_rule / "Makefile")
    assert "nothing to do, 11 up to date" in make(with_directory_rule).stdout
    assert "is up to date" in make(with_directory_rule).stdout


def test_a_failed_source_is_tried_again_until_it_works(with_directory_rule):
    broken = with_directory_rule / "photos/cats/001.png"
    content = broken.read_bytes()
    broken.write_bytes(b"no image")
    for _ in range(2):
        tried = make(with_directory_rule)
        assert tried.returncode == 2
        assert "1 failed:\n  cats/001.png: " in tried.stderr
    broken.write_bytes(content)
    assert "1 file written" in make(with_directory_rule).stdout
    assert "is up to date" in make(with_directory_rule).stdout


def test_a_failure_that_is_allowed_does_not_stop_make(with_directory_rule):
    rule = (with_directory_rule / "Makefile").read_text()
    (with_directory_rule / "Makefile").write_text(rule.replace("--stamp", "--max-failures 1 --stamp"))
    (with_directory_rule / "photos/cats/001.png").write_bytes(b"no image")
    assert make(with_directory_rule).returncode == 0
    assert "is up to date" in make(with_directory_rule).stdout


def test_a_source_that_changes_while_a_run_is_on_is_done_by_the_next(with_directory_rule):
    """It comes earlier in the walk than the output that was just put in place."""
    late, other = (with_directory_rule / "photos" / name for name in ("cats/001.png", "dogs/002.png"))
    os.utime(other)
    fault = {"call": "os.replace", "path": "dogs/002.png$", "when": "after", "do": "touch", "victim": str(late)}
    fault["count"] = str(with_directory_rule / "count")
    made = make(with_directory_rule, env=os.environ | injected(fault))
    assert "1 file written" in made.stdout, made.stderr
    assert "1 file written" in make(with_directory_rule).stdout
    assert "is up to date" in make(with_directory_rule).stdout


def test_a_deleted_source_leaves_the_manifest(with_directory_rule):
    (with_directory_rule / "photos/cats/001.png").unlink()
    assert make(with_directory_rule).returncode == 0
    assert "cats/001.png" not in manifest(with_directory_rule / "photos-noisy")
    assert "is up to date" in make(with_directory_rule).stdout


def test_an_interrupted_make_is_taken_up(tmp_path):
    source = make_photos(tmp_path / "photos", count=12)
    (tmp_path / "Makefile").write_text(RULES[0])
    fault = {"call": "write", "path": "journal.jsonl", "nth": 5, "do": "kill-group", "count": str(tmp_path / "n")}
    interrupted = make(tmp_path, env=os.environ | injected(fault), start_new_session=True)
    assert interrupted.returncode != 0
    assert not (tmp_path / "photos-noisy/manifest.jsonl").exists()
    assert make(tmp_path).returncode == 0
    noiseaug("run", source, tmp_path / "fresh", "--std", "25/255", "--seed", "7")
    assert tree(tmp_path / "photos-noisy") == tree(tmp_path / "fresh")


def test_single_files_in_parallel_get_the_noise_of_a_run_over_their_directory(with_pattern_rule):
    assert make(with_pattern_rule, "-j2").returncode == 0
    assert "Nothing to be done" in make(with_pattern_rule, "-j2").stdout
    noiseaug("run", with_pattern_rule / "photos", with_pattern_rule / "whole", "--std", "25/255", "--seed", "7")
    (with_pattern_rule / "whole/manifest.jsonl").unlink()
    assert tree(with_pattern_rule / "noisy") == tree(with_pattern_rule / "whole")


def test_one_changed_file_is_done_again_alone(with_pattern_rule):
    make(with_pattern_rule)
    first, second, *_ = sorted((with_pattern_rule / "photos").iterdir())
    os.utime(second)
    assert make(with_pattern_rule).stdout.count("noiseaug run") == 1
    shutil.copyfile(first, second)
    assert make(with_pattern_rule).returncode == 0
    second.unlink()
    assert make(with_pattern_rule).returncode == 0


def test_an_interrupted_make_leaves_no_broken_target(with_pattern_rule):
    """By Ctrl-C, which a terminal sends to Make and to all that it runs."""
    fault = {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "when": "half", "nth": 3, "do": "interrupt-group"}
    environment = os.environ | injected(fault | {"count": str(with_pattern_rule / "count")})
    interrupted = make(with_pattern_rule, env=environment, start_new_session=True)
    assert interrupted.returncode in (2, -signal.SIGINT)
    made = [path for path in (with_pattern_rule / "noisy").iterdir() if path.suffix == ".png"]
    assert 0 < len(made) < len(list((with_pattern_rule / "photos").iterdir()))
    assert make(with_pattern_rule).returncode == 0
    noiseaug("run", with_pattern_rule / "photos", with_pattern_rule / "whole", "--std", "25/255", "--seed", "7")
    (with_pattern_rule / "whole/manifest.jsonl").unlink()
    assert tree(with_pattern_rule / "noisy") == tree(with_pattern_rule / "whole")


def test_files_from_names_what_is_done(tmp_path):
    source = make_photos(tmp_path / "photos", count=6)
    (source / "odd\nname.png").write_bytes((source / "cats/001.png").read_bytes())
    run = ["run", source, tmp_path / "out", "--std", "0.1"]
    listed = noiseaug(*run, "--files-from", "-", input="./dogs/002.png\ncats/001.png\nnotes.txt\n")
    assert listed.stdout.startswith("2 files written"), listed
    assert list(manifest(tmp_path / "out")) == ["cats/001.png", "dogs/002.png"]
    (tmp_path / "names").write_bytes(b"odd\nname.png\0cats/001.png\0")
    noiseaug(*run, "--files-from", tmp_path / "names", "-0")
    assert list(manifest(tmp_path / "out")) == ["cats/001.png", "odd\nname.png"]
    refused = noiseaug(*run, "--files-from", "-", input="../elsewhere.png\n")
    assert refused.returncode == 2
    assert "../elsewhere.png" in refused.stderr
    missing = noiseaug(*run, "--files-from", "-", input="cats/001.png\nno/such.png\n")
    assert missing.returncode == 3
    assert "no/such.png: cannot be looked at: No such file" in missing.stderr
