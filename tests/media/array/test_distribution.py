"""The noise on arrays is Gaussian, on every dtype: chi-square and moments of what a run writes.

Seeds are fixed, and so is every outcome. A sampler without fault misses one of these thresholds about once in 1,000.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from support.arrays import brain, from_brain, tensors_file
from support.commands import within

COUNT = 400_000
LEAST_P = 1e-4
STD = 2.5  # in levels of integers
MIDDLE = {"u": 100, "i": 10}


def written(tmp_path, array: np.ndarray, *options: str) -> np.ndarray:
    np.save(tmp_path / "a.npy", array)
    result = within("run", tmp_path / "a.npy", tmp_path / "b.npy", "--include-member", "*", "--seed", "11", *options)
    assert result.returncode == 0, result.stderr
    return np.load(tmp_path / "b.npy")


def check_rounded(noise: np.ndarray, std: float) -> None:
    """Whole numbers are distributed like rounded normals: P(k) = Phi((k + 1/2) / std) - Phi((k - 1/2) / std)."""
    reach = round(3.5 * std)
    edges = np.array([-math.inf, *np.arange(-reach, reach) + 0.5, math.inf])
    expected = np.diff(ndtr(edges / std)) * noise.size
    found = np.histogram(noise, np.array([-1e9, *edges[1:-1], 1e9]))[0]
    assert stats.chisquare(found, expected).pvalue > LEAST_P


def check_normal(noise: np.ndarray, std: float) -> None:
    """Real numbers are normal: their distribution in 200 cells of one probability, and four moments."""
    z = noise.astype(float) / std
    found = np.histogram(ndtr(z), np.linspace(0, 1, 201))[0]
    assert stats.chisquare(found).pvalue > LEAST_P
    moments = np.array([np.mean(z**power) for power in (1, 2, 3, 4)])
    errors = np.sqrt(np.array([1, 2, 15, 96]) / z.size)
    assert np.all(np.abs(moments - [0, 1, 0, 3]) < 4 * errors)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", ">i2", "<u4", ">i4", "<u8", ">i8"])
def test_integers_of_every_width_get_rounded_normals(dtype, tmp_path):
    middle = MIDDLE[np.dtype(dtype).kind]
    noisy = written(tmp_path, np.full(COUNT, middle, dtype), "--std", str(STD), "--std-of", "value")
    check_rounded(noisy.astype(np.int64) - middle, STD)


@pytest.mark.parametrize("dtype", ["<u1", "<i2"])
def test_columns_of_integers_get_rounded_normals(dtype, tmp_path):
    wanted = np.array([4.0, 8.0])
    array = (np.array([[-1], [1]]) * wanted + 100).astype(dtype).repeat(COUNT // 2, axis=0)  # of these stds
    noise = written(tmp_path, array, "--std", "0.5", "--std-of", "column").astype(int) - array
    for column, std in enumerate(wanted / 2):
        check_rounded(noise[:, column], std)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<c8", ">c16"])
@pytest.mark.parametrize("std_of", ["full-scale", "value"])
def test_floats_get_normals(dtype, std_of, tmp_path):
    noisy = written(tmp_path, np.zeros(COUNT, dtype), "--std", "0.1", "--std-of", std_of)
    for part in (noisy.real, noisy.imag) if noisy.dtype.kind == "c" else (noisy,):
        check_normal(part, 0.1)


def test_float16_gets_normals_rounded_to_it(tmp_path):
    noisy = written(tmp_path, np.ones(COUNT, "<f2"), "--std", "0.5")
    steps = (noisy.astype(float) - 1) * 2**11  # between 1/2 and 1, values are so far apart
    inside = steps[(noisy > 0.5) & (noisy < 1)]
    assert np.array_equal(inside, np.round(inside))
    assert stats.kstest((noisy.astype(float) - 1) / 0.5, "norm").statistic < 2 / math.sqrt(COUNT)


def test_bfloat16_gets_normals_rounded_to_it(tmp_path):
    zeros = tensors_file({"w": ("BF16", (COUNT // 4, 4), brain(np.zeros(COUNT)))})
    (tmp_path / "a.safetensors").write_bytes(zeros)
    dest = tmp_path / "b.safetensors"
    assert within("run", tmp_path / "a.safetensors", dest, "--std", "0.5", "--seed", "11").returncode == 0
    z = from_brain(dest.read_bytes()[-2 * COUNT :]).astype(float) / 0.5
    errors = np.sqrt(np.array([1, 2, 15, 96]) / COUNT)
    moments = np.array([np.mean(z**power) for power in (1, 2, 3, 4)])
    rounding = np.array([0, 2.0**-17, 0, 2.0**-14])  # relative error of at most 2**-9, squared and spread
    assert np.all(np.abs(moments - [0, 1, 0, 3]) < 4 * errors + rounding)


def test_arrays_of_one_file_and_files_of_one_folder_share_no_noise(tmp_path):
    source = tmp_path / "sets"
    source.mkdir()
    zeros = np.zeros((200, 200), np.float32)
    for name in ("a", "b"):
        np.savez(source / f"{name}.npz", x=zeros, z=zeros)
    assert within("run", source, tmp_path / "out", "--kind", "array", "--std", "0.1", "--copies", "2").returncode == 0
    noises = []
    for path in sorted((tmp_path / "out").glob("*.npz")):
        with np.load(path) as file:
            noises += [file[name].ravel() for name in file.files]
    assert len(noises) == 8
    apart = np.corrcoef(noises) - np.eye(8)
    assert np.abs(apart).max() < 5 / math.sqrt(zeros.size)
