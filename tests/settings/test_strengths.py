"""How strong the noise is: presets, ramps, logarithmic ranges, a share of the copies, the first few sources."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter

import cv2
import numpy as np
import pytest

import noiseaug as api
from support.commands import noiseaug, to_make
from support.corpus import make_photos, photo, sound, write_image, write_sound
from support.trees import manifest, times, tree

LOG = ["--std", "log:1/255:64/255", "--copies", "3", "--ramp", "--prob", "0.9"]


def rows_of(dest, source_path):
    return [row for row in manifest(dest).values() if row["source_path"] == source_path]


def test_a_preset_gives_the_strengths_of_the_field_under_their_names(source, dest):
    write_image(source / "a.png", photo(64, 64))
    assert noiseaug("run", source, dest, "--preset", "imagenet-c").returncode == 0
    rows = manifest(dest)
    assert [row["std"] for row in rows.values()] == [0.08, 0.12, 0.18, 0.26, 0.38]
    assert list(rows) == [f"a-imagenet-c-{severity}-0.png" for severity in range(1, 6)]
    assert all(row["level"] == f"imagenet-c-{n}" for n, row in enumerate(rows.values(), start=1))


def test_one_severity_has_the_bytes_of_the_same_std(source, dest, tmp_path):
    write_image(source / "a.png", photo(32, 32))
    noiseaug("run", source, dest, "--preset", "imagenet-c:3")
    noiseaug("run", source, tmp_path / "plain", "--std", "0.18")
    assert (dest / "a.png").read_bytes() == (tmp_path / "plain/a.png").read_bytes()
    assert manifest(dest)["a.png"]["level"] == "imagenet-c-3"


def test_what_a_level_is_called_comes_into_the_manifest_of_a_later_run(source, dest, tmp_path):
    write_image(source / "a.png", photo(32, 32))
    noiseaug("run", source, dest, "--std", "0.18")
    noiseaug("run", source, dest, "--preset", "imagenet-c:3")
    noiseaug("run", source, tmp_path / "fresh", "--preset", "imagenet-c:3")
    assert tree(dest) == tree(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ("imagenet", "imagenet-c, tiny-imagenet-c, cifar-c, denoise, denoise-blind;"),
        ("imagenet-c:6", "1, 2, 3, 4, 5"),
        ("imagenet-c:", "1, 2, 3, 4, 5"),
        ("denoise:3", "15, 25, 50"),
    ],
)
def test_an_unknown_preset_lists_the_known_ones(source, dest, wrong, known):
    result = noiseaug("run", source, dest, "--preset", wrong)
    assert result.returncode == 2
    assert (
        "there are imagenet-c" in result.stderr or "there are 1, 2, 3, 4, 5" in result.stderr or "15" in result.stderr
    )
    assert not dest.exists()


def test_presets_are_listed_with_their_sources():
    printed = noiseaug("presets").stdout
    as_json = json.loads(noiseaug("presets", "--json").stdout)
    assert set(as_json) == {"imagenet-c", "tiny-imagenet-c", "cifar-c", "denoise", "denoise-blind"}
    for name, preset in as_json.items():
        assert preset["source"] in printed
        for strength in preset["severities"].values():
            assert re.search(rf"^  {name}\S* +{re.escape(strength)}$", printed, re.MULTILINE)


def test_a_ramp_spreads_a_range_evenly_over_the_copies(source, dest):
    write_image(source / "a.png", photo(32, 32))
    noiseaug("run", source, dest, "--std", "0:50/255", "--copies", 6, "--ramp")
    stds = [row["std"] for row in manifest(dest).values()]
    assert stds == pytest.approx([step * 10 / 255 for step in range(6)])
    levels = ["std0", "std0.0392", "std0.0784", "std0.118", "std0.157", "std0.196"]
    assert [(row["level"], row["copy"]) for row in manifest(dest).values()] == [*zip(levels, range(6), strict=True)]
    assert list(manifest(dest)) == [f"a-{level}-{copy}.png" for copy, level in enumerate(levels)]


def test_a_logarithmic_ramp_multiplies_from_copy_to_copy(source, dest):
    write_image(source / "a.png", photo(32, 32))
    noiseaug("run", source, dest, "--std", "1/255:64/255", "--copies", 7, "--ramp", "log")
    stds = [row["std"] for row in manifest(dest).values()]
    assert stds == pytest.approx([2**step / 255 for step in range(7)])


def test_a_ramp_over_ratios_is_even_in_decibels(source, dest):
    write_sound(source / "a.wav", sound(8000), "PCM_16")
    noiseaug("run", source, dest, "--snr", "0:20", "--copies", 3, "--ramp")
    assert [row["snr_db"] for row in manifest(dest).values()] == [0, 10, 20]


def test_more_copies_of_a_ramp_make_again_what_they_move(source, dest, tmp_path):
    write_image(source / "a.png", photo(32, 32))
    noiseaug("run", source, dest, "--std", "0:0.1", "--copies", 2, "--ramp")
    noiseaug("run", source, dest, "--std", "0:0.1", "--copies", 3, "--ramp")
    noiseaug("run", source, tmp_path / "fresh", "--std", "0:0.1", "--copies", 3, "--ramp")
    assert manifest(dest) == manifest(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--std", "0.1", "--copies", 3, "--ramp"], "a ramp spreads a range over copies"),
        (["--std", "0:0.1", "--ramp"], "2 copies or more"),
        (["--std", "0:0.1", "--std", "0:0.2", "--copies", 3, "--ramp"], "copy 0 is std0 twice, of two strengths"),
        (["--std", "0:0.1", "--copies", 3, "--ramp", "photos"], "put --ramp behind SOURCE and DEST"),
        (["--std", "0:0.1", "--copies", 3, "--ramp", "log"], "begins above 0"),
        (["--std", "log:0:0.1"], "begins above 0"),
        (["--std", "log:0.1"], "is no range"),
        (["--snr", "log:1:10"], "logarithmic as it is"),
        (["--std", "0.1", "--prob", "1.5"], "no probability"),
        (["--std", "0.1", "--prob", "-0.1"], "no probability"),
        (["--std", "0.1", "--limit", "0"], "--limit"),
    ],
)
def test_strengths_that_make_no_sense_are_refused_before_work(source, dest, options, told):
    write_image(source / "a.png", photo(8, 8))
    result = noiseaug("run", source, dest, *options)
    assert result.returncode == 2
    assert told in " ".join(result.stderr.split())
    assert not dest.exists()


def test_a_logarithmic_range_is_drawn_from_evenly_in_the_logarithm(source, dest):
    write_image(source / "a.png", photo(4, 4))
    noiseaug("run", source, dest, "--std", "log:0.001:1", "--copies", 600)
    decades = Counter(math.floor(math.log10(row["std"])) for row in manifest(dest).values())
    assert set(decades) == {-3, -2, -1}
    assert all(150 < count < 250 for count in decades.values())  # 200 each, standard deviation 11.5


def test_a_share_of_the_copies_stays_as_it_is_and_says_so(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 40)
    assert noiseaug("run", photos, dest, "--std", "25/255", "--snr", "10", "--prob", "0.3").returncode == 0
    rows = manifest(dest)
    clean = [row for row in rows.values() if row["role"] == "clean"]
    assert 4 < len(rows) - len(clean) < 24  # for noise, 12.6 of 42 are to be expected; standard deviation 3
    assert len(clean) == sum(row["std"] == 0 for row in rows.values())
    for name, row in rows.items():
        same = (dest / name).read_bytes() == (photos / row["source_path"]).read_bytes()
        assert same == (row["role"] == "clean")
        assert row["sha256"] == hashlib.sha256((dest / name).read_bytes()).hexdigest()
    before = times(dest)
    assert "nothing to do" in noiseaug("run", photos, dest, "--std", "25/255", "--snr", "10", "--prob", "0.3").stdout
    assert times(dest) == before
    assert noiseaug("verify", dest, "--source", photos, "--deep").returncode == 0


def test_that_share_does_not_depend_on_the_number_of_workers(tmp_path):
    photos = make_photos(tmp_path / "photos", 12)
    for workers in (1, 4):
        options = ["--std", "0.1", "--prob", "50%", "--copies", 2, "--workers", workers]
        assert noiseaug("run", photos, tmp_path / f"{workers}", *options).returncode == 0
    assert tree(tmp_path / "1") == tree(tmp_path / "4")


def test_copies_without_noise_in_another_format_have_the_samples_of_the_source(source, dest):
    write_image(source / "a.bmp", photo(16, 16))
    write_sound(source / "a.wav", sound(), "PCM_16")
    options = ["--std", "0.1", "--mean", "0.1", "--prob", "0", "--image-format", "png", "--audio-format", "flac"]
    assert noiseaug("run", source, dest, *options).returncode == 0
    assert np.array_equal(cv2.imread(str(dest / "a.png")), photo(16, 16))
    rows = manifest(dest)
    assert {row["role"] for row in rows.values()} == {"clean"}
    assert {row["noise_std"] for row in rows.values()} == {0.0}
    assert {row["mean"] for row in rows.values()} == {0.0}


def test_what_is_damaged_is_not_passed_on_as_a_copy_without_noise(source, dest):
    write_image(source / "a.png", photo(16, 16))
    whole = write_sound(source / "b.wav", sound(), "PCM_16").read_bytes()
    (source / "b.wav").write_bytes(whole[: len(whole) // 2])
    (source / "c.png").write_bytes((source / "a.png").read_bytes()[:60])
    result = noiseaug("run", source, dest, "--std", "0.1", "--prob", "0")
    assert result.returncode == 3
    assert list(manifest(dest)) == ["a.png"]
    assert not (dest / "b.wav").exists()


def test_limit_takes_the_first_sources_and_the_rest_later(tmp_path, dest):
    photos = make_photos(tmp_path / "photos", 8)
    every = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.*"))
    noiseaug("run", photos, dest, "--std", "0.1", "--limit", 3)
    assert list(manifest(dest)) == every[:3]
    noiseaug("run", photos, dest, "--std", "0.1")
    assert list(manifest(dest)) == every
    listed = noiseaug("run", photos, tmp_path / "other", "--std", "0.1", "--limit", 2, "--dry-run").stdout
    assert to_make(listed) == every[:2]


def test_the_same_strengths_can_be_had_from_python(source, dest, tmp_path):
    write_image(source / "a.png", photo(16, 16))
    recipe = api.Recipe.of("log:1/255:64/255", copies=3, ramp="linear", prob=0.9)
    api.run(source, dest, recipe)
    noiseaug(
        "run", source, tmp_path / "cli", *["--std", "log:1/255:64/255", "--copies", "3", "--ramp", "--prob", "0.9"]
    )
    assert tree(dest) == tree(tmp_path / "cli")


@pytest.mark.parametrize(
    "options",
    [["--std", "0"], ["--std", "0:0.2", "--ramp", "--copies", "2"], ["--std", "0.1", "--prob", "0"]],
    ids=["std", "ramp", "prob"],
)
def test_what_has_no_noise_is_clean_however_that_came_about(source, dest, options):
    write_image(source / "a.jpg", photo(16, 16))
    write_sound(source / "a.wav", sound(), "PCM_16")
    assert noiseaug("run", source, dest, *options).returncode == 0
    rows = manifest(dest).values()
    assert {row["role"] for row in rows if row["std"] == 0} == {"clean"}
    assert {row["role"] for row in rows if row["std"] > 0} <= {"noisy"}
    assert noiseaug("verify", dest, "--source", source, "--deep").returncode == 0


def test_a_mean_is_noise_where_the_std_is_0(source, dest):
    write_image(source / "a.png", photo(16, 16))
    assert noiseaug("run", source, dest, "--std", "0", "--mean", "0.1").returncode == 0
    assert manifest(dest)["a.png"]["role"] == "noisy"
    assert noiseaug("verify", dest, "--source", source, "--deep").returncode == 0
