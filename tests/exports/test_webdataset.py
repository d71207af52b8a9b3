"""The WebDataset library finds what the run wrote, samples included."""

from __future__ import annotations

import json
import os
import tarfile
from io import BytesIO

import numpy as np
import soundfile
from PIL import Image

from support.commands import within
from support.corpus import photo, read_image, read_levels, write_image
from support.exported import exported, read_shards
from support.trees import edit, manifest


def test_webdataset_gives_back_every_output_under_a_key_of_its_own(mine):
    assert exported(mine, "webdataset") == f"webdataset: 8 samples written to 2 files in {mine}, with 6 sidecars\n"
    samples, rows = read_shards(mine), manifest(mine)
    assert len({sample["__key__"] for sample in samples}) == len(samples) == 8
    assert [json.loads(sample["json"])["file_name"] for sample in samples] == list(rows)
    for sample in samples:
        row = json.loads(sample["json"])
        assert row == rows[row["file_name"]]
        assert sample[row["file_name"].rpartition(".")[2]] == (mine / row["file_name"]).read_bytes()


def test_webdataset_decodes_the_pixels_and_samples_that_were_written(mine):
    exported(mine, "webdataset")
    for sample in read_shards(mine):
        name = json.loads(sample["json"])["file_name"]
        content = BytesIO(sample[name.rpartition(".")[2]])
        if name.startswith("images"):
            with Image.open(content) as image:
                assert np.array_equal(np.asarray(image), read_image(mine / name))
        else:
            assert np.array_equal(soundfile.read(content, dtype="int32", always_2d=True)[0], read_levels(mine / name))


def test_webdataset_classes_are_the_sorted_labels(mine):
    exported(mine, "webdataset")
    classes = json.loads((mine / "shard-classes.json").read_text())["classes"]
    assert classes == ["ann", "bob", "cats", "dogs"]
    for sample in read_shards(mine, decoded=True):
        assert classes[sample["cls"]] == sample["json"]["label"]


def test_webdataset_samples_hold_sidecars(mine):
    exported(mine, "webdataset")
    samples = {json.loads(sample["json"])["file_name"]: sample for sample in read_shards(mine)}
    assert samples["speech/bob/three.wav"]["txt"].decode() == "привет"
    assert samples["images/dogs/b.v2.png"]["xml"] == b"<annotation/>\n"
    for name in ("images/cats/a.png", "images/cats/a.bmp"):
        assert json.loads(samples[name]["annotation.json"])["box"] == [1, 2, 3, 4]
    assert set(samples["speech/bob/wordless.ogg"]) == {"__key__", "__url__", "__local_path__", "ogg", "json", "cls"}


def test_sidecars_are_those_that_the_manifest_lists_wherever_they_stand(source, dest):
    """As YOLO has them: `labels/a.txt` belongs to `images/a.jpg`, and what else bears the name of an image does not."""
    for name in ("a.jpg", "b.jpg"):
        write_image(source / "images" / name, photo(8, 9))
    for name in ("labels/a.txt", "labels/b.txt", "images/a.json", "images/a.cls"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(name)
    options = ["--std", "0.1", "--copies", "2", "--sidecars", ".txt,.json,.cls"]
    assert within("run", source, dest, *options).returncode == 0
    (dest / "images/b-std0.1-0.xml").write_text("somebody else's")
    said = exported(dest, "webdataset")
    assert said == f"webdataset: 4 samples written to 2 files in {dest}, with 8 sidecars\n"
    samples = {sample["__key__"]: sample for sample in read_shards(dest)}
    own = {"__key__", "__url__", "__local_path__", "jpg", "json", "cls"}
    for copy in (0, 1):
        first, second = samples[f"images/a-std0_1-{copy}"], samples[f"images/b-std0_1-{copy}"]
        assert first.keys() - own == {"txt", "annotation.json", "sidecar.cls"}
        assert (first["txt"], first["annotation.json"]) == (b"labels/a.txt", b"images/a.json")
        assert first["sidecar.cls"] == b"images/a.cls"
        assert second.keys() - own == {"txt"}


def test_a_sidecar_that_is_gone_is_a_failure_of_its_sample(source, dest):
    for name in ("a", "b"):
        write_image(source / f"{name}.png", photo(8, 9))
        (source / f"{name}.txt").write_text(name)
    within("run", source, dest, "--std", "0.1", "--sidecars", ".txt")
    (dest / "a.txt").unlink()
    result = within("export", dest, "--to", "webdataset")
    assert (result.returncode, result.stderr) == (3, "failed: a.png: a.txt cannot be read: No such file or directory\n")
    edit(dest, lambda row: row.update(sidecars=["../a.txt"]))
    assert (
        "failed: a.png: the name of a sidecar leads out of DEST" in within("export", dest, "--to", "webdataset").stderr
    )


def test_names_that_webdataset_would_cut_merge_or_pass_over_stay_apart(source, dest):
    names = ["a.png", "a.bmp", "a.b.png", "a_b.png", "v1.0/x.png", "v1.0/x.y.png", "__meta__/m.png", "_meta__/m.png"]
    names += [".hidden.png", "UPPER.PNG", "ünï.cödé.png", "line\nbreak.png", "l" * 120 + ".png"]
    for index, name in enumerate(names):
        write_image(source / "plain.png", photo(8, 9, seed=index))
        (source / name).parent.mkdir(exist_ok=True)
        (source / "plain.png").rename(source / name)
    assert within("run", source, dest, "--std", "0.1", "--std", "0.02", "--hidden").returncode == 0
    exported(dest, "webdataset")
    samples, rows = read_shards(dest), manifest(dest)
    assert len(samples) == len({sample["__key__"] for sample in samples}) == len(rows) == 2 * len(names)
    for sample in samples:
        row = json.loads(sample["json"])
        assert sample[row["file_name"].rpartition(".")[2].lower()] == (dest / row["file_name"]).read_bytes()


def test_a_name_that_is_not_unicode_goes_through_a_shard(source, dest):
    write_image(source / "plain.png", photo(8, 9)).rename(source / os.fsdecode(b"caf\xe9.png"))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    exported(dest, "webdataset")
    (sample,) = read_shards(dest)
    assert os.fsencode(sample["__key__"]) == b"caf\xe9"


def test_shards_are_no_larger_than_asked_for_unless_one_sample_is(mine):
    exported(mine, "webdataset", "--shard-size", "24KB", "--prefix", "train")
    shards = sorted(mine.glob("train-*.tar"))
    assert [shard.name for shard in shards] == [f"train-{index:06}.tar" for index in range(len(shards))]
    assert len(shards) > 2
    for shard in shards:
        with tarfile.open(shard) as archive:
            samples = {member.name.partition(".")[0] for member in archive}
        assert shard.stat().st_size <= 24_000 or len(samples) == 1
    assert [json.loads(sample["json"])["file_name"] for sample in read_shards(mine, "train")] == list(manifest(mine))


def test_a_shard_is_filled_up_to_the_last_byte(mine):
    exported(mine, "webdataset")
    size = (mine / "shard-000000.tar").stat().st_size
    assert "up to date" in exported(mine, "webdataset", "--shard-size", str(size))
    assert "written to 3 files" in exported(mine, "webdataset", "--shard-size", str(size - 1))


def test_tar_members_have_no_time_and_no_owner(mine):
    exported(mine, "webdataset")
    with tarfile.open(mine / "shard-000000.tar") as archive:
        facts = {(member.mtime, member.uid, member.gid, member.mode) for member in archive}
    assert facts == {(0, 0, 0, 0o644)}


def test_shards_of_a_larger_export_before_are_removed(mine):
    exported(mine, "webdataset", "--shard-size", "1KB")
    assert len(list(mine.glob("shard-*.tar"))) == 8
    exported(mine, "webdataset")
    assert [path.name for path in mine.glob("shard-*.tar")] == ["shard-000000.tar"]
    assert len(read_shards(mine)) == 8
