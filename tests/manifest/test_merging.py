"""What `noiseaug merge` makes of the manifests of shards, and what it refuses."""

from __future__ import annotations

import shutil
import signal

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.shards import run_shards
from support.trees import times, tree


def test_missing_and_unfinished_shards_are_named_and_nothing_is_merged(photos, single, mine, tmp_path):
    shutil.rmtree(mine / ".noiseaug-shards/2-of-3")
    fault = {"call": "write", "path": "journal.jsonl", "when": "half", "do": "kill-group", "count": str(tmp_path / "n")}
    again = ["run", photos, mine, "--std", "0.2", "--shard", "3/3"]
    assert noiseaug(*again, fault=fault).returncode == -signal.SIGKILL
    before = times(mine)
    refused = noiseaug("merge", mine)
    assert refused.returncode == 1
    assert "missing 2/3; unfinished 3/3" in refused.stderr
    assert times(mine) == before
    for number in (2, 3):
        assert noiseaug("run", photos, mine, *STRENGTH, "--shard", f"{number}/3").returncode in (0, 3)
    assert noiseaug("merge", mine).returncode == 3
    assert tree(mine) == single


def test_shards_with_other_options_are_not_merged(photos, mine):
    other = ["--std", "25/255", "--seed", "8", "--shard", "2/3"]
    assert noiseaug("run", photos, mine, *other).returncode in (0, 3)
    refused = noiseaug("merge", mine)
    assert refused.returncode == 1
    assert "seed of 2/3 is not as of 1/3" in refused.stderr
    assert not (mine / "manifest.jsonl").exists()


def test_there_is_nothing_to_merge_where_no_shard_was_run(photos):
    refused = noiseaug("merge", photos)
    assert refused.returncode == 2
    assert "nothing to merge" in refused.stderr


def test_verify_asks_for_a_merge_first(mine):
    refused = noiseaug("verify", mine)
    assert refused.returncode == 2
    assert f"noiseaug merge {mine} makes it" in refused.stderr


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Photos with YOLO labels beside them."""
    source = make_photos(tmp_path_factory.mktemp("labelled") / "photos", 9)
    for path in [*source.glob("*/*.png"), *source.glob("*/*.jpg")]:
        path.with_suffix(".txt").write_text(f"0 0.5 0.5 0.1 0.1 {path.name}\n")
    return source


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "denoise", "--with-clean", "tree", "--sidecars", ".txt", "--prob", "0.7"],
        ["--copies", "3", "--with-clean", "beside", "--sidecars", ".txt", "--link", "copy"],
        ["--copies", "2", "--name", "{level}/{copy}/{dir}/{stem}{ext}"],
    ],
)
def test_originals_labels_and_names_of_shards_are_those_of_a_single_run(labelled, dest, tmp_path, options):
    run_shards(labelled, dest, 3, *options)
    assert noiseaug("merge", dest).returncode == 0
    assert noiseaug("run", labelled, tmp_path / "single", *STRENGTH, *options).returncode == 0
    assert tree(dest) == tree(tmp_path / "single")
    assert "nothing to do" in noiseaug("run", labelled, dest, *STRENGTH, *options).stdout
    assert noiseaug("verify", dest, "--source", labelled, "--deep").returncode == 0


def test_shards_with_other_names_for_targets_are_not_merged(labelled, dest):
    for number, name in ((1, "{dir}/{stem}{ext}"), (2, "x/{dir}/{stem}{ext}")):
        noiseaug("run", labelled, dest, *STRENGTH, "--shard", f"{number}/2", "--name", name)
    result = noiseaug("merge", dest)
    assert result.returncode == 1
    assert "name of 2/2 is not as of 1/2" in result.stderr


@pytest.mark.parametrize(
    "option",
    [["--manifest", "metadata.csv"], ["--label-smoothing", "0.1"], ["--limit", "3"]],
    ids=lambda option: option[0],
)
def test_what_is_of_all_sources_is_refused_for_a_part(labelled, dest, option):
    result = noiseaug("run", labelled, dest, *STRENGTH, "--shard", "1/2", *option)
    assert result.returncode == 2
    assert option[0] in result.stderr
    assert not dest.exists()


def test_after_a_merge_a_run_adds_what_is_of_all_sources_and_makes_nothing_again(labelled, dest, tmp_path):
    run_shards(labelled, dest, 2)
    noiseaug("merge", dest)
    before = {name: at for name, at in times(dest).items() if name.endswith((".png", ".jpg", ".wav"))}
    whole = ["--manifest", "metadata.jsonl", "--label-smoothing", "0.1"]
    assert noiseaug("run", labelled, dest, *STRENGTH, *whole).stdout.startswith("nothing to do")
    assert {name: at for name, at in times(dest).items() if name in before} == before
    noiseaug("run", labelled, tmp_path / "single", *STRENGTH, *whole)
    assert tree(dest) == tree(tmp_path / "single")
