"""What a std is a fraction of: full scale, the unit of the values, or the std of the array or of each column."""

from __future__ import annotations

import numpy as np
import pytest

from noiseaug import ArrayOptions, Level, Recipe, run
from noiseaug.media.array import moments
from noiseaug.media.array.member import Member
from noiseaug.media.array.values import values_of
from support.arrays import features
from support.commands import within
from support.trees import manifest

# Columns as features have them: other units, other means.
SCALES = np.array([1e-3, 1.0, 5e4, 0.0], np.float32)
TABLE = (np.random.default_rng(1).standard_normal((20_000, 4)) * SCALES + 100 * SCALES).astype(np.float32)


def noise_on(tmp_path, array: np.ndarray, *options: str) -> np.ndarray:
    """The noise that a run adds to an array, as float64 or complex128."""
    np.save(tmp_path / "a.npy", array)
    result = within("run", tmp_path / "a.npy", f"{tmp_path}/out/", *options)
    assert result.returncode == 0, result.stderr
    assert within("verify", tmp_path / "out", "--source", tmp_path, "--deep").returncode == 0
    return np.load(tmp_path / "out/a.npy") - (array if array.dtype.kind == "c" else array.astype(np.float64))


@pytest.mark.parametrize("order", ["C", "F"])
def test_each_column_gets_noise_by_its_own_std(order, tmp_path):
    noise = noise_on(tmp_path, np.asarray(TABLE, order=order), "--std", "0.1", "--std-of", "column")
    assert noise.std(axis=0)[:3] == pytest.approx(0.1 * TABLE.std(axis=0, dtype=float)[:3], rel=0.02)
    assert not noise[:, 3].any()
    (row,) = manifest(tmp_path / "out").values()
    assert (row["std"], row["std_of"]) == (0.1, "column")
    assert row["source_std"] == pytest.approx([np.sqrt(TABLE.var(axis=0, dtype=float).mean())])


def test_the_array_gets_noise_by_its_std(tmp_path):
    noise = noise_on(tmp_path, TABLE, "--std", "50%", "--std-of", "array")
    assert noise.std() == pytest.approx(0.5 * TABLE.std(dtype=float), rel=0.01)


def test_a_std_in_the_units_of_the_values_may_be_above_one(tmp_path):
    noise = noise_on(tmp_path, TABLE[:, 1], "--std", "1.5", "--std-of", "value")
    assert noise.std() == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize("std_of", ["value", "array", "column"])
def test_integers_count_in_the_same_units(std_of, tmp_path):
    whole = np.random.default_rng(2).integers(90, 110, (5000, 6)).astype(np.uint8)
    strength = "3" if std_of == "value" else "0.5"
    noise = noise_on(tmp_path, whole, "--std", strength, "--std-of", std_of, "--include-member", "*")
    expected = 3 if std_of == "value" else 0.5 * whole.std()
    assert noise.std() == pytest.approx(np.sqrt(expected**2 + 1 / 12), rel=0.02)


def test_complex_columns_get_noise_by_the_std_of_their_parts(tmp_path):
    array = (TABLE[:, :3] + 3j * TABLE[:, :3]).astype(np.complex128)
    noise = noise_on(tmp_path, array, "--std", "0.1", "--std-of", "column")
    wanted = 0.1 * np.sqrt((array.real.var(axis=0) + array.imag.var(axis=0)) / 2)
    assert noise.real.std(axis=0) == pytest.approx(wanted, rel=0.03)
    assert noise.imag.std(axis=0) == pytest.approx(wanted, rel=0.03)


def test_an_array_of_one_dimension_is_one_column(tmp_path):
    noise = noise_on(tmp_path, TABLE[:, 1], "--std", "0.1", "--std-of", "column")
    assert noise.std() == pytest.approx(0.1 * TABLE[:, 1].std(dtype=float), rel=0.02)


def test_nan_does_not_count(tmp_path):
    array = TABLE[:, :2].copy()
    array[::7, 0], array[5, 1] = np.nan, np.inf
    np.save(tmp_path / "a.npy", array)
    assert within("run", tmp_path / "a.npy", tmp_path / "b.npy", "--std", "0.1", "--std-of", "column").returncode == 0
    with np.errstate(invalid="ignore"):
        noise = np.load(tmp_path / "b.npy").astype(float) - array
    kept = TABLE[np.arange(len(TABLE)) % 7 > 0, 0]
    assert np.nanstd(noise[:, 0]) == pytest.approx(0.1 * kept.std(dtype=float), rel=0.02)


class _Reading:
    """The bytes of an array, as a file gives them."""

    def __init__(self, array: np.ndarray) -> None:
        self._data, self._at = array.tobytes("A"), 0

    def read(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


@pytest.mark.parametrize("at_once", [4, 400, 65536, 1 << 20])
@pytest.mark.parametrize("each_column", [False, True])
def test_the_sums_are_the_same_to_the_bit_for_blocks_of_any_size(at_once, each_column):
    member = Member("a", values_of(TABLE.dtype), TABLE.shape)
    expected = moments.moments_of(member, _Reading(TABLE), each_column=each_column)
    found = moments.moments_of(member, _Reading(TABLE), each_column=each_column, at_once=at_once)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    variance = TABLE.var(axis=0, dtype=float) if each_column else [TABLE.var(dtype=float)]
    assert found[0] == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize("options", [("--std", "0.1", "--std-of", "array"), ("--snr", "10")])
def test_values_too_large_to_be_squared_are_refused(options, tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1e200, -1e200]]))
    result = within("run", tmp_path / "a.npy", tmp_path / "b.npy", *options)
    assert result.returncode == 3
    assert "whose squares are beyond float64" in result.stderr


def test_a_large_mean_takes_no_digits(tmp_path):
    array = np.random.default_rng(3).standard_normal((1000, 200)) + 1e9
    member = Member("a", values_of(array.dtype), array.shape)
    assert moments.moments_of(member, _Reading(array), each_column=False)[0] == pytest.approx([array.var()], rel=1e-9)


def test_what_a_std_is_of_belongs_to_the_recipe():
    recipes = [Recipe.of(0.1, array=ArrayOptions(std_of=name)) for name in ("full-scale", "value", "array", "column")]
    assert len({recipe.fingerprint(Level.of(0.1), "array") for recipe in recipes}) == 4
    assert len({recipe.fingerprint(Level.of(0.1), "image") for recipe in recipes}) == 1


def test_from_python_too(tmp_path):
    np.save(tmp_path / "a.npy", features("<f4"))
    recipe = Recipe.of("1.5", array=ArrayOptions(std_of="value", include_member=("a b*", "a")))
    assert run(tmp_path / "a.npy", f"{tmp_path}/out/", recipe).written == 1
    (row,) = manifest(tmp_path / "out").values()
    assert row["std"] == 1.5
    assert within("verify", tmp_path / "out", "--source", tmp_path, "--deep").returncode == 0
    with pytest.raises(ValueError, match="above full scale"):
        Recipe.of("1.5")


def test_a_std_above_full_scale_for_an_array_is_answered_with_the_other_units(tmp_path):
    np.save(tmp_path / "a.npy", TABLE)
    result = within("run", tmp_path / "a.npy", tmp_path / "b.npy", "--std", "25")
    assert result.returncode == 2
    assert "did you mean 25/255?; in the units of an array, use --std-of value" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--kind", "array", "--std", "1.5"), "or 1.5%?; in the units of an array, use --std-of value"),
        (("--std", "0.1", "--std-of", "column"), "--std-of is for arrays, which a folder is searched for with --kind"),
        (("--std", "0.1", "--include-member", "x"), "--include-member is for arrays"),
        (("--snr", "5", "--kind", "array", "--std-of", "array"), "--std-of is for --std"),
        (("--std", "0.1", "--kind", "array", "--channel-axis", "1"), "--channel-axis goes with --mono"),
        (("--std", "2", "--kind", "array", "--kind", "image", "--std-of", "value"), "--std-of value is for arrays"),
    ],
)
def test_options_that_would_do_nothing_or_harm_are_refused(options, message, tmp_path):
    np.save(tmp_path / "a.npy", TABLE)
    result = within("run", tmp_path, tmp_path.parent / "out", *options)
    assert result.returncode == 2
    assert message in result.stderr
