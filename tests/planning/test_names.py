"""Names of outputs by a template."""

from __future__ import annotations

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos, photo, sound, write_image, write_sound
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
        ("{stem}-{std}-{copy}{ext}", "has {std}, which is drawn from std0.1-0.2 for each file; use {level}"),
        ("{stem}-{snr}-{copy}{ext}", "has {snr}, and std0.1-0.2 is a standard deviation; use {std} or {level}"),
    ],
)
def test_strengths_that_are_not_known_beforehand_are_in_no_name(source, dest, template, told):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source, dest, "--std", "0.1:0.2", "--copies", 3, "--name", template)
    assert result.returncode == 2
    assert told in " ".join(result.stderr.split())
    assert not dest.exists()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--std", "25/255", "--std", "0.2"], ["a-0.098.png", "a-0.2.png"]),
        (["--preset", "denoise:15"], ["a-0.0588.png"]),
        (["--std", "0:50/255", "--ramp", "--copies", 3], ["a-0.png", "a-0.098.png", "a-0.196.png"]),
    ],
)
def test_names_tell_the_standard_deviation(source, dest, options, names):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source, dest, *options, "--name", "{stem}-{std}{ext}")
    assert (result.returncode, list(manifest(dest))) == (0, names)
    assert [f"a-{row['std']:.3g}.png" for row in manifest(dest).values()] == names


def test_names_tell_the_ratio(source, dest):
    write_sound(source / "a.wav", sound(8000), "PCM_16")
    options = ["--snr", "0:20", "--ramp", "--copies", 3, "--name", "{snr}dB/{stem}{ext}"]
    assert noiseaug("run", source, dest, *options).returncode == 0
    assert list(manifest(dest)) == ["0dB/a.wav", "10dB/a.wav", "20dB/a.wav"]
    result = noiseaug("run", source, dest, "--snr", "10", "--name", "{std}/{stem}{ext}")
    assert result.returncode == 2
    assert "has {std}, and snr10 is a ratio; use {snr} or {level}" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{stem}-{std}{ext}", "has no {copy}, and each source gets 2 copies"),
        ("{std:.1}-{copy}{ext}", "is the same for strengths"),
    ],
)
def test_names_by_strength_that_meet_are_refused(source, dest, template, told):
    write_image(source / "a.png", photo(8, 8))
    levels = ["--std", "0.11", "--std", "0.12", "--copies", 2]
    result = noiseaug("run", source, dest, *levels, "--name", template)
    assert result.returncode == 2
    assert told in " ".join(result.stderr.split())


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
