"""A manifest read from Python: typed rows of every form that a run writes, and nothing that leads out of DEST."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from noiseaug import FailureRow, ManifestRow, read_manifest, run
from noiseaug.errors import Misplaced, Stopped, Unfit
from noiseaug.manifest.records import KEYS, type_of
from support.corpus import photo, sound, write_image, write_sound
from support.faults import NAMED_POINTS
from support.trees import edit, manifest

NAMES = {"text": "str", "int": "int", "float": "float", "bool": "bool"} | {
    "floats": "tuple[float, ...]",
    "texts": "tuple[str, ...]",
}


@pytest.fixture
def written(source, dest):
    """A run over an image with a label, a recording and a file that is none."""
    write_image(source / "cats/a.png", photo(8, 8))
    (source / "cats/a.txt").write_text("0 0.5 0.5 1 1\n")
    write_sound(source / "b.wav", sound(2000), "PCM_16")
    (source / "c.png").write_bytes(b"no image")
    run(source, dest, std=0.1, snr="10:20", sidecars=".txt", label_smoothing=0.1, copies=2, engine="threads")
    return dest


def test_rows_say_what_the_manifest_says_in_its_order(written):
    rows, said = list(read_manifest(written)), manifest(written)
    assert [row.file_name for row in rows] == list(said) and len(rows) == 4
    for row in rows:
        for key in KEYS:
            value = said[row.file_name].get(key)
            value = tuple(value) if isinstance(value, list) else value
            assert getattr(row, key) == value, key
        assert Path(row.path).is_file() and Path(row.path).stat().st_size == row.bytes
    assert rows[2].sidecars == ("cats/a-std0.1-0.txt",) and len(rows[2].soft_label) > 0
    assert rows[0].kind == "audio" and rows[0].width is None and 10 <= rows[0].snr_db <= 20
    with pytest.raises(FrozenInstanceError):
        rows[0].seed = 3


def test_a_row_has_an_attribute_of_the_right_type_for_each_key_of_a_manifest():
    types = {item.name: str(item.type).removesuffix(" | None") for item in fields(ManifestRow)}
    assert {key: NAMES[type_of(key)] for key in KEYS} == {
        name: kind for name, kind in types.items() if name not in ("path", "others")
    }
    missing = [name for name in types if name not in (ManifestRow.__doc__ or "")]
    assert missing == []


@pytest.mark.parametrize("name", ["metadata.jsonl", "train.jsonl", "metadata.csv", "rows.parquet"])
def test_a_manifest_of_any_name_is_found(source, dest, name):
    write_image(source / "a.png", photo(8, 8))
    run(source, dest, std=0.1, manifest=name, engine="threads")
    assert [row.file_name for row in read_manifest(dest)] == ["a.png"]
    assert [row.file_name for row in read_manifest(dest, manifest=name)] == ["a.png"]


def test_failures_come_behind_the_rows_if_asked_for(written):
    found = list(read_manifest(written, failures=True))
    assert [type(row) for row in found] == [ManifestRow] * 4 + [FailureRow]
    assert found[-1].source_path == "c.png" and "cannot be decoded" in found[-1].error


def test_what_people_added_to_a_row_is_kept(written):
    edit(written, lambda row: row.update(split="train"))
    assert [row.others for row in read_manifest(written)] == [{"split": "train"}, {}, {}, {}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.update(file_name="../x.png"), "file_name that leads out of DEST"),
        (lambda row: row.update(file_name="/etc/hostname"), "file_name that leads out of DEST"),
        (lambda row: row.update(file_name="link/hostname"), "file_name that leads out of DEST"),
        (lambda row: row.update(file_name="cats/.."), "file_name that leads out of DEST"),
        (lambda row: row.update(sidecars=["../x"], sidecars_sha256=["0" * 64]), "file_name that leads out of DEST"),
        (lambda row: row.update(source_path="cats/../../x"), "source_path that leads out of SOURCE"),
        (lambda row: row.update(seed="7"), "has a wrong seed: '7'"),
        (lambda row: row.update(copy=-1), "has a wrong copy: '-1'"),
        (lambda row: row.update(kind="film"), "has a wrong kind: 'film'"),
        (lambda row: row.update(std="0.1"), "has a wrong std: '0.1'"),
        (lambda row: row.update(soft_label=[0.5, "x"]), "has a wrong soft_label"),
        (lambda row: row.update(sha256="beef"), "has a wrong sha256"),
        (lambda row: row.pop("recipe"), "has no recipe"),
        (lambda row: row.update(noise_std=float("inf")), "has a wrong noise_std: inf"),
    ],
)
def test_a_row_that_no_run_wrote_is_refused_by_its_line(written, change, message):
    (written / "link").symlink_to("/etc")
    edit(written, change, 1)
    rows = read_manifest(written)
    next(rows)
    with pytest.raises(Unfit, match=rf"manifest\.jsonl line 2 .*{message}"):
        next(rows)


def test_an_output_that_became_a_link_is_refused(written):
    row = json.loads((written / "manifest.jsonl").read_text().splitlines()[0])
    (written / row["file_name"]).unlink()
    (written / row["file_name"]).symlink_to("/etc/hostname")
    with pytest.raises(Unfit, match="which is a link"):
        next(read_manifest(written))


def test_originals_may_be_links(source, dest):
    write_image(source / "a.png", photo(8, 8))
    run(source, dest, std=0.1, with_clean="tree", link="symlink")
    assert [row.role for row in read_manifest(dest)] == ["clean", "noisy"]


def test_a_damaged_line_is_told(written):
    with (written / "manifest.jsonl").open("a") as file:
        file.write('{"file_name": "half')
    with pytest.raises(Unfit, match="line 5 is cut short"):
        list(read_manifest(written))


def test_what_is_no_finished_run_is_told_at_once(tmp_path, photos):
    with pytest.raises(Misplaced, match=r"no manifest\.jsonl in"):
        read_manifest(tmp_path)
    with pytest.raises(TypeError, match="dest must be a path"):
        read_manifest(3)
    with pytest.raises(TypeError, match="failures must be True or False, not 'yes'"):
        read_manifest(tmp_path, failures="yes")
    with pytest.raises(ValueError, match="no name for a manifest"):
        read_manifest(tmp_path, manifest="rows.txt")
    run(photos, tmp_path / "shards", std=0.1, shard="1/2", include="sound/")
    with pytest.raises(Misplaced, match="are not merged"):
        read_manifest(tmp_path / "shards")


def test_an_interrupted_run_is_told(run_with):
    result, dest = run_with(
        "--engine", "threads", **NAMED_POINTS["the manifest is about to be replaced"], do="kill-group"
    )
    assert result.returncode != 0
    with pytest.raises(Stopped, match="was interrupted, or is under way"):
        read_manifest(dest)


def test_rows_are_read_one_at_a_time(written):
    line = (written / "manifest.jsonl").read_bytes().splitlines(keepends=True)[0]
    (written / "manifest.jsonl").write_bytes(line * 5000)
    tracemalloc.start()
    assert sum(1 for _ in read_manifest(written)) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000
