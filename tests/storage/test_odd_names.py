"""Names that are odd, long or no text are names like others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.commands import STRENGTH, noiseaug, within
from support.corpus import photo, write_image
from support.trees import failures, manifest, times, tree

LONGEST = "n" * 251 + ".png"

ODD = [
    *(
        b"two words.png",
        b"new\nline.png",
        b"-dash.png",
        b"--std.png",
        b"tab\t.png",
        b"'quote\".png",
        b"back\\slash.png",
    ),
    *(b"\xff\xfe.png", b"caf\xe9.png", "emoji \U0001f600 .png".encode(), "ne\u0301e.png".encode(), b"*[a-z]?.png"),
    *(b"%s{0}.png", b"~.png", b" .png", b"#hash.png", b"\x1b[31mred.png", b"\xe2\x80\xae.png", LONGEST.encode()),
    *(b"sub dir\n/\xff/a.png", b"-/x.png"),
]


@pytest.fixture
def odd(source):
    for index, name in enumerate(ODD):
        path = Path(os.fsdecode(os.fsencode(source) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_image(source / "made.png", photo(8, 8, seed=index)).read_bytes())
    (source / "made.png").unlink()
    return source


def file_names(root: Path) -> set[bytes]:
    return {os.fsencode(path.relative_to(root)) for path in root.rglob("*") if path.suffix == ".png"}


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_odd_names_are_names_like_others(odd, dest, engine):
    result = within("run", odd, dest, *STRENGTH, "--engine", engine, "-v")
    assert result.returncode == 0
    assert file_names(dest) == set(ODD)
    assert {os.fsencode(name) for name in manifest(dest)} == set(ODD)
    assert len(set(tree(dest).values())) == len(tree(dest)) - 2  # three directories have no hash


def test_messages_show_odd_names_on_one_line_and_without_control_characters(odd, dest):
    result = within("run", odd, dest, *STRENGTH, "-v")
    lines = result.stderr.split("\n")
    assert len(lines) == len(ODD) + 1
    assert not {"\x1b", "\t", "\u202e"} & set(result.stderr)
    assert any("new\\nline.png" in line for line in lines)


def test_failures_with_odd_names_are_recorded_under_those_names(odd, dest):
    for name in ODD:
        Path(os.fsdecode(os.fsencode(odd) + b"/" + name)).write_bytes(b"no image")
    assert within("run", odd, dest, *STRENGTH).returncode == 3
    assert {os.fsencode(name) for name in failures(dest)} == set(ODD)


def test_a_dry_run_prints_odd_names_so_that_a_terminal_can_show_them(odd, dest):
    done = noiseaug("run", odd, dest, *STRENGTH, "-n")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(ODD)
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_odd_names_do_well_in_the_plainest_locale(odd, dest):
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii"}
    result = noiseaug("run", odd, dest, *STRENGTH, "-v", env=plain)
    assert result.returncode == 0, result.stderr
    assert file_names(dest) == set(ODD)


def test_the_longest_name_with_a_level_added_is_a_failure_of_that_file_alone(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / LONGEST, photo(8, 8))
    assert within("run", source, dest, *STRENGTH, "--copies", "2").returncode == 3
    assert {name: "unexpected" not in reason for name, reason in failures(dest).items()} == {LONGEST: True}
    assert len(manifest(dest)) == 2


def test_source_and_dest_may_have_odd_names_themselves(tmp_path):
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in\xff \n"))
    dest = Path(os.fsdecode(os.fsencode(tmp_path) + b"/-out\xfe \n"))
    write_image(tmp_path / "a.png", photo(8, 8))
    source.mkdir()
    (tmp_path / "a.png").rename(source / "a.png")
    result = noiseaug("run", source, "--", dest.name, *STRENGTH[:0], cwd=tmp_path, env={"NOISEAUG_RUN_SEED": "7"})
    assert result.returncode == 2  # no strength: only to see that the message can be printed
    result = noiseaug("run", *STRENGTH, "--", source.name, dest.name, cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.count("\n") == 3
    assert set(tree(dest)) == {"a.png", "manifest.jsonl"}
    assert not times(dest).keys() & times(source).keys()
