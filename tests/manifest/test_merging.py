"""What `noiseaug merge` makes of the manifests of shards, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos, photo
from support.heic_files import heic
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


def with_package(name, version, place):
    """An environment in which another version of a package seems to be installed."""
    metadata = place / f"{name.replace('-', '_')}-{version}.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return {"PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])}


def test_shards_made_by_other_versions_are_not_merged_and_both_are_named(photos, single, mine, tmp_path):
    shard = ["run", photos, mine, *STRENGTH, "--shard", "2/3"]
    other = with_package("numpy", "0.7.11", tmp_path / "other")
    assert noiseaug(*shard, "--force", env=other).returncode in (0, 3)
    before = times(mine)
    refused = noiseaug("merge", mine)
    assert refused.returncode == 1
    assert "were made by different versions: numpy 0.7.11 of 2/3 is not " in refused.stderr
    assert "make one of them again with --force" in refused.stderr
    assert times(mine) == before
    noiseaug(*shard)  # finds nothing to do, which does not change what its outputs were made by
    assert noiseaug("merge", mine).returncode == 1
    noiseaug(*shard, "--force")
    assert noiseaug("merge", mine).returncode == 3
    assert tree(mine) == single


@pytest.mark.parametrize("with_heic", [True, False])
def test_shards_of_other_versions_of_an_extra_are_merged_if_it_made_nothing_in_one_of_them(
    with_heic, photos, dest, tmp_path
):
    source = tmp_path / "source"
    shutil.copytree(photos, source)
    if with_heic:
        for number in range(8):  # some in each shard
            (source / f"{number}.heic").write_bytes(heic(photo(16, 16)))
    other = with_package("pillow-heif", "0.0.7", tmp_path / "other")
    for number in (1, 2):
        shard = ["run", source, dest, *STRENGTH, "--shard", f"{number}/2"]
        assert noiseaug(*shard, env=other if number == 2 else {}).returncode in (0, 3)
    merged = noiseaug("merge", dest)
    if with_heic:
        assert merged.returncode == 1
        assert "were made by different versions: pillow-heif 0.0.7 of 2/2 is not " in merged.stderr
    else:
        assert merged.returncode in (0, 3)


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.parquet"])
def test_a_merge_writes_the_views_of_an_earlier_run_anew(name, labelled, dest, tmp_path):
    assert noiseaug("run", labelled, dest, *STRENGTH, "--limit", "4", "--manifest", name).returncode == 0
    run_shards(labelled, dest, 2)
    merged = noiseaug("merge", dest)
    assert (merged.returncode, merged.stderr) == (0, "")
    assert f"view: {name}, which says what the manifest says\n" in merged.stdout
    assert noiseaug("run", labelled, tmp_path / "single", *STRENGTH, "--manifest", name).returncode == 0
    assert tree(dest) == tree(tmp_path / "single")
    before = times(dest)
    assert "nothing to do" in noiseaug("run", labelled, dest, *STRENGTH, "--manifest", name).stdout
    assert times(dest) == before


def test_a_merge_names_what_it_cannot_bring_up_to_date(labelled, dest, tmp_path):
    images = [{"id": n, "file_name": f"cats/{n:03}.png"} for n in (1, 7)]
    coco = tmp_path / "coco.json"
    coco.write_text(json.dumps({"images": images, "annotations": []}))
    options = ["--annotations", coco, "--label-smoothing", "0.1"]
    assert noiseaug("run", labelled, dest, *STRENGTH, *options).returncode == 0
    run_shards(labelled, dest, 2)
    merged = noiseaug("merge", dest, "--json")
    annotations, classes = merged.stderr.splitlines()
    assert annotations.startswith("noiseaug: annotations.json is of an earlier run and is left as it was; run with")
    assert classes.startswith("noiseaug: classes.json is removed, as no row has a soft label now; run with")
    assert [f"noiseaug: {note}" for note in json.loads(merged.stdout)["notes"]] == merged.stderr.splitlines()
    assert not (dest / "classes.json").exists()
    noiseaug("run", labelled, dest, *STRENGTH, *options)
    noiseaug("run", labelled, tmp_path / "single", *STRENGTH, *options)
    assert tree(dest) == tree(tmp_path / "single")


def test_the_counts_of_a_merge_add_up(photos, mine):
    shards = [
        json.loads(noiseaug("run", photos, mine, *STRENGTH, "--shard", f"{n}/3", "--json").stdout) for n in (1, 2, 3)
    ]
    merged = json.loads(noiseaug("merge", mine, "--json").stdout)
    assert (merged["shards"], merged["rows"], merged["failures"]) == (3, 27, 2)
    assert merged["sources"] + merged["failed_sources"] == sum(shard["sources"] for shard in shards)
