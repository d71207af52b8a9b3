"""Runs over shards of one SOURCE into one DEST, at once or one by one."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from noiseaug import Shard
from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.shards import run_shards
from support.trees import manifest, times, tree


def test_one_shard_alone_merges_to_what_a_single_run_leaves(photos, single, dest):
    assert noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/1").returncode == 3
    assert noiseaug("merge", dest).returncode == 3
    assert tree(dest) == single


def test_shards_at_once_merge_to_what_a_single_run_leaves(photos, single, mine):
    merged = noiseaug("merge", mine)
    assert merged.returncode == 3, merged.stderr  # as a single run, which has failures too
    assert "3 shards merged: 27 outputs of 27 sources, 2 failures" in merged.stdout
    assert tree(mine) == single
    assert "27 up to date" in noiseaug("run", photos, mine, *STRENGTH).stdout
    assert tree(mine) == single


def test_after_a_merge_a_plain_run_writes_nothing_at_all(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=6)
    run_shards(source, dest, 2)
    assert noiseaug("merge", dest).returncode == 0
    before = times(dest)
    assert noiseaug("merge", dest).stdout == "nothing to do, there are no shards to merge\n"
    assert noiseaug("run", source, dest, *STRENGTH).stdout == "nothing to do, 8 up to date\n"
    assert times(dest) == before


def test_a_repeated_shard_writes_nothing_at_all(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=6)
    run_shards(source, dest, 2)
    before = times(dest)
    assert noiseaug("run", source, dest, *STRENGTH, "--shard", "2/2").stdout.startswith("nothing to do, ")
    assert times(dest) == before


def test_shards_that_hold_no_file_are_done_too(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=2)
    for number in range(1, 10):
        result = noiseaug("run", source, dest, *STRENGTH, "--engine", "threads", "--shard", f"{number}/9")
        assert result.returncode == 0, result.stderr
    assert noiseaug("merge", dest).returncode == 0
    assert len(manifest(dest)) == 4


def test_shards_over_a_finished_run_do_what_is_new_and_redo_nothing(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=8)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    shutil.copy(source / "cats/001.png", source / "cats/new.png")
    before = times(dest / "dogs")
    done = [noiseaug("run", source, dest, *STRENGTH, "--shard", f"{number}/2").stdout for number in (1, 2)]
    assert sum("1 file written" in text for text in done) == 1
    assert noiseaug("merge", dest).returncode == 0
    assert times(dest / "dogs") == before
    fresh = tmp_path / "fresh"
    assert noiseaug("run", source, fresh, *STRENGTH).returncode == 0
    assert tree(dest) == tree(fresh)


def test_another_number_of_shards_is_refused_and_both_are_named(photos, mine):
    before = tree(mine)
    refused = noiseaug("run", photos, mine, *STRENGTH, "--shard", "1/4")
    assert refused.returncode == 2
    assert "holds shards of 3 (1/3, 2/3, 3/3), and this is 1/4" in refused.stderr
    assert tree(mine) == before


def test_prune_in_a_shard_deletes_outputs_of_its_own_sources_alone(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=16)
    run_shards(source, dest, 2)
    assert noiseaug("merge", dest).returncode == 0
    gone = [f"cats/{number:03}.png" for number in (1, 5, 7, 11, 13)]
    first = [name for name in gone if Shard(1, 2).holds(name)]
    assert 0 < len(first) < len(gone)
    for name in gone:
        (source / name).unlink()
    pruned = noiseaug("run", source, dest, *STRENGTH, "--shard", "1/2", "--prune")
    assert f"{len(first)} deleted" in pruned.stdout
    assert [name for name in gone if not (dest / name).exists()] == first
    assert "deleted" in noiseaug("run", source, dest, *STRENGTH, "--shard", "2/2", "--prune").stdout
    again = noiseaug("run", source, dest, *STRENGTH, "--shard", "1/2", "--prune")
    assert again.stdout.startswith("nothing to do")
    assert noiseaug("merge", dest).returncode == 0
    fresh = tmp_path / "fresh"
    noiseaug("run", source, fresh, *STRENGTH)
    assert tree(dest) == tree(fresh)


def test_a_directory_that_no_shard_can_list_is_one_failure(photos, dest, tmp_path):
    for number in (1, 2):
        fault = {"call": "os.scandir", "path": "sound", "nth": 0, "do": "EACCES"}
        noiseaug("run", photos, dest, *STRENGTH, "--shard", f"{number}/2", fault=fault)
    assert noiseaug("merge", dest).returncode == 3
    alone = tmp_path / "alone"
    noiseaug("run", photos, alone, *STRENGTH, fault=fault)
    assert tree(dest) == tree(alone)


def test_names_that_two_shards_would_give_are_refused_by_each(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=4)
    shutil.copy(source / "dogs/002.png", source / "dogs/002.jpg")
    for number in (1, 2):
        refused = noiseaug("run", source, dest, *STRENGTH, "--image-format", "png", "--shard", f"{number}/2")
        assert refused.returncode == 2
        assert "would both become dogs/002.png" in refused.stderr
    assert not dest.exists()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0/4", "use $((ID + 1))/4"),
        ("5/4", "from 1 to N"),
        ("1/0", "from 1 to N"),
        ("-1/4", "expected I/N"),
        ("2", "expected I/N"),
        ("one/4", "expected I/N"),
    ],
)
def test_what_is_no_shard_is_refused_with_what_is_expected(text, hint, photos, dest):
    refused = noiseaug("run", photos, dest, *STRENGTH, f"--shard={text}")
    assert refused.returncode == 2
    assert hint in refused.stderr
    assert not dest.exists()


def test_one_file_and_a_depfile_do_not_go_with_a_shard(photos, dest):
    one = noiseaug("run", photos / "cats/001.png", dest, *STRENGTH, "--shard", "1/2")
    assert (one.returncode, "divides a directory" in one.stderr) == (2, True)
    made = noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/2", "--depfile", dest.with_suffix(".d"))
    assert (made.returncode, "--depfile names all sources" in made.stderr) == (2, True)


def test_a_dry_run_of_a_shard_names_its_own_outputs(photos, dest):
    shards = [noiseaug("run", photos, dest, *STRENGTH, "-n", "--shard", f"{n}/3").stdout for n in (1, 2, 3)]
    whole = noiseaug("run", photos, dest, *STRENGTH, "-n").stdout
    assert sorted("".join(shards).splitlines()) == sorted(whole.splitlines())
    assert not dest.exists()


def test_shards_are_of_like_size_and_a_source_stays_in_its_own():
    counts = Counter(next(n for n in range(1, 9) if Shard(n, 8).holds(f"cats/{i:05}.jpg")) for i in range(8000))
    assert min(counts.values()) > 850
    assert max(counts.values()) < 1150
    assert [n for n in range(1, 17) if Shard(n, 16).holds("cats/é\udcff.png")] == [5]  # for ever
