"""What DEST looks like: names by a template, originals as a tree or beside, sidecars."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from support.commands import command, noiseaug
from support.corpus import make_photos, photo, sound, write_image, write_sound
from support.trees import failures, manifest, times, tree

NOISE = ["--std", "25/255", "--seed", "7"]


def files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


# --- names


def test_a_template_gives_severity_folders(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 2)
    template = "{level}/{dir}/{stem}{ext}"
    assert noiseaug("run", photos, dest, "--preset", "imagenet-c", "--name", template).returncode == 0
    assert set(manifest(dest)) == {
        f"imagenet-c-{severity}/{path}" for severity in range(1, 6) for path in files(photos)
    }
    assert files(dest) == sorted([*manifest(dest), "manifest.jsonl"])


def test_all_fields_of_a_template_are_filled_in(source, dest):
    write_image(source / "animals/cats/a.b.png", photo(8, 8))
    write_image(source / "top.png", photo(8, 8))
    template = "{label}/{dir}/{level}/{copy:03}-{stem}{ext}"
    noiseaug("run", source, dest, "--std", "0.1", "--copies", 2, "--name", template)
    assert list(manifest(dest)) == [
        "cats/animals/cats/std0.1/000-a.b.png",
        "cats/animals/cats/std0.1/001-a.b.png",
        "std0.1/000-top.png",
        "std0.1/001-top.png",
    ]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{stem}-{sigma}{ext}", "{sigma}, which there is not; it may hold {dir}, {stem}"),
        ("{stem}{level}.png", "must end in {ext}"),
        ("{dir}/{stem}{ext}", "has no {level}, and each source gets 2 levels"),
        ("{dir}/{stem}-{level}{ext}", "has no {copy}, and each source gets 3 copies"),
        ("../{stem}-{level}-{copy}{ext}", "leads out of DEST"),
        ("/elsewhere/{stem}-{level}-{copy}{ext}", "leads out of DEST"),
        ("{stem.__class__}-{level}-{copy}{ext}", "which there is not"),
        ("{stem[0]}-{level}-{copy}{ext}", "which there is not"),
        ("{stem-{level}-{copy}{ext}", "template"),
        ("{}{level}{copy}{ext}", "template"),
    ],
)
def test_a_template_that_cannot_work_is_refused_before_work(source, dest, template, told):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source, dest, "--std", "0.1", "--std", "0.2", "--copies", 3, "--name", template)
    assert result.returncode == 2
    assert told in " ".join(result.stderr.split())
    assert not dest.exists()


def test_sources_that_would_have_one_name_are_named_before_work(source, dest):
    for name in ("cats/a.png", "dogs/b.png", "dogs/sub/a.png"):
        write_image(source / name, photo(8, 8))
    result = noiseaug("run", source, dest, *NOISE, "--name", "flat/{stem}{ext}")
    assert result.returncode == 2
    assert "cats/a.png and dogs/sub/a.png would both become flat/a.png" in result.stderr
    assert not dest.exists()


@pytest.mark.parametrize(
    ("name", "template"),
    [("a.png", ".noiseaug/{stem}{ext}"), ("a.png", "./{stem}{ext}")],
)
def test_names_that_cannot_be_are_refused_before_work(source, dest, name, template):
    write_image(source / name, photo(8, 8))
    result = noiseaug("run", source, dest, *NOISE, "--name", template)
    assert result.returncode == 2
    assert "change --name" in result.stderr
    assert not dest.exists()


def test_names_of_one_file_need_a_directory(source, dest):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source / "a.png", dest / "b.png", *NOISE, "--name", "{stem}{ext}")
    assert (result.returncode, dest.exists()) == (2, False)


# --- originals


def test_a_tree_of_originals_has_the_names_of_the_noisy_ones(mixed, dest):
    assert noiseaug("run", mixed, dest, *NOISE, "--with-clean", "tree").returncode == 0
    rows = manifest(dest)
    noisy = {name.removeprefix("noisy/") for name, row in rows.items() if row["role"] == "noisy"}
    clean = {name.removeprefix("clean/") for name, row in rows.items() if row["role"] == "clean"}
    assert noisy == clean == {name for name in files(mixed) if not name.endswith(".txt")}
    assert files(dest / "clean") == files(dest / "noisy") == sorted(clean)
    for name in clean:
        assert (dest / "clean" / name).read_bytes() == (mixed / name).read_bytes()
        assert (dest / "noisy" / name).read_bytes() != (mixed / name).read_bytes()
    assert {row["std"] for row in rows.values() if row["role"] == "clean"} == {0.0}
    assert noiseaug("verify", dest, "--source", mixed, "--deep").stdout.endswith("all as recorded\n")


def test_pairs_in_another_format_differ_in_noise_alone(source, dest):
    write_image(source / "a.bmp", photo(32, 32))
    write_sound(source / "b.wav", sound(), "PCM_16")
    formats = ["--image-format", "png", "--audio-format", "flac"]
    assert noiseaug("run", source, dest, *NOISE, "--copies", 2, "--with-clean", "tree", *formats).returncode == 0
    names = ["a-std0.098-0.png", "a-std0.098-1.png", "b-std0.098-0.flac", "b-std0.098-1.flac"]
    assert files(dest / "clean") == files(dest / "noisy") == names
    assert np.array_equal(cv2.imread(str(dest / "clean" / names[0])), photo(32, 32))
    assert noiseaug("verify", dest, "--source", source, "--deep").returncode == 0


def test_originals_beside_keep_their_names_and_roles_tell_them_apart(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 4)
    assert noiseaug("run", photos, dest, *NOISE, "--with-clean", "beside").returncode == 0
    rows = manifest(dest)
    assert {name for name, row in rows.items() if row["role"] == "clean"} == set(files(photos))
    assert all(row["level"] == "clean" for row in rows.values() if row["role"] == "clean")
    assert {name for name, row in rows.items() if row["role"] == "noisy"} == {
        "-std0.098-0.".join(name.rsplit(".", 1)) for name in files(photos)
    }


def test_originals_beside_unclipped_noise_stay_as_they_are_and_those_of_a_tree_go_with_it(source, dest, tmp_path):
    write_image(source / "a.tif", photo(8, 8))
    write_image(source / "b.png", photo(8, 8))
    options = [*NOISE, "--clip", "none"]
    assert noiseaug("run", source, dest, *options, "--with-clean", "beside").returncode == 0
    assert files(dest) == ["a-std0.098-0.tif", "a.tif", "b-std0.098-0.tif", "b.png", "manifest.jsonl"]
    assert (dest / "a.tif").read_bytes() == (source / "a.tif").read_bytes()
    assert noiseaug("run", source, tmp_path / "tree", *options, "--with-clean", "tree").returncode == 0
    clean = cv2.imread(str(tmp_path / "tree/clean/b.tif"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(clean, photo(8, 8) / np.float32(255))
    for made in (dest, tmp_path / "tree"):
        assert noiseaug("verify", made, "--source", source, "--deep").returncode == 0


def test_an_original_that_has_the_name_of_another_ones_copy_is_named_before_work(source, dest):
    write_image(source / "a.png", photo(8, 8))
    write_image(source / "a-std0.098-0.png", photo(8, 8))
    result = noiseaug("run", source, dest, *NOISE, "--with-clean", "beside")
    assert result.returncode == 2
    assert "would both become a-std0.098-0.png" in result.stderr


@pytest.mark.parametrize("link", ["auto", "hardlink", "symlink", "copy"])
def test_originals_come_as_asked_and_a_second_run_writes_nothing(tmp_path, dest, link):
    photos = make_photos(tmp_path / "photos", 3)
    before = tree(photos), times(photos)
    options = [*NOISE, "--with-clean", "tree", "--link", link]
    assert noiseaug("run", photos, dest, *options).returncode == 0
    for name in files(photos):
        original, there = photos / name, dest / "clean" / name
        assert there.read_bytes() == original.read_bytes()
        assert there.is_symlink() == (link == "symlink")
        if link != "auto":
            assert (not there.is_symlink() and there.samefile(original)) == (link == "hardlink")
    seen = times(dest)
    assert "nothing to do" in noiseaug("run", photos, dest, *options).stdout
    assert times(dest) == seen
    assert noiseaug("verify", dest, "--source", photos, "--deep").returncode == 0
    assert noiseaug("run", photos, dest, *options, "--force").returncode == 0
    assert not [name for name in files(dest) if ".noiseaug" in name]
    assert (tree(photos), times(photos)) == before


def test_a_symbolic_link_leads_to_the_source_wherever_both_are_moved_together(tmp_path):
    photos = make_photos(tmp_path / "here/photos", 2)
    noiseaug("run", photos, tmp_path / "here/out", *NOISE, "--with-clean", "beside", "--link", "symlink")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = tmp_path / "there"
    assert all((moved / "out" / name).exists() for name in files(moved / "photos"))


@pytest.mark.parametrize("link", ["hardlink", "symlink", "copy"])
def test_an_original_that_is_written_to_afterwards_is_noticed(tmp_path, dest, link):
    photos = make_photos(tmp_path / "photos", 4)
    options = [*NOISE, "--with-clean", "tree", "--link", link]
    noiseaug("run", photos, dest, *options)
    changed = photos / "cats/001.png"
    other = write_image(tmp_path / "other.png", photo(48, 48, seed=9)).read_bytes()
    with open(changed, "r+b") as file:  # in place
        file.write(other)
        file.truncate()
    noiseaug("run", photos, dest, *options)
    assert noiseaug("verify", dest, "--source", photos, "--deep").returncode == 0
    noiseaug("run", photos, tmp_path / "fresh", *options)
    assert (dest / "manifest.jsonl").read_bytes() == (tmp_path / "fresh/manifest.jsonl").read_bytes()


def test_a_hard_linked_original_is_never_written_through(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 3)
    noiseaug("run", photos, dest, *NOISE, "--with-clean", "beside", "--link", "hardlink")
    before = tree(photos), times(photos)
    # the names of the originals now get noise
    assert noiseaug("run", photos, dest, "--std", "0.2").returncode == 0
    assert noiseaug("run", photos, dest, "--std", "0.2", "--image-format", "png", "--kind", "image").returncode in (
        0,
        1,
    )
    assert (tree(photos), times(photos)) == before


def test_pruning_takes_links_to_sources_that_are_gone(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 3)
    options = [*NOISE, "--with-clean", "tree", "--link", "symlink", "--prune"]
    noiseaug("run", photos, dest, *options)
    (photos / "cats/001.png").unlink()
    noiseaug("run", photos, dest, *options)
    assert "clean/cats/001.png" not in files(dest)
    assert noiseaug("verify", dest).returncode == 0


@pytest.mark.parametrize("options", [["--with-clean", "tree"], ["--with-clean", "beside", "--copies", "3"]])
def test_a_killed_run_with_originals_resumes_to_the_same_bytes(tmp_path, dest, options):
    photos = make_photos(tmp_path / "photos", 24, 256)
    labels(photos)
    options = [*NOISE, *options, "--sidecars", ".txt,.xml"]
    noiseaug("run", photos, tmp_path / "whole", *options)
    for delay in (0.25, 0.4, 0.5):
        process = subprocess.Popen(command("run", photos, dest, *options), stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert noiseaug("run", photos, dest, *options).returncode == 0
    assert tree(dest) == tree(tmp_path / "whole")


# --- sidecars


def labels(root: Path) -> None:
    """YOLO labels and Pascal VOC annotations beside every image."""
    for path in [*root.rglob("*.png"), *root.rglob("*.jpg")]:
        path.with_suffix(".txt").write_text(f"0 0.5 0.5 0.2 0.2 {path.name}\n")
        path.with_suffix(".xml").write_text(
            f"<annotation>\n  <folder>x</folder>\n  <filename>{path.name}</filename>\n  <size/>\n</annotation>\n"
        )


def test_sidecars_go_along_under_the_names_of_targets(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 4)
    labels(photos)
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
    assert "1 file written" in noiseaug("run", source, dest, *options).stdout
    assert (dest / "a.txt").read_text() == "one"
    (source / "a.txt").write_text("two")
    noiseaug("run", source, dest, *options)
    assert (dest / "a.txt").read_text() == "two"
    (source / "a.txt").unlink()
    noiseaug("run", source, dest, *options)
    assert files(dest) == ["a.png", "b.png", "manifest.jsonl"]
    assert noiseaug("verify", dest).returncode == 0


def test_a_label_that_somebody_put_into_dest_is_not_overwritten(source, dest):
    write_image(source / "a.png", photo(8, 8))
    (source / "a.txt").write_text("theirs")
    dest.mkdir()
    (dest / "a.txt").write_text("mine")
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", ".txt")
    assert result.returncode == 3
    assert "a.txt stands in DEST and noiseaug did not write it" in failures(dest)["a.png"]
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
    assert "a.jpg and a.png would both become a.txt" in result.stderr


@pytest.mark.parametrize(("stem", "suffix"), [("classes", ".json"), ("manifest", ".jsonl"), ("metadata", ".csv")])
def test_a_label_does_not_take_the_name_of_what_the_run_itself_writes(source, dest, stem, suffix):
    write_image(source / f"{stem}.png", photo(8, 8))
    write_image(source / "cats/a.png", photo(8, 8))
    (source / f"{stem}{suffix}").write_text("a label")
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", suffix)
    assert result.returncode == 3
    assert f"would become {stem}{suffix}, which is a name that the run itself uses" in failures(dest)[f"{stem}.png"]
    assert list(manifest(dest)) == ["cats/a.png"]


@pytest.mark.parametrize("suffixes", ["txt", ".", "./x"])
def test_what_is_no_suffix_is_refused(source, dest, suffixes):
    result = noiseaug("run", source, dest, "--std", "0.1", "--sidecars", suffixes)
    assert result.returncode == 2
    assert "write it as .txt" in result.stderr


# --- all of it


def test_five_levels_decode_each_source_once(source, dest):
    for name in ("a.png", "b.jpg"):
        write_image(source / name, photo(16, 16))
    log = source.parent / "decodes"
    script = (
        "import cv2, os, sys\n"
        "real = cv2.imdecode\n"
        "def counted(*arguments):\n"
        f"    open({str(log)!r}, 'a').write('x')\n"
        "    return real(*arguments)\n"
        "cv2.imdecode = counted\n"
        "from noiseaug.cli import main\n"
        "main()\n"
    )
    arguments = ["run", source, dest, "--preset", "imagenet-c", "--with-clean", "tree", "--engine", "threads"]
    subprocess.run([sys.executable, "-c", script, *map(str, arguments)], check=True, capture_output=True)
    assert len(manifest(dest)) == 20
    assert log.read_text() == "xx"
