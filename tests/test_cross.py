"""`python -m tools.cross` tells which formats are the same on all processors, and what differs."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys

import pytest

from support.arrays import features, npz
from support.commands import within
from support.corpus import photo, sound, write_image, write_sound
from support.places import ROOT
from support.trees import INDEX, edit
from tools.cross import page
from tools.cross.comparing import Output, differences, format_of, outputs
from tools.cross.runs import ARRAYS, DECODED, READ, RUNS, run_all

RUN = {DECODED: (READ, "")}


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Sources, and what two processors made of them, which is the same."""
    monkeypatch.setattr("tools.cross.comparing.RUNS", RUN)
    write_image(tmp_path / "sources" / READ / "a.jpg", photo(20, 20))
    write_sound(tmp_path / "sources" / READ / "song.ogg", sound(), "VORBIS")
    (tmp_path / "sources" / READ / "bad.png").write_bytes(b"no image")
    for name in ("one", "other"):
        command = ("run", tmp_path / "sources" / READ, tmp_path / name / DECODED, "--std", "0")
        assert within(*command, "--image-format", "png", "--audio-format", "wav").returncode == 3
    return tmp_path / "sources", tmp_path / "one", tmp_path / "other"


@pytest.fixture
def handlers():
    """Gives back the handlers of signals that the command line puts others in place of."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_the_same_does_not_differ(both):
    sources, one, other = both
    found = outputs(sources, one)
    assert found == [Output(DECODED, "a.png", "jpeg", "png"), Output(DECODED, "song.wav", "Ogg Vorbis", "WAV")]
    assert list(differences(found, one, other)) == []


def test_an_output_of_other_bytes_and_a_row_of_other_figures_differ(both):
    sources, one, other = both
    found = outputs(sources, one)
    path = other / DECODED / "a.png"
    path.write_bytes(path.read_bytes() + b"more")
    edit(other / DECODED, lambda row: row.update(noise_mean=0.25), number=1)
    unlike = list(differences(found, one, other))
    assert [difference.output for difference in unlike] == found
    assert unlike[1].what == "noise_mean 0.0 / 0.25"
    told = page.found_in(found, {"Nehalem": unlike[:1], "max": []})
    assert told.read == {"JPEG": {"Nehalem"}, "Ogg Vorbis": set()}
    assert told.written == {"PNG": set(), "WAV": set()}  # as the JPEG was decoded otherwise, nothing is known of PNG


def test_other_failures_are_an_error(both):
    sources, one, other = both
    (other / DECODED / "failures.jsonl").write_text("")
    with pytest.raises(RuntimeError, match=r"decoded/failures\.jsonl"):
        list(differences(outputs(sources, one), one, other))


def test_the_index_of_a_manifest_may_differ_as_rows_may(both):
    sources, one, other = both
    (other / DECODED / INDEX).write_text("digests of rows that name other codecs")
    assert list(differences(outputs(sources, one), one, other)) == []


def test_an_encoder_that_writes_other_bytes_of_the_same_samples_is_told(both):
    song = Output("own", "song.ogg", "WAV", "Ogg Vorbis")
    found = [Output(DECODED, "song.wav", "WAV", "WAV"), song]
    told = page.found_in(found, {"max": [page.Difference(song, "sha256")]})
    assert (told.read, told.written) == ({"WAV": set()}, {"WAV": set(), "Ogg Vorbis": {"max"}})


SAME, ON_MAX, ON_BOTH = frozenset(), frozenset({"max"}), frozenset({"Nehalem", "max"})
FOUND = page.Found({"PNG": SAME, "MP3": ON_MAX}, {"PNG": SAME, "Ogg Opus": ON_BOTH, "MP3": SAME})


def test_the_page_says_what_was_found():
    text = page.page(FOUND, {"this one": "AVX512_SPR", "Nehalem": "none", "max": "X86_V3"}, 12)
    assert page.said(text) == FOUND
    assert "| Ogg Opus | written | other | other |" in text
    assert list(page.broken(FOUND, page.said(text))) == []


def test_what_differs_where_the_page_says_the_same_is_named_and_less_is_not():
    fewer = page.Found({"PNG": SAME, "MP3": SAME}, {"PNG": SAME, "Ogg Opus": ON_MAX, "MP3": SAME})
    assert list(page.broken(fewer, FOUND)) == []
    more = page.Found({"PNG": ON_MAX, "MP3": ON_MAX}, {"WebP": SAME})
    assert list(page.broken(more, FOUND)) == [
        "PNG is not the same, read on max; formats-processors.md says it is",
        "WebP is written, and formats-processors.md does not have it",
    ]


def test_every_format_that_is_written_is_on_the_page_and_only_three_are_not_the_same():
    said = page.said(page.PAGE.read_text())
    assert {title for title, unlike in said.written.items() if unlike} == {"Ogg Vorbis", "Ogg Opus", "MP3"}
    assert {"PNG", "JPEG", "WebP", "AVIF", "TIFF, BigTIFF", "FLAC", "WAV"} <= said.written.keys()


@pytest.mark.parametrize(("options", "status"), [(["--x86"], 0), ([], 1)])
def test_without_an_emulator_it_says_that_nothing_was_compared(tmp_path, options, status):
    command = [sys.executable, "-m", "tools.cross", *options]
    environment = os.environ | {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("NOT COMPARED: the bytes on several processors: ")
    assert "apt-get install" in done.stderr


def test_every_run_has_options_that_noiseaug_takes(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_sound(source / "b.wav", sound(), "PCM_16")
    (source / "c.npz").write_bytes(npz(x=features("<f4")))
    for _, options in RUNS.values():
        result = within("run", source, dest, *shlex.split(options), "--dry-run")
        assert result.returncode == 0, result.stderr


@pytest.mark.usefixtures("handlers")
def test_a_processor_does_the_runs_whose_folder_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.cross.runs.RUNS", {"one": (READ, "--std 0.1"), "two": ("absent", "--std 0.1")})
    write_image(tmp_path / "source" / READ / "a.png", photo(8, 8))
    run_all(f"{tmp_path}/source", f"{tmp_path}/dest")
    assert [path.name for path in (tmp_path / "dest").iterdir()] == ["one"]
    monkeypatch.setattr("tools.cross.runs.RUNS", {"wrong": (READ, "--std loud")})
    with pytest.raises(RuntimeError, match="noiseaug run --std loud ended with 2"):
        run_all(f"{tmp_path}/source", f"{tmp_path}/dest")


def test_recordings_go_by_what_is_in_them(tmp_path):
    written = {subtype: write_sound(tmp_path / f"{subtype}.ogg", sound(), subtype) for subtype in ("VORBIS", "OPUS")}
    assert {subtype: format_of(path) for subtype, path in written.items()} == {
        "VORBIS": "Ogg Vorbis",
        "OPUS": "Ogg Opus",
    }


def test_arrays_go_by_their_suffix_and_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.cross.comparing.RUNS", {"arrays-own": (ARRAYS, "")})
    folder = tmp_path / "sources" / ARRAYS
    folder.mkdir(parents=True)
    (folder / "a.npz").write_bytes(npz(x=features("<f4")))
    for name, std in (("one", "0.1"), ("other", "0.2")):
        assert within("run", folder, tmp_path / name / "arrays-own", "--kind", "array", "--std", std).returncode == 0
    found = outputs(tmp_path / "sources", tmp_path / "one")
    assert found == [Output("arrays-own", "a.npz", "npz", "npz")]
    unlike = list(differences(found, tmp_path / "one", tmp_path / "other"))
    assert page.found_in(found, {"max": unlike}).written == {"NumPy .npz": {"max"}}
