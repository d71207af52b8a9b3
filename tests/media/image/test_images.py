"""Images: nothing but noise changes. Seen through Pillow where it can see it, and not only through OpenCV."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from support.commands import within
from support.corpus import image_mode, photo, pixels, read_image, save_image, write_image
from support.picture_files import PROFILE, XMP
from support.trees import failures, manifest

GREY, RGB, RGBA = pixels((21, 30)), pixels((21, 30, 3), seed=1), pixels((21, 30, 4), seed=2)
RGBA[:6, :, 3] = 0  # with colour under it, as it must be kept too

# As Pillow sees them before and after; lossless, so that every sample can be compared.
LOSSLESS = {
    "grey.png": lambda path: save_image(path, GREY),
    "rgb.png": lambda path: save_image(path, RGB),
    "rgba.png": lambda path: save_image(path, RGBA),
    "deep.png": lambda path: save_image(path, pixels((21, 30), np.uint16)),
    "rgb16.png": lambda path: write_image(path, pixels((21, 30, 3), np.uint16)),
    "rgba16.png": lambda path: write_image(path, pixels((21, 30, 4), np.uint16)),
    "grey.tif": lambda path: save_image(path, GREY),
    "rgb.tif": lambda path: save_image(path, RGB, compression="tiff_lzw"),
    "rgba.tif": lambda path: save_image(path, RGBA),
    "deep.tiff": lambda path: save_image(path, pixels((21, 30), np.uint16)),
    "rgb16.tif": lambda path: write_image(path, pixels((21, 30, 3), np.uint16)),
    "rgba16.tif": lambda path: write_image(path, pixels((21, 30, 4), np.uint16)),
    "signed16.tif": lambda path: write_image(path, pixels((21, 30), np.int16)),
    "float.tif": lambda path: save_image(path, np.linspace(-3, 5, 630, dtype=np.float32).reshape(21, 30)),
    "big.tif": lambda path: save_image(path, RGB, big_tiff=True),
    "grey.bmp": lambda path: save_image(path, GREY),
    "rgb.bmp": lambda path: save_image(path, RGB),
    "rgba.bmp": lambda path: write_image(path, RGBA),
    "rgb.webp": lambda path: save_image(path, RGB, lossless=True, exact=True),
    "rgba.webp": lambda path: save_image(path, RGBA, lossless=True, exact=True),
}
LOSSY = {
    "grey.jpg": lambda path: save_image(path, photo(40, 50, 1)),
    "rgb.jpeg": lambda path: save_image(path, photo(40, 50)),
    "progressive.jpg": lambda path: save_image(path, photo(40, 50), progressive=True),
    "lossy.webp": lambda path: save_image(path, photo(40, 50)),
    "lossyalpha.webp": lambda path: save_image(path, np.dstack([photo(40, 50), pixels((40, 50))]), quality=90),
}
ALPHA = ["rgba.png", "rgba16.png", "rgba.tif", "rgba16.tif", "rgba.bmp", "rgba.webp", "lossyalpha.webp"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with an image of each kind."""
    root = tmp_path_factory.mktemp("pictures") / "source"
    for name, make in (LOSSLESS | LOSSY).items():
        make(root / name)
    return root


@pytest.fixture(scope="module")
def unchanged(pictures, tmp_path_factory):
    """What noise of std 0 makes of them."""
    dest = tmp_path_factory.mktemp("unchanged") / "dest"
    within("run", pictures, dest, "--std", "0")
    return dest


@pytest.fixture(scope="module")
def noisy(pictures, tmp_path_factory):
    dest = tmp_path_factory.mktemp("noisy") / "dest"
    within("run", pictures, dest, "--std", "10/255", "--seed", "7")
    return dest


def opencv(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("name", LOSSLESS)
def test_noise_of_std_0_changes_no_sample_of_a_lossless_image(pictures, unchanged, name):
    before, after = (opencv(folder / name) for folder in (pictures, unchanged))
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    if name != "rgba.tif":  # whose colours OpenCV multiplies with alpha as it reads them
        assert np.array_equal(before, after)
    assert image_mode(pictures / name) == image_mode(unchanged / name)
    assert np.array_equal(read_image(pictures / name), read_image(unchanged / name))


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_size_channels_and_depth_are_kept_and_the_samples_are_not(pictures, noisy, name):
    before, after = (opencv(folder / name) for folder in (pictures, noisy))
    assert (before.dtype, before.shape) == (after.dtype, after.shape)
    stored = [read_image(folder / name) for folder in (pictures, noisy)]  # OpenCV multiplies rgba.tif with alpha
    assert (stored[0] != stored[1]).mean() > 0.5
    row = manifest(noisy)[name]
    assert (row["height"], row["width"]) == before.shape[:2]
    assert row["channels"] == (before.shape[2] if before.ndim == 3 else 1)
    assert row["dtype"] == before.dtype.name


@pytest.mark.parametrize("name", [name for name in LOSSLESS if name.endswith(".png")])
def test_the_header_of_a_png_is_kept(pictures, noisy, name):
    """Width, height, bit depth, colour type: the first bytes of IHDR."""
    assert (noisy / name).read_bytes()[16:26] == (pictures / name).read_bytes()[16:26]


@pytest.mark.parametrize("name", ALPHA)
def test_alpha_is_untouched_and_the_colours_under_it_are_not(pictures, noisy, name):
    before, after = (opencv(folder / name) for folder in (pictures, noisy))
    assert np.array_equal(before[..., 3], after[..., 3])
    assert np.array_equal(read_image(pictures / name)[..., 3], read_image(noisy / name)[..., 3])
    if name in LOSSLESS:
        changed = (before != after).any(axis=-1)
        assert changed[before[..., 3] < before.max() / 2].mean() > 0.5


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_image_keeps_its_noise(pictures, noisy, name):
    with Image.open(pictures / name) as before, Image.open(noisy / name) as after:
        clean, dirty = (np.asarray(image.convert("RGB").convert("L"), float) for image in (before, after))
    weights = [1.0] if "grey" in name else [0.299, 0.587, 0.114]
    expected = 10 * np.linalg.norm(weights)
    assert abs((dirty - clean).std() / expected - 1) < 0.12
    assert abs((dirty - clean).mean()) < 1


def test_jpeg_keeps_noise_in_its_colours_too(pictures, noisy):
    difference = read_image(noisy / "rgb.jpeg").astype(float) - read_image(pictures / "rgb.jpeg")
    assert abs(difference.std() / 10 - 1) < 0.1
    assert abs(np.corrcoef(difference.reshape(-1, 3).T)[np.triu_indices(3, 1)]).max() < 0.15


def test_jpeg_is_written_with_full_resolution_of_chroma(noisy):
    with Image.open(noisy / "rgb.jpeg") as image:
        assert {component[1:3] for component in image.layer} == {(1, 1)}


def test_a_lossless_webp_stays_lossless_and_a_lossy_one_lossy(noisy):
    assert b"VP8L" in (noisy / "rgba.webp").read_bytes()[:64]
    assert b"VP8L" not in (noisy / "lossy.webp").read_bytes()[:64]


def test_grey_with_alpha_stays_grey_with_that_alpha(source, dest):
    two = pixels((60, 80, 2))
    save_image(source / "a.png", two)
    assert image_mode(source / "a.png") == "LA"
    within("run", source, dest, "--std", "10/255")
    found = read_image(dest / "a.png")
    red, green, blue, alpha = (
        np.moveaxis(found, -1, 0) if found.shape[-1] == 4 else found[..., [0, 0, 0, 1]].transpose(2, 0, 1)
    )
    assert np.array_equal(red, green) and np.array_equal(green, blue)
    assert np.array_equal(alpha, two[..., 1])
    assert abs((red.astype(int) - two[..., 0])[(two[..., 0] > 50) & (two[..., 0] < 200)].std() - 10) < 1


@pytest.mark.parametrize("kind", ["1", "P"])
def test_palette_and_1_bit_images_become_8_bit_ones_of_the_same_picture(source, dest, kind):
    for suffix in ("png", "bmp", "tif"):
        save_image(source / f"a.{suffix}", RGB, kind)
    assert within("run", source, dest, "--std", "0").returncode == 0
    for path in sorted(source.iterdir()):
        with Image.open(path) as before, Image.open(dest / path.name) as after:
            assert after.mode in ("L", "RGB")
            assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (401, 399)])
def test_images_of_any_size_get_noise_everywhere(source, dest, size):
    write_image(source / "a.png", np.full((*size, 3), 128, np.uint8))
    within("run", source, dest, "--std", "50/255")
    found = read_image(dest / "a.png").astype(int) - 128
    assert found.shape == (*size, 3)
    if found.size > 1000:
        assert all(40 < part.std() < 60 for part in np.array_split(found.ravel(), 50))


# Metadata


def exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010E], tags[0x0112], tags[0x9003] = "a rotated picture", 6, "2026:01:02 03:04:05"
    return tags


METADATA = {
    "exif": {"exif": exif()},
    "icc": {"icc_profile": PROFILE},
    "exif-icc": {"exif": exif(), "icc_profile": PROFILE},
}


@pytest.mark.parametrize("what", METADATA)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_and_icc_are_carried_over(source, dest, suffix, what):
    save_image(source / f"a.{suffix}", photo(20, 30), **METADATA[what])
    assert within("run", source, dest, "--std", "0.1").stderr == ""
    with Image.open(source / f"a.{suffix}") as before, Image.open(dest / f"a.{suffix}") as after:
        assert dict(after.getexif()) == dict(before.getexif())
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        assert after.size == (30, 20)  # as stored: the orientation is not applied, and its tag is kept


def test_a_lossless_webp_with_a_colour_profile_stays_lossless(source, dest):
    save_image(source / "a.webp", RGB, lossless=True, exact=True, icc_profile=PROFILE)
    assert within("run", source, dest, "--std", "0").stderr == ""
    assert np.array_equal(read_image(dest / "a.webp"), RGB)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_xmp_is_carried_over(source, dest, suffix):
    save_image(source / f"a.{suffix}", photo(20, 30), xmp=XMP)
    assert within("run", source, dest, "--std", "0.1").stderr == ""
    with Image.open(dest / f"a.{suffix}") as after:
        assert after.info["xmp"] == XMP


def test_a_colour_profile_of_several_jpeg_segments_is_kept_or_named_in_the_refusal(source, dest):
    large = PROFILE + bytes(150_000)
    save_image(source / "a.jpg", photo(20, 30), icc_profile=large)
    within("run", source, dest, "--std", "0.1")
    if reason := failures(dest).get("a.jpg"):
        assert "profile" in reason
    else:
        with Image.open(dest / "a.jpg") as after:
            assert after.info["icc_profile"] == large


def test_a_second_picture_behind_a_jpeg_is_not_taken_for_a_colour_profile(source, dest):
    """OpenCV 5.0.0 gives the index of a multi-picture JPEG (APP2, MPF) out as an ICC profile."""
    behind = [Image.fromarray(photo(20, 30, seed=1))]
    save_image(source / "a.jpg", photo(20, 30), format="MPO", save_all=True, append_images=behind)
    within("run", source, dest, "--std", "0.1")
    if (dest / "a.jpg").exists():
        with Image.open(dest / "a.jpg") as after:
            assert "icc_profile" not in after.info
    else:
        assert "frames" in failures(dest)["a.jpg"]


# What cannot be kept is refused


def several(suffix: str, **settings) -> bytes:
    file, other = io.BytesIO(), [Image.fromarray(RGB[::-1])]
    Image.fromarray(RGB).save(file, suffix, save_all=True, append_images=other, **settings)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tif", several("TIFF")),
        ("b.tif", several("TIFF", big_tiff=True)),
        ("c.png", several("PNG", duration=100)),
        ("d.webp", several("WEBP", duration=100)),
    ],
)
def test_several_frames_are_kept_and_refused_where_one_fits(source, dest, name, data):
    (source / name).write_bytes(data)
    (source / "one.jpg").write_bytes(data)
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "jpeg holds one image" in failures(dest)["one.jpg"]
    with Image.open(dest / name) as after:
        assert after.n_frames == manifest(dest)[name]["frames"] == 2


def test_cmyk_is_refused_in_a_tiff_and_becomes_colour_in_a_jpeg(source, dest):
    for name in ("a.tif", "a.jpg"):
        save_image(source / name, RGB, "CMYK")
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "CMYK" in failures(dest)["a.tif"]
    assert not (dest / "a.tif").exists()
    assert manifest(dest)["a.jpg"]["not_kept"] == "CMYK"
    assert image_mode(dest / "a.jpg") == "RGB"


def kept_or_refused(source, dest, name):
    """Runs with std 0; the samples must be the same, or the failure must say why not."""
    within("run", source, dest, "--std", "0")
    reason = failures(dest).get(name)
    if reason is None:
        with Image.open(source / name) as before, Image.open(dest / name) as after:
            return before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()
    return "not supported" in reason and "unexpected" not in reason


@pytest.mark.parametrize("mode", ["LA", "LAB"])
def test_a_tiff_that_opencv_would_change_is_refused(source, dest, mode):
    if mode == "LAB":
        Image.frombytes("LAB", (30, 21), RGB.tobytes()).save(source / "a.tif")
    else:
        save_image(source / "a.tif", RGBA, mode)
    assert kept_or_refused(source, dest, "a.tif")


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_transparent_colour_of_a_png_stays_transparent_or_is_refused(source, dest, mode):
    colour = Image.fromarray(RGB).convert(mode).getpixel((3, 3))
    save_image(source / "a.png", RGB, mode, transparency=colour)
    assert kept_or_refused(source, dest, "a.png")


@pytest.mark.parametrize("dtype", [np.int8, np.uint32, np.int32, np.float64])
def test_a_tiff_of_any_other_dtype_is_kept_or_refused_and_never_a_surprise(source, dest, dtype):
    samples = (GREY.astype(float) - 100).clip(0).astype(dtype)
    if dtype == np.uint32:
        (source / "a.tif").write_bytes(uncompressed_tiff(samples, sample_format=1))
    else:
        write_image(source / "a.tif", samples)
    within("run", source, dest, "--std", "0")
    if reason := failures(dest).get("a.tif"):
        assert "unexpected" not in reason
    else:
        assert np.array_equal(opencv(dest / "a.tif"), samples)


def uncompressed_tiff(samples: np.ndarray, sample_format: int) -> bytes:
    """A grey TIFF (TIFF 6.0, section 3) of one strip, little-endian."""
    height, width = samples.shape
    tags = {256: width, 257: height, 258: 8 * samples.itemsize, 259: 1, 262: 1, 277: 1, 278: height}
    start = 8 + 2 + 12 * (len(tags) + 3) + 4
    tags |= {273: start, 279: samples.nbytes, 339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + samples.astype("<u4").tobytes()


def test_an_image_that_is_too_large_is_refused_before_it_is_decoded(source, dest):
    header = struct.pack(">II5B", 100_000, 100_000, 8, 2, 0, 0, 0)
    (source / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(40))
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "100000 x 100000" in failures(dest)["a.png"]
