"""`noiseaug draw`: pure noise in an array of any size."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from scipy import stats

from noiseaug import GaussianNoise
from support.commands import noiseaug, within


def drawn(path, *options: str) -> np.ndarray:
    """The array that `noiseaug draw` writes."""
    result = within("draw", path, *options)
    assert result.returncode == 0, result.stderr
    return np.load(path)


def test_the_values_are_standard_normal_float32_unless_asked_otherwise(tmp_path):
    noise = drawn(tmp_path / "z.npy", "--shape", "1000,300", "--seed", "7")
    assert (noise.shape, noise.dtype) == ((1000, 300), np.dtype("<f4"))
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    assert np.array_equal(noise, GaussianNoise(1, seed=7)(np.zeros((1000, 300), np.float32), key="draw"))


def test_a_longer_array_begins_with_the_shorter_one(tmp_path):
    short = drawn(tmp_path / "short.npy", "--shape", "1001,100", "--seed", "7")
    long = drawn(tmp_path / "long.npy", "--shape", "5000,100", "--seed", "7")
    assert np.array_equal(long[:1001], short)
    assert np.array_equal(drawn(tmp_path / "flat.npy", "--shape", "100100", "--seed", "7"), short.ravel())
    assert not np.array_equal(drawn(tmp_path / "other.npy", "--shape", "1001,100", "--seed", "8"), short)


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex64", "complex128"])
def test_other_dtypes_strengths_and_means(dtype, tmp_path):
    noise = drawn(tmp_path / "z.npy", "--shape", "300,300", "--std", "2.5", "--mean", "10", "--dtype", dtype)
    assert noise.dtype == dtype
    for part in (noise.real, noise.imag) if dtype.startswith("c") else (noise,):
        assert part.astype(float).mean() == pytest.approx(10, abs=0.05)
        assert part.astype(float).std() == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize("shape", ["0", "3,0,2", "(4,)"])
def test_empty_arrays_and_shapes_as_numpy_prints_them(shape, tmp_path):
    expected = tuple(int(size) for size in shape.strip("()").split(",") if size)
    assert drawn(tmp_path / "z.npy", "--shape", shape).shape == expected


def test_what_exists_is_replaced_only_if_asked_for(tmp_path):
    path = tmp_path / "z.npy"
    path.write_bytes(b"mine")
    result = within("draw", path, "--shape", "5")
    assert (result.returncode, path.read_bytes()) == (2, b"mine")
    assert "exists; use --overwrite to replace it" in result.stderr
    assert drawn(path, "--shape", "5", "--overwrite").shape == (5,)
    assert os.listdir(tmp_path) == ["z.npy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("z.npy",), "Missing option '--shape'"),
        (("z.npy", "--shape", "10x10"), "'10x10' is no shape; write the sizes of the axes, such as 10000,100"),
        (("z.npy", "--shape", "-1"), "'-1' is no shape"),
        (("z.npy", "--shape", ""), "'' is no shape"),
        (("z.npy", "--shape", "9" * 30), "more values than any disk holds"),
        (("z.npz", "--shape", "5"), "'z.npz' is no name of an array; end it in .npy"),
        (("z.npy", "--shape", "5", "--std=-1"), "-1 is not a standard deviation"),
        (("z.npy", "--shape", "5", "--dtype", "int8"), "'int8' is not one of"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_leaves_nothing(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = within("draw", *options)
    assert result.returncode == 2
    assert message in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_nothing(tmp_path):
    def limited() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    result = noiseaug("draw", tmp_path / "z.npy", "--shape", "1000000", preexec_fn=limited)
    assert result.returncode == 1
    assert "File too large" in result.stderr
    assert os.listdir(tmp_path) == []
