"""What a run leaves, as Hugging Face's own loaders see it: with no network, and without a word about the format."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support.commands import within
from support.corpus import make_photos, read_image

FORMS = ("jsonl", "csv", "parquet")
# What the library itself does not yet do as Python wants it done.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos", count=6)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Loads DEST with the library, which asks its environment as it is imported where to keep things."""
    home = tmp_path_factory.mktemp("hugging face")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(home))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
        import datasets

        def loaded(loader: str, dest: Path):
            return datasets.load_dataset(loader, data_dir=str(dest), split="train", cache_dir=str(home / "cache"))

        yield loaded


def rows_of(dest: Path) -> list[dict]:
    (path,) = dest.glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def assert_same(value, expected, form: str) -> None:
    assert type(value) is type(expected)
    # pandas reads decimals quickly, and not always as the nearest float.
    is_rounded = form == "csv" and isinstance(value, float)
    assert value == (pytest.approx(expected, rel=1e-14) if is_rounded else expected)


@pytest.mark.parametrize("form", FORMS)
def test_images_load_with_their_noise_and_labels(form, photos, dest, load):
    options = ["--std", "5/255:50/255", "--copies", "2", "--kind", "image", "--label-smoothing", "0.1"]
    assert within("run", photos, dest, *options, "--manifest", f"metadata.{form}").returncode == 0
    rows, found = rows_of(dest), load("imagefolder", dest)
    assert len(found) == len(rows) == 12
    for row, example in zip(rows, found, strict=True):
        assert np.array_equal(np.asarray(example["image"]), read_image(dest / row["file_name"]))
        for key in ("std", "noise_std", "psnr_db", "label", "copy", "mono", "sha256", "width"):
            assert_same(example[key], row[key], form)
        soft_label = example["soft_label"]
        assert (json.loads(soft_label) if form == "csv" else soft_label) == row["soft_label"]
    kinds = {feature.dtype for name, feature in found.features.items() if name not in ("image", "soft_label")}
    assert "null" not in kinds
    if form != "csv":
        assert found.features["soft_label"].feature.dtype == "float64"


@pytest.mark.parametrize("form", FORMS)
def test_recordings_load_with_their_noise_and_labels(form, mixed, dest, load):
    import datasets

    assert within("run", mixed, dest, "--snr", "5:20", "--kind", "audio", "--manifest", f"metadata.{form}").stderr == ""
    rows, found = rows_of(dest), load("audiofolder", dest)
    found = found.cast_column("audio", datasets.Audio(decode=False))  # decoding asks for more than is installed
    assert len(found) == len(rows) == 8
    for row, example in zip(rows, found, strict=True):
        samples, rate = soundfile.read(example["audio"]["path"])
        assert (len(samples), rate) == (row["num_samples"], row["sampling_rate"])
        assert hashlib.sha256(Path(example["audio"]["path"]).read_bytes()).hexdigest() == row["sha256"]
        for key in ("std", "noise_std", "snr_db", "snr_db_measured", "label", "subtype"):
            assert_same(example[key], row[key], form)
    assert "null" not in {feature.dtype for name, feature in found.features.items() if name != "audio"}


@pytest.mark.parametrize("form", FORMS)
def test_images_load_beside_the_other_files_of_a_run(form, dest, tmp_path, load):
    photos = make_photos(tmp_path / "photos", count=6)
    (photos / "cats/broken.png").write_bytes(b"none")
    coco = {"images": [{"id": 1, "file_name": "cats/001.png"}], "annotations": [], "categories": []}
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    options = ["--std", "0.1", "--label-smoothing", "0.1", "--annotations", tmp_path / "coco.json"]
    assert within("run", photos, dest, *options, "--kind", "image", "--manifest", f"metadata.{form}").returncode == 3
    assert {"failures.jsonl", "classes.json", "annotations.json"} <= {path.name for path in dest.iterdir()}
    found = load("imagefolder", dest)
    rows = [json.loads(line) for line in (dest / ("metadata.jsonl" if form == "jsonl" else "manifest.jsonl")).open()]
    assert len(found) == len(rows) == 6
    assert found["sha256"] == [row["sha256"] for row in rows]


@pytest.mark.parametrize("form", FORMS)
def test_originals_beside_load_with_their_roles_and_sidecars(form, dest, tmp_path, load):
    source = make_photos(tmp_path / "photos", count=4)
    for path in source.glob("cats/*"):
        path.with_suffix(".txt").write_text("0 0.5 0.5 1 1\n")
    options = ["--std", "0.1", "--kind", "image", "--with-clean", "beside", "--sidecars", ".txt"]
    assert within("run", source, dest, *options, "--manifest", f"metadata.{form}").returncode == 0
    rows, found = rows_of(dest), load("imagefolder", dest)
    assert [example["role"] for example in found] == ["clean", "noisy"] * 4
    for row, example in zip(rows, found, strict=True):
        assert np.array_equal(np.asarray(example["image"]), read_image(dest / row["file_name"]))
        names = json.loads(example["sidecars"]) if form == "csv" else example["sidecars"]
        assert names == row["sidecars"]
        assert len(names) == (row["label"] == "cats")
