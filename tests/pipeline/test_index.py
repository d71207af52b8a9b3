"""The index of the manifest: a run over what is up to date looks at no row, and nothing else is any different."""

from __future__ import annotations

import cProfile
import itertools
import json
import os
import pstats
import random
import shutil
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.commands import STRENGTH, noiseaug, within
from support.faults import NAMED_POINTS
from support.trees import INDEX, edit, times, tree


def image(path: Path, number: int = 0, size: int = 4) -> None:
    """An image of its own, which is small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8))


def _last_of_block(directory: str) -> str:
    """The path of an image that ends a block, by the hash of it."""
    names = (f"{directory}m{number}.png" for number in itertools.count())
    return next(name for name in names if zlib.crc32(name.encode()) % 256 == 0)


SOURCES = [
    *("a/a.png", "a/b.png", _last_of_block("a/"), "a/n.png", "a/z.png"),
    *("b/k/deep.png", "b/a.png", "b/z.png", _last_of_block("b/"), "top.png", "zebra.png"),
]


def make_sources(root: Path) -> Path:
    for number, name in enumerate(SOURCES):
        image(root / name, number)
    return root


@pytest.fixture
def mine(tmp_path):
    """Small images, already augmented."""
    source, dest = make_sources(tmp_path / "source"), tmp_path / "dest"
    assert within("run", source, dest, *STRENGTH).returncode == 0
    return source, dest


def calls(source: Path, dest: Path, *options: str) -> int:
    """How many functions are called by a run, Python's and C's."""
    profile = cProfile.Profile()
    assert profile.runcall(within, "run", source, dest, *STRENGTH, *options).returncode == 0
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [[], ["--copies", "2", "--with-clean", "tree"]])
def test_a_run_with_nothing_to_do_looks_at_no_row(options, tmp_path):
    counted = []
    for count in (50, 250):
        source, dest = tmp_path / f"source{count}", tmp_path / f"dest{count}"
        image(source / "c/000.png")
        for number in range(1, count):
            os.link(source / "c/000.png", source / f"c/{number:03}.png")
        assert within("run", source, dest, *STRENGTH, *options).returncode == 0
        with_index = calls(source, dest, *options)
        (dest / INDEX).unlink()
        counted.append((with_index, calls(source, dest, *options)))
    (few, few_without), (many, many_without) = counted
    assert many - few < (many_without - few_without) / 2


def test_an_index_that_is_missing_is_written_by_the_next_run_that_does_anything(mine):
    source, dest = mine
    index = (dest / INDEX).read_bytes()
    (dest / INDEX).unlink()
    before = times(dest)
    assert within("run", source, dest, *STRENGTH).stdout == "nothing to do, 11 up to date\n"
    assert times(dest) == before
    (dest / "top.png").unlink()
    assert "1 file written" in within("run", source, dest, *STRENGTH).stdout
    assert (dest / INDEX).read_bytes() == index


def test_what_a_run_does_does_not_depend_on_whose_index_there_is(mine, tmp_path):
    source, dest = mine
    other = tmp_path / "other"
    assert within("run", source, other, "--std", "0.3").returncode == 0
    shutil.copy(other / INDEX, dest / INDEX)
    assert within("run", source, dest, "--std", "0.3").stdout.startswith("11 files written")
    assert tree(dest) == tree(other)


@pytest.mark.parametrize("options", [["--limit", "3"], ["--label-smoothing", "0.1"]])
def test_a_run_of_a_kind_that_has_no_index_leaves_none(options, mine):
    source, dest = mine
    assert within("run", source, dest, *STRENGTH, *options).returncode == 0
    assert not (dest / INDEX).exists()


def test_the_index_accounts_for_what_is_done_beside_it(mine):
    source, dest = mine
    rows = {json.loads(line)[0]: json.loads(line) for line in (dest / INDEX).read_text().splitlines()}
    image(source / "a/c.png", 99)
    assert "1 file written" in within("run", source, dest, *STRENGTH).stdout
    now = {json.loads(line)[0]: json.loads(line) for line in (dest / INDEX).read_text().splitlines()}
    assert sum(sources for _, sources, *_ in now.values()) == 12
    changed = [first for first in now if now[first][-1] != rows[first][-1]]
    assert changed == ["a/a.png"]  # of the blocks after it, only the places are others
    assert within("verify", dest, "--source", source).returncode == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_as_it_puts_the_index_in_place_resumes_to_the_same_bytes(when, photos, undisturbed, tmp_path):
    dest = tmp_path / "out"
    assert noiseaug("run", photos, dest, "--std", "0.2").returncode == 0
    fault = {"call": "os.replace", "path": INDEX, "when": when, "do": "kill-group", "count": str(tmp_path / "count")}
    killed = noiseaug("run", photos, dest, *STRENGTH, fault=fault)
    assert killed.returncode < 0, "the point was not reached"
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    assert tree(dest) == undisturbed
    before = times(dest)
    assert noiseaug("run", photos, dest, *STRENGTH).stdout == "nothing to do, 26 up to date\n"
    assert times(dest) == before


def test_an_index_from_before_the_manifest_was_replaced_is_not_believed(photos, tmp_path):
    source, dest = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(photos, source)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    old = (dest / INDEX).read_bytes()
    (source / "cats/003.jpg").unlink()
    fault = NAMED_POINTS["the manifest was just replaced"] | {"do": "kill-group", "count": str(tmp_path / "count")}
    assert noiseaug("run", source, dest, *STRENGTH, "--prune", fault=fault).returncode < 0, "the point was not reached"
    (dest / INDEX).write_bytes(old)
    assert "25 up to date" in noiseaug("run", source, dest, *STRENGTH).stdout
    fresh = tmp_path / "fresh"
    assert noiseaug("run", source, fresh, *STRENGTH).returncode == 0
    assert tree(dest) == tree(fresh)


# What may happen between two runs, by name: what is done to SOURCE and DEST, given a random generator.


def _shift(path: Path, seconds: float) -> None:
    when = path.stat().st_mtime_ns + int(seconds * 10**9)
    os.utime(path, ns=(when, when))


def _any(root: Path, chance: random.Random, pattern: str = "*.png") -> Path:
    """One of the files below a directory, or one that is not there."""
    found = [path for path in sorted(root.rglob(pattern)) if path.is_file() and ".noiseaug" not in str(path)]
    return chance.choice(found) if found else root / "none.png"


def _change_lines(path: Path, change) -> None:
    if path.is_file():
        lines = path.read_bytes().splitlines(keepends=True)
        if lines:
            change(lines)
            path.write_bytes(b"".join(lines))


def _if_there(change):
    return lambda path, *rest: change(path, *rest) if path.is_file() else None


def _swap(lines, chance):
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _edited(lines, chance):
    place = chance.randrange(len(lines))
    old, new = chance.choice(
        [(b'"bytes": ', b'"bytes": 1'), (b'"seed": 7', b'"seed": 8'), (b'"label": "', b'"label": "x')]
    )
    lines[place] = lines[place].replace(old, new)


def _index_edited(lines, chance):
    place, key = chance.randrange(len(lines)), chance.randrange(1, 5)
    block = json.loads(lines[place])
    block[key] = chance.choice([0, 1, block[key] + 1, block[key] * 2, 10**30, -1, "x"])
    lines[place] = json.dumps(block).encode() + b"\n"


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name("moved.bin"))
    path.symlink_to("moved.bin")


LINE_CHANGES = {
    "dropped": lambda lines, chance: lines.pop(chance.randrange(len(lines))),
    "doubled": lambda lines, chance: lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines)),
    "swapped": _swap,
    "torn": lambda lines, chance: lines.append(chance.choice(lines)[:-9]),
    "garbage": lambda lines, chance: lines.insert(chance.randrange(len(lines) + 1), b"\xff garbage\n"),
}
EVENTS = {
    "source touched": lambda s, d, c: _if_there(_shift)(_any(s, c), 10),
    "source older": lambda s, d, c: _if_there(_shift)(_any(s, c), -10),
    "source changed": lambda s, d, c: image(_any(s, c), c.randrange(99), c.choice([4, 5])),
    "source changed, older": lambda s, d, c: (image(path := _any(s, c), 77, 6), _shift(path, -99)),
    "source broken": lambda s, d, c: _any(s, c).write_bytes(b"no image"),
    "source gone": lambda s, d, c: _any(s, c).unlink(missing_ok=True),
    "source new": lambda s, d, c: image(s / c.choice(["a/aa.png", "a/zz.png", "b/k/a.png", "new/a.png", "m.png"]), 5),
    "twin": lambda s, d, c: image(s / c.choice(["a/A.png", "B/a.png"]), 6),
    "rival": lambda s, d, c: (s / "a").is_dir() and (s / "a/b.gif").write_bytes(b"GIF89a no image"),
    "directory of sources gone": lambda s, d, c: shutil.rmtree(s / c.choice("ab"), ignore_errors=True),
    "directory between sources": lambda s, d, c: (s / "a/between").mkdir(exist_ok=True, parents=True),
    "other file": lambda s, d, c: (s / "notes.txt").write_bytes(b"text"),
    "output gone": lambda s, d, c: _any(d, c).unlink(missing_ok=True),
    "output cut": lambda s, d, c: _if_there(lambda path: path.write_bytes(path.read_bytes()[:-1]))(_any(d, c)),
    "output older": lambda s, d, c: _if_there(_shift)(_any(d, c), -(10**6)),
    "output changed, same size": lambda s, d, c: _if_there(lambda path: path.write_bytes(b"x" * path.stat().st_size))(
        _any(d, c)
    ),
    "output is a link": lambda s, d, c: _if_there(_replace_by_link)(_any(d, c)),
    "manifest gone": lambda s, d, c: (d / "manifest.jsonl").unlink(missing_ok=True),
    "index gone": lambda s, d, c: (d / INDEX).unlink(missing_ok=True),
    "index empty": lambda s, d, c: (d / INDEX).write_bytes(b""),
    "leftovers gone": lambda s, d, c: (d / "leftovers.jsonl").unlink(missing_ok=True),
    "row edited": lambda s, d, c: _change_lines(d / "manifest.jsonl", lambda lines: _edited(lines, c)),
    "index edited": lambda s, d, c: _change_lines(d / INDEX, lambda lines: _index_edited(lines, c)),
    **{
        f"{name} {what}": lambda s, d, c, name=name, change=change: _change_lines(
            d / name, lambda lines: change(lines, c)
        )
        for name in ("manifest.jsonl", INDEX)
        for what, change in LINE_CHANGES.items()
    },
    "nothing": lambda s, d, c: None,
}
OPTIONS = [
    *([], [], [], []),
    *(["--seed", "8"], ["--copies", "2"], ["--std", "0.3"], ["--with-clean", "tree"], ["--with-clean", "beside"]),
    *(["--checksum"], ["--force"], ["--prune"], ["--exclude", "b/"], ["--include", "a/"], ["--limit", "3"]),
    *(["--label-folder", "first"], ["--label-smoothing", "0.1"], ["--keep", "*.txt"], ["--accept-damaged"]),
    *(["--name", "{level}/{dir}/{stem}{ext}"], ["--image-format", "jpg"], ["--manifest", "metadata.jsonl"]),
]


def outcome(source: Path, dest: Path, options: list[str]) -> tuple:
    """What a run prints, how it ends, and all that is in DEST then."""
    ended = within("run", source, dest, "--std", "25/255", "--json", *options)
    summary = json.loads(ended.stdout) if ended.stdout else {}
    summary = {key: value for key, value in summary.items() if key not in ("seconds", "manifest")}
    return ended.returncode, summary, ended.stderr.replace(str(dest), "DEST"), tree(dest)


step = st.tuples(st.lists(st.sampled_from(sorted(EVENTS)), max_size=3), st.sampled_from(OPTIONS), st.integers(0, 999))


def _compare(home: Path, steps: list) -> None:
    """Runs over what the events of each step left, with the index and without it."""
    source, dest, without = make_sources(home / "source"), home / "dest", home / "without"
    assert within("run", source, dest, "--std", "25/255").returncode == 0
    for events, options, seed in steps:
        for event in events:
            EVENTS[event](source, dest, random.Random(seed))
        shutil.rmtree(without, ignore_errors=True)
        shutil.copytree(dest, without, symlinks=True)
        (without / INDEX).unlink(missing_ok=True)
        assert outcome(source, dest, options) == outcome(source, without, options)
        if (without / INDEX).exists():  # the run did something
            assert (dest / INDEX).read_bytes() == (without / INDEX).read_bytes()


@pytest.mark.parametrize("event", EVENTS)
def test_a_run_after_an_event_does_what_it_would_do_without_an_index(event, tmp_path):
    _compare(tmp_path, [([event], [], 1), ([event], [], 2), ([], [], 0)])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(step, min_size=2, max_size=3))
def test_runs_after_many_events_do_what_they_would_do_without_an_index(tmp_path_factory, steps):
    home = tmp_path_factory.mktemp("index")
    _compare(home, steps)
    shutil.rmtree(home)


@pytest.mark.parametrize("change", [lambda row: row.update(recipe="0" * 12), lambda row: row.update(copy=1, note="")])
def test_a_row_that_was_edited_is_read_and_its_output_made_again(change, mine):
    source, dest = mine
    before = tree(dest)
    edit(dest, change, 5)
    assert "1 file written" in within("run", source, dest, *STRENGTH).stdout
    assert tree(dest) == before
