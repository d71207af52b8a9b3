"""A run gives the same bytes, the manifest's included, however and wherever and whenever it is carried out."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct

import pytest

from noiseaug import Recipe, Running, run
from support.commands import noiseaug, within
from support.corpus import RATE, read_levels, sound, write_sound
from support.ogg import ogg_checksum
from support.trees import INDEX, tree

RECIPE = Recipe.of(["10/255", "0:0.2"], seed=7, copies=2)
OPTIONS = ["--std", "10/255", "--std", "0:0.2", "--seed", "7", "--copies", "2"]


@pytest.fixture(scope="module")
def expected(mixed, tmp_path_factory):
    """The bytes that one worker process makes of the mixed folder."""
    dest = tmp_path_factory.mktemp("expected") / "dest"
    summary = run(mixed, dest, RECIPE, running=Running("processes", workers=1))
    assert (summary.written, summary.failed) == (64, 0)
    return tree(dest)


@pytest.mark.parametrize("engine", ["threads", "processes"])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_for_any_engine_and_number_of_workers(mixed, expected, dest, engine, workers):
    run(mixed, dest, RECIPE, running=Running(engine, workers=workers))
    assert tree(dest) == expected


def test_for_the_command_line_as_for_python(mixed, expected, dest):
    assert noiseaug("run", mixed, dest, *OPTIONS).returncode == 0
    assert tree(dest) == expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_for_any_order_in_which_files_were_created(mixed, expected, tmp_path, dest, seed):
    names = sorted(path.relative_to(mixed) for path in mixed.rglob("*") if path.is_file())
    random.Random(seed).shuffle(names)
    for name in names:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mixed / name, tmp_path / "source" / name)
    run(tmp_path / "source", dest, RECIPE, running=Running("threads"))
    assert tree(dest) == expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_for_any_order_in_which_the_file_system_lists_directories(mixed, expected, dest, monkeypatch, seed):
    scandir, shuffler = os.scandir, random.Random(seed)

    @contextlib.contextmanager
    def shuffled(*arguments):
        with scandir(*arguments) as entries:
            listed = list(entries)
        shuffler.shuffle(listed)
        yield iter(listed)

    monkeypatch.setattr(os, "scandir", shuffled)
    run(mixed, dest, RECIPE, running=Running("threads"))
    monkeypatch.undo()
    assert tree(dest) == expected


def test_for_other_sources_beside_them(mixed, expected, dest):
    run(mixed / "sound", dest / "sound", RECIPE, running=Running("threads"))
    alone = {path.name: path.read_bytes() for path in (dest / "sound").iterdir() if path.name != INDEX}
    assert alone.keys() == {name.partition("/")[2] for name in expected if name.startswith("sound/")} | {
        "manifest.jsonl"
    }
    # The key is the path relative to SOURCE, which here is not what it was: the noise must be another.
    assert tree(dest)["sound/pcm16-std0.0392-0.wav"] != expected["sound/pcm16-std0.0392-0.wav"]
    shutil.rmtree(dest)
    selected = ["--include", "sound/"]
    assert within("run", mixed, dest, *OPTIONS, *selected).returncode == 0
    sounds = {name: digest for name, digest in expected.items() if name.startswith("sound")}
    assert {name: digest for name, digest in tree(dest).items() if name != "manifest.jsonl"} == sounds


def test_for_another_directory_locale_time_zone_and_hash_seed(mixed, expected, dest):
    elsewhere = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "HOME": "/nonexistent"}
    result = noiseaug("run", os.path.relpath(mixed, dest.parent), "./dest", *OPTIONS, cwd=dest.parent, env=elsewhere)
    assert result.returncode == 0
    assert tree(dest) == expected


def test_for_sources_of_another_age_and_mode(mixed, expected, tmp_path, dest):
    shutil.copytree(mixed, tmp_path / "source")
    for index, path in enumerate(sorted((tmp_path / "source").rglob("*.*"))):
        path.chmod(0o400)
        os.utime(path, (10**9 + index, 10**9 - index))
    run(tmp_path / "source", dest, RECIPE, running=Running("threads"))
    assert tree(dest) == expected


def test_for_every_run_over_one_file_that_a_run_over_its_folder_would_give(mixed, expected, tmp_path):
    for name in ("images/cats/a.png", "sound/float.wav", "sound/song.ogg"):
        dest = tmp_path / name
        single = ["--std", "10/255", "--seed", "7", "--root", mixed]
        assert within("run", mixed / name, dest, *single).returncode == 0
        stem, _, suffix = name.rpartition(".")
        assert tree(dest.parent)[dest.name] == expected[f"{stem}-std0.0392-0.{suffix}"]


# What the clock could get into. The time is looked for, and not waited for.


@pytest.mark.parametrize(
    ("form", "suffix", "endian"),
    [
        ("WAV", ".wav", "LITTLE"),
        ("WAV", ".wav", "BIG"),
        ("WAVEX", ".wav", "FILE"),
        ("RF64", ".wav", "FILE"),
        ("AIFF", ".aiff", "FILE"),
        ("CAF", ".caf", "FILE"),
        ("W64", ".w64", "FILE"),
        ("AU", ".au", "FILE"),
    ],
)
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_no_float_file_holds_the_time_it_was_made(source, dest, form, suffix, endian, subtype):
    written = write_sound(source / f"a{suffix}", sound(channels=2), subtype, form=form, endian=endian)
    run(source, dest, Recipe.of(0.01), running=Running("threads"))
    output = dest / written.name
    data = output.read_bytes()
    at = data.find(b"PEAK", 0, 200)
    if form in ("WAV", "WAVEX", "AIFF"):
        order = ">" if form == "AIFF" or endian == "BIG" else "<"
        size, version, stamp, peak = struct.unpack_from(order + "IIIf", data, at + 4)
        assert (size, version, stamp) == (24, 1, 0)
        assert peak == pytest.approx(abs(read_levels(output, "float64")[:, 0]).max(), rel=1e-6)
    else:
        assert at == -1
    assert read_levels(output, "float64").shape == (4000, 2)


def ogg_pages(data: bytes):
    """The pages of an Ogg file (RFC 3533, section 6): serial number, checksum as stored and as computed."""
    while data:
        assert data[:5] == b"OggS\0"
        segments = data[26]
        length = 27 + segments + sum(data[27 : 27 + segments])
        serial, _, stored = struct.unpack_from("<III", data, 14)
        yield serial, stored, ogg_checksum(data[:22] + bytes(4) + data[26:length])
        data = data[length:]


@pytest.mark.parametrize(("subtype", "rate"), [("VORBIS", RATE), ("OPUS", 48_000)])
def test_ogg_serial_numbers_are_not_drawn_from_the_clock_and_checksums_hold(source, dest, subtype, rate):
    write_sound(source / "a.ogg", sound(20_000, 2), subtype, form="OGG", rate=rate)
    run(source, dest, Recipe.of(0.01), running=Running("threads"))
    pages = list(ogg_pages((dest / "a.ogg").read_bytes()))
    assert len(pages) >= 3
    assert {serial for serial, _, _ in pages} == {0}
    assert all(stored == computed for _, stored, computed in pages)
    assert read_levels(dest / "a.ogg", "float64").shape == (20_000, 2)
