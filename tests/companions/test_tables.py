"""`--manifest NAME`: the manifest under another name, and as CSV or Parquet beside itself."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from noiseaug import Companions, NoiseaugError, Recipe, run, verify
from noiseaug.companions.tables import render
from noiseaug.manifest.reading import find
from noiseaug.manifest.records import KEYS, type_of
from support.commands import STRENGTH, noiseaug, within
from support.corpus import make_photos, photo, write_image
from support.trees import times, tree

VIEWS = ("metadata.csv", "metadata.parquet")
PYTHON = {"text": str, "int": int, "float": float, "bool": bool, "floats": list}
ARROW = {"text": "string", "int": "int64", "float": "double", "bool": "bool"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos", count=6)


@pytest.fixture(scope="module")
def first(photos, tmp_path_factory):
    dest = tmp_path_factory.mktemp("first") / "out"
    assert within("run", photos, dest, *STRENGTH).returncode == 0
    return dest


@pytest.fixture
def done(first, tmp_path):
    """DEST of a run with the default manifest, for a test to spoil."""
    shutil.copytree(first, tmp_path / "out")
    return tmp_path / "out"


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def extras(dest: Path, **options) -> list[str]:
    return [finding.file_name for finding in verify(dest, **options).findings]


def test_every_key_has_one_type_in_all_rows_of_all_kinds(mixed, dest):
    options = ["--std", "0.1", "--snr", "3:9", "--keep-silence", "--on-clip", "rescale", "--measure", "decoded"]
    assert within("run", mixed, dest, *options, "--label-smoothing", "0.1").returncode == 0
    for row in rows_of(dest / "manifest.jsonl"):
        for key, value in row.items():
            assert value is None or type(value) is PYTHON[type_of(key)], (key, value)


@pytest.mark.parametrize("options", [[], ["--std", "0.2", "--copies", "2"]])
def test_a_csv_says_what_the_manifest_says(options, photos, dest):
    assert within("run", photos, dest, *STRENGTH, *options, "--manifest", "rows.csv").returncode == 0
    rows = rows_of(dest / "manifest.jsonl")
    with (dest / "rows.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == [key for key in KEYS if any(row.get(key) not in (None, "") for row in rows)]
    as_text = [{key: row.get(key) for key in found[0]} for row in rows]
    expected = [
        {
            key: "" if value is None else value if isinstance(value, str) else json.dumps(value)
            for key, value in row.items()
        }
        for row in as_text
    ]
    assert found == expected


def test_a_parquet_file_says_what_the_manifest_says_in_the_types_of_the_keys(photos, dest):
    assert within("run", photos, dest, *STRENGTH, "--manifest", "rows.parquet").returncode == 0
    rows = rows_of(dest / "manifest.jsonl")
    table = pyarrow.parquet.read_table(dest / "rows.parquet")
    assert table.column_names == [key for key in KEYS if any(row.get(key) is not None for row in rows)]
    assert {str(field.type) for field in table.schema} == set(ARROW.values())
    assert all(str(field.type) == ARROW[type_of(field.name)] for field in table.schema)
    assert table.to_pylist() == [{key: row.get(key) for key in table.column_names} for row in rows]


def test_a_view_of_many_rows_has_them_all_in_groups(done):
    lines = (done / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    (done / "many.jsonl").write_bytes(b"".join(lines) * 1500)
    for name in VIEWS:
        with (done / name).open("wb") as file:
            render(str(done / "many.jsonl"), name, file.write)
    content = pyarrow.parquet.ParquetFile(done / "metadata.parquet")
    assert content.metadata.num_rows == 1500 * len(lines)
    assert content.metadata.num_row_groups > 1
    with (done / "metadata.csv").open(newline="") as file:
        names = [row["file_name"] for row in csv.DictReader(file)]
    assert names == content.read(["file_name"])["file_name"].to_pylist()


@pytest.mark.parametrize("name", [*VIEWS, "metadata.jsonl", "mine.jsonl"])
def test_a_second_run_writes_nothing(name, photos, dest):
    assert within("run", photos, dest, *STRENGTH, "--manifest", name).returncode == 0
    before, when = tree(dest), times(dest)
    assert "nothing to do" in within("run", photos, dest, *STRENGTH, "--manifest", name).stdout
    assert (tree(dest), times(dest)) == (before, when)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_that_is_missing_or_altered_comes_back(name, photos, done):
    arguments = ["run", photos, done, *STRENGTH, "--manifest", name]
    within(*arguments)
    whole = tree(done)
    (done / name).unlink()
    assert within(*arguments).returncode == 0
    assert tree(done) == whole
    content = (done / name).read_bytes()
    (done / name).write_bytes(content.replace(b"cats", b"bats"))
    assert within(*arguments).returncode == 0
    assert tree(done) == whole


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_follows_the_manifest_and_is_no_older(name, photos, dest, tmp_path):
    source = Path(shutil.copytree(photos, tmp_path / "mine"))
    arguments = ["run", source, dest, *STRENGTH, "--manifest", name]
    within(*arguments)
    before = (dest / name).read_bytes()
    os.utime(source / "cats/001.png")  # what is written again has the same bytes, and so have the rows
    within(*arguments)
    assert (dest / name).stat().st_mtime_ns >= (dest / "manifest.jsonl").stat().st_mtime_ns
    assert (dest / name).read_bytes() == before
    (source / "cats/001.png").unlink()
    within(*arguments)
    assert (dest / name).read_bytes() != before
    assert (dest / name).stat().st_mtime_ns >= (dest / "manifest.jsonl").stat().st_mtime_ns


def test_rows_are_taken_over_from_a_manifest_of_another_name(photos, done):
    whole, content = tree(done), (done / "manifest.jsonl").read_bytes()
    names = ["metadata.jsonl", "mine.jsonl", "manifest.jsonl"]
    for former, name in zip(["manifest.jsonl", *names], names, strict=False):
        assert within("run", photos, done, *STRENGTH, "--manifest", name, "--dry-run").stdout == ""
        assert (done / former).exists()
        assert "nothing to do" in within("run", photos, done, *STRENGTH, "--manifest", name).stdout
        assert not (done / former).exists()
        assert (done / name).read_bytes() == content
    assert tree(done) == whole


def test_a_run_killed_with_one_name_is_taken_up_with_another(photos, tmp_path, done):
    dest = tmp_path / "killed"
    fault = {"call": "write", "path": "journal.jsonl", "nth": 5, "do": "kill-group", "count": str(tmp_path / "count")}
    assert noiseaug("run", photos, dest, *STRENGTH, fault=fault).returncode == -signal.SIGKILL
    result = within("run", photos, dest, *STRENGTH, "--manifest", "metadata.jsonl")
    assert result.returncode == 0
    assert sorted(tree(dest).values()) == sorted(tree(done).values())
    assert not (dest / "manifest.jsonl").exists()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", ["manifest.jsonl$", "metadata.csv$"])
def test_a_run_killed_as_it_publishes_ends_the_same_when_run_again(path, when, photos, tmp_path, dest):
    arguments = ["run", photos, dest, *STRENGTH, "--manifest", "metadata.csv"]
    fault = {"call": "os.replace", "path": path, "when": when, "do": "kill-group", "count": str(tmp_path / "count")}
    assert noiseaug(*arguments, fault=fault).returncode == -signal.SIGKILL
    assert (dest / "metadata.csv").exists() == (path.startswith("metadata") and when == "after")
    assert within(*arguments).returncode == 0
    fresh = tmp_path / "fresh"
    within("run", photos, fresh, *STRENGTH, "--manifest", "metadata.csv")
    assert tree(dest) == tree(fresh)


def test_a_full_disk_leaves_the_old_manifest_and_the_old_view(photos, tmp_path, dest):
    arguments = ["run", photos, dest, "--manifest", "metadata.csv"]
    within(*arguments, *STRENGTH)
    before = {name: (dest / name).read_bytes() for name in ("manifest.jsonl", "metadata.csv")}
    fault = {"call": "write", "path": "noiseaug-view-", "do": "ENOSPC", "count": str(tmp_path / "count")}
    result = noiseaug(*arguments, "--std", "0.2", fault=fault)
    assert (result.returncode, "No space left" in result.stderr, "Traceback" in result.stderr) == (1, True, False)
    assert {name: (dest / name).read_bytes() for name in before} == before
    assert "up to date" in within(*arguments, "--std", "0.2").stdout
    assert extras(dest) == []


@pytest.mark.parametrize("name", [*VIEWS, "metadata.jsonl", "mine.jsonl", "manifest.jsonl"])
def test_verify_finds_the_manifest_and_calls_no_view_extra(name, photos, done):
    within("run", photos, done, *STRENGTH, "--manifest", name)
    result = within("verify", done, "--source", photos)
    assert (result.returncode, result.stdout) == (0, "8 checked: all as recorded\n")


def test_verify_takes_the_manifest_that_is_named(done):
    shutil.copy(done / "manifest.jsonl", done / "backup.jsonl")
    (done / "manifest.jsonl").write_bytes(b"broken\n")
    assert within("verify", done, "--manifest", "backup.jsonl").stdout.startswith("extra: manifest.jsonl:")
    assert "invalid: manifest.jsonl line 1" in within("verify", done).stdout
    assert within("verify", done, "--manifest", "none.jsonl").returncode == 2


def test_a_table_of_somebody_else_is_extra(done):
    (done / "mine.csv").write_text("file_name,weight\na.png,3\n")
    (done / "cats/metadata.csv").write_text(",".join(KEYS) + "\n")  # not where a run writes one
    assert extras(done) == ["mine.csv", "cats/metadata.csv"]


def test_a_view_that_is_no_longer_asked_for_is_left_over(photos, done):
    for name in (*VIEWS, "manifest.jsonl"):
        assert within("run", photos, done, *STRENGTH, "--manifest", name).stderr == ""
        assert within("prune", done).returncode == 0
        assert {path.name for path in done.glob("[!.]*") if path.is_file()} == {"manifest.jsonl", name}


def test_a_view_that_was_changed_since_is_left_and_named(photos, done):
    within("run", photos, done, *STRENGTH, "--manifest", "metadata.csv")
    with (done / "metadata.csv").open("a") as file:
        file.write("mine\n")
    content = (done / "metadata.csv").read_bytes()
    result = within("run", photos, done, *STRENGTH)
    assert result.returncode == 0
    assert "metadata.csv is of an earlier run and is left as it was" in result.stderr
    assert (done / "metadata.csv").read_bytes() == content


@pytest.mark.parametrize("name", [*VIEWS, "metadata.jsonl"])
def test_a_file_that_noiseaug_did_not_write_is_not_replaced(name, photos, done):
    (done / name).write_text("file_name,weight\na.png,3\n")
    before = tree(done)
    result = within("run", photos, done, *STRENGTH, "--manifest", name)
    assert result.returncode == 1
    assert f"{name} stands in DEST and no run is known to have written it" in result.stderr
    assert tree(done) == before
    assert within("run", photos, done, *STRENGTH, "--manifest", name, "--overwrite").returncode == 0
    assert find(str(done), name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "rows", "rows.json", "rows.CSV", ".csv", "sub/rows.csv", "../rows.csv", "/rows.csv", "a\0.csv"),
        *("failures.jsonl", ".noiseaug.jsonl", "manifest.jsonl.gz"),
    ],
)
def test_a_name_that_is_none_for_a_manifest_is_refused(name, photos, dest):
    assert within("run", photos, dest, *STRENGTH, "--manifest", name).returncode == 2
    assert not dest.exists()
    with pytest.raises(ValueError, match="name"):
        Companions(manifest=name)


def test_a_name_that_a_folder_of_sources_has_is_refused(source, dest):
    write_image(source / "rows.csv/a.png", photo(8, 8))
    result = within("run", source, dest, *STRENGTH, "--manifest", "rows.csv")
    assert (result.returncode, "rows.csv is a directory" in result.stderr) == (1, True)
    assert not dest.exists()


def test_without_pyarrow_parquet_is_refused_before_any_work(photos, dest, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = within("run", photos, dest, *STRENGTH, "--manifest", "metadata.parquet")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "noiseaug: error: a manifest metadata.parquet needs pyarrow: pip install 'noiseaug[parquet]'"
    ]
    assert not dest.exists()
    assert within("run", photos, dest, *STRENGTH, "--manifest", "metadata.csv").returncode == 0


def test_a_seed_that_parquet_cannot_hold_is_refused_and_csv_holds_it(photos, dest):
    with pytest.raises(NoiseaugError, match="64 bits"):
        run(photos, dest, Recipe.of(0.1, seed=2**63), companions=Companions("rows.parquet"))
    assert not dest.exists()
    run(photos, dest, Recipe.of(0.1, seed=2**63), companions=Companions("rows.csv"))
    assert f",{2**63}," in (dest / "rows.csv").read_text()


def test_odd_names_are_whole_in_a_view_and_bytes_that_are_no_text_are_shown(source, dest):
    names = ['co"mma, "quoted".png', "new\nline.png", "re\rturn.png", "ünï 雪.png", "bytes \udcff.png"]
    write_image(source / "a.png", photo(8, 8))
    for name in names:
        shutil.copy(source / "a.png", source / name)
    shown = {"a.png", *names[:-1], "bytes \\udcff.png"}
    for view in ("rows.csv", "rows.parquet"):
        assert within("run", source, dest, *STRENGTH, "--manifest", view).returncode == 0
        if view.endswith(".csv"):
            with (dest / view).open(newline="", encoding="utf-8") as file:
                found = [row["file_name"] for row in csv.DictReader(file)]
        else:
            found = pyarrow.parquet.read_table(dest / view)["file_name"].to_pylist()
        assert set(found) == shown
        assert "6 up to date" in within("run", source, dest, *STRENGTH, "--manifest", view).stdout


def test_a_manifest_without_rows_has_a_view_without_rows(source, dest):
    (source / "bad.png").write_bytes(b"none")
    for view in ("rows.csv", "metadata.jsonl", "rows.parquet"):
        assert within("run", source, dest, *STRENGTH, "--manifest", view).returncode == 3
        assert extras(dest) == []
    assert pyarrow.parquet.read_table(dest / "rows.parquet").num_rows == 0


def test_a_manifest_of_any_name_may_be_without_rows(source, dest):
    (source / "bad.png").write_bytes(b"none")
    for _ in range(2):
        assert within("run", source, dest, *STRENGTH, "--manifest", "mine.jsonl").returncode == 3
    assert extras(dest, manifest="mine.jsonl") == []


def test_a_row_that_does_not_fit_its_column_is_named(photos, done):
    rows = rows_of(done / "manifest.jsonl")
    rows[0]["label"] = 7
    (done / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = within("run", photos, done, *STRENGTH, "--manifest", "rows.parquet")
    assert (result.returncode, "holds what Parquet cannot" in result.stderr) == (1, True)
    assert "Traceback" not in result.stderr
    assert within("run", photos, done, *STRENGTH, "--manifest", "rows.parquet", "--force").returncode == 0


def test_one_file_to_one_file_has_no_manifest_to_name(photos, tmp_path):
    result = within("run", photos / "cats/001.png", tmp_path / "a.png", *STRENGTH, "--manifest", "rows.csv")
    assert result.returncode == 2
    assert not (tmp_path / "a.png").exists()


def test_the_depfile_names_the_manifest_that_is_asked_for(photos, dest, tmp_path):
    within("run", photos, dest, *STRENGTH, "--manifest", "metadata.csv", "--depfile", tmp_path / "d")
    assert (tmp_path / "d").read_text().startswith(f"{dest}/metadata.csv:")
