"""Tensors in .safetensors files, as the library of that name reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from noiseaug import GaussianNoise
from support.arrays import brain, features, from_brain, tensors_file
from support.commands import within
from support.trees import manifest

WEIGHTS = {"layer.weight": features("<f4"), "layer.bias": np.ones(30, np.float32), "steps": np.arange(4).reshape(2, 2)}


def run(tmp_path, data: bytes, *options: str) -> dict:
    """The row of a file after noise on it."""
    (tmp_path / "a.safetensors").write_bytes(data)
    result = within("run", tmp_path / "a.safetensors", f"{tmp_path}/out/", "--std", "0.1", "--seed", "7", *options)
    assert result.returncode == 0, result.stderr
    (row,) = manifest(tmp_path / "out").values()
    assert within("verify", tmp_path / "out", "--source", tmp_path, "--deep").returncode == 0
    return row


def refusal(tmp_path, data: bytes, *options: str) -> str:
    """Why a file is refused."""
    (tmp_path / "a.safetensors").write_bytes(data)
    result = within("run", tmp_path / "a.safetensors", f"{tmp_path}/out/", "--std", "0.1", *options)
    assert result.returncode == 3, result.stdout
    return result.stderr


def test_matrices_get_noise_and_biases_and_integers_stay_with_the_metadata(tmp_path):
    row = run(tmp_path, save(WEIGHTS, {"format": "pt", "note": "ä"}))
    found = load_file(tmp_path / "out/a.safetensors")
    expected = GaussianNoise(0.1, seed=7)(WEIGHTS["layer.weight"], key="a.safetensors/layer.weight")
    assert np.array_equal(found["layer.weight"], expected)
    assert all(np.array_equal(found[name], WEIGHTS[name]) for name in ("layer.bias", "steps"))
    assert row["members"] == ["layer.weight"]
    with safe_open(tmp_path / "out/a.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt", "note": "ä"}
        assert sorted(file.keys()) == sorted(WEIGHTS)


@pytest.mark.parametrize("std_of", ["full-scale", "array", "column"])
def test_bfloat16_is_rounded_once_and_stays_bfloat16(std_of, tmp_path):
    clean = from_brain(brain(features("<f4", (400, 300)))).reshape(400, 300)
    clean.setflags(write=True)
    clean[0, 0] = np.nan
    row = run(tmp_path, tensors_file({"w": ("BF16", clean.shape, brain(clean))}), "--std-of", std_of)
    data = (tmp_path / "out/a.safetensors").read_bytes()
    with safe_open(tmp_path / "out/a.safetensors", "numpy") as file:
        assert file.get_slice("w").get_dtype() == "BF16"
    found = from_brain(data[-clean.size * 2 :]).reshape(clean.shape)
    assert np.isnan(found[0, 0])
    assert (row["dtype"], row["not_finite"]) == ("bfloat16", 1)
    noise = (found.astype(float) - clean).ravel()[1:]
    assert row["noise_std"] == pytest.approx(noise.std(), rel=1e-4)
    if std_of == "full-scale":
        exact = GaussianNoise(0.1, seed=7)(clean, key="a.safetensors/w").ravel()[1:]
        assert np.all(np.abs(found.ravel()[1:] - exact) <= np.abs(exact) * 2.0**-8)
        assert abs(noise.mean()) < 4 * 0.1 / np.sqrt(noise.size)


def test_float16_stays_float16(tmp_path):
    run(tmp_path, save({"w": features("<f2")}))
    found = load_file(tmp_path / "out/a.safetensors")["w"]
    assert np.array_equal(found, GaussianNoise(0.1, seed=7)(features("<f2"), key="a.safetensors/w"))


def test_patterns_choose_the_tensors_and_integers_without_limits_become_floats(tmp_path):
    run(tmp_path, save(WEIGHTS), "--include-member", "*.bias")
    found = load_file(tmp_path / "out/a.safetensors")
    assert [name for name in WEIGHTS if not np.array_equal(found[name], WEIGHTS[name])] == ["layer.bias"]
    (tmp_path / "free").mkdir()
    run(tmp_path / "free", save(WEIGHTS), "--include-member", "steps", "--clip", "none")
    free = load_file(tmp_path / "free/out/a.safetensors")
    assert (free["steps"].dtype, free["layer.weight"].dtype) == (np.float32, np.float32)
    assert np.array_equal(free["layer.weight"], WEIGHTS["layer.weight"])


@pytest.mark.parametrize(
    ("tensors", "what"),
    [
        ({"w": ("F8_E4M3", (4, 4), bytes(16))}, "F8_E4M3 numbers in 'w'"),
        ({"w": ("F4", (4, 4), bytes(8))}, "F4 numbers in 'w'"),
        ({"a.qweight": ("I32", (2, 2), bytes(16)), "a.scales": ("F16", (2, 2), bytes(8))}, "quantised numbers (I32)"),
        ({"a.weight": ("U8", (4, 4), bytes(16)), "a.weight.absmax": ("F32", (1,), bytes(4))}, "quantised numbers (U8)"),
        ({"a.weight": ("I8", (4, 4), bytes(16)), "a.SCB": ("F32", (4,), bytes(16))}, "quantised numbers (I8)"),
    ],
)
def test_packed_and_quantised_tensors_are_refused_unless_they_are_to_be_kept(tensors, what, tmp_path):
    first = next(iter(tensors))
    data = tensors_file({**tensors, "other": ("F32", (2, 2), bytes(16))})
    assert what in refusal(tmp_path, data)
    (tmp_path / "kept").mkdir()
    row = run(tmp_path / "kept", data, "--exclude-member", first)
    assert first in row["members_kept"]
    assert "other" in row["members"]


def edited(**changes: object) -> bytes:
    """A file whose header says something else of its tensor w."""
    header = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changes}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(16)


GOOD = edited()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GOOD[:-1], "ends early: 1 bytes are missing"),
        (GOOD + b"x", "has 1 bytes too many"),
        (GOOD[:6], "is no .safetensors file"),
        (b"\xff" * 8 + GOOD[8:], "is no .safetensors file"),
        (GOOD.replace(b"{", b"[", 1), "has a header that cannot be read"),
        (GOOD[:8] + b'{"w":' + b"[" * (len(GOOD) - 29), "has a header that cannot be read"),
        (edited(data_offsets=[8, 24]), "where 0 was expected"),
        (edited(data_offsets=[16, 0]), "has 'w'"),
        (edited(data_offsets=[0, -16]), "a shape or a place that cannot be"),
        (edited(shape=[2, 2.0]), "a shape or a place that cannot be"),
        (edited(shape=[1 << 40, 1 << 40]), "were expected"),
        (edited(dtype="F31"), "dtype 'F31', which is not known"),
        (edited(dtype=["F32"]), "which is not known"),
        (edited(more=1), "other than a dtype, a shape and its place"),
        (tensors_file({"w": ("F32", (2, 2), bytes(16))}).replace(b'"shape"', b'"dtype"'), "stands there twice"),
    ],
)
def test_a_file_that_is_cut_off_or_lies_is_refused_with_the_reason(data, reason, tmp_path):
    assert reason in refusal(tmp_path, data)
    assert not (tmp_path / "out/a.safetensors").exists()
