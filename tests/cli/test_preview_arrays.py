"""The contact sheet of arrays: heat maps and histograms, before and after."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from support.arrays import LABELS, brain, features, npy, npz, tensors_file
from support.commands import command, within

LEFT, TOP, MAP, CELL, BETWEEN = 20, 41, (210, 150), 368, 18  # where things are on the sheet


def sheet_of(*arguments, stderr=b""):
    """The pixels of a sheet, in RGB."""
    result = subprocess.run(command("preview", *arguments, "-o", "-"), capture_output=True)
    assert (result.returncode, result.stderr) == (3 if stderr else 0, stderr)
    return np.asarray(Image.open(io.BytesIO(result.stdout)).convert("RGB")).astype(int)


def lightness_in(sheet, column, shape):
    """How light the rectangle of each value of a 2-D array is, on a sheet with one row, in a column from 0."""
    zooms = MAP[1] // shape[0], MAP[0] // shape[1]
    top = TOP + (MAP[1] - zooms[0] * shape[0]) // 2
    left = LEFT + column * (CELL + BETWEEN) + (MAP[0] - zooms[1] * shape[1]) // 2
    part = sheet[top : top + zooms[0] * shape[0], left : left + zooms[1] * shape[1]].sum(axis=2)
    blocks = part.reshape(shape[0], zooms[0], shape[1], zooms[1])
    assert (np.ptp(blocks, axis=(1, 3)) == 0).all()
    return blocks[:, 0, :, 0]


def likeness(one, other):
    """The correlation of ranks."""
    ranks = (values.reshape(-1).argsort().argsort() for values in (one, other))
    return np.corrcoef(*ranks)[0, 1]


@pytest.fixture
def arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arrays/deep").mkdir(parents=True)
    (tmp_path / "arrays/deep/x.npy").write_bytes(npy(features("float32")))
    (tmp_path / "arrays/y.npy").write_bytes(npy(LABELS))
    return tmp_path / "arrays"


@pytest.mark.parametrize(
    "options", [["--std", "0.3"], ["--std", "100%", "--std-of", "column"], ["--snr", "0"]], ids=" ".join
)
def test_the_noise_on_an_array_is_that_of_a_run(options, arrays, tmp_path):
    options = [*options, "--seed", "3", "--clip=-0.6:0.6"]
    assert within("run", arrays, tmp_path / "dest", "--kind", "array", *options).returncode == 0
    clean, noisy = features("float32"), np.load(tmp_path / "dest/deep/x.npy")
    if "column" in options:  # each is shown in units of its own
        clean, noisy = ((one - features("float32").mean(axis=0)) / clean.std(axis=0) for one in (clean, noisy))
    sheet = sheet_of(arrays / "deep/x.npy", "--root", arrays, *options)
    assert likeness(lightness_in(sheet, 0, clean.shape), clean) > 0.99
    assert likeness(lightness_in(sheet, 1, clean.shape), noisy) > 0.9 > likeness(noisy, clean) + 0.1


def test_without_levels_arrays_get_shares_of_their_own_std(arrays):
    path = arrays / "deep/x.npy"
    shares = [word for share in ("5%", "10%", "20%", "50%") for word in ("--std", share)]
    usual = sheet_of(path)
    assert usual.shape[1] == 2 * LEFT + 5 * CELL + 4 * BETWEEN
    assert (usual == sheet_of(path, *shares, "--std-of", "array")).all()
    assert (sheet_of(path, "--std-of", "value") == sheet_of(path, *shares, "--std-of", "value")).all()
    assert (usual != sheet_of(path, "--seed", "1")).any()


def test_folders_show_arrays_only_if_that_is_asked_for(arrays):
    refused = within("preview", arrays)
    assert (refused.returncode, "--kind array takes arrays" in refused.stderr) == (1, True)
    result = within("preview", arrays, "--kind", "array")
    assert (result.returncode, result.stdout) == (0, "preview.png: 2 files\n")


def test_of_a_file_three_arrays_with_noise_are_shown_and_patterns_choose_them(tmp_path):
    weights = {f"layer{number}.weight": features("float32", seed=number) for number in range(9)}
    (tmp_path / "w.npz").write_bytes(npz(bias=np.zeros(9), **weights))
    a_row = sheet_of(tmp_path / "w.npz", "--include-member", "layer7*").shape[0] - LEFT - LEFT // 2
    assert sheet_of(tmp_path / "w.npz").shape[0] == LEFT + 3 * a_row + LEFT // 2
    assert sheet_of(tmp_path / "w.npz", "--exclude-member", "*[1-8].*").shape[0] == LEFT + a_row + LEFT // 2
    labels = sheet_of(tmp_path / "w.npz", "--include-member", "none")
    assert labels.shape[1] == 2 * LEFT + CELL  # the originals alone


ODD = {
    "a value": npy(np.float32(3)),
    "one value": npy(np.array([[7.0]])),
    "no values": npy(np.zeros((0, 5))),
    "NaN": npy(np.full((30, 20), np.nan)),
    "NaN in a curve": npy(np.array([1.0, np.nan, 2.0, np.inf])),
    "1-D": npy(features("float64", (5000,))),
    "5-D": npy(features("float16", (2, 3, 4, 5, 6))),
    "colours": npy(features("float32", (4, 32, 32, 3))),
    "complex": npy(features("complex64")),
    "Fortran order": npy(np.asfortranarray(features("float64"))),
    "wide": npy(features("float32", (3, 10_000))),
    "constant": npy(np.full((9, 9), 5.0)),
    "int64": npy(np.array([[-(2**63), 2**63 - 1], [0, 1]])),
    "bool labels": npz(labels=np.arange(9) > 4, text=np.array(["a"])),
    "bfloat16": tensors_file({"a": ("BF16", (40, 30), brain(features("float32")))}),
    "packed": tensors_file({"a.qweight": ("I32", (2, 2), bytes(16)), "b": ("F32", (2, 2), bytes(16))}),
}


@pytest.mark.parametrize(
    "options", [[], ["--std", "0.1", "--std-of", "column"], ["--std", "0.1", "--clip", "none"]], ids=str
)
@pytest.mark.parametrize("name", ODD)
def test_odd_arrays_are_shown(name, options, tmp_path):
    suffix = {b"\x93N": ".npy", b"PK": ".npz"}.get(ODD[name][:2], ".safetensors")
    (tmp_path / f"odd{suffix}").write_bytes(ODD[name])
    more = ["--include-member", "odd"] if name == "int64" else ["--exclude-member", "*.q*"] if name == "packed" else []
    result = within("preview", tmp_path / f"odd{suffix}", *options, *more, "-o", tmp_path / "sheet.png")
    assert result == (0, f"{tmp_path}/sheet.png: 1 file\n", "")


def test_an_array_without_noise_and_a_broken_one_say_why(tmp_path):
    (tmp_path / "text.npy").write_bytes(npy(np.array(["a", "b"])))
    (tmp_path / "short.npy").write_bytes(npy(features("float32"))[:-1])
    (tmp_path / "huge.npy").write_bytes(npy(np.array([1e308, -1e308])))
    result = within("preview", tmp_path, "--kind", "array", "-o", tmp_path / "sheet.png")
    assert result.returncode == 3
    said = sorted(result.stderr.splitlines())
    assert said[0].startswith("failed: huge.npy: holds values in 'huge' whose squares are beyond float64")
    assert said[1].startswith("failed: short.npy: ends early: 4,800 bytes of values expected, 4,799 found")
    assert said[2].startswith("failed: text.npy: holds text; expected integers, floats or complex numbers")
    assert within("preview", tmp_path / "huge.npy", "--std", "1", "--std-of", "value", "-o", "-").returncode == 0


PEAK = """
import resource, sys
from noiseaug.reports.preview import preview
assert not preview([sys.argv[1]]).failed
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_large_array_takes_little_memory(tmp_path):
    found = []
    for rows in (20_000, 400_000):
        stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (rows, 100))
        stored[:10_000] = features("float32", (10_000, 100))
        del stored
        result = subprocess.run([sys.executable, "-c", PEAK, tmp_path / "x.npy"], capture_output=True, check=True)
        found.append(int(result.stdout))
    assert found[1] - found[0] < 20_000  # KiB; the file has 160 MB
