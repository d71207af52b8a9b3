"""The manifest: its keys and their types, its order, and whether what it says is true."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re

import cv2
import numpy as np
import PIL
import pytest

from noiseaug import __version__
from support.commands import within
from support.corpus import photo, pixels, read_levels, sound, write_image, write_sound
from support.trees import files, manifest

EVERY = (
    {"file_name": str, "source_path": str, "kind": str, "role": str, "label": str, "level": str, "copy": int}
    | {"std": float, "mean": float, "mono": bool, "seed": int, "key": str, "recipe": str}
    | {"noise_mean": float, "noise_std": float, "clipped": float}
    | {"channels": int, "bytes": int, "sha256": str, "source_bytes": int, "source_sha256": str}
)
OF_KIND = {
    "image": {"width": int, "height": int, "dtype": str, "psnr_db": float},
    "audio": {"sampling_rate": int, "num_samples": int, "duration": float, "subtype": str, "snr_db_measured": float},
}
LIMITS = {"clip_low": float, "clip_high": float}
OPTIONS = ["--std", "10/255", "--std", "0.1:0.2", "--seed", "7", "--copies", "2", "--mean", "0.01"]


@pytest.fixture(scope="module")
def done(mixed, tmp_path_factory):
    """The mixed folder with copies at two levels: DEST, and its rows by file name."""
    dest = tmp_path_factory.mktemp("manifest") / "dest"
    assert within("run", mixed, dest, *OPTIONS).returncode == 0
    return dest, manifest(dest)


@pytest.mark.parametrize("kind", OF_KIND)
def test_rows_of_a_kind_have_all_the_promised_keys_of_constant_type(done, kind):
    _, rows = done
    rows = [row for row in rows.values() if row["kind"] == kind]
    assert len(rows) == 32
    for row in rows:
        limits = LIMITS if kind == "image" or row["subtype"].startswith("PCM") else {}
        for key, expected in (EVERY | OF_KIND[kind] | limits).items():
            assert type(row[key]) is expected, (key, row[key])
        assert not (LIMITS.keys() - limits) & row.keys()
        others = {key for other in OF_KIND if other != kind for key in OF_KIND[other]}
        assert not others & row.keys()


def test_keys_of_a_kind_are_the_same_in_every_row_and_in_one_order(done):
    _, rows = done
    order = {
        kind: {tuple(k for k in row if k not in LIMITS) for row in rows.values() if row["kind"] == kind}
        for kind in OF_KIND
    }
    assert {kind: len(keys) for kind, keys in order.items()} == {"image": 1, "audio": 1}


def test_no_other_key_ends_in_file_name_and_no_row_is_nested(done):
    """What Hugging Face's ImageFolder and AudioFolder ask of a metadata.jsonl."""
    _, rows = done
    for row in rows.values():
        assert [key for key in row if key.endswith("file_name")] == ["file_name"]
        assert all(isinstance(value, str | int | float | bool | None) for value in row.values())


def test_lines_are_strict_json_in_ascii(done):
    dest, _ = done
    lines = (dest / "manifest.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    for line in lines:
        assert line.isascii()
        json.loads(line, parse_constant=refuse)


def test_there_is_one_row_for_each_file_and_it_is_relative_to_the_manifest(done, mixed):
    dest, rows = done
    assert set(rows) == set(files(dest)) - {"manifest.jsonl"}
    assert all((mixed / row["source_path"]).is_file() for row in rows.values())


def test_rows_stand_in_walk_order_by_components_of_the_path(source, dest):
    names = ["a.png", "a/b.png", "a-b/c.png", "a/B.png", "a b/d.png", "Z.png", "é.png", "a/b/c.png", "b.wav"]
    for name in names:
        make = write_sound if name.endswith(".wav") else write_image
        make(source / name, *([sound(100), "PCM_16"] if name.endswith(".wav") else [photo(8, 8)]))
    within("run", source, dest, "--std", "0.1", "--copies", "2", "--workers", "3")
    rows = list(manifest(dest).values())
    paths = [row["source_path"] for row in rows]
    assert paths == sorted(paths, key=lambda path: [os.fsencode(part) for part in path.split("/")])
    assert [row["copy"] for row in rows] == [0, 1] * len(names)


def test_levels_stand_in_the_order_given_and_copies_in_theirs(done):
    _, rows = done
    of_one = [(row["level"], row["copy"]) for row in rows.values() if row["source_path"] == "sound/song.flac"]
    assert of_one == [("std0.0392", 0), ("std0.0392", 1), ("std0.1-0.2", 0), ("std0.1-0.2", 1)]


def test_sizes_and_hashes_are_those_of_the_files(done, mixed):
    dest, rows = done
    for name, row in rows.items():
        output, source = (dest / name).read_bytes(), (mixed / row["source_path"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(output), hashlib.sha256(output).hexdigest())
        assert (row["source_bytes"], row["source_sha256"]) == (len(source), hashlib.sha256(source).hexdigest())


def test_what_was_asked_for_stands_in_every_row(done):
    _, rows = done
    for row in rows.values():
        assert (row["role"], row["mean"], row["mono"], row["seed"]) == ("noisy", 0.01, False, 7)
        assert row["label"] == row["source_path"].split("/")[-2]
        assert row["std"] == 10 / 255 or 0.1 <= row["std"] <= 0.2


def test_each_row_names_the_libraries_that_decide_its_bytes(done):
    _, rows = done
    told = {kind: {row["made_with"] for row in rows.values() if row["kind"] == kind} for kind in ("image", "audio")}
    (images, by_pillow), (audio,) = sorted(told["image"], key=len), told["audio"]
    assert by_pillow == f"{images}, pillow {PIL.__version__}"  # of BMP
    for name, version in (("noiseaug", __version__), ("numpy", np.__version__), ("opencv", cv2.__version__)):
        assert f"{name} {version}" in images and f"{name} {version}" in audio
    assert re.search(r"\(.*jpeg \d.*png \d.*\), zlib-ng \d.*, simplejpeg \d", images)
    assert re.search(r"soundfile \d.*, libsndfile \d", audio)


def test_the_key_belongs_to_source_and_copy_and_the_recipe_to_the_level(done):
    _, rows = done
    by = {}
    for row in rows.values():
        by.setdefault((row["source_path"], row["copy"]), set()).add(row["key"])
    assert all(len(keys) == 1 for keys in by.values())
    assert len(set.union(*by.values())) == len(by) == 32
    recipes = {row["level"]: set() for row in rows.values()}
    for row in rows.values():
        recipes[row["level"]].add(row["recipe"])
    assert [len(found) for found in recipes.values()] == [1, 1]
    assert len(set.union(*recipes.values())) == 2


def test_the_label_of_a_file_at_the_top_is_empty(source, dest):
    write_image(source / "a.png", photo(8, 8))
    within("run", source, dest, "--std", "0.1")
    assert manifest(dest)["a.png"]["label"] == ""


# Figures, against an independent computation from lossless files


def colours_of(path) -> np.ndarray:
    """Samples as fractions of full scale; alpha is left out."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    image = image[..., :3] if image.ndim == 3 else image
    return image / (np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0)


def close(found, expected):
    """To the six digits that the manifest gives."""
    return found == pytest.approx(expected, rel=6e-6, abs=1e-12)


IMAGES = {
    "rgb.png": lambda path: write_image(path, pixels((90, 80, 3))),
    "dark.png": lambda path: write_image(path, np.zeros((300, 300, 3), np.uint8)),
    "alpha.png": lambda path: write_image(path, pixels((90, 80, 4), seed=1)),
    "deep.png": lambda path: write_image(path, pixels((90, 80), np.uint16, seed=2)),
    "deep.tif": lambda path: write_image(path, photo(90, 80, 3, np.uint16)),
    "float.tif": lambda path: write_image(path, np.random.default_rng(0).random((90, 80), np.float32)),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    root = tmp_path_factory.mktemp("measured")
    for name, make in IMAGES.items():
        make(root / "source" / name)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
        write_sound(root / "source" / f"{subtype}.wav", 1.5 * sound(70_000, 2), subtype)
    write_sound(root / "source" / "song.flac", sound(70_000), "PCM_24")
    assert within("run", root / "source", root / "dest", "--std", "0.1", "--mean", "0.02", "--quiet").stderr == ""
    return root / "source", root / "dest", manifest(root / "dest")


@pytest.mark.parametrize("name", IMAGES)
def test_the_figures_of_an_image_are_those_of_the_file(measured, name):
    source, dest, rows = measured
    clean, noisy = colours_of(source / name), colours_of(dest / name)
    noise = noisy - clean
    assert close(rows[name]["noise_mean"], noise.mean())
    assert close(rows[name]["noise_std"], noise.std())
    assert close(rows[name]["psnr_db"], -10 * math.log10((noise**2).mean()))
    height, width = clean.shape[:2]
    assert (rows[name]["height"], rows[name]["width"]) == (height, width)


@pytest.mark.parametrize(
    "name", ["PCM_U8.wav", "PCM_16.wav", "PCM_24.wav", "PCM_32.wav", "FLOAT.wav", "DOUBLE.wav", "song.flac"]
)
def test_the_figures_of_a_recording_are_those_of_the_file(measured, name):
    source, dest, rows = measured
    clean, noisy = (read_levels(folder / name, "float64") for folder in (source, dest))
    noise = noisy - clean
    assert close(rows[name]["noise_mean"], noise.mean())
    assert close(rows[name]["noise_std"], noise.std())
    assert close(rows[name]["snr_db_measured"], 10 * math.log10((clean**2).mean() / (noise**2).mean()))
    assert rows[name]["num_samples"] == 70_000


@pytest.mark.parametrize(("name", "low", "high"), [("dark.png", 0, 255), ("rgb.png", 0, 255), ("alpha.png", 0, 255)])
def test_the_clipped_fraction_is_that_of_samples_pushed_out_of_range(measured, name, low, high):
    """A sample at the limit may have been pushed beyond it or not: the file gives bounds, and theory the value."""
    source, dest, rows = measured
    clean, noisy = (255 * colours_of(folder / name) for folder in (source, dest))
    at_limits = ((noisy == low) | (noisy == high)).mean()
    assert 0 < rows[name]["clipped"] < at_limits
    spread, shift = 0.1 * 255, 0.02 * 255
    below = [0.5 * math.erfc((value + shift - low + 0.5) / spread / math.sqrt(2)) for value in range(256)]
    above = [0.5 * math.erfc((high + 0.5 - value - shift) / spread / math.sqrt(2)) for value in range(256)]
    expected = (np.array(below) + np.array(above))[clean.round().astype(int)]
    assert abs(rows[name]["clipped"] - expected.mean()) < 4 * math.sqrt(expected.mean() / clean.size)


def test_clip_limits_are_those_of_the_samples_and_absent_for_floats(measured):
    _, _, rows = measured
    assert (rows["rgb.png"]["clip_low"], rows["rgb.png"]["clip_high"]) == (0, 1)
    assert (rows["PCM_16.wav"]["clip_low"], rows["PCM_16.wav"]["clip_high"]) == (-1, 32767 / 32768)
    assert "clip_low" not in rows["FLOAT.wav"] and "clip_high" not in rows["float.tif"]


def test_a_figure_that_is_not_finite_is_null(source, dest):
    write_image(source / "same.png", photo(8, 8))
    write_image(source / "wild.tif", np.array([[np.nan, np.inf], [-np.inf, 1]], np.float32))
    write_sound(source / "wild.wav", np.array([[np.nan], [1e30]]), "FLOAT")
    assert within("run", source, dest, "--std", "0").returncode == 0
    rows = manifest(dest)
    assert (rows["same.png"]["noise_mean"], rows["same.png"]["noise_std"], rows["same.png"]["psnr_db"]) == (0, 0, None)
    assert rows["wild.tif"]["noise_std"] is None
    assert rows["wild.wav"]["noise_mean"] is None


def test_a_constant_shift_has_no_spread(source, dest):
    write_image(source / "grey.png", np.full((50, 50), 100, np.uint8))
    write_sound(source / "hum.wav", sound(5000), "PCM_16")
    within("run", source, dest, "--std", "0", "--mean", "-0.1412")
    rows = manifest(dest)
    assert all(row["noise_std"] == pytest.approx(0, abs=1e-6) for row in rows.values())
    assert rows["hum.wav"]["noise_mean"] == pytest.approx(-0.1412, abs=1 / 65536)
