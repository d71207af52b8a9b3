"""Exceptions that nobody expected: one line for the user, and a file with all that is to be reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.trees import files

LINE = re.compile(
    r"noiseaug: error: unexpected ZeroDivisionError: nobody expected this; this is a bug in noiseaug or its set-up: "
    r"please report it with (\S+)\n"
)
CRASH = {"call": "os.replace", "path": "manifest.jsonl", "do": "raise", "nth": 0}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("crashes") / "photos", count=2)


@pytest.fixture
def cache(tmp_path):
    """The environment with a cache directory of its own."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_a_crash_is_one_line_with_a_file_that_has_the_details(photos, dest, cache):
    result = noiseaug("run", photos, dest, *STRENGTH, fault=CRASH, env=cache)
    assert (result.returncode, result.stdout) == (1, "")
    found = LINE.fullmatch(result.stderr)
    assert found, result.stderr
    text = Path(found[1]).read_text()
    assert Path(found[1]).is_relative_to(cache["XDG_CACHE_HOME"])
    assert re.search(r"^noiseaug \d+\.\d+", text)
    assert f"command line: noiseaug run {photos} {dest} --std 25/255 --seed 7\n" in text
    assert "Python 3." in text and "Linux" in text
    assert text.endswith("ZeroDivisionError: nobody expected this\nnor a second line\n")
    assert not [name for name in files(dest) + files(photos) if "crash" in name]


def test_verbose_shows_the_traceback_too(photos, dest, cache):
    result = noiseaug("run", photos, dest, *STRENGTH, "-v", fault=CRASH, env=cache)
    assert result.returncode == 1
    assert "Traceback (most recent call last):" in result.stderr
    assert LINE.search(result.stderr)


@pytest.mark.parametrize("name", ["verify", "export", "merge"])
def test_a_crash_of_any_command_is_one_line(name, photos, dest, cache):
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    options = ["--to", "nemo"] if name == "export" else []
    fault = {"call": "os.scandir", "path": "dest", "do": "raise", "nth": 0}
    if name == "export":
        fault = {"call": "os.replace", "path": "nemo_manifest", "do": "raise", "nth": 0}
    result = noiseaug(name, dest, *options, fault=fault, env=cache)
    assert result.returncode == 1
    assert LINE.fullmatch(result.stderr), result.stderr


def test_the_details_go_into_no_directory_of_the_command_line(tmp_path, photos):
    """As SOURCE holds the cache, they go to the temporary directory; as DEST holds that too, nowhere."""
    temporary = tmp_path / "dest/tmp"
    temporary.mkdir(parents=True)
    places = {"XDG_CACHE_HOME": str(photos / "cache"), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    arguments = ["run", photos, tmp_path / "dest", *STRENGTH]
    result = noiseaug(*arguments, fault=CRASH, env=places)
    found = LINE.fullmatch(result.stderr)
    assert found and Path(found[1]).is_relative_to(tmp_path / "tmp")
    result = noiseaug(*arguments, "--force", fault=CRASH, env=places | {"TMPDIR": str(temporary)})
    assert result.stderr.endswith("its set-up: please report what -v shows\n")
    assert not (photos / "cache").exists()
    assert not list(temporary.iterdir())


def test_a_codec_that_cannot_be_imported_is_no_traceback(photos, dest, tmp_path, cache):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/pathspec.py").write_text("raise ImportError('libfoo.so.1: cannot open shared object file')")
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
    result = noiseaug("run", photos, dest, *STRENGTH, "--include", "*.png", env=cache | {"PYTHONPATH": path})
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "unexpected ImportError: libfoo.so.1: cannot open shared object file; " in result.stderr


def test_an_exception_before_any_command_is_no_traceback(tmp_path):
    (tmp_path / "click.py").write_text("raise ImportError('click is broken')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = noiseaug("presets", env={"PYTHONPATH": path})
    assert result.returncode == 1
    assert result.stderr == (
        "noiseaug: error: click is broken; the installation is not complete: pip install --force-reinstall noiseaug\n"
    )


def test_a_name_that_the_output_cannot_spell_is_no_crash(tmp_path, dest):
    source = make_photos(tmp_path / "ünïcode", count=1)
    result = noiseaug("run", source, tmp_path / "東京", *STRENGTH, env={"PYTHONIOENCODING": "latin-1"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u6771\\u4eac" in result.stdout


def test_an_exception_in_a_thread_is_one_line(tmp_path, cache):
    program = (
        "import threading; from noiseaug.cli.errors import watch_threads; watch_threads(['run'])\n"
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()"
    )
    result = subprocess.run([sys.executable, "-c", program], env=os.environ | cache, capture_output=True, text=True)
    assert result.stderr.count("\n") == 1
    assert "unexpected ZeroDivisionError: division by zero" in result.stderr


def test_closed_streams_are_no_crash(photos, dest):
    for command in ("run {photos} {dest} --std 0.1 >&- 2>&-", "run {photos} {dest} --bad 2>&-", "veryfy 2>&- >&-"):
        line = f"{sys.executable} -m noiseaug {command.format(photos=photos, dest=dest)}"
        assert subprocess.run(["sh", "-c", line]).returncode == (0 if "--std" in command else 2)
