"""`noiseaug formats` says what a run does with files of each suffix here; `--version -v` says with which libraries."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
import sys

import pytest

import noiseaug as package
from noiseaug.kinds import KINDS
from noiseaug.media.audio.formats import FORMATS as AUDIO
from noiseaug.media.image.formats import FORMATS as IMAGES
from support.commands import noiseaug, within
from support.corpus import photo, sound, write_image, write_sound
from support.trees import failures, files

WRITTEN = {"image": IMAGES, "audio": AUDIO}


def told():
    return {one["suffix"]: one for one in json.loads(within("formats", "--json").stdout)}


def test_every_suffix_of_every_kind_is_told_with_a_format_that_can_be_written():
    found = told()
    assert found.keys() == {suffix for kind in KINDS.values() for suffix in kind.suffixes | kind.unreadable}
    for one in found.values():
        assert one["written_as"] is None or one["written_as"] in WRITTEN.get(one["kind"], {one["written_as"]}), one


def test_a_run_does_what_is_told(source, dest):
    for suffix in (".png", ".jpg", ".pgm", ".cr2"):
        write_image(source / f"{suffix[1:]}.png", photo(8, 8, 1)).rename(source / f"{suffix[1:]}{suffix}")
    (source / "gif.gif").write_bytes(
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    )
    write_sound(source / "wav.wav", sound(), "PCM_16")
    noiseaug("run", source, dest, "--std", "0.1")
    found = told()
    expected = {f"{suffix[1:]}{found[suffix]['written_as']}" for suffix in (".png", ".jpg", ".pgm", ".gif", ".wav")}
    assert expected <= set(files(dest)) and "gif.png" in expected
    assert not found[".cr2"]["read"] and "cr2.cr2" in failures(dest)


def test_what_an_extra_would_bring_is_marked_as_missing(monkeypatch):
    assert "read, and written as .png, with noiseaug[heif]:\n    .heic" in within("formats").stdout
    assert told()[".heic"]["read"] and told()[".heic"]["extra"] == "heif"
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    shown = within("formats").stdout
    assert "read, and written as .png, with noiseaug[heif], which is missing:\n    .heic" in shown
    assert "  heif   missing: pip install 'noiseaug[heif]'" in shown and "  av     installed" in shown
    assert not told()[".heic"]["read"]


@pytest.mark.parametrize("columns", [60, 80])
def test_the_list_fits_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = within("formats").stdout.splitlines()
    assert columns - 15 < max(map(len, lines)) <= columns


@pytest.mark.parametrize("arguments", [["--version", "-v"], ["-v", "--version"], ["-Vv"]])
def test_the_version_comes_with_those_of_the_libraries_if_asked_for(arguments):
    first, *others = within(*arguments).stdout.splitlines()
    assert first == f"noiseaug {package.__version__}"
    versions = dict(line.split(maxsplit=1) for line in others)
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == importlib.metadata.version("numpy")
    assert versions["opencv-python-headless"] == importlib.metadata.version("opencv-python-headless")


def test_verbose_alone_is_explained():
    ended = within("-v")
    assert ended.returncode == 2
    assert "-v goes with --version here, or behind a command" in within("-v", "presets").stderr


def test_the_versions_load_no_codec():
    script = (
        "import sys\nfrom noiseaug.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "finally:\n    print([name for name in ('numpy', 'cv2') if name in sys.modules], file=sys.stderr)"
    )
    for arguments in (["--version", "-v"], ["formats"]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
        assert done.stderr == "[]\n"
