"""`noiseaug report` on a DEST that holds arrays: pictures of them, figures in their units, and the command line."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from support.arrays import LABELS, features, npy, npz
from support.commands import within
from support.corpus import photo, write_image
from support.trees import edit, manifest

TABLE = features("float32", (300, 40)) * np.logspace(-1, 2, 40, dtype=np.float32)


class Pictures(HTMLParser):
    """The pictures of a page, by the name of the output and by what they are of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], np.ndarray] = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "li" and "data-item" in given:
            self.name = given["data-name"]
        if tag == "img":
            content = base64.b64decode(given["src"].partition(",")[2])
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
            self.found[self.name, given["alt"].partition(":")[0]] = pixels


def page_of(dest: Path, *options: str | Path) -> str:
    result = within("report", dest, "-o", "-", *options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def words(page: str) -> str:
    text = re.sub(r"<(style|script)>.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text)))


@pytest.fixture
def arrays(source) -> Path:
    (source / "table.npy").write_bytes(npy(TABLE))
    (source / "several.npz").write_bytes(npz(y=LABELS, a=features("uint8"), b=features("float64"), c=TABLE * 3))
    (source / "y.npy").write_bytes(npy(LABELS))
    return source


def likeness(picture, values):
    """The correlation of the ranks of values with how light their places are."""
    height, width = picture.shape[0] // values.shape[0], picture.shape[1] // values.shape[1]
    lightness = picture.astype(int).sum(axis=2)[::height, ::width]
    ranks = (one.reshape(-1).argsort().argsort() for one in (lightness, values))
    return np.corrcoef(*ranks)[0, 1]


def test_an_array_is_shown_as_heat_map_and_histogram_before_and_after(arrays, dest):
    options = ["--kind", "array", "--std", "0.5", "--std-of", "column"]
    assert within("run", arrays, dest, *options).returncode == 0
    found = Pictures(page_of(dest, "--source", arrays)).found
    assert {what for name, what in found if name == "table.npy"} == {
        "Clean", "Noisy", "Histogram, clean", "Histogram, noisy"
    }  # fmt: skip
    mean, std = TABLE.mean(axis=0), TABLE.std(axis=0)  # columns are shown in units of their own
    clean, noisy = ((one - mean) / std for one in (TABLE, np.load(dest / "table.npy")))
    assert likeness(found["table.npy", "Clean"], clean) > 0.98
    assert likeness(found["table.npy", "Noisy"], noisy) > 0.98 > likeness(found["table.npy", "Noisy"], clean) + 0.05
    text = words(page_of(dest, "--source", arrays))
    assert "2 arrays" in text
    assert "Array b, one of 2 arrays with noise, 40 \N{MULTIPLICATION SIGN} 30 float64" in text
    assert "50 % of each column" in text
    assert "SNR of audio and arrays" in text


@pytest.mark.parametrize("std_of", ["array", "column", "value"])
def test_what_was_asked_for_is_compared_in_the_units_of_the_array(std_of, arrays, dest):
    strength = ["--std", "0.5" if std_of != "value" else "20", "--std-of", std_of]
    assert within("run", arrays, dest, "--kind", "array", "--include", "table.npy", *strength).returncode == 0
    page = page_of(dest)
    found = re.search(r"Median .?([\d.]+) %; nearly all", words(page))
    assert found and float(found[1]) < 2
    assert "more than 10 % off" not in words(page)
    noise = (np.load(dest / "table.npy") - TABLE).std()
    assert f"measured {noise:.3g} (" in words(page)


@pytest.mark.parametrize(
    "options",
    [
        "--std 0.1 --std 0.25 --seed 3 --std-of array --exclude-member 'b c' --exclude-member='-*'",
        "--std 1.5:30 --std-of value --mean 0.01 --copies 2",
        "--std 0.1 --clip=-0.1:0.2 --mono --channel-axis 0 --include-member '*'",
        "--snr 10 --clip none --include-member a --include-member table",
    ],
)
def test_the_command_that_the_page_names_makes_the_same_arrays(options, arrays, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert within("run", arrays, first, "--kind", "array", *shlex.split(options)).returncode == 0
    (told,) = re.findall(r"noiseaug run SOURCE DEST (.*?)</code>", page_of(first))
    assert within("run", arrays, second, *shlex.split(html.unescape(told))).returncode == 0
    assert {row["sha256"] for row in manifest(first).values()} == {row["sha256"] for row in manifest(second).values()}


def test_arrays_and_images_can_be_told_apart_on_the_page(arrays, dest):
    write_image(arrays / "photo.png", photo(60, 80))
    assert within("run", arrays, dest, "--kind", "array", "--kind", "image", "--std", "0.1").returncode == 0
    page = page_of(dest, "--source", arrays)
    assert '<option value="array">array</option><option value="image">image</option>' in page
    assert {name for name, _ in Pictures(page).found} == {"table.npy", "several.npz", "photo.png"}
    assert "--kind array" in page and "--kind image" in page
    assert "300 \N{MULTIPLICATION SIGN} 40 float32" in words(page)


ODD = [
    {"members": 5, "shape": [1], "source_std": "x", "std_of": "array"},
    {"members": ["no such", 3, "b" * 500], "source_std": [1e300], "std_of": "column", "std": 1e18, "dtype": "<b>"},
    {"members": ["y"], "std_of": "<i>", "shape": "(1, <b>)", "options": "include_member=[1,{}] std_of=<u>"},
    {"options": "include_member=" + "[" * 5000, "clip": 7, "clip_low": -1e18, "clip_high": 1e18},
    {"source_std": [], "std_of": "array", "dtype": "int7", "noise_std": 1e18},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_rows_of_arrays_spoil_no_page(odd, arrays, dest):
    assert within("run", arrays, dest, "--kind", "array", "--std", "0.1").returncode == 0
    for number in range(2):
        edit(dest, lambda row: row.update(odd), number)
    page = page_of(dest, "--source", arrays)
    assert not re.findall(r"<(?:b|i|u)>", page)
    assert json.loads((dest / "manifest.jsonl").read_text().splitlines()[0])["file_name"]


def test_a_file_that_holds_no_such_array_says_so(arrays, dest):
    options = ["--kind", "array", "--std", "0.1", "--include", "table.npy"]
    assert within("run", arrays, dest, *options, "--with-clean", "beside").returncode == 0
    np.save(arrays / "table.npy", TABLE.T)
    page = page_of(dest, "--source", arrays)
    assert "Not shown: its original was changed since the run." in words(page)
    assert ("table-std0.1-0.npy", "Noisy") in Pictures(page).found
    assert ("table-std0.1-0.npy", "Clean") not in Pictures(page).found
