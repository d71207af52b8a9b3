"""What a file says about its image is kept, or named in `not_kept`."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from support import picture_files as files
from support.commands import run_one, within
from support.corpus import photo
from support.picture_reading import told
from support.trees import manifest

CARRIERS = {
    "a.jpg": lambda: files.pillow(
        photo(40, 50),
        "JPEG",
        exif=files.exif(),
        icc_profile=files.PROFILE,
        xmp=files.XMP,
        dpi=(300, 150),
        comment=b"hi",
    ),
    "a.png": lambda: files.pillow(
        files.RGB, "PNG", exif=files.exif(), icc_profile=files.PROFILE, pnginfo=files.text(), dpi=(300, 150)
    ),
    "a.webp": lambda: files.pillow(
        files.RGB, "WEBP", exif=files.exif(), icc_profile=files.PROFILE, xmp=files.XMP, lossless=True
    ),
    "a.tif": lambda: files.pillow(
        files.RGB, "TIFF", icc_profile=files.PROFILE, tiffinfo=files.exif_in_tiff(), dpi=(300, 150)
    ),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_exif_xmp_profile_orientation_and_density_are_as_before(source, dest, name):
    row = run_one(source, dest, name, CARRIERS[name](), "--std", "0.1")
    before, after = told(source / name), told(dest / name)
    assert before["exif"][0x0112] == 6 and before["icc"] and before["xmp"] and before["deeper"]
    if name == "a.tif":
        for found in (before, after):  # tags of the layout
            found["exif"] = {number: value for number, value in found["exif"].items() if number not in (317, 339)}
    assert after == before
    assert row["not_kept"] == ""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.tif", "a.jpg", "a.png", "a.webp"])
def test_an_orientation_stays_a_tag_and_turns_no_pixel(source, dest, name, orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    form = {"tif": "TIFF", "jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name[2:]]
    settings = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}.get(form, {})
    run_one(source, dest, name, files.pillow(photo(40, 50), form, exif=tags, **settings))
    with Image.open(source / name) as before, Image.open(dest / name) as after:
        assert after.getexif()[0x0112] == orientation
        assert abs(np.subtract(before, after, dtype=int)).max() <= (6 if form == "JPEG" else 0)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_rotation_of_an_avif_is_kept(source, dest, orientation):
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = orientation, "a rotated picture"
    run_one(source, dest, "a.avif", files.pillow(photo(40, 50), "AVIF", exif=tags, icc_profile=files.PROFILE))
    before, after = told(source / "a.avif"), told(dest / "a.avif")
    assert (after["size"], after["icc"]) == (before["size"], before["icc"])
    assert after["exif"].get(0x0112, 1) == before["exif"].get(0x0112, 1) == orientation
    assert after["exif"][0x010E] == "a rotated picture"


@pytest.mark.parametrize(("form", "expected"), [("png", 300), ("jpg", 300), ("tif", 300), ("bmp", 300)])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_what_is_said_goes_into_other_formats(source, dest, name, form, expected):
    row = run_one(source, dest, name, CARRIERS[name](), "--std", "0.1", "--image-format", form)
    before, after = told(source / name), told(dest / f"a.{form}")
    assert after["dpi"][0] == pytest.approx(expected, abs=0.2)
    if form == "bmp":
        assert {"EXIF", "XMP", "ICC profile"} <= set(row["not_kept"].split(", "))
        return
    assert (after["icc"], after["xmp"]) == (before["icc"], before["xmp"])
    assert after["exif"][0x010E] == "a rotated picture" and after["exif"][0x0112] == 6
    assert after["deeper"] == before["deeper"]


def test_chunks_of_a_png_are_kept_and_those_that_cannot_be_are_named(source, dest):
    kept = [
        files.chunk(b"gAMA", struct.pack(">I", 45455)),
        files.chunk(b"cHRM", struct.pack(">8I", *range(8))),
        files.chunk(b"sBIT", b"\5\6\5"),
        files.chunk(b"bKGD", struct.pack(">3H", 1, 2, 3)),
        files.chunk(b"tIME", struct.pack(">H5B", 2026, 1, 2, 3, 4, 5)),
        files.chunk(b"tEXt", b"Author\0somebody"),
        files.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"something")),
        files.chunk(b"pHYs", struct.pack(">IIB", 3, 4, 0)),
    ]
    lost = files.chunk(b"caBX", b"credentials of other samples")
    row = run_one(source, dest, "a.png", files.png(files.RGB, 2, *kept, lost), "--std", "0.1")
    after = (dest / "a.png").read_bytes()
    assert all(after.count(chunk) == 1 for chunk in kept)
    assert row["not_kept"] == "caBX"
    assert b"caBX" not in after


def test_segments_of_a_jpeg_are_kept_and_those_that_cannot_be_are_named(source, dest):
    profile = files.PROFILE + bytes(150_000)  # of three segments
    plain = files.pillow(photo(40, 50), "JPEG", icc_profile=profile, comment=b"a comment", dpi=(72, 72))
    iptc = b"\xff\xed" + struct.pack(">H", 2 + 14 + 9) + b"Photoshop 3.0\0some IPTC"
    credentials = b"\xff\xeb" + struct.pack(">H", 2 + 6) + b"JP\0\0\0\0"
    data = plain[:20] + iptc + credentials + plain[20:] + b"a video behind it"
    row = run_one(source, dest, "a.jpg", data, "--std", "0.1")
    with Image.open(dest / "a.jpg") as after:
        assert after.info["icc_profile"] == profile
        assert (after.info["comment"], after.info["dpi"]) == (b"a comment", (72, 72))
    assert iptc in (dest / "a.jpg").read_bytes()
    assert row["not_kept"] == "APP11, data behind the image"


def test_tags_of_a_tiff_are_kept_those_of_others_too(source, dest):
    extra = [(33550, "d", 3, (0.5, 0.5, 0.0), True), (65000, "s", 0, "private", True), (315, "s", 0, "somebody", True)]
    for order in "<>":
        data = files.tiff(files.DEEP, extratags=extra, byteorder=order, description="a scan", resolution=(300, 300))
        (source / f"{'le' if order == '<' else 'be'}.tif").write_bytes(data)
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    for name in ("le.tif", "be.tif"):
        with tifffile.TiffFile(dest / name) as after:
            tags = after.pages[0].tags
            assert tags[33550].value == (0.5, 0.5, 0.0)
            assert (tags[65000].value, tags[315].value, tags[270].value) == ("private", "somebody", "a scan")
            assert tags[282].value == (300, 1)


def test_the_profile_of_grey_is_not_given_to_colours(source, dest):
    profile = bytes(16) + b"GRAY" + bytes(200)
    data = files.pillow(files.GREY, "PNG", icc_profile=profile)
    assert run_one(source, dest, "a.png", data)["not_kept"] == ""
    row = run_one(source, dest, "a.png", data, "--std", "0.1", "--image-format", "webp", "--prune")
    assert row["not_kept"] == "ICC profile"


def test_metadata_of_animations_is_kept(source, dest):
    settings = {"duration": 100, "icc_profile": files.PROFILE, "exif": files.exif()}
    (source / "a.png").write_bytes(files.several("PNG", files.still_frames(4), **settings))
    (source / "b.webp").write_bytes(files.several("WEBP", files.still_frames(4), lossless=True, **settings))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    for name in ("a.png", "b.webp"):
        assert told(dest / name) == told(source / name)


def test_damaged_metadata_does_not_keep_an_image_from_noise(source, dest):
    data = files.pillow(files.RGB, "PNG", exif=files.exif())
    broken = files.png(files.RGB, 2, files.chunk(b"eXIf", b"no EXIF"), files.chunk(b"iCCP", b"x\0\0no zlib"))
    assert len(data) > 0
    run_one(source, dest, "a.png", broken, "--std", "0", "--image-format", "tif")
    assert np.array_equal(tifffile.imread(dest / "a.tif"), files.RGB)


@pytest.mark.parametrize(
    ("chunks", "named"),
    [
        ([files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0no stream")], "damaged XMP"),
        ([files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<a/>")] * 2, "further XMP"),
        ([files.chunk(b"iCCP", b"name\0\0no stream")], "damaged ICC profile"),
        ([files.chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))], "pixel aspect"),
    ],
)
def test_what_cannot_go_from_a_png_into_another_format_is_named_and_stays_in_a_png(
    source, dest, tmp_path, chunks, named
):
    data = files.png(files.RGB, 2, *chunks)
    row = run_one(source, dest, "a.png", data, "--std", "0", "--image-format", "webp")
    assert row["not_kept"] == named
    assert within("run", source, tmp_path / "again", "--std", "0").returncode == 0
    assert manifest(tmp_path / "again")["a.png"]["not_kept"] == ""
    assert all(chunk in (tmp_path / "again" / "a.png").read_bytes() for chunk in chunks)
