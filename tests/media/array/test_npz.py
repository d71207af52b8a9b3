"""Arrays in .npz files: noise on some, the others kept to the bit, in an archive like the source."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from noiseaug import GaussianNoise
from support.arrays import LABELS, features, npy, npz, read_npz
from support.commands import within
from support.trees import manifest, tree


def run(tmp_path: Path, data: bytes, *options: str) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays that a run makes of a .npz file, and its row."""
    (tmp_path / "a.npz").write_bytes(data)
    result = within("run", tmp_path / "a.npz", f"{tmp_path}/out/", "--std", "0.1", "--seed", "7", *options)
    assert result.returncode == 0, result.stderr
    (row,) = manifest(tmp_path / "out").values()
    assert within("verify", tmp_path / "out", "--source", tmp_path, "--deep").returncode == 0
    return read_npz(tmp_path / "out/a.npz"), row


def refusal(tmp_path: Path, data: bytes, *options: str) -> str:
    """Why a .npz file is refused."""
    (tmp_path / "a.npz").write_bytes(data)
    result = within("run", tmp_path / "a.npz", f"{tmp_path}/out/", "--std", "0.1", *options)
    assert result.returncode == 3, result.stdout
    assert not (tmp_path / "out/a.npz").exists()
    return result.stderr


@pytest.mark.parametrize("compressed", [False, True])
def test_each_array_gets_noise_of_its_own_and_labels_stay(compressed, tmp_path):
    arrays = {"x_train": features("<f4"), "x_test": features(">f8"), "y_train": LABELS, "ids": LABELS[:4].reshape(2, 2)}
    found, row = run(tmp_path, npz(compressed=compressed, **arrays))
    assert list(found) == list(arrays)
    for name in ("x_train", "x_test"):
        native = arrays[name].astype(arrays[name].dtype.newbyteorder("="))
        assert np.array_equal(found[name], GaussianNoise(0.1, seed=7)(native, key=f"a.npz/{name}"))
        assert found[name].dtype == arrays[name].dtype
    for name in ("y_train", "ids"):
        assert np.array_equal(found[name], arrays[name])
    assert (row["members"], row["members_kept"]) == (["x_train", "x_test"], ["y_train", "ids"])
    assert (row["shape"], row["dtype"]) == ("(40, 30); (40, 30)", "float32; float64")
    assert row["noise_std"] == pytest.approx(0.1, rel=0.05)
    packing = {info.compress_type for info in zipfile.ZipFile(tmp_path / "out/a.npz").infolist()}
    assert packing == {zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED}


def test_labels_are_named_in_the_summary_with_what_asks_for_noise_on_them(tmp_path):
    source = tmp_path / "sets"
    source.mkdir()
    for name in "abc":
        (source / f"{name}.npz").write_bytes(npz(x=features("<f4"), y_train=LABELS, y=np.ones(40)))
    result = within("run", source, tmp_path / "out", "--std", "0.1", "--kind", "array")
    assert "kept without noise: y_train (int64) of 3 files, y (float64) of 3 files\n" in result.stdout
    assert "  --include-member NAME asks for noise on an array\n" in result.stdout


def test_patterns_that_match_nothing_are_said_with_the_names_that_there_are(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets/a.npz").write_bytes(npz(x=features("<f4")))
    options = ("--kind", "array", "--std", "0.1", "--include-member", "z")
    result = within("run", tmp_path / "sets", tmp_path / "out", *options)
    assert "kept without noise: x (float32) of 1 file\n" in result.stdout


def test_an_empty_archive_is_copied(tmp_path):
    found, row = run(tmp_path, npz())
    assert (found, row["role"]) == ({}, "clean")


def test_patterns_choose_the_arrays(tmp_path):
    arrays = {"x_a": features("<f4"), "x_b": features("<f4"), "y": np.ones(7), "pixels": features("u1")}
    data = npz(**arrays)
    for number, (options, noisy) in enumerate(
        [
            (("--include-member", "x_*"), {"x_a", "x_b"}),
            (("--include-member", "x_*", "--exclude-member", "*_b"), {"x_a"}),
            (("--exclude-member", "x_b"), {"x_a"}),
            (("--include-member", "y", "--include-member", "pix els", "--include-member", "pixels"), {"y", "pixels"}),
        ]
    ):
        place = tmp_path / str(number)
        place.mkdir()
        found, row = run(place, data, *options)
        assert {name for name in arrays if not np.array_equal(found[name], arrays[name])} == noisy
        assert set(row["members"]) == noisy
    assert found["pixels"].dtype == np.uint8


def test_a_file_in_which_nothing_gets_noise_is_copied(tmp_path):
    data = npz(y=LABELS)
    _, row = run(tmp_path, data)
    assert (tmp_path / "out/a.npz").read_bytes() == data
    assert (row["role"], row["noise_std"], row["members"]) == ("clean", 0, [])


def test_what_is_no_number_is_a_label_in_one_dimension_and_refused_in_more(tmp_path):
    found, row = run(tmp_path, npz(x=features("<f4"), names=np.array(["a", "b"])))
    assert list(found["names"]) == ["a", "b"]
    assert row["members_kept"] == ["names"]
    (tmp_path / "more").mkdir()
    data = npz(x=features("<f4"), masks=np.ones((3, 3), bool))
    assert "holds booleans in 'masks'; expected integers" in refusal(tmp_path / "more", data)
    found, _ = run(tmp_path / "more", data, "--exclude-member", "masks")
    assert found["masks"].all()


def test_pickles_are_refused_and_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "loaded",)

    data = npz(x=features("<f4"), trap=np.array([Trap()], object))
    assert "holds Python objects (a pickle, which is never loaded) in 'trap'" in refusal(tmp_path, data)
    assert not (tmp_path / "loaded").exists()
    (tmp_path / "out/a.npz").unlink(missing_ok=True)
    result = within("run", tmp_path / "a.npz", f"{tmp_path}/kept/", "--std", "0.1", "--exclude-member", "trap")
    assert result.returncode == 0
    assert not (tmp_path / "loaded").exists()


def test_names_order_times_comments_and_other_members_are_those_of_the_source(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"of the archive"
        for name, method in (("b.npy", zipfile.ZIP_DEFLATED), ("ä/a.npy", zipfile.ZIP_STORED)):
            info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6))
            info.compress_type, info.comment, info.external_attr = method, b"of a member", 0o644 << 16
            archive.writestr(info, npy(features("<f4")))
        archive.writestr(zipfile.ZipInfo("readme.txt"), "not an array")
    run(tmp_path, file.getvalue())
    before, after = (zipfile.ZipFile(path) for path in (tmp_path / "a.npz", tmp_path / "out/a.npz"))
    assert after.testzip() is None
    assert after.comment == before.comment
    for one, other in zip(before.infolist(), after.infolist(), strict=True):
        for key in ("filename", "date_time", "compress_type", "comment", "external_attr", "file_size"):
            assert getattr(one, key) == getattr(other, key), key
    assert after.read("readme.txt") == b"not an array"


def test_a_run_gives_the_same_archive_at_any_time_and_with_any_engine(tmp_path):
    source = tmp_path / "sets"
    source.mkdir()
    for compressed in (False, True):
        data = npz(compressed=compressed, x=features("<f4", (300, 500)), y=LABELS)
        (source / f"{compressed}.npz").write_bytes(data)
    options = ("--kind", "array", "--std", "0.1", "--std-of", "array", "--copies", "2")
    for dest, engine in ((tmp_path / "a", "threads"), (tmp_path / "b", "processes")):
        assert within("run", source, dest, *options, "--engine", engine).returncode == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def edited(data: bytes, old: bytes, new: bytes, count: int = -1) -> bytes:
    """The file with other bytes of the same length."""
    assert old in data and len(old) == len(new)
    return data.replace(old, new, count)


def renamed(name: str) -> bytes:
    """An archive with a member of this name, of 11 letters."""
    return edited(npz(abcdefg=features("<f4")), b"abcdefg.npy", name.encode())


WHOLE = npz(x=features("<f4"), z=features("<f8"))
DEFLATED = npz(compressed=True, x=features("<f4"), z=features("<f8"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE[:-30], "is no whole .npz archive"),
        (WHOLE[100:], "is no whole .npz archive"),
        (npy(features("<f4")), "is no whole .npz archive"),
        (edited(WHOLE, b"z.npy", b"x.npy"), "holds two members called 'x.npy'"),
        (renamed("../../x.npy"), "holds a member '../../x.npy', whose name leads out"),
        (renamed("/tmp/ab.npy"), "whose name leads out"),
        (renamed("C:\\tmp\\.npy"), "whose name leads out"),
        (edited(WHOLE, b"(40, 30)", b"(40, 31)", 1), "holds 4,928 bytes in 'x.npy', of which 5,088 were expected"),
        (edited(WHOLE, b"\x93NUMPY", b"\x93NUMBY", 1), "is no .npy array"),
        (edited(WHOLE, features("<f4").tobytes()[:8], bytes(8)), "Bad CRC-32"),
        (DEFLATED[:400] + bytes(8) + DEFLATED[408:], "is no whole .npz archive"),
    ],
)
def test_an_archive_that_is_broken_or_lies_is_refused_with_the_reason(data, reason, tmp_path):
    assert reason in refusal(tmp_path, data)


def test_members_that_share_bytes_are_refused(tmp_path):
    second = WHOLE.index(b"PK\x01\x02", WHOLE.index(b"PK\x01\x02") + 1)
    data = bytearray(edited(WHOLE, b"z.npy", b"w.npy"))
    data[second + 42 : second + 46] = struct.pack("<L", 0)  # where it begins
    reason = refusal(tmp_path, bytes(data))
    assert "holds 'w.npy' where another member is" in reason or "is no whole .npz archive" in reason


def test_an_archive_that_unpacks_to_a_thousand_times_its_size_is_refused_before_it_is_unpacked(tmp_path):
    header, file = io.BytesIO(), io.BytesIO()
    told = {"descr": "<f4", "fortran_order": False, "shape": (1 << 14, 1 << 15)}
    np.lib.format.write_array_header_1_0(header, told)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(1 << 20))
    data = bytearray(file.getvalue())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, len(header.getvalue()) + (1 << 31))
    assert "unpacks to 2,147,483,776 bytes from" in refusal(tmp_path, bytes(data))
