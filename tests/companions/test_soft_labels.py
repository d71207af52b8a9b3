"""`--label-smoothing EPS`: a soft label in each row, in the order of classes.json; outputs stay as they are."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiseaug import Companions, NoiseaugError, Recipe, Selection, run
from noiseaug.companions.soft_labels import SoftLabels
from noiseaug.manifest.reading import read_entries
from noiseaug.manifest.records import record_line
from support.commands import STRENGTH, noiseaug, within
from support.corpus import make_photos, photo, write_image
from support.trees import manifest, times, tree

CLASSES = ["cats", "dogs", "sound"]
BESIDE = {"manifest.jsonl", "classes.json"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos", count=6)


@pytest.fixture(scope="module")
def plain(photos, tmp_path_factory):
    dest = tmp_path_factory.mktemp("plain") / "out"
    assert within("run", photos, dest, *STRENGTH).returncode == 0
    return dest


@pytest.fixture
def mine(photos, plain, tmp_path):
    """SOURCE and DEST of a run without soft labels, for a test to change."""
    shutil.copytree(photos, tmp_path / "photos")
    shutil.copytree(plain, tmp_path / "out")
    return tmp_path / "photos", tmp_path / "out"


def outputs(dest) -> dict[str, str]:
    return {name: digest for name, digest in tree(dest).items() if name not in BESIDE}


def smooth(source, dest, epsilon: str = "0.1", *options):
    return within("run", source, dest, *STRENGTH, "--label-smoothing", epsilon, *options)


def test_each_row_has_the_most_for_its_class_and_a_share_for_each_other(photos, dest):
    assert smooth(photos, dest).returncode == 0
    assert json.loads((dest / "classes.json").read_text()) == CLASSES
    for row in manifest(dest).values():
        expected = [0.05] * 3
        expected[CLASSES.index(row["label"])] = 0.9
        assert row["soft_label"] == expected


@given(
    count=st.integers(2, 3000),
    epsilon=st.floats(0, 1, exclude_max=True),
)
def test_soft_labels_sum_to_one_and_read_back_as_the_same_floats(count, epsilon):
    names = [f"class {number:04}" for number in range(count)]
    line = record_line({"file_name": "a.png", "source_path": "a.png", "label": "class 0001", "copy": 0})
    values = json.loads(SoftLabels(names, epsilon).put_into(line))["soft_label"]
    assert values == SoftLabels(names, epsilon).of("class 0001").values
    assert abs(sum(values) - 1) < 1e-12
    assert values[1] == 1 - epsilon
    assert set(values[:1] + values[2:]) == {epsilon / (count - 1)}


def test_labels_are_told_apart_whatever_is_in_them():
    names = ['a"b', "a\\", "snow 雪", "bytes \udcff", "new\nline", '"label": "a", ', ""]
    soft = SoftLabels(names, 0.25)
    for name in names:
        line = record_line({"file_name": name, "source_path": name, "label": name, "level": "x"})
        labelled = soft.put_into(line)
        assert soft.put_into(labelled) == labelled
        found = json.loads(labelled)
        assert list(found) == ["file_name", "source_path", "label", "soft_label", "level"]
        assert found["soft_label"].index(0.75) == soft.classes.index(name)


def test_labels_are_brought_up_to_date_and_no_output_is_made_again(mine):
    source, dest = mine
    made, before = outputs(dest), tree(dest)
    for epsilon in ("0.1", "20%", "0"):
        when = times(dest)
        assert "nothing to do" in smooth(source, dest, epsilon).stdout
        assert {row["soft_label"][0] for row in manifest(dest).values() if row["label"] == "cats"} == {
            {"0.1": 0.9, "20%": 0.8, "0": 1.0}[epsilon]
        }
        assert outputs(dest) == made
        changed = {name for name, time in times(dest).items() if when.get(name) != time}
        assert {os.path.basename(name) for name in changed} <= {"out", *BESIDE}
    assert "1 file of earlier runs left over" in within("run", source, dest, *STRENGTH).stdout
    assert within("prune", dest).stdout.startswith("removed: classes.json\n")
    assert tree(dest) == before


def test_soft_labels_are_off_where_all_is_made_again_without_them(mine):
    source, dest = mine
    before = tree(dest)
    smooth(source, dest)
    assert "8 files written" in within("run", source, dest, *STRENGTH, "--force").stdout
    within("prune", dest)
    assert tree(dest) == before


def test_a_class_that_is_added_or_goes_changes_the_labels_of_all(mine):
    source, dest = mine
    smooth(source, dest)
    made, before = outputs(dest), tree(dest)
    shutil.copytree(source / "cats", source / "birds")
    assert "3 files written" in smooth(source, dest).stdout
    assert json.loads((dest / "classes.json").read_text()) == ["birds", *CLASSES]
    assert {len(row["soft_label"]) for row in manifest(dest).values()} == {4}
    assert made.items() <= outputs(dest).items()
    shutil.rmtree(source / "birds")
    smooth(source, dest, "0.1", "--prune")
    assert tree(dest) == before


def test_a_second_run_writes_nothing(photos, dest):
    smooth(photos, dest)
    before, when = tree(dest), times(dest)
    assert "nothing to do" in smooth(photos, dest).stdout
    assert (tree(dest), times(dest)) == (before, when)


def test_labels_are_the_same_whether_a_run_was_disturbed_or_not(photos, tmp_path, dest):
    smooth(photos, dest)
    for number, path in enumerate(["journal.jsonl", "noiseaug-new-", "manifest.jsonl$", "classes.json$"]):
        killed = tmp_path / f"killed{number}"
        call = "os.replace" if "$" in path else "write"
        fault = {"call": call, "path": path, "do": "kill-group", "count": str(tmp_path / f"count{number}")}
        arguments = ["run", photos, killed, *STRENGTH, "--label-smoothing", "0.1"]
        assert noiseaug(*arguments, fault=fault).returncode == -signal.SIGKILL
        smooth(photos, killed)
        assert tree(killed) == tree(dest)


def test_a_directory_that_cannot_be_listed_keeps_its_rows_and_its_class(mine, tmp_path):
    source, dest = mine
    smooth(source, dest)
    before = tree(dest)
    fault = {"call": "os.scandir", "path": "sound", "do": "EACCES", "nth": 0, "count": str(tmp_path / "count")}
    result = noiseaug("run", source, dest, *STRENGTH, "--label-smoothing", "0.1", fault=fault)
    assert result.returncode == 3
    (dest / "failures.jsonl").unlink()
    assert tree(dest) == before


def test_verify_finds_all_as_recorded(photos, dest):
    smooth(photos, dest)
    assert within("verify", dest, "--source", photos, "--deep").stdout == "8 checked: all as recorded\n"


def test_classes_that_no_row_speaks_of_are_extra(mine):
    _, dest = mine
    (dest / "classes.json").write_text('["cats"]')
    assert within("verify", dest).stdout.startswith("extra: classes.json")


def test_classes_of_somebody_else_are_not_replaced(mine):
    source, dest = mine
    (dest / "classes.json").write_text('["mine"]')
    before = tree(dest)
    result = smooth(source, dest)
    assert (result.returncode, "classes.json stands in DEST" in result.stderr) == (1, True)
    assert tree(dest) == before
    assert smooth(source, dest, "0.1", "--overwrite").returncode == 0


def test_classes_follow_what_is_selected(photos, dest):
    run(photos, dest, Recipe.of(0.1), Selection(kinds=frozenset({"image"})), companions=Companions(label_smoothing=0.5))
    assert json.loads((dest / "classes.json").read_text()) == ["cats", "dogs"]


@pytest.mark.parametrize("epsilon", ["1", "-0.1", "1.5", "100%", "nan", "inf", "much"])
def test_what_is_no_smoothing_is_refused(epsilon, photos, dest):
    assert smooth(photos, dest, epsilon).returncode == 2
    assert not dest.exists()


def test_what_is_no_smoothing_is_refused_from_python_too():
    with pytest.raises(ValueError, match="label smoothing"):
        Companions(label_smoothing=1.0)


@pytest.mark.parametrize("folder", ["", "cats/"])
def test_one_class_is_nothing_to_smooth_over(folder, source, dest):
    write_image(source / f"{folder}a.png", photo(8, 8))
    result = smooth(source, dest)
    assert result.returncode == 1
    assert "needs two class folders or more" in result.stderr
    assert not dest.exists()


def test_more_classes_than_a_row_can_hold_are_refused():
    with pytest.raises(NoiseaugError, match="32,768"):
        SoftLabels(map(str, range(32_769)), 0.1)


def test_a_row_of_the_most_classes_can_be_read_again(tmp_path):
    soft = SoftLabels([f"{number:05}" for number in range(32_768)], 0.1)
    long = "\udcff" * 4000
    line = soft.put_into(record_line({"file_name": long, "source_path": long, "label": "00007", "copy": 0}))
    (tmp_path / "m.jsonl").write_bytes(line)
    (entry,) = read_entries(str(tmp_path / "m.jsonl"))
    assert (entry.problem, len(entry.record["soft_label"])) == (None, 32_768)


def test_a_label_that_somebody_changed_is_put_right_without_making_an_image_again(mine):
    source, dest = mine
    rows = (dest / "manifest.jsonl").read_text()
    (dest / "manifest.jsonl").write_text(rows.replace('"label": "cats"', '"label": "bats"'))
    assert smooth(source, dest).stdout.startswith("nothing to do")
    assert {row["label"] for row in manifest(dest).values()} == {"cats", "dogs", "sound"}


def test_views_have_soft_labels_as_lists(photos, dest):
    smooth(photos, dest, "0.1", "--manifest", "rows.csv")
    expected = [row["soft_label"] for row in manifest(dest).values()]
    with (dest / "rows.csv").open(newline="") as file:
        assert [json.loads(row["soft_label"]) for row in csv.DictReader(file)] == expected
    smooth(photos, dest, "0.1", "--manifest", "rows.parquet")
    column = pyarrow.parquet.read_table(dest / "rows.parquet")["soft_label"]
    assert str(column.type) == "list<element: double>"
    assert column.to_pylist() == expected


def test_a_link_that_leads_nowhere_in_the_place_of_the_classes_is_not_replaced(photos, dest):
    dest.mkdir()
    (dest / "classes.json").symlink_to("nowhere")
    refused = within("run", photos, dest, *STRENGTH, "--label-smoothing", "0.1")
    assert refused.returncode == 1
    assert "classes.json stands in DEST and no run is known to have written it" in refused.stderr
    assert (dest / "classes.json").is_symlink()
