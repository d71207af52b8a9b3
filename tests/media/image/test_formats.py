"""Every image format, layout, page, frame and tag: nothing changes but the noise, seen by Pillow and tifffile."""

from __future__ import annotations

import io
import itertools
import re
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageSequence

from support import picture_files as files
from support.commands import within
from support.corpus import photo, pixels, read_image, save_image
from support.places import ROOT
from support.trees import failures, manifest, tree
from tools.formats_images import page


def seen(path: Path) -> np.ndarray:
    """The samples as an independent reader sees them."""
    if path.suffix == ".pam":
        return files.read_pam(path.read_bytes())
    if path.suffix == ".pfm":
        return files.read_pfm(path.read_bytes())
    if path.suffix in (".tif", ".tiff") and path.stem not in ("white-is-0", "lzw", "packbits"):
        samples = tifffile.imread(path)
        return samples.transpose(1, 2, 0) if samples.shape[0] == 3 else samples  # planes
    if path.name.startswith("deep-") and path.suffix == ".png":  # deep colours are cut to 8 bits by Pillow
        samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return samples[..., 2:] if path.read_bytes()[25] == 4 else samples
    return read_image(path)


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


def run_one(source: Path, dest: Path, name: str, data: bytes, *options: str) -> dict:
    """The row of a file after noise of std 0, or of `options`."""
    (source / name).write_bytes(data)
    result = within("run", source, dest, *(options or ("--std", "0")))
    assert result.returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    return row


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


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.tif", lambda: files.tiff(files.RGBA, photometric="separated"), "CMYK"),
        ("a.tif", lambda: files.tiff(files.LA, photometric="minisblack", planarconfig="contig"), "2 channels"),
        ("a.tif", lambda: files.tiff(files.RGB, photometric="minisblack", planarconfig="contig"), "3 channels"),
        ("a.tif", lambda: files.tiff(pixels((9, 8, 5)), photometric="rgb"), "5 channels"),
        ("a.tif", lambda: files.tiff(files.DEEP.astype(np.uint32)), "32-bit unsigned"),
        ("a.tif", lambda: files.tiff(files.GREY.astype(np.int8)), "8-bit signed"),
        ("a.tif", lambda: files.tiff(files.FLOAT.astype(np.float16)), "16-bit floating-point"),
        ("a.tif", lambda: files.tiff(files.FLOAT.astype(np.complex64)), "complex"),
        (
            "a.tif",
            lambda: files.tiff(files.DEEP_RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
            "planes",
        ),
        ("a.pgm", lambda: files.netpbm("P5 50 40 1023\n", (files.DEEP >> 6).astype(">u2")), "maximum of 1023"),
        ("a.pfm", lambda: files.netpbm("Pf 50 40 -2.5\n", files.FLOAT), "scale of 2.5"),
        ("a.pam", lambda: files.pam(files.GREY, "BLACKANDWHITE"), "BLACKANDWHITE"),
        ("a.jp2", lambda: files.pillow(files.LA, "JPEG2000"), "2 channels"),
        (
            "a.avif",
            lambda: cv2.imencode(".avif", files.DEEP_RGB >> 6, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes(),
            "10-bit",
        ),
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


# Frames and pages

DELAYS = [100, 50, 200, 70]
ANIMATIONS = {
    "rgb.png": lambda: files.several("PNG", files.still_frames(4), duration=DELAYS, loop=3),
    "rgba.png": lambda: files.several("PNG", files.still_frames(4, "RGBA"), duration=DELAYS, loop=0),
    "grey.png": lambda: files.several("PNG", files.still_frames(4, "L"), duration=DELAYS, loop=1),
    "poster.png": lambda: files.several("PNG", files.still_frames(4), duration=DELAYS[:3], default_image=True),
    "rgb.webp": lambda: files.several("WEBP", files.still_frames(4), duration=DELAYS, loop=3, lossless=True),
    "rgba.webp": lambda: files.several(
        "WEBP", files.still_frames(4, "RGBA"), duration=DELAYS, loop=0, lossless=True, exact=True
    ),
}


def shown(path: Path) -> tuple[list[np.ndarray], list[float | None], int | None]:
    """The frames of an animation as Pillow shows them, their durations in ms, and how often it plays."""
    with warnings.catch_warnings(), Image.open(path) as image:
        warnings.simplefilter("ignore")
        frames, delays = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGBA")).copy())
            delays.append(frame.info.get("duration"))
        return frames, delays, image.info.get("loop")


@pytest.mark.parametrize("name", ANIMATIONS)
def test_every_frame_of_an_animation_gets_noise_of_its_own(source, dest, name):
    row = run_one(source, dest, name, ANIMATIONS[name](), "--std", "20/255")
    (before, delays, loop), (after, delays_after, loop_after) = shown(source / name), shown(dest / name)
    assert len(after) == len(before) == row["frames"]
    assert (delays_after, loop_after) == (delays, loop)
    noise = [one[..., :3].astype(int) - other[..., :3] for one, other in zip(after, before, strict=True)]
    middle = [((one > 70) & (one < 180)).all(axis=-1)[..., None] for one in (frame[..., :3] for frame in before)]
    for index, added in enumerate(noise):
        assert 18 < added[np.broadcast_to(middle[index], added.shape)].std() < 22
        assert np.array_equal(before[index][..., 3], after[index][..., 3])
    for one, other in itertools.pairwise(noise):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("name", ANIMATIONS)
def test_noise_of_std_0_changes_no_frame(source, dest, name):
    row = run_one(source, dest, name, ANIMATIONS[name]())
    (before, *_), (after, *_) = shown(source / name), shown(dest / name)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert row["not_kept"] == ""


# Pillow 13 shows what is blended over a frame that is to be undone otherwise than the specification and OpenCV do.
@pytest.mark.parametrize(("disposal", "blend"), [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)])
def test_frames_that_change_a_part_of_an_animated_png_are_shown_as_before(source, dest, disposal, blend):
    frames = []
    for index in range(4):
        changed = files.RGBA.copy()
        changed[5 + index : 15 + index, 5:20] = pixels((10, 15, 4), seed=index)
        if blend:  # half-transparent pixels are not blended as the specification says by Pillow 13
            changed[..., 3] = np.where(changed[..., 3] > 127, 255, 0)
        frames.append(Image.fromarray(changed))
    run_one(source, dest, "a.png", files.several("PNG", frames, duration=33, disposal=disposal, blend=blend))
    (before, delays, _), (after, delays_after, _) = shown(source / "a.png"), shown(dest / "a.png")
    assert delays_after == delays
    for one, other in zip(before, after, strict=True):
        visible = one[..., 3] > 0
        assert np.array_equal(one[..., 3], other[..., 3])
        assert np.array_equal(one[visible], other[visible])


def test_thirds_of_a_second_and_16_bits_of_an_animated_png_are_kept(source, dest):
    frames = [pixels((9, 8, 3), np.uint16, seed) for seed in (0, 1, 1)]  # the last are alike
    stills = [files.png(frame, 2) for frame in frames]
    parts, number = [stills[0][:33], files.chunk(b"acTL", struct.pack(">II", 3, 2))], 0
    for index, still in enumerate(stills):
        parts.append(files.chunk(b"fcTL", struct.pack(">5I2H2x", number, 8, 9, 0, 0, 1, 3)))
        idat = still[41:-16]
        number += 1
        parts.append(files.chunk(b"fdAT", struct.pack(">I", number) + idat) if index else files.chunk(b"IDAT", idat))
        number += bool(index)
    row = run_one(source, dest, "a.png", b"".join([*parts, files.chunk(b"IEND", b"")]))
    assert (row["frames"], row["dtype"]) == (3, "uint16")
    data = (dest / "a.png").read_bytes()
    assert data.count(b"fcTL") == 3 and data.count(struct.pack(">HH", 1, 3)) == 3
    controls = [at for at in range(len(data)) if data[at : at + 4] == b"fcTL"]
    for control, frame in zip(controls, frames, strict=True):
        start = control + 34
        length, kind = struct.unpack_from(">I4s", data, start)
        content = data[start + 8 : start + 8 + length]
        ihdr, idat = data[8:33], files.chunk(b"IDAT", content[4 if kind == b"fdAT" else 0 :])
        still = data[:8] + ihdr + idat + files.chunk(b"IEND", b"")
        assert np.array_equal(cv2.imdecode(np.frombuffer(still, np.uint8), -1)[..., ::-1], frame)


@pytest.mark.parametrize("loop", [None, 0, 3])
def test_an_animated_gif_becomes_an_animated_png(source, dest, loop):
    settings = {} if loop is None else {"loop": loop}
    frames = [frame.quantize(200) for frame in files.still_frames(4)]
    row = run_one(source, dest, "a.gif", files.several("GIF", frames, duration=DELAYS, **settings))
    assert (row["file_name"], row["source_format"], row["not_kept"]) == ("a.png", "gif", "GIF palette")
    (before, delays, _), (after, delays_after, plays) = shown(source / "a.gif"), shown(dest / "a.png")
    assert row["frames"] == len(before) == len(after) == 4
    assert delays_after == delays
    assert plays == {None: 1, 0: 0, 3: 4}[loop]  # a GIF counts repetitions
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_gif_stays_one_where_that_is_asked_for(source, dest):
    frames = [frame.quantize(200) for frame in files.still_frames(4)]
    data = files.several("GIF", frames, duration=DELAYS, loop=3)
    row = run_one(source, dest, "a.gif", data, "--std", "5/255", "--image-format", "gif")
    (before, delays, loop), (after, delays_after, loop_after) = shown(source / "a.gif"), shown(dest / "a.gif")
    assert (row["file_name"], len(after), delays_after, loop_after) == ("a.gif", len(before), delays, loop)


def test_an_animated_avif_keeps_frames_and_durations_and_has_the_same_bytes_tomorrow(source, dest, tmp_path):
    data = files.several("AVIF", files.still_frames(4), duration=DELAYS, quality=100)
    row = run_one(source, dest, "a.avif", data, "--std", "5/255")
    (before, delays, _), (after, delays_after, _) = shown(source / "a.avif"), shown(dest / "a.avif")
    assert (row["frames"], len(after), delays_after) == (4, len(before), delays)
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = (dest / "a.avif").read_bytes().find(box)
        assert (dest / "a.avif").read_bytes()[at + 4 : at + 24].strip(b"\0\1\3") in (b"", b"\xe8")


def test_the_alpha_of_a_lossy_avif_is_said_to_be_inexact_and_is_close(source, dest):
    data = files.pillow(np.dstack([photo(40, 50), photo(40, 50, 1, seed=1)]), "AVIF", quality=90)
    row = run_one(source, dest, "a.avif", data, "--std", "20/255")
    assert row["not_kept"] == "exact alpha"
    alpha = [read_image(folder / "a.avif")[..., 3].astype(int) for folder in (source, dest)]
    assert abs(alpha[0] - alpha[1]).mean() < 2


def test_an_animation_is_refused_where_one_image_fits(source, dest):
    (source / "a.jpg").write_bytes(ANIMATIONS["rgb.png"]())
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "an animation of 4 frames, and jpeg holds one image" in failures(dest)["a.jpg"]


@pytest.mark.parametrize("bigtiff", [False, True])
def test_pages_of_several_sizes_are_kept_in_order(source, dest, bigtiff):
    pages = [files.RGB, pixels((20, 30), seed=5), files.RGBA]
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=bigtiff) as writer:
        for index, page in enumerate(pages):
            settings = {2: {"photometric": "minisblack"}}.get(page.ndim, {"photometric": "rgb"})
            settings |= {"extrasamples": ["unassalpha"]} if index == 2 else {}
            settings |= {"description": f"page {index}", "resolution": (100 + index, 200), "metadata": None}
            writer.write(page, **settings)
    row = run_one(source, dest, "a.tif", file.getvalue())
    assert (row["frames"], row["not_kept"]) == (3, "")
    with tifffile.TiffFile(dest / "a.tif") as after:
        assert len(after.pages) == 3
        for index, (page, before) in enumerate(zip(after.pages, pages, strict=True)):
            assert np.array_equal(page.asarray(), before)
            assert page.description == f"page {index}"
            assert page.get_resolution(2) == (100 + index, 200)


def test_every_page_gets_noise_of_its_own(source, dest):
    stack = np.full((5, 30, 40), 128, np.uint8)
    row = run_one(source, dest, "a.tif", files.tiff(stack, photometric="minisblack"), "--std", "10/255")
    after = tifffile.imread(dest / "a.tif").astype(int) - 128
    assert after.shape == (5, 30, 40) and abs(after.std() - 10) < 0.3
    assert row["noise_std"] == pytest.approx(after.std() / 255, rel=1e-4)
    assert abs(np.corrcoef(after.reshape(5, -1))[np.triu_indices(5, 1)]).max() < 0.1


def test_pages_of_several_depths_are_refused(source, dest):
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(files.GREY)
        writer.write(files.DEEP)
    (source / "a.tif").write_bytes(file.getvalue())
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "pages of uint8 and uint16" in failures(dest)["a.tif"]


def test_all_frames_count_for_the_largest_size(source, dest):
    (source / "a.tif").write_bytes(files.tiff(np.zeros((50, 100, 100), np.uint8), photometric="minisblack"))
    assert within("run", source, dest, "--std", "0.1", "--max-pixels", "400000").returncode == 3
    assert "100 x 100 x 50" in failures(dest)["a.tif"]


# Damaged animations


def animated() -> bytes:
    return ANIMATIONS["rgb.png"]()


def damaged(at: bytes, offset: int, content: bytes) -> bytes:
    """An animated PNG with other bytes in its second chunk of type `at`, and the right checksum."""
    data = animated()
    start = data.find(at, data.find(at) + 4)
    length = int.from_bytes(data[start - 4 : start], "big")
    changed = bytearray(data)
    changed[start + 4 + offset : start + 4 + offset + len(content)] = content
    checksum = zlib.crc32(changed[start : start + 4 + length])
    changed[start + 4 + length : start + 8 + length] = struct.pack(">I", checksum)
    return bytes(changed)


@pytest.mark.parametrize(
    "data",
    [
        damaged(b"fcTL", 4, struct.pack(">I", 51)),  # wider than the canvas
        damaged(b"fcTL", 12, struct.pack(">I", 4_000_000_000)),
        damaged(b"fcTL", 4, struct.pack(">II", 0, 0)),
        damaged(b"fdAT", 40, bytes(900)),
        animated()[:-500],
        animated().replace(b"fcTL", b"fcTl"),
        files.several("GIF", [frame.quantize(200) for frame in files.still_frames(4)], duration=50)[:-700],
        files.several("WEBP", files.still_frames(4), duration=50)[:-700],
        files.tiff(np.stack([files.GREY] * 3), photometric="minisblack")[:-700],
    ],
)
def test_a_damaged_animation_is_refused_before_it_can_crash_the_decoder(source, dest, data):
    (source / "a.png").write_bytes(data)
    assert within("run", source, dest, "--std", "0.1", "--engine", "threads").returncode == 3
    assert "cannot be decoded as an image" in failures(dest)["a.png"]


# What a file says about its image


def told(path: Path) -> dict:
    """What Pillow finds beside the samples."""
    with Image.open(path) as image:
        if image.format != "TIFF":  # which Pillow turns as it loads, and forgets the orientation
            image.load()
        tags = image.getexif()
        found = {
            "exif": {name: value for name, value in tags.items() if name not in (0x8769, 259, 258, 262, 273, 279, 278)},
            "deeper": dict(tags.get_ifd(0x8769)),
            "icc": image.info.get("icc_profile"),
            "xmp": image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"),
            "size": image.size,
        }
        if dpi := image.info.get("dpi"):
            found["dpi"] = tuple(round(float(value), 1) for value in dpi)
        return found


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


# Encoding


def test_quality_subsampling_and_level_are_passed_on(source, dest, tmp_path):
    save_image(source / "a.jpg", photo(64, 64))
    save_image(source / "b.png", files.RGB)
    sizes = {}
    for quality in ("50", "95"):
        out = tmp_path / quality
        within("run", source, out, "--std", "0.1", "--quality", quality, "--subsampling", "420", "--png-level", "9")
        sizes[quality] = (out / "a.jpg").stat().st_size
        with Image.open(out / "a.jpg") as image:
            assert [component[1:3] for component in image.layer] == [(2, 2), (1, 1), (1, 1)]
    assert sizes["50"] < sizes["95"] / 1.5


def test_the_std_that_survives_is_measured_on_what_was_written(source, dest):
    save_image(source / "a.jpg", photo(64, 64))
    save_image(source / "b.png", np.dstack([photo(64, 64), pixels((64, 64))]))
    save_image(source / "c.gif", photo(64, 64))
    within("run", source, dest, "--std", "20/255", "--quality", "50", "--subsampling", "420", "--measure", "decoded")
    rows = manifest(dest)
    jpeg = read_image(dest / "a.jpg").astype(float) - read_image(source / "a.jpg")
    assert rows["a.jpg"]["noise_std_decoded"] == pytest.approx(jpeg.std() / 255, rel=1e-3)
    assert rows["a.jpg"]["noise_std_decoded"] < 0.7 * rows["a.jpg"]["noise_std"]
    assert rows["b.png"]["noise_std_decoded"] == pytest.approx(rows["b.png"]["noise_std"], rel=1e-3)


def test_unclipped_noise_is_written_as_fractions_of_full_scale_alpha_too(source, dest):
    for name in ("rgba.png", "deep-grey-alpha.png", "grey.jp2", "rgb.webp"):
        (source / name).write_bytes(files.LOSSLESS[name]())
    (source / "moving.png").write_bytes(ANIMATIONS["rgb.png"]())
    assert within("run", source, dest, "--std", "0.5", "--clip", "none").returncode == 0
    rgba = tifffile.imread(dest / "rgba.tif")
    assert rgba.dtype == np.float32 and rgba[..., :3].min() < -0.5 and rgba[..., :3].max() > 1.5
    assert np.allclose(rgba[..., 3], files.RGBA[..., 3] / 255)
    assert np.allclose(tifffile.imread(dest / "deep-grey-alpha.tif")[..., 3], files.DEEP_LA[..., 1] / 65535)
    assert tifffile.imread(dest / "moving.tif").shape == (4, *files.SIZE, 3)
    assert manifest(dest)["moving.tif"]["not_kept"] == "durations of frames"


def test_the_same_bytes_come_from_every_run(lossless, tmp_path):
    assert within("run", lossless / "source", tmp_path / "again", "--std", "10/255", "--seed", "7").returncode == 0
    assert tree(tmp_path / "again") == tree(lossless / "noisy")


# Documentation


DOCUMENTED = ROOT / "docs/formats-images.md"


def test_the_tables_of_the_documentation_are_what_runs_show(tmp_path):
    """`python tests/formats_images_table.py` writes them anew. Figures may differ a little on other processors."""
    figure = re.compile(r"\d+\.\d")
    written, found = DOCUMENTED.read_text(), page(tmp_path)
    assert figure.sub("#", written) == figure.sub("#", found)
    pairs = zip(figure.findall(written), figure.findall(found), strict=True)
    assert max(abs(float(one) - float(other)) for one, other in pairs) < 0.25
