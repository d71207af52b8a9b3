"""Arrays in .npy files: what comes out is the array with the noise of its key, as NumPy reads it."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from noiseaug import GaussianNoise
from support.arrays import features
from support.commands import within
from support.trees import failures, manifest, tree

FLOATS = ("<f2", "<f4", ">f4", "<f8", ">f8")
WHOLE = ("u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", "<i4", ">i4", "<i8", ">u8")
AS_IT_IS = ("--std", "0.01", "--seed", "7", "--include-member", "*")


def noisy(tmp_path, array: np.ndarray, *options: str, name: str = "a.npy") -> np.ndarray:
    """What `noiseaug run a.npy out/ OPTIONS` makes of an array."""
    np.save(tmp_path / name, array)
    result = within("run", tmp_path / name, f"{tmp_path}/out/", *options)
    assert result.returncode == 0, result.stderr
    return np.load(tmp_path / "out" / name)


def row_of(tmp_path) -> dict:
    (row,) = manifest(tmp_path / "out").values()
    return row


@pytest.mark.parametrize("dtype", FLOATS + WHOLE)
def test_an_array_gets_the_noise_that_gaussian_noise_gives_it_in_its_own_dtype_and_byte_order(dtype, tmp_path):
    array = features(dtype)
    found = noisy(tmp_path, array, *AS_IT_IS)
    assert found.dtype == array.dtype
    expected = GaussianNoise(0.01, seed=7)(array.astype(array.dtype.newbyteorder("=")), key="a.npy")
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, array)


@pytest.mark.parametrize("dtype", ["<c8", ">c16"])
def test_both_parts_of_complex_numbers_get_noise(dtype, tmp_path):
    array = features(dtype, (300, 200))
    found = noisy(tmp_path, array, "--std", "0.01")
    assert found.dtype == array.dtype
    noise = found - array
    for part in (noise.real, noise.imag):
        assert part.std() == pytest.approx(0.01, rel=0.02)
    assert abs(np.corrcoef(noise.real.ravel(), noise.imag.ravel())[0, 1]) < 0.02


def test_an_array_in_fortran_order_stays_so_and_gets_its_noise_in_the_order_of_its_values_in_the_file(tmp_path):
    array = np.asfortranarray(features("<f4"))
    found = noisy(tmp_path, array, *AS_IT_IS)
    assert found.flags.f_contiguous
    assert np.array_equal(found, GaussianNoise(0.01, seed=7)(array.T, key="a.npy").T)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4, 5), (1,) * 30])
def test_arrays_of_any_shape_go_through(shape, tmp_path):
    array = np.ones(shape, np.float32)
    found = noisy(tmp_path, array, "--std", "0.1")
    assert (found.shape, found.dtype) == (array.shape, array.dtype)
    assert row_of(tmp_path)["shape"] == str(shape)


def test_the_header_of_the_source_is_kept_to_the_byte(tmp_path):
    array = features("<f4")
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(3, 0))
    (tmp_path / "a.npy").write_bytes(file.getvalue())
    assert within("run", tmp_path / "a.npy", tmp_path / "b.npy", "--std", "0").returncode == 0
    assert (tmp_path / "b.npy").read_bytes() == file.getvalue()


def test_nan_and_infinities_stay_where_they_are_and_are_counted_and_not_measured(tmp_path):
    array = features("<f4", (200, 300))
    array[3, 4], array[5, 6], array[7, 8] = math.nan, math.inf, -math.inf
    found = noisy(tmp_path, array, "--std", "0.1", "--clip", "-10:10")
    assert np.array_equal(found[~np.isfinite(array)], array[~np.isfinite(array)], equal_nan=True)
    assert np.isfinite(found).sum() == array.size - 3
    row = row_of(tmp_path)
    assert (row["not_finite"], row["clipped"]) == (3, 0)
    noise = found[np.isfinite(array)] - array[np.isfinite(array)]
    assert row["noise_std"] == pytest.approx(noise.std(), rel=1e-4)


@pytest.mark.parametrize("dtype", ["<i8", ">u8"])
def test_integers_of_64_bits_saturate_and_are_exact_where_float64_is_not(dtype, tmp_path):
    limits = np.iinfo(dtype)
    array = np.array([[limits.min, limits.max, limits.max - 1, 2**60 + 1]] * 500, dtype)
    found = noisy(tmp_path, array, "--std", "3", "--std-of", "value", "--include-member", "a")
    noise = [int(after) - int(before) for before, after in zip(array.ravel(), found.ravel(), strict=True)]
    assert max(map(abs, noise)) < 20
    assert np.std(noise[3::4]) == pytest.approx(3, rel=0.1)
    assert min(noise[0::4]) == max(noise[1::4]) == 0
    assert row_of(tmp_path)["clipped"] == pytest.approx(0.3, abs=0.1)


def test_integers_are_labels_unless_a_pattern_asks_for_them(tmp_path):
    labels = np.arange(100).reshape(10, 10)
    assert np.array_equal(noisy(tmp_path, labels, "--std", "0.1"), labels)
    assert (row_of(tmp_path)["role"], row_of(tmp_path)["noise_std"]) == ("clean", 0)
    again = within("run", tmp_path / "a.npy", f"{tmp_path}/again/", "--std", "0.1")
    assert "kept without noise: a (int64) of 1 file\n" in again.stdout


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.array([["a", "b"]]), "text"),
        (np.array([[True, False]]), "booleans"),
        (np.zeros((2, 2), "f4,i4"), "structured (2 fields)"),
        (np.zeros((2, 2), "M8[s]"), "times"),
        (np.array([[{}]], object), "Python objects (a pickle, which is never loaded)"),
        (np.array(["a", "b"]), "text"),
        (np.zeros((2, 2), np.longdouble), "float128"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(array, what, tmp_path):
    np.save(tmp_path / "a.npy", array)
    result = within("run", tmp_path / "a.npy", f"{tmp_path}/out/", "--std", "0.1")
    assert result.returncode == 3
    assert f"a.npy: holds {what}; expected integers, floats or complex numbers." in result.stderr
    assert not (tmp_path / "out/a.npy").exists()


def test_limits_and_whole_numbers_without_limits(tmp_path):
    array = features("<u2")
    limited = noisy(tmp_path, array, "--std", "0.5", "--clip", "0.4:0.6", "--include-member", "*")
    assert (limited.min(), limited.max()) == (round(0.4 * 65535), round(0.6 * 65535))
    (tmp_path / "free").mkdir()
    free = noisy(tmp_path / "free", array, "--std", "0.5", "--clip", "none", "--include-member", "*")
    assert free.dtype == np.float32
    assert free.min() < 0
    assert row_of(tmp_path / "free")["dtype"] == "float32"


@pytest.mark.parametrize(("axis", "order"), [(0, "C"), (1, "C"), (-1, "C"), (1, "F"), (2, "F")])
def test_channels_on_any_axis_share_their_noise_with_mono(axis, order, tmp_path):
    array = np.asarray(np.zeros((5, 6, 7), np.float64), order=order)
    found = noisy(tmp_path, array, "--std", "0.1", "--mono", "--channel-axis", str(axis))
    first = np.take(found, [0], axis)
    assert np.array_equal(found, np.broadcast_to(first, found.shape))
    assert len(np.unique(first)) == first.size


def test_channels_of_8_bits_share_exact_noise(tmp_path):
    array = np.full((4, 3, 50, 50), 128, np.uint8)
    found = noisy(tmp_path, array, *AS_IT_IS, "--mono", "--channel-axis", "1")
    expected = GaussianNoise(0.01, seed=7)(np.ascontiguousarray(array[:, 0]).ravel(), key="a.npy")
    assert np.array_equal(found, np.broadcast_to(expected.reshape(4, 1, 50, 50), array.shape))


def test_an_snr_is_met_and_a_silent_array_gets_no_noise(tmp_path):
    array = features("<f4", (400, 300)) + np.float32(0.1)
    noise = noisy(tmp_path, array, "--snr", "10").astype(float) - array
    assert 10 * math.log10(np.square(array, dtype=float).mean() / np.square(noise).mean()) == pytest.approx(10, abs=0.1)
    assert row_of(tmp_path)["snr_db"] == 10
    (tmp_path / "silent").mkdir()
    assert not noisy(tmp_path / "silent", np.zeros((5, 5), np.float32), "--snr", "10").any()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-1], "ends early: 4,800 bytes of values expected, 4,799 found"),
        (lambda data: data + b"x", "has 1 bytes behind its array"),
        (lambda data: data[:50], "ends within its header"),
        (lambda data: b"", "is empty"),
        (lambda data: data[:5], "is no .npy array"),
        (lambda data: b"PK\x03\x04" + data, "is no .npy array"),
        (lambda data: data.replace(b"\x01\x00", b"\x07\x00", 1), "version 7.0"),
        (lambda data: data.replace(b"\x01\x00", b"\x01\x01", 1), "version 1.1"),
        (lambda data: data.replace(b"  ", b" \xa0", 1), "says nothing of an array"),
        (lambda data: data.replace(b"(40, 30)", b"(40,-30)"), "other than a dtype"),
        (lambda data: data.replace(b"(40, 30)", b"(4e9, 3)"), "other than a dtype"),
        (lambda data: data.replace(b"(40, 30)", b"(9**99, )"[:8]), "says nothing of an array"),
        (lambda data: data.replace(b"'<f4'", b"'<q4'"), "says nothing of an array"),
        (lambda data: data.replace(b"False", b"None "), "other than a dtype"),
        (lambda data: data.replace(b"(40, 30)", b"(99,999)"), "ends early"),
        (lambda data: data[:8] + b"\xff\xff" + data[10:], "has a header of 65,535 bytes"),
    ],
)
def test_a_file_that_is_no_array_or_lies_is_refused_with_the_reason(damage, reason, tmp_path):
    file = io.BytesIO()
    np.save(file, features("<f4"))
    (tmp_path / "a.npy").write_bytes(damage(file.getvalue()))
    result = within("run", tmp_path / "a.npy", f"{tmp_path}/out/", "--std", "0.1")
    assert result.returncode == 3
    assert reason in result.stderr


@pytest.fixture
def folder(tmp_path):
    """A folder of arrays, and where their noisy versions are to be."""
    source = tmp_path / "features"
    for number, name in enumerate(("train/a.npy", "train/b.npy", "val/a.npy")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(source / name, features("<f4", (500, 400 + number), seed=number))
    return source, tmp_path / "out"


def test_a_folder_of_arrays_is_resumed_and_verified_like_one_of_images(folder):
    source, dest = folder
    options = ("--kind", "array", "--std", "0.1", "--std", "0.2", "--copies", "2", "--with-clean", "tree")
    assert within("run", source, dest, *options).returncode == 0
    assert len(manifest(dest)) == 3 * 4 * 2
    before = tree(dest)
    assert "nothing to do" in within("run", source, dest, *options).stdout
    (dest / "noisy/train/a-std0.1-1.npy").unlink()
    assert within("run", source, dest, *options).stdout.startswith("5 files written")  # with the originals
    assert tree(dest) == before
    assert "24 checked: all as recorded" in within("verify", dest, "--source", source, "--deep").stdout


@pytest.mark.parametrize("extra", [("--engine", "processes", "--workers", "4"), ("--engine", "dask", "--workers", "2")])
def test_any_number_of_workers_writes_the_same_arrays(extra, folder, tmp_path):
    source, dest = folder
    assert within("run", source, dest, "--kind", "array", "--std", "0.1", "--std-of", "column").returncode == 0
    again = tmp_path / "again"
    assert within("run", source, again, "--kind", "array", "--std", "0.1", "--std-of", "column", *extra).returncode == 0
    assert tree(again) == tree(dest)


def test_shards_of_arrays_become_one_run(folder, tmp_path):
    source, dest = folder
    options = ("--kind", "array", "--std", "0.1")
    assert within("run", source, dest, *options).returncode == 0
    for shard in ("1/2", "2/2"):
        assert within("run", source, tmp_path / "parts", *options, "--shard", shard).returncode == 0
    assert within("merge", tmp_path / "parts").returncode == 0
    assert tree(tmp_path / "parts") == tree(dest)


def test_arrays_beside_photos_get_no_noise_unless_asked_for(photos, tmp_path):
    source = tmp_path / "photos"
    source.mkdir()
    (source / "a.png").write_bytes((photos / "cats/001.png").read_bytes())
    np.save(source / "boxes.npy", features("<f4"))
    result = within("run", source, tmp_path / "out", "--std", "0.1")
    assert "1 array file left out; --kind array takes it\n" in result.stdout
    assert list(manifest(tmp_path / "out")) == ["a.png"]
    both = within("run", source, tmp_path / "both", "--std", "0.1", "--kind", "array", "--kind", "image")
    assert both.returncode == 0
    assert list(manifest(tmp_path / "both")) == ["a.png", "boxes.npy"]
    (source / "a.png").unlink()
    alone = within("run", source, tmp_path / "alone", "--std", "0.1")
    assert (alone.returncode, alone.stderr.count("--kind array takes arrays")) == (1, 1)


def test_other_options_make_arrays_again_and_what_is_not_asked_for_is_left_over(folder):
    source, dest = folder
    assert within("run", source, dest, "--kind", "array", "--std", "0.1", "--std-of", "array").returncode == 0
    dry = within("run", source, dest, "--kind", "array", "--std", "0.1", "--std-of", "column", "--dry-run")
    assert dry.stdout.count("outdated: ") == 3
    result = within("run", source, dest, "--kind", "array", "--std", "0.1", "--name", "{level}/{dir}/{stem}{ext}")
    assert "3 files of earlier runs left over" in result.stdout
    assert not failures(dest)


def test_an_array_is_not_written_as_another_format(tmp_path):
    np.save(tmp_path / "a.npy", features("<f4"))
    result = within("run", tmp_path / "a.npy", tmp_path / "b.npz", "--std", "0.1")
    assert result.returncode == 3
    assert "cannot be written as .npz: arrays stay in the format of their source; name a .npy file" in result.stderr
    assert not (tmp_path / "b.npz").exists()


def test_what_is_to_be_kept_is_copied_whatever_is_in_it(tmp_path):
    source = tmp_path / "sets"
    source.mkdir()
    np.save(source / "a.npy", features("<f4"))
    np.save(source / "names.npy", np.array([["a", {}]], object))
    result = within("run", source, tmp_path / "out", "--std", "0.1", "--kind", "array", "--keep", "names.npy")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out/names.npy").read_bytes() == (source / "names.npy").read_bytes()
    assert [row["role"] for row in manifest(tmp_path / "out").values()] == ["noisy", "clean"]


def test_half_of_the_copies_get_noise_with_prob_and_a_ramp_spreads_it(folder):
    source, dest = folder
    options = ("--kind", "array", "--std", "0:1.2", "--std-of", "value", "--copies", "4", "--ramp", "--prob", "0.5")
    assert within("run", source, dest, *options).returncode == 0
    rows = manifest(dest).values()
    assert {row["level"] for row in rows} == {"std0", "std0.4", "std0.8", "std1.2"}
    for row in rows:
        if row["role"] == "noisy":
            assert row["noise_std"] == pytest.approx(float(row["level"][3:]), rel=0.02)
        else:
            assert row["sha256"] == row["source_sha256"]
    assert {row["role"] for row in rows} == {"noisy", "clean"}
    assert "12 checked: all as recorded" in within("verify", dest, "--source", source, "--deep").stdout
