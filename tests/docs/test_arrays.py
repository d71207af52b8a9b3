"""The commands and programs of docs/arrays.md, run in their order on files as it names them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from support.commands import noiseaug
from support.places import ROOT
from support.trees import manifest

PAGE = (ROOT / "docs/arrays.md").read_text()
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def place(tmp_path):
    """A directory with the files that the page speaks of."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((50, 4)) * [0.1, 1, 10, 100]
    for folder in ("features/train", "archive"):
        (tmp_path / folder).mkdir(parents=True)
    np.save(tmp_path / "x_train.npy", table)
    np.save(tmp_path / "features/train/a.npy", table)
    np.save(tmp_path / "counts.npy", rng.integers(0, 100, (20, 3)))
    np.save(tmp_path / "images.npy", rng.random((2, 3, 8, 8)))
    arrays = {"x_train": rng.integers(0, 255, (5, 8, 8)).astype(np.uint8), "y_train": np.arange(5)}
    np.savez(tmp_path / "digits.npz", **arrays)
    np.savez_compressed(tmp_path / "archive/digits.npz", spectra=table, **arrays)
    save_file({"embed.weight": table, "layer.weight": table + 1}, tmp_path / "weights.safetensors")
    return tmp_path


def ordered() -> list[tuple[str, str]]:
    """The snippets, with the command before the program that looks at what it wrote."""
    programs = [block for block in BLOCKS if "archive-noisy/" in block[1]]
    return [block for block in BLOCKS if block not in programs] + programs


def test_every_snippet_of_the_page_does_what_it_says(place):
    assert len(BLOCKS) >= 8
    for language, text in ordered():
        if language == "python":
            done = subprocess.run([sys.executable, "-c", text], cwd=place, capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")
            continue
        for line in text.splitlines():
            result = noiseaug(*shlex.split(line)[1:], cwd=place)
            assert (result.returncode, result.stderr) == (0, ""), line
    assert list(manifest(place / "features-noisy")) == ["train/a.npy"]
    with np.load(place / "digits.npz") as before, np.load(place / "digits-noisy.npz") as after:
        assert np.array_equal(before["y_train"], after["y_train"])
        assert not np.array_equal(before["x_train"], after["x_train"])
