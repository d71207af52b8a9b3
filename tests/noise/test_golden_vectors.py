"""The noise of a key is the same in every version."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from noiseaug import GaussianNoise, Level
from noiseaug.noise.streams import stream_key
from support.noise_paths import PATHS


def golden_vectors() -> dict[str, list[float]]:
    """The first samples of a picture of two pixels and a bit, for every way to the noise."""
    vectors = {}
    for name, (dtype, bits, std) in PATHS.items():
        middle = {"uint8": 128, "uint16": 32768}.get(dtype, 0)
        pairs = np.full((6, 2), middle, dtype)
        for kind, noise in {
            "": GaussianNoise(std, seed=7),
            ", mono": GaussianNoise(std, seed=7, mono=True),
            ", mean": GaussianNoise(std, seed=7, mean=0.1),
            ", range": GaussianNoise(Level(0, std), seed=7),
        }.items():
            vectors[name + kind] = noise(pairs, key="dir/a.png", copy=1, bits=bits, channel_axis=1).ravel().tolist()
    # Enough samples for cells of the table that hold a boundary, so that the refinements are pinned as well.
    long = GaussianNoise(0.01, seed=7)(np.full(40_000, 32768, np.uint16), key="dir/a.png", copy=1)
    vectors["sum of 40000, uint16 by table"] = [int(long.sum()), int((long[::2].astype(int) * long[1::2]).sum())]
    vectors["key"] = [stream_key(7, "dir/a.png", 1)]
    return vectors


def test_golden_vectors_have_not_moved():
    golden = json.loads(Path(__file__).with_name("golden.json").read_text())
    found = golden_vectors()
    assert sorted(found) == sorted(golden)
    moved = {name: (golden[name], found[name]) for name in golden if golden[name] != found[name]}
    assert not moved, (
        "the noise of a key is not what it was, so outputs of older versions cannot be made again. Golden vectors "
        f"change only together with a line in CHANGELOG. Name: (golden, found) = {moved}"
    )
