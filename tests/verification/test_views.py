"""`noiseaug verify` compares what stands beside the manifest and says the same with it."""

from __future__ import annotations

import csv
import json
import shutil

import pyarrow.parquet
import pytest

from noiseaug import verify
from support.commands import STRENGTH, within
from support.corpus import make_photos
from support.trees import edit

VIEWS = ["metadata.csv", "metadata.parquet"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The DEST of a run over two levels, with COCO annotations of three images and soft labels."""
    place = tmp_path_factory.mktemp("finished")
    photos = make_photos(place / "photos", count=6)
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))[:3]
    images = [{"id": 7 + n, "file_name": name} for n, name in enumerate(names)]
    coco = {"images": images, "annotations": [{"id": 1, "image_id": 8, "bbox": [1, 2, 3, 4]}], "categories": []}
    (place / "coco.json").write_text(json.dumps(coco))
    options = ["--std", "0.1", "--annotations", place / "coco.json", "--label-smoothing", "0.1"]
    for name in VIEWS:
        result = within("run", photos, place / "dest" / name, *STRENGTH, *options, "--manifest", name)
        assert (result.returncode, "cats/001.png" in names) == (0, True), result.stderr
    return place / "dest"


@pytest.fixture
def mine(finished, tmp_path):
    """That DEST, with a view as CSV and one as Parquet, for a test to spoil."""
    dest = tmp_path / "dest"
    shutil.copytree(finished / "metadata.csv", dest)
    shutil.copy(finished / "metadata.parquet/metadata.parquet", dest)
    return dest


def found(dest):
    return {finding.file_name: finding.problem for finding in verify(dest).findings}


def test_views_that_say_what_the_manifest_says_are_no_finding(mine):
    assert found(mine) == {}


def test_views_of_an_older_manifest_are_stale_and_the_way_out_is_named(mine):
    lines = (mine / "manifest.jsonl").read_text().splitlines(keepends=True)
    gone = [json.loads(line)["file_name"] for line in lines if '"source_path": "cats/001.png"' in line]
    (mine / "manifest.jsonl").write_text("".join(line for line in lines if "cats/001.png" not in line))
    for name in gone:
        (mine / name).unlink()
    result = within("verify", mine)
    assert result.returncode == 3
    stale = ["metadata.csv", "metadata.parquet", "annotations.json"]
    assert found(mine) == dict.fromkeys(stale, "stale")
    advice = "run the same command again, which writes it anew and makes no output again, or remove it"
    assert f"stale: metadata.csv: does not say what manifest.jsonl says; {advice}\n" in result.stdout
    assert f"stale: annotations.json: has an image {gone[0]} where the manifest has no such output;" in result.stdout
    for name in stale:
        (mine / name).unlink()
    assert found(mine) == {}


def test_a_changed_cell_of_a_view_is_found(mine):
    with (mine / "metadata.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    rows[3][rows[0].index("seed")] = "8"
    with (mine / "metadata.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    table = pyarrow.parquet.read_table(mine / "metadata.parquet")
    pyarrow.parquet.write_table(table.slice(0, table.num_rows - 1), mine / "metadata.parquet")
    assert found(mine) == dict.fromkeys(VIEWS, "stale")


def test_a_parquet_view_written_by_another_version_says_the_same(mine):
    table = pyarrow.parquet.read_table(mine / "metadata.parquet")
    before = (mine / "metadata.parquet").read_bytes()
    pyarrow.parquet.write_table(table, mine / "metadata.parquet", version="1.0", compression="gzip")
    assert (mine / "metadata.parquet").read_bytes() != before
    assert found(mine) == {}


@pytest.mark.parametrize("change", ["one level gone", "another order", "not whole"])
def test_annotations_of_other_images_are_stale(change, mine):
    path = mine / "annotations.json"
    content = path.read_text()
    lines = content.splitlines(keepends=True)
    if change == "one level gone":
        del lines[1]
    elif change == "another order":
        lines[1], lines[2] = lines[2], lines[1]
    path.write_text("".join(lines) if change != "not whole" else content[: content.index("file_name")])
    assert found(mine) == {"annotations.json": "stale"}


@pytest.mark.parametrize("content", ['["cats", "dogs"]', '["birds", "cats", "dogs", "sound"]', '["dogs", "cats"]', "{"])
def test_other_classes_than_those_of_the_soft_labels_are_stale(content, mine):
    (mine / "classes.json").write_text(content)
    assert found(mine) == {"classes.json": "stale"}


def test_classes_that_are_gone_are_missing(mine):
    (mine / "classes.json").unlink()
    assert found(mine) == {"classes.json": "missing"}


def test_a_soft_label_of_another_class_is_found(mine):
    rows = [json.loads(line) for line in (mine / "manifest.jsonl").read_text().splitlines()]
    labels = {row["label"]: row["soft_label"] for row in rows}
    edit(mine, lambda row: row.update(soft_label=labels[next(name for name in labels if name != row["label"])]))
    assert found(mine)["classes.json"] == "stale"


def test_odd_values_in_rows_with_soft_labels_are_findings_and_no_crash(mine):
    edit(mine, lambda row: row.update(soft_label=[[], {}, None], label=["x"]))
    assert "stale" in found(mine).values()
