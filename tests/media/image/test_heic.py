"""HEIC and HEIF images: read with the extra `noiseaug[heif]`, and written as PNG unless asked otherwise."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from support import picture_files as files
from support.commands import noiseaug, run_one, within
from support.corpus import photo, pixels, read_image
from support.heic_files import heic, saved, several
from support.trees import failures, manifest

ODD = (41, 47)
RGB, RGBA, GREY = pixels((*ODD, 3)), pixels((*ODD, 4), seed=1), pixels(ODD, seed=2)
DEEP, DEEP_RGBA, DEEP_GREY = (pixels((*ODD, *more), np.uint16, seed=3) for more in ((3,), (4,), ()))


@pytest.mark.parametrize(("samples", "mode"), [(RGB, "RGB"), (RGBA, "RGBA"), (GREY, "L")])
@pytest.mark.parametrize("suffix", [".heic", ".heif", ".HIF"])
def test_samples_of_8_bits_become_a_png_of_the_same(source, dest, samples, mode, suffix):
    row = run_one(source, dest, f"a{suffix}", heic(samples, mode))
    assert np.array_equal(read_image(dest / "a.png"), samples)
    assert (row["source_format"], row["dtype"], row["not_kept"]) == ("heic", "uint8", "HEIC compression")
    assert "pillow-heif " in row["made_with"] and "libheif " in row["made_with"]


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize(("samples", "mode"), [(DEEP, "RGB;16"), (DEEP_RGBA, "RGBA;16"), (DEEP_GREY, "L;16")])
def test_samples_of_10_and_12_bits_fill_16_so_that_white_stays_white_and_none_is_lost(
    source, dest, samples, mode, bits
):
    row = run_one(source, dest, "a.heic", heic(samples, mode, twelve_bits=bits == 12))
    before = np.asarray(_opened(source / "a.heic", hdr_to_16bit=False))
    after = _deep(dest / "a.png")
    assert np.array_equal(after >> (16 - bits), before)
    assert set(after[before == 2**bits - 1]) <= {65535} and set(after[before == 0]) <= {0}
    assert (row["dtype"], row["not_kept"]) == ("uint16", f"HEIC compression, {bits}-bit depth")


def test_noise_is_exact_and_alpha_gets_none(source, dest):
    flat = np.full((200, 200, 4), 128, np.uint8)
    flat[:, :100, 3] = 7
    row = run_one(source, dest, "a.heic", heic(flat, "RGBA"), "--std", "10/255")
    found = read_image(dest / "a.png").astype(int)
    assert np.array_equal(found[..., 3], flat[..., 3])
    assert abs(found[..., :3].std() - 10) < 0.1 and abs(row["noise_std"] * 255 - 10) < 0.1


def test_a_lossy_file_is_decoded_as_libheif_does(source, dest):
    if not shutil.which("heif-convert"):
        pytest.skip("NOT TESTED: the same samples as libheif's own tool; install libheif-examples")
    run_one(source, dest, "a.heic", heic(photo(120, 160), quality=60, chroma=420, matrix_coefficients=6))
    theirs = source.parent / "theirs.png"
    subprocess.run(["heif-convert", str(source / "a.heic"), str(theirs)], check=True, capture_output=True)
    assert np.abs(read_image(theirs)[..., :3].astype(int) - read_image(dest / "a.png")).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_a_viewer_shows_stays_upright_whatever_exif_says(source, dest, orientation):
    """The file itself turns the image; EXIF says so, too, and must not turn it once more."""
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = orientation, "a telephone held so"
    file = pillow_heif.from_bytes(mode="RGB", size=RGB.shape[1::-1], data=RGB.tobytes())
    file.info["exif"] = tags.tobytes()
    run_one(source, dest, "a.heic", saved(file))
    shown = np.asarray(_opened(source / "a.heic"))
    with Image.open(dest / "a.png") as image:
        assert image.getexif().get(0x0112, 1) == 1
        assert image.getexif()[0x010E] == "a telephone held so"
        assert np.array_equal(np.asarray(image), shown)
    with Image.open(io.BytesIO(files.pillow(RGB, "PNG", exif=tags))) as image:
        assert np.array_equal(shown, ImageOps.exif_transpose(image))


def test_exif_xmp_and_profile_go_into_the_png(source, dest):
    data = heic(RGB, exif=files.exif().tobytes(), xmp=files.XMP, icc_profile=files.PROFILE)
    row = run_one(source, dest, "a.heic", data, "--std", "0.1")
    with Image.open(dest / "a.png") as image:
        assert image.getexif()[0x010E] == "a rotated picture"
        assert image.info["icc_profile"] == files.PROFILE
    assert files.XMP in (dest / "a.png").read_bytes()
    assert row["not_kept"] == "HEIC compression"


def test_of_several_images_the_primary_one_is_taken_and_the_others_are_named(source, dest):
    row = run_one(source, dest, "a.heic", several(RGB, RGB[:20], RGB[:30], primary=1))
    assert np.array_equal(read_image(dest / "a.png"), RGB[:20])
    assert row["not_kept"] == "HEIC compression, further images"


def test_thumbnails_and_colours_that_png_says_nothing_of_are_named(source, dest):
    settings = {"color_primaries": 9, "transfer_characteristics": 16}
    row = run_one(source, dest, "a.heic", heic(photo(200, 200), thumbnails=[64], **settings))
    assert row["not_kept"] == "HEIC compression, thumbnail, colour primaries or transfer"


def test_other_formats_can_be_asked_for(source, dest):
    (source / "a.heic").write_bytes(heic(photo(64, 64)))
    assert within("run", source, dest, "--std", "0", "--image-format", "jpg").returncode == 0
    assert image_format(dest / "a.jpg") == "JPEG"
    assert within("run", source / "a.heic", dest / "one.tif", "--std", "0").returncode == 0
    assert image_format(dest / "one.tif") == "TIFF"


def test_heic_is_not_written(source, dest):
    (source / "a.heic").write_bytes(heic(RGB))
    refused = within("run", source, dest, "--std", "0", "--image-format", "heic")
    assert refused.returncode == 2 and "'heic' is not one of 'avif', 'bmp'" in refused.stderr
    refused = within("run", source / "a.heic", source.parent / "b.heic", "--std", "0")
    assert refused.returncode == 3
    assert "cannot be written as .heic: use --image-format png, or tif" in refused.stderr


def test_originals_beside_are_the_files_themselves_and_those_in_a_tree_are_decoded(source, dest):
    (source / "a.heic").write_bytes(heic(RGB))
    assert within("run", source, dest / "one", "--std", "0.1", "--with-clean", "beside").returncode == 0
    assert (dest / "one/a.heic").read_bytes() == (source / "a.heic").read_bytes()
    assert within("run", source, dest / "two", "--std", "0.1", "--with-clean", "tree").returncode == 0
    assert np.array_equal(read_image(dest / "two/clean/a.png"), RGB)
    assert set(manifest(dest / "two")) == {"clean/a.png", "noisy/a.png"}


def test_a_heic_under_the_suffix_of_a_jpeg_is_read_too(source, dest):
    row = run_one(source, dest, "phone.jpg", heic(photo(64, 64)))
    assert row["source_format"] == "heic" and image_format(dest / "phone.jpg") == "JPEG"


def test_too_many_pixels_are_refused_before_decoding(source, dest):
    (source / "a.heic").write_bytes(heic(RGB))
    assert within("run", source, dest, "--std", "0", "--max-pixels", "1926").returncode == 3
    assert failures(dest)["a.heic"].startswith("has 47 x 41 pixels, more than the 1,926 of --max-pixels")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_in_words_of_ours(source, dest, part):
    data = heic(RGB)
    (source / "a.heic").write_bytes(data[: int(len(data) * part)])
    result = noiseaug("run", source, dest, "--std", "0", "--engine", "threads")
    assert result.returncode == 3 and "libheif" not in result.stderr and "Invalid" not in result.stderr
    (why,) = failures(dest).values()
    assert why == "is a HEIC file that cannot be decoded: it is damaged or truncated; replace or remove it"


def test_without_the_extra_the_failure_names_it(source, dest, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for name in ("a.heic", "b.HEIF", "misnamed.jpg"):
        (source / name).write_bytes(heic(RGB))
    assert within("run", source, dest, "--std", "0").returncode == 3
    assert failures(dest) == {
        "a.heic": ".heic files need the extra: pip install 'noiseaug[heif]'",
        "b.HEIF": ".heif files need the extra: pip install 'noiseaug[heif]'",
        "misnamed.jpg": "is a HEIC or HEIF file, which needs the extra: pip install 'noiseaug[heif]'",
    }


def test_what_is_kept_has_the_same_row_with_and_without_the_extra(source, dest, monkeypatch):
    (source / "a.heic").write_bytes(heic(RGB))
    Image.fromarray(RGB).save(source / "b.png")
    for place in (dest / "with", dest / "without"):
        assert within("run", source, place, "--std", "0.1", "--keep", "*.heic").returncode == 0
        assert (place / "a.heic").read_bytes() == (source / "a.heic").read_bytes()
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert (dest / "with/kept.jsonl").read_bytes() == (dest / "without/kept.jsonl").read_bytes()


def test_pillow_itself_does_not_learn_to_read_such_files(source, dest):
    """The opener of pillow-heif is for everybody in the process, who may not want it."""
    (source / "a.heic").write_bytes(heic(RGB))
    program = (
        "import sys, io; from noiseaug import Recipe, Running, run; from PIL import Image, UnidentifiedImageError\n"
        "assert run(sys.argv[1], sys.argv[2], Recipe.of(0.0), running=Running(engine='threads')).written == 1\n"
        "try: Image.open(sys.argv[1] + '/a.heic')\n"
        "except UnidentifiedImageError: print('unknown')"
    )
    done = subprocess.run([sys.executable, "-c", program, source, dest], capture_output=True, text=True, check=True)
    assert done.stdout == "unknown\n"


def _opened(path, **settings):
    return pillow_heif.open_heif(path, convert_hdr_to_8bit=False, **settings)


def _deep(path):
    """The samples of a 16-bit PNG, in the order RGB."""
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return found if found.ndim == 2 else found[..., [2, 1, 0, *range(3, found.shape[2])]]


def image_format(path):
    with Image.open(path) as image:
        return image.format
