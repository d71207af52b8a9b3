"""Animations and pages: every frame gets noise of its own, and what shows it stays."""

from __future__ import annotations

import io
import itertools
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from support import picture_files as files
from support.commands import run_one, within
from support.corpus import photo, pixels, read_image
from support.picture_files import ANIMATIONS, DELAYS
from support.picture_reading import shown
from support.trees import failures


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
    assert failures(dest)["a.png"].startswith(("cannot be decoded as an image", "is damaged: its frames end early"))
