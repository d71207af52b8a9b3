"""Sidecars that go along with the outputs of their source."""

from __future__ import annotations

import json
import os

import pytest

from support.commands import noiseaug
from support.corpus import label_photos, make_photos, photo, write_image
from support.trees import failures, files, manifest, times


def test_sidecars_go_along_under_the_names_of_targets(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 4)
    label_photos(photos)
    options = ["--std", "0.1", "--copies", 2, "--with-clean", "beside", "--sidecars", ".txt,.xml,.json"]
    assert noiseaug("run", photos, dest, *options).returncode == 0
    for name, row in manifest(dest).items():
        stem, origin = os.path.splitext(name)[0], os.path.splitext(row["source_path"])[0]
        if row["kind"] == "audio":
            assert row["sidecars"] == []
            continue
        assert row["sidecars"] == [f"{stem}.txt", f"{stem}.xml"]
        assert (dest / f"{stem}.txt").read_bytes() == (photos / f"{origin}.txt").read_bytes()
        assert f"<filename>{os.path.basename(name)}</filename>" in (dest / f"{stem}.xml").read_text()
    assert noiseaug("verify", dest).returncode == 0
    before = times(dest)
    assert "nothing to do" in noiseaug("run", photos, dest, *options).stdout
    assert times(dest) == before


def test_labels_in_a_folder_parallel_to_the_images_go_to_one(source, dest):
    write_image(source / "images/train/a.jpg", photo(8, 8))
    (source / "labels/train").mkdir(parents=True)
    (source / "labels/train/a.txt").write_text("0 0.5 0.5 1 1\n")
    write_image(source / "VOC/JPEGImages/b.jpg", photo(8, 8))
    (source / "VOC/Annotations").mkdir()
    (source / "VOC/Annotations/b.xml").write_text("<annotation><filename>b.jpg</filename></annotation>")
    noiseaug("run", source, dest, "--std", "0.1", "--copies", 2, "--sidecars", ".txt,.xml")
    assert {*files(dest / "labels"), *files(dest / "VOC/Annotations")} == {
        *("train/a-std0.1-0.txt", "train/a-std0.1-1.txt", "b-std0.1-0.xml", "b-std0.1-1.xml")
    }


def test_sidecars_that_are_no_text_go_along_as_bytes(source, dest):
    write_image(source / "a.png", photo(8, 8))
    for suffix, content in {
        ".txt": b"\xff\xfe\0caf\xe9",
        ".xml": "<filename>a.png</filename>".encode("utf-16"),
    }.items():
        (source / f"a{suffix}").write_bytes(content)
    noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt,.xml")
    assert (dest / "a.txt").read_bytes() == (source / "a.txt").read_bytes()
    assert (dest / "a.xml").read_bytes() == (source / "a.xml").read_bytes()


def test_a_label_that_changes_comes_or_goes_is_followed(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    options = ["--std", "0.1", "--sidecars", ".txt"]
    noiseaug("run", source, dest, *options)
    assert files(dest) == ["a.png", "b.png", "manifest.jsonl"]
    (source / "a.txt").write_text("one")
    assert "1 sidecar written" in noiseaug("run", source, dest, *options).stdout
    assert (dest / "a.txt").read_text() == "one"
    (source / "a.txt").write_text("two")
    noiseaug("run", source, dest, *options)
    assert (dest / "a.txt").read_text() == "two"
    (source / "a.txt").unlink()
    noiseaug("run", source, dest, *options)
    assert files(dest) == ["a.png", "b.png", "manifest.jsonl"]
    assert noiseaug("verify", dest).returncode == 0


def test_a_label_that_goes_stays_in_dest_if_somebody_changed_it(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    for name in ("a.txt", "b.txt"):
        (source / name).write_text("theirs")
    options = ["--std", "0.1", "--sidecars", ".txt"]
    noiseaug("run", source, dest, *options)
    (dest / "a.txt").write_text("mine")
    for name in ("a.txt", "b.txt"):
        (source / name).unlink()
    result = noiseaug("run", source, dest, *options)
    assert result.returncode == 0
    assert result.stderr.startswith(
        "noiseaug: a.txt goes along with no output now, and stays, as it is not as noiseaug"
    )
    assert "b.txt" not in result.stderr
    assert files(dest) == ["a.png", "a.txt", "b.png", "manifest.jsonl"]
    assert (dest / "a.txt").read_text() == "mine"


def test_a_label_that_somebody_put_into_dest_is_not_overwritten(source, dest):
    write_image(source / "a.png", photo(8, 8))
    (source / "a.txt").write_text("theirs")
    dest.mkdir()
    (dest / "a.txt").write_text("mine")
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt")
    assert result.returncode == 3
    assert "a.txt stands in DEST and no run is known to have written it" in failures(dest)["a.png"]
    assert (dest / "a.txt").read_text() == "mine"
    assert not (dest / "a.png").exists()


def test_verify_finds_a_label_that_was_changed(source, dest):
    write_image(source / "a.png", photo(8, 8))
    (source / "a.txt").write_text("label")
    noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt")
    (dest / "a.txt").write_text("other")
    found = json.loads(noiseaug("verify", dest, "--json").stdout)["findings"]
    assert [(row["problem"], row["file_name"]) for row in found] == [("altered", "a.txt")]
    (dest / "a.txt").unlink()
    assert "missing: a.txt" in noiseaug("verify", dest).stdout


def test_pruning_takes_labels_of_sources_that_are_gone(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    (source / "a.txt").write_text("label")
    options = ["--std", "0.1", "--sidecars", ".txt", "--prune"]
    noiseaug("run", source, dest, *options)
    (source / "a.png").unlink()
    noiseaug("run", source, dest, *options)
    assert files(dest) == ["b.png", "manifest.jsonl"]


def test_two_sources_that_share_a_sidecar_are_named_before_work(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "a.jpg", photo(8, 8))
    assert noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt").returncode == 0
    (source / "a.txt").write_text("whose?")
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt")
    assert result.returncode == 2
    assert (
        "a.png and a.jpg would both become a.txt, as their sidecars have one name; leave one out with" in result.stderr
    )


@pytest.mark.parametrize(("stem", "suffix"), [("classes", ".json"), ("manifest", ".jsonl"), ("metadata", ".csv")])
def test_a_label_does_not_take_the_name_of_what_the_run_itself_writes(source, dest, stem, suffix):
    write_image(source / f"{stem}.png", photo(8, 8))
    write_image(source / "cats/a.png", photo(8, 8))
    (source / f"{stem}{suffix}").write_text("a label")
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", suffix)
    assert result.returncode == 3
    assert f"would become {stem}{suffix}, which is a name that the run itself uses" in failures(dest)[f"{stem}.png"]
    assert list(manifest(dest)) == ["cats/a.png"]


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_label_does_not_take_the_name_that_the_manifest_is_given(source, dest, name):
    write_image(source / "labels.png", photo(8, 8))
    write_image(source / "cats/labels.png", photo(8, 8))
    for place in (source, source / "cats"):
        (place / name).write_text("a label")
    suffix = os.path.splitext(name)[1]
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", suffix, "--manifest", name)
    assert result.returncode == 3
    assert f"would become {name}, which is a name that the run itself uses" in failures(dest)["labels.png"]
    assert (dest / "cats" / name).read_text() == "a label"
    assert "cats/labels.png" in (dest / name).read_text()


@pytest.mark.parametrize("suffixes", ["txt", ".", "./x"])
def test_what_is_no_suffix_is_refused(source, dest, suffixes):
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", suffixes)
    assert result.returncode == 2
    assert "write it as .txt" in result.stderr
