"""Names of outputs by a template."""

from __future__ import annotations

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos, photo, write_image
from support.trees import files, manifest


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
    result = noiseaug("run", source, dest, *STRENGTH, "--name", "flat/{stem}{ext}")
    assert result.returncode == 2
    assert "cats/a.png and dogs/sub/a.png would both become flat/a.png" in result.stderr
    assert not dest.exists()


@pytest.mark.parametrize(
    ("name", "template"),
    [("a.png", ".noiseaug/{stem}{ext}"), ("a.png", "./{stem}{ext}")],
)
def test_names_that_cannot_be_are_refused_before_work(source, dest, name, template):
    write_image(source / name, photo(8, 8))
    result = noiseaug("run", source, dest, *STRENGTH, "--name", template)
    assert result.returncode == 2
    assert "change --name" in result.stderr
    assert not dest.exists()


def test_names_of_one_file_need_a_directory(source, dest):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source / "a.png", dest / "b.png", *STRENGTH, "--name", "{stem}{ext}")
    assert (result.returncode, dest.exists()) == (2, False)
