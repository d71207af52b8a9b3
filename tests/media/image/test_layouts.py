"""Every image format and layout of samples: nothing changes but the noise, seen by Pillow and tifffile."""

from __future__ import annotations

import io
import struct

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from support import picture_files as files
from support.commands import run_one, within
from support.corpus import photo, pixels, read_image
from support.picture_reading import seen
from support.trees import failures, manifest, tree


@pytest.fixture(scope="module")
def lossless(tmp_path_factory):
    """A file of each lossless kind, what noise of std 0 makes of them, and what noise does."""
    root = tmp_path_factory.mktemp("lossless")
    (root / "source").mkdir()
    for name, make in files.LOSSLESS.items():
        (root / "source" / name).write_bytes(make())
    assert within("run", root / "source", root / "same", "--std", "0").returncode == 0
    assert within("run", root / "source", root / "noisy", "--std", "10/255", "--seed", "7").returncode == 0
    return root


@pytest.mark.parametrize("name", files.LOSSLESS)
def test_noise_of_std_0_changes_no_sample(lossless, name):
    before, after = (seen(lossless / folder / name) for folder in ("source", "same"))
    assert (before.dtype.newbyteorder("="), before.shape) == (after.dtype.newbyteorder("="), after.shape)
    assert np.array_equal(before, after)


@pytest.mark.parametrize("name", files.LOSSLESS)
def test_noise_changes_the_samples_and_neither_their_layout_nor_alpha(lossless, name):
    before, after = (seen(lossless / folder / name) for folder in ("source", "noisy"))
    assert (before.dtype.newbyteorder("="), before.shape) == (after.dtype.newbyteorder("="), after.shape)
    channels = before.shape[2] if before.ndim == 3 else 1
    assert (before != after).any(axis=-1 if channels > 1 else None).mean() > 0.5
    if channels in (2, 4):
        assert np.array_equal(before[..., -1], after[..., -1])
    row = manifest(lossless / "noisy")[name]
    assert (row["height"], row["width"], row["channels"]) == (*before.shape[:2], channels)
    assert (row["frames"], row["not_kept"]) == (1, "comment" if "ascii" in name else "")


@pytest.mark.parametrize("name", [name for name in files.LOSSLESS if name.endswith("tif")])
def test_the_layout_tags_of_a_tiff_are_kept(lossless, name):
    with tifffile.TiffFile(lossless / "source" / name) as before, tifffile.TiffFile(lossless / "noisy" / name) as after:
        one, other = before.pages[0], after.pages[0]
        assert one.extrasamples == other.extrasamples
        assert one.dtype == other.dtype
        if name != "white-is-0.tif":  # decoded as the picture that it is
            assert one.photometric == other.photometric
        if one.compression in (1, 5, 8, 32773) and one.dtype.kind != "f":
            assert one.compression == other.compression


# What decoding turns into something else is said


@pytest.mark.parametrize(
    ("name", "make", "not_kept"),
    [
        ("a.png", lambda: files.pillow(files.RGB, "PNG", "P"), "palette"),
        ("a.png", lambda: files.pillow(files.RGB, "PNG", "1"), "1-bit depth"),
        ("a.png", lambda: files.png(files.GREY >> 7, 0, depth=1), "1-bit depth"),
        ("a.bmp", lambda: files.pillow(files.RGB, "BMP", "P"), "palette"),
        ("a.tif", lambda: files.pillow(files.RGB, "TIFF", "P"), "palette"),
        ("a.tif", lambda: files.pillow(files.RGB, "TIFF", "1", compression="group4"), "1-bit depth"),
        ("a.tif", lambda: files.pillow(files.RGB, "TIFF", "1"), "1-bit depth"),
        ("a.tif", lambda: files.pillow(files.RGB, "TIFF", "YCbCr"), "YCbCr"),
    ],
)
def test_layouts_that_are_written_as_grey_or_colour_of_8_bits(source, dest, name, make, not_kept):
    row = run_one(source, dest, name, make())
    assert row["not_kept"] == not_kept
    with Image.open(source / name) as before, Image.open(dest / name) as after:
        assert after.mode in ("L", "RGB")
        difference = np.subtract(before.convert("RGB"), after.convert("RGB"), dtype=int)
        assert abs(difference).max() <= (2 if not_kept == "YCbCr" else 0)


def test_a_bitmap_becomes_a_grey_map(source, dest):
    bits = files.netpbm("P4\n48 40\n", pixels((40, 6)))
    row = run_one(source, dest, "a.pbm", bits)
    assert (row["file_name"], row["not_kept"]) == ("a.pgm", "1-bit depth")
    with Image.open(source / "a.pbm") as before:
        assert np.array_equal(before.convert("L"), read_image(dest / "a.pgm"))


@pytest.mark.parametrize("mode", ["CMYK", "YCCK"])
def test_a_cmyk_jpeg_becomes_a_colour_jpeg_and_says_so(source, dest, mode):
    data = files.pillow(photo(40, 50), "JPEG", "CMYK", quality=100, icc_profile=bytes(16) + b"CMYK" + bytes(200))
    if mode == "YCCK":
        data = data.replace(b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2")
    row = run_one(source, dest, "a.jpg", data)
    assert row["not_kept"] == "CMYK, ICC profile"
    with Image.open(dest / "a.jpg") as after:
        assert after.mode == "RGB" and "icc_profile" not in after.info
        if mode == "CMYK":
            assert abs(np.subtract(Image.open(source / "a.jpg").convert("RGB"), after, dtype=int)).mean() < 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_transparent_grey_of_a_png_becomes_alpha(source, dest, dtype):
    grey = pixels((40, 50), dtype)
    key = files.chunk(b"tRNS", struct.pack(">H", grey[3, 3]))
    row = run_one(source, dest, "a.png", files.png(grey, 0, key))
    assert row["not_kept"] == "transparent colour"
    after = cv2.imread(str(dest / "a.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(after[..., 0], grey)
    assert np.array_equal(after[..., 3] == 0, grey == grey[3, 3])
    assert (dest / "a.png").read_bytes()[25] == 4  # grey with alpha


def test_progressive_jpeg_and_odd_sizes_of_jpeg_2000(source, dest):
    run_one(source, dest, "a.jpg", files.pillow(photo(41, 53), "JPEG", progressive=True, quality=100))
    assert abs(np.subtract(read_image(source / "a.jpg"), read_image(dest / "a.jpg"), dtype=int)).mean() < 2


def test_radiance_keeps_its_range_and_negative_values_become_0(source, dest):
    bright = files.FLOAT_RGB * 100
    bright[:20] = 0
    row = run_one(source, dest, "a.hdr", files.hdr(bright), "--std", "0.1")
    after = cv2.imread(str(dest / "a.hdr"), cv2.IMREAD_UNCHANGED)
    assert row["dtype"] == "float32" and after.max() > 90
    assert after.min() == 0 and 0.3 < (after[:20] == 0).mean() < 0.7
    assert 0.05 < after[:20].std() < 0.065  # of a half-normal: 0.1 * sqrt(1/2 - 1/(2 pi))


def in_inks(form):
    file = io.BytesIO()
    Image.fromarray(files.RGBA, "CMYK").save(file, form)
    return file.getvalue()


def test_samples_in_digits_are_scaled_to_white(source, dest):
    row = run_one(source, dest, "a.pgm", b"P2 # small\n3 1 100\n7 # seven\n100\n0\n", "--std", "0")
    assert read_image(dest / "a.pgm").tolist() == [[18, 255, 0]]
    assert row["not_kept"] == "maximum of 100, comment"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.tif", lambda: files.tiff(files.RGBA, photometric="separated"), "CMYK"),
        ("a.tif", lambda: files.tiff(files.GREY.astype(np.int8)), "8-bit signed"),
        ("a.tif", lambda: files.tiff(files.FLOAT.astype(np.complex64)), "complex"),
        ("a.pfm", lambda: files.netpbm("Pf 50 40 -2.5\n", files.FLOAT), "scale of 2.5"),
        ("a.pam", lambda: files.pam(files.RGB, "CMYK"), "CMYK and 3 channels"),
        ("a.jp2", lambda: files.pillow(files.LA, "JPEG2000"), "2 channels"),
        ("a.jp2", lambda: in_inks("JPEG2000"), "CMYK JPEG 2000"),
        ("a.jpg", lambda: imagecodecs.jpeg8_encode(np.ascontiguousarray(files.LA)), "JPEG of 2 components"),
        ("a.jpg", lambda: files.pillow(files.RGBA, "PNG"), "colour with alpha samples, and jpeg holds"),
        ("a.bmp", lambda: files.png(files.DEEP_RGB, 2), "uint16 samples, and bmp holds uint8"),
        ("a.pgm", lambda: files.pillow(files.RGB, "PPM"), "colour samples, and pgm holds grey"),
        ("a.ppm", lambda: files.pillow(files.RGBA, "PNG"), "colour with alpha samples"),
        ("a.png", lambda: files.tiff(files.FLOAT), "float32 samples, and png holds"),
        ("a.webp", lambda: files.png(files.DEEP, 0), "uint16 samples, and webp"),
        ("a.gif", lambda: files.tiff(files.FLOAT), "float32 samples"),
    ],
)
def test_what_would_be_changed_silently_is_refused(source, dest, name, data, why):
    (source / name).write_bytes(data())
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert why in failures(dest)[name]
    assert [path for path in tree(dest) if path.startswith("a")] == []


def test_a_file_is_decoded_by_its_content_and_written_as_its_suffix_says(source, dest):
    row = run_one(source, dest, "a.png", files.pillow(files.RGB, "BMP"))
    assert (row["source_format"], row["file_name"]) == ("bmp", "a.png")
    with Image.open(dest / "a.png") as after:
        assert after.format == "PNG"
        assert np.array_equal(after, files.RGB)


def test_the_fourth_band_of_a_tiff_that_is_no_alpha_gets_noise(source, dest):
    data = files.tiff(files.RGBA, photometric="rgb", extrasamples=["unspecified"])
    run_one(source, dest, "a.tif", data, "--std", "0.1")
    assert (tifffile.imread(dest / "a.tif")[..., 3] != files.RGBA[..., 3]).mean() > 0.8


def test_the_same_bytes_come_from_every_run(lossless, tmp_path):
    assert within("run", lossless / "source", tmp_path / "again", "--std", "10/255", "--seed", "7").returncode == 0
    assert tree(tmp_path / "again") == tree(lossless / "noisy")
