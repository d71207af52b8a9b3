"""BMP, Sun raster, PNM, AVIF, WebP and GIF in the variants that other programs write, made here byte by byte."""

from __future__ import annotations

import re
import struct

import cv2
import numpy as np
import PIL
import pytest
from PIL import Image

from noiseaug.media.image.checks import check_encoded
from noiseaug.media.image.formats import format_of
from noiseaug.storage.source_file import Refused
from support import picture_files as files
from support.commands import run_one, within
from support.corpus import photo, pixels, read_image
from support.picture_reading import shown
from support.trees import failures, manifest

HEIGHT, WIDTH = 11, 13  # odd, so that rows have padding
COLOURS = pixels((HEIGHT, WIDTH, 3), seed=1)
INDEXES = pixels((HEIGHT, WIDTH), seed=2)
PALETTE = pixels((256, 3), seed=3)
MASKS = {
    "555": (0x7C00, 0x3E0, 0x1F),
    "565": (0xF800, 0x7E0, 0x1F),
    "565 swapped": (0x1F, 0x7E0, 0xF800),
    "444": (0xF00, 0xF0, 0xF),
    "4444": (0xF00, 0xF0, 0xF, 0xF000),
    "1555": (0x7C00, 0x3E0, 0x1F, 0x8000),
    "bgrx": (0xFF0000, 0xFF00, 0xFF),
    "rgbx": (0xFF, 0xFF00, 0xFF0000),
    "xrgb": (0xFF00, 0xFF0000, 0xFF000000),
    "rgba": (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    "bgra": (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    "argb": (0xFF00, 0xFF0000, 0xFF000000, 0xFF),
    "101010": (0x3FF00000, 0xFFC00, 0x3FF),
}


def rows(stored: np.ndarray, top_down: bool = False) -> bytes:
    """Rows of pixels, each padded to four bytes."""
    ordered = stored if top_down else stored[::-1]
    return b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in ordered)


def bmp(size: int, bits: int, raw: bytes, *, method: int = 0, masks=(), palette=(), top_down=False) -> bytes:
    """A BMP file with a header of `size` bytes."""
    colours = b"".join(bytes(colour[::-1]) + bytes(size != 12) for colour in np.asarray(palette, np.uint8))
    if size == 12:
        head = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)
    else:
        height = -HEIGHT if top_down else HEIGHT
        head = struct.pack("<IiiHHIIiiII", size, WIDTH, height, 1, bits, method, len(raw), 0, 0, len(palette), 0)
        said = struct.pack(f"<{len(masks)}I", *masks)
        head += said if size == 40 else said.ljust(size - 40, b"\0")
    start = 14 + len(head) + len(colours)
    return b"BM" + struct.pack("<IHHI", start + len(raw), 0, 0, start) + head + colours + raw


def packed(masks: tuple[int, ...], bits: int) -> tuple[bytes, np.ndarray]:
    """Pixels in masks as stored, and the samples of 8 bits that they stand for."""
    words, shown = np.zeros((HEIGHT, WIDTH), np.uint64), []
    for index, mask in enumerate(masks):
        top = (1 << mask.bit_count()) - 1
        values = np.random.default_rng(index).integers(0, top + 1, words.shape, dtype=np.uint64)
        values[0, 0] = top
        words |= values * np.uint64(mask // top)
        shown.append(np.floor(values * 255.0 / top + 0.5))
    return rows(words.astype(f"<u{bits // 8}")), np.stack(shown, axis=-1).astype(np.uint8)


def made(source, dest, name: str, data: bytes) -> tuple[np.ndarray, str]:
    """The samples of the PNG that a file becomes, as Pillow reads it, and what was not kept."""
    (source / name).write_bytes(data)
    result = within("run", source, dest, "--std", "0", "--image-format", "png")
    assert result.returncode == 0, failures(dest)
    (row,) = manifest(dest).values()
    return read_image(dest / row["file_name"]), row["not_kept"]


def refused(source, dest, name: str, data: bytes, *options: str) -> str:
    (source / name).write_bytes(data)
    assert within("run", source, dest, "--std", "0", "--image-format", "png", *options).returncode == 3
    return failures(dest)[name]


# BMP and DIB


@pytest.mark.parametrize("size", [12, 40, 52, 56, 64, 108, 124])
def test_a_palette_of_a_bmp_is_shown_in_colour_with_every_header(source, dest, size):
    after, not_kept = made(source, dest, "a.bmp", bmp(size, 8, rows(INDEXES), palette=PALETTE))
    assert np.array_equal(after, PALETTE[INDEXES]) and not_kept == "palette"


@pytest.mark.parametrize("size", [12, 40, 108])
@pytest.mark.parametrize("bits", [1, 4])
def test_palettes_of_few_colours_are_shown(source, dest, size, bits):
    indexes = INDEXES >> 8 - bits
    stored = np.packbits(np.unpackbits(indexes[..., None], axis=2)[..., 8 - bits :].reshape(HEIGHT, -1), axis=1)
    after, _ = made(source, dest, "a.bmp", bmp(size, bits, rows(stored), palette=PALETTE[: 1 << bits]))
    assert np.array_equal(after, PALETTE[indexes])


def test_grey_palettes_come_out_as_grey(source, dest):
    palette = np.repeat(PALETTE[:, :1], 3, axis=1)
    after, not_kept = made(source, dest, "a.bmp", bmp(40, 8, rows(INDEXES), palette=palette))
    assert np.array_equal(after, palette[INDEXES][..., 0]) and not_kept == "palette"


@pytest.mark.parametrize("size", [40, 56, 108, 124])
@pytest.mark.parametrize("name", MASKS)
def test_bmp_masks_say_where_colours_and_alpha_are_and_white_is_255(source, dest, size, name):
    masks = MASKS[name]
    bits = 32 if max(masks) >= 1 << 16 else 16
    raw, shown = packed(masks, bits)
    method = 6 if size == 40 and len(masks) == 4 else 3
    after, not_kept = made(source, dest, "a.bmp", bmp(size, bits, raw, method=method, masks=masks))
    assert after.shape == shown.shape
    assert abs(after.astype(int) - shown).max() <= (1 if bits == 16 else 0)  # Pillow rounds down
    assert after[0, 0].tolist() == [255] * len(masks)
    assert not_kept == ("16-bit pixels" if bits == 16 else "10-bit depth" if name == "101010" else "")


@pytest.mark.parametrize("size", [40, 52, 108, 124])
def test_pixels_of_16_bits_without_masks_are_of_5_bits_a_sample(source, dest, size):
    raw, shown = packed(MASKS["555"], 16)
    after, _ = made(source, dest, "a.bmp", bmp(size, 16, raw))
    assert abs(after.astype(int) - shown).max() <= 1


def test_rows_of_a_bmp_from_the_top_down(source, dest):
    after, _ = made(source, dest, "a.bmp", bmp(40, 24, rows(COLOURS[..., ::-1], top_down=True), top_down=True))
    assert np.array_equal(after, COLOURS)


def test_a_compressed_bmp_with_jumps(source, dest):
    # Each row: five of 9, a jump of three, five of 7, and its end.
    stored = b"".join(bytes([5, 9, 0, 2, 3, 0, 5, 7, 0, 0]) for _ in range(HEIGHT)) + b"\0\1"
    line = [9] * 5 + [0] * 3 + [7] * 5
    after, _ = made(source, dest, "a.bmp", bmp(40, 8, stored, method=1, palette=PALETTE))
    assert np.array_equal(after, PALETTE[np.array([line] * HEIGHT)])


@pytest.mark.parametrize("size", [12, 40, 108, 124])
def test_a_dib_is_a_bmp_without_its_first_bytes(source, dest, size):
    after, _ = made(source, dest, "a.dib", bmp(size, 24, rows(COLOURS[..., ::-1]))[14:])
    assert np.array_equal(after, COLOURS)
    (row,) = manifest(dest).values()
    assert row["source_format"] == "dib"


def test_bytes_of_a_bmp_that_may_be_alpha_are_named(source, dest):
    alpha = np.dstack([COLOURS[..., ::-1], INDEXES])
    after, not_kept = made(source, dest, "a.bmp", bmp(40, 32, rows(alpha)))
    assert np.array_equal(after, COLOURS) and not_kept == "undeclared alpha"


@pytest.mark.parametrize("filler", [0, 255])
def test_unused_bytes_of_a_bmp_are_not_taken_for_alpha(source, dest, filler):
    padded = np.dstack([COLOURS[..., ::-1], np.full_like(INDEXES, filler)])
    after, not_kept = made(source, dest, "a.bmp", bmp(40, 32, rows(padded)))
    assert np.array_equal(after, COLOURS) and not_kept == ""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (lambda: bmp(16, 24, bytes(500)), "header of 16 bytes"),
        (lambda: bmp(40, 2, bytes(500)), "2 bits a pixel"),
        (lambda: bmp(40, 24, bytes(500), method=4), "JPEG"),
        (lambda: bmp(64, 24, bytes(500), method=4), "OS/2 compression 4"),
    ],
)
def test_a_bmp_that_is_not_read_is_told_by_its_version_and_coding(source, dest, data, told):
    why = refused(source, dest, "a.bmp", data())
    assert why.startswith("is a BMP that is not supported (") and told in why


# Sun raster


def sun(depth: int, raw: bytes, form: int = 1, colours: bytes = b"") -> bytes:
    head = (0x59A66A95, WIDTH, HEIGHT, depth, len(raw), form, int(bool(colours)), len(colours))
    return struct.pack(">8I", *head) + colours + raw


def sun_rows(stored: np.ndarray) -> bytes:
    return b"".join(row.tobytes() + bytes(row.nbytes % 2) for row in stored)


def runs(raw: bytes) -> bytes:
    """Sun's coding of bytes: 0x80 begins a run."""
    return b"".join(
        bytes([0x80, len(run[0]) - 1, run[1][0]]) if len(run[0]) > 1 else b"\x80\0" if run[1] == b"\x80" else run[0]
        for run in re.findall(rb"((.)\2{0,255})", raw, re.DOTALL)
    )


BITS = INDEXES >> 7
SUN = {
    "grey": (8, INDEXES, b"", INDEXES),
    "palette": (8, INDEXES, PALETTE.T.tobytes(), PALETTE[INDEXES]),
    "grey palette": (8, INDEXES, bytes(range(255, -1, -1)) * 3, 255 - INDEXES),
    "bits": (1, np.packbits(BITS, axis=1), b"", (1 - BITS) * 255),
    "bits with colours": (1, np.packbits(BITS, axis=1), bytes([1, 2, 3, 4, 5, 6]), np.array([[1, 3, 5], [2, 4, 6]])),
    "colour": (24, COLOURS[..., ::-1], b"", COLOURS),
    "colour in 32 bits": (32, np.dstack([np.zeros_like(INDEXES), COLOURS[..., ::-1]]), b"", COLOURS),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", SUN)
def test_sun_rasters_of_odd_width_are_shown(source, dest, name, compressed):
    depth, stored, colours, shown = SUN[name]
    raw = sun_rows(np.ascontiguousarray(stored))
    data = sun(depth, runs(raw) if compressed else raw, 2 if compressed else 1, colours)
    after, _ = made(source, dest, "a.ras", data)
    assert np.array_equal(after, shown[BITS] if name == "bits with colours" else shown)


def test_a_sun_raster_in_the_order_rgb(source, dest):
    after, _ = made(source, dest, "a.ras", sun(24, sun_rows(COLOURS), 3))
    assert np.array_equal(after, COLOURS)


def test_padding_of_written_sun_rasters_is_zero(source, dest):
    run_one(source, dest, "a.ras", sun(8, sun_rows(INDEXES)), "--std", "0.1")
    rows_written = np.frombuffer((dest / "a.ras").read_bytes()[32:], np.uint8).reshape(HEIGHT, WIDTH + 1)
    assert not rows_written[:, -1].any() and rows_written[:, :-1].any()
    with Image.open(dest / "a.ras") as image:
        assert np.array_equal(image, rows_written[:, :-1])


# PNM and PAM


@pytest.mark.parametrize("maximum", [1, 15, 100, 1023, 4095])
@pytest.mark.parametrize("colour", [False, True])
def test_samples_below_another_maximum_are_scaled_and_that_is_said(source, dest, maximum, colour):
    samples = pixels((40, 50, 3) if colour else (40, 50), np.uint16, seed=4) % (maximum + 1)
    samples[0, 0] = maximum
    stored = samples.astype(">u2" if maximum > 255 else "u1")
    name = "a.ppm" if colour else "a.pgm"
    row = run_one(source, dest, name, files.netpbm(f"P{5 + colour} 50 40 {maximum}\n", stored))
    assert row["not_kept"] == f"maximum of {maximum}"
    after = cv2.imread(str(dest / name), cv2.IMREAD_UNCHANGED)[..., :: -1 if colour else None]
    top = 65535 if maximum > 255 else 255
    assert np.array_equal(after, (samples.astype(int) * top + maximum // 2) // maximum)


def test_a_pam_of_black_and_white(source, dest):
    bits = INDEXES >> 7
    data = files.netpbm("P7\nWIDTH 13\nHEIGHT 11\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n", bits)
    after, not_kept = made(source, dest, "a.pam", data)
    assert np.array_equal(after, bits * 255) and not_kept == "maximum of 1"


# AVIF and WebP


@pytest.mark.parametrize("value_range", ["full", "limited"])
@pytest.mark.parametrize("alpha", [False, True])
def test_a_grey_avif_of_either_range_is_as_bright_as_it_was(source, dest, value_range, alpha):
    grey = np.linspace(0, 255, 64 * 80).reshape(64, 80).astype(np.uint8)
    held = np.dstack([grey, 255 - grey]) if alpha else grey
    data = files.pillow(held, "AVIF", quality=95, subsampling="4:0:0", range=value_range)
    after, not_kept = made(source, dest, "a.avif", data)
    assert not_kept == ""
    shown = after.reshape(64, 80, -1).astype(int)
    assert abs(shown[..., 0] - grey).max() <= 4
    if alpha:
        assert abs(shown[..., -1] - held[..., 1]).max() <= 4


def test_xmp_and_exif_of_an_avif_are_kept(source, dest):
    data = files.pillow(photo(40, 50), "AVIF", quality=90, xmp=files.XMP, exif=files.exif())
    row = run_one(source, dest, "a.avif", data)
    assert row["not_kept"] == ""
    with Image.open(dest / "a.avif") as after:
        assert after.info["xmp"] == files.XMP
        assert after.getexif()[0x010E] == "a rotated picture" and after.getexif()[0x0112] == 6


def test_deep_samples_of_an_avif_become_8_bits_and_that_is_said(source, dest):
    deep = np.repeat(np.linspace(0, 1023, 4000).reshape(40, 100, 1), 3, axis=2).astype(np.uint16)
    settings = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 95]
    after, not_kept = made(source, dest, "a.avif", cv2.imencode(".avif", deep, settings)[1].tobytes())
    assert not_kept == "10-bit depth"
    assert abs(after - deep * (255 / 1023)).max() < 3


def test_a_webp_of_one_colour_is_read_however_short_it_is(source, dest):
    data = files.pillow(np.zeros((13, 13, 3), np.uint8), "WEBP", lossless=True, method=6, quality=100)
    assert len(data) < 32
    after, _ = made(source, dest, "a.webp", data)
    assert after.shape == (13, 13, 3) and not after.any()


def test_the_library_that_decoded_is_recorded(source, dest):
    (source / "a.png").write_bytes(files.pillow(files.RGB, "PNG"))
    (source / "b.bmp").write_bytes(files.pillow(files.RGB, "BMP"))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    told = {name: row["made_with"] for name, row in manifest(dest).items()}
    assert told["b.bmp"].endswith(f", pillow {PIL.__version__}") and "pillow" not in told["a.png"]


# GIF


def coded(indexes: np.ndarray) -> bytes:
    """Indexes below 128 as GIF codes of 8 bits, with the table cleared before codes grow longer."""
    codes = indexes.ravel().tolist()
    raw = b"".join(bytes([128, *codes[at : at + 120]]) for at in range(0, len(codes), 120)) + bytes([129])
    return b"\7" + b"".join(bytes([len(part)]) + part for part in _parts(raw)) + b"\0"


def _parts(raw: bytes) -> list[bytes]:
    return [raw[at : at + 255] for at in range(0, len(raw), 255)]


def gif(*frames: tuple[int, int, np.ndarray, int, int | None], size=(30, 20), table=PALETTE[:128]) -> bytes:
    """A GIF of frames, each its place, its indexes, how it is removed, and which of them is transparent."""
    parts = [b"GIF89a" + struct.pack("<HHBBB", *size, 0xF6, 0, 0) + table.tobytes()]
    for left, top, indexes, dispose, clear in frames:
        flags = dispose << 2 | (clear is not None)
        parts.append(b"\x21\xf9\4" + struct.pack("<BHB", flags, 5, clear or 0) + b"\0")
        parts.append(b"\x2c" + struct.pack("<HHHHB", left, top, *indexes.shape[::-1], 0) + coded(indexes))
    return b"".join([*parts, b"\x3b"])


def gif_frames(source, dest, data: bytes) -> list[np.ndarray]:
    """The frames with alpha of the PNG that a GIF becomes."""
    row = run_one(source, dest, "a.gif", data)
    frames, delays, _ = shown(dest / "a.png")
    assert row["frames"] == len(frames) and row["not_kept"] == "GIF palette"
    assert set(delays) <= {50, None}
    return frames


GROUND, SMALL, HOLED = np.full((20, 30), 7), np.full((8, 9), 5), np.pad(np.full((4, 4), 9), 2)
CORNER, MIDDLE = np.s_[2:10, 3:12], np.s_[6:14, 10:18]


EMPTY = np.zeros((20, 30, 4), np.uint8)


def painted(onto: np.ndarray, where, indexes: np.ndarray, clear: int | None = None) -> np.ndarray:
    """A canvas with a frame on it."""
    result = onto.copy()
    region = result[where]
    visible = indexes != clear
    region[visible] = np.append(PALETTE[:128], np.full((128, 1), 255, np.uint8), axis=1)[indexes][visible]
    return result


@pytest.mark.parametrize("dispose", [0, 1, 2, 3])
@pytest.mark.parametrize("ground", [True, False])
def test_frames_of_a_gif_are_removed_as_they_say_and_what_is_transparent_stays_so(source, dest, dispose, ground):
    first = (0, 0, GROUND, 1, None) if ground else (0, 0, GROUND, 1, 7)
    data = gif(first, (3, 2, SMALL, dispose, None), (10, 6, HOLED, 1, 0))
    before = painted(EMPTY, np.s_[:], GROUND, None if ground else 7)
    second = painted(before, CORNER, SMALL)
    left = {2: second.copy(), 3: before}.get(dispose, second)
    if dispose == 2:
        left[CORNER] = 0
    expected = [before, second, painted(left, MIDDLE, HOLED, 0)]
    after = gif_frames(source, dest, data)
    for one, other in zip(after, expected, strict=True):
        assert np.array_equal(one[..., 3], other[..., 3])
        assert np.array_equal(one[other[..., 3] > 0], other[other[..., 3] > 0])


def test_a_gif_without_transparency_has_no_alpha(source, dest):
    gif_frames(source, dest, gif((0, 0, GROUND, 1, None), (3, 2, SMALL, 1, None)))
    with Image.open(dest / "a.png") as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize("clear", [None, 9])
def test_what_one_frame_of_a_gif_does_not_cover_is_its_background_or_transparent(source, dest, clear):
    (after,) = gif_frames(source, dest, gif((3, 2, SMALL, 1, clear)))
    ground = EMPTY if clear else painted(EMPTY, np.s_[:], np.zeros((20, 30), int))  # the colour 0 is the background
    assert np.array_equal(after, painted(ground, CORNER, SMALL))


def test_a_first_frame_that_gives_way_to_nothing_stays(source, dest):
    after = gif_frames(source, dest, gif((0, 0, GROUND, 3, None), (3, 2, SMALL, 1, None)))
    assert np.array_equal(after[1], painted(painted(EMPTY, np.s_[:], GROUND), CORNER, SMALL))


def test_noise_leaves_what_is_transparent_in_a_gif(source, dest):
    run_one(source, dest, "a.gif", gif((0, 0, GROUND, 1, 7), (10, 6, HOLED, 1, 0)), "--std", "0.2")
    frames, _, _ = shown(dest / "a.png")
    assert not frames[0][..., 3].any()
    assert np.array_equal(frames[1][..., 3] > 0, painted(EMPTY, MIDDLE, HOLED, 0)[..., 3] > 0)


@pytest.mark.parametrize("form", ["BMP", "GIF", "AVIF"])
def test_the_largest_size_is_that_of_max_pixels_and_not_pillows(source, dest, monkeypatch, form):
    data = files.pillow(files.RGB, form)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # what Pillow warns of, and refuses if there are more than twice
    name = f"a.{form.lower()}"
    (source / name).write_bytes(data)
    result = within("run", source, dest, "--std", "0")
    assert result.returncode == 0 and "pixels" not in result.stderr
    assert "max-pixels" in refused(source, dest.with_name("small"), name, data, "--max-pixels", "1999")


# What the header says is held against what was decoded


def test_an_image_of_another_size_than_its_header_says_is_refused(source, dest):
    data = files.pillow(files.RGBA, "WEBP", lossless=True)
    wider = struct.pack("<I", files.SIZE[1] + 9)[:3] + struct.pack("<I", files.SIZE[0] - 1)[:3]
    extended = b"VP8X" + struct.pack("<II", 10, 0x10) + wider
    body = b"WEBP" + extended + data[12:]
    why = refused(source, dest, "a.webp", b"RIFF" + struct.pack("<I", len(body)) + body)
    assert "WebP of 60 x 40 pixels" in why


def test_what_an_encoder_wrote_is_held_against_what_it_was_given():
    samples = files.RGB.copy()
    for wrong in (files.RGB[:-1], files.GREY, files.RGB.astype(np.uint16)):
        written = cv2.imencode(".png", wrong)[1].tobytes()
        with pytest.raises(
            Refused, match="cannot be encoded as PNG: one image of 50 x 40 pixels of uint8 colour given"
        ):
            check_encoded(memoryview(written), format_of(".png"), [samples])


@pytest.mark.parametrize(("form", "lost"), [("webp", "opaque alpha"), ("png", "")])
def test_alpha_that_an_encoder_leaves_out_is_named_where_it_was_opaque(source, dest, form, lost):
    opaque = np.dstack([files.RGB, np.full(files.SIZE, 255, np.uint8)])
    (source / "a.png").write_bytes(files.pillow(opaque, "PNG"))
    assert within("run", source, dest, "--std", "0.1", "--image-format", form).returncode == 0
    assert manifest(dest)[f"a.{form}"]["not_kept"] == lost


@pytest.mark.parametrize("form", ["gif", "webp", "avif"])
def test_a_poster_is_left_out_by_name(source, dest, form):
    (source / "a.png").write_bytes(files.ANIMATIONS["poster.png"]())
    assert within("run", source, dest, "--std", "0", "--image-format", form).returncode == 0
    assert "poster" in manifest(dest)[f"a.{form}"]["not_kept"]
    assert len(shown(dest / f"a.{form}")[0]) == 3


BROKEN = {
    "a.png": lambda: files.pillow(files.RGB, "PNG"),
    "a.jpg": lambda: files.pillow(files.RGB, "JPEG"),
    "a.gif": lambda: files.pillow(files.RGB, "GIF"),
    "a.bmp": lambda: bmp(40, 24, rows(COLOURS)),
    "masks.bmp": lambda: bmp(40, 16, packed(MASKS["444"], 16)[0], method=3, masks=MASKS["444"]),
    "a.dib": lambda: bmp(40, 24, rows(COLOURS))[14:],
    "a.ras": lambda: sun(24, sun_rows(COLOURS)),
    "a.pam": lambda: files.pam(files.RGB, "RGB"),
    "a.pgm": lambda: files.pillow(files.GREY, "PPM"),
    "a.pfm": lambda: files.netpbm("Pf\n50 40\n-1.0\n", files.FLOAT),
    "a.avif": lambda: files.pillow(files.RGB, "AVIF"),
    "a.webp": lambda: files.pillow(files.RGB, "WEBP"),
    "a.jp2": lambda: files.pillow(files.RGB, "JPEG2000"),
    "a.tif": lambda: files.pillow(files.RGB, "TIFF"),
}
TITLES = {"jpg": "JPEG", "ras": "Sun raster", "webp": "WebP", "jp2": "JPEG 2000", "tif": "TIFF"}


@pytest.mark.parametrize("name", [name for name in BROKEN if not name.endswith("jpg")])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6])
def test_a_file_that_is_cut_off_is_refused_by_its_name_and_not_in_the_words_of_a_codec(source, dest, name, kept):
    data = BROKEN[name]()
    why = refused(source, dest, name, data[: max(int(len(data) * kept), 12)])
    suffix = name.partition(".")[2]
    by_name = TITLES.get(suffix, suffix.upper()) in why or "PNM" in why
    assert by_name or why.startswith("is damaged: its pixels end early (row ")
    assert not re.search(r"static_cast|requires a buffer|OpenCV|Unspecified|unpack|assert|index out", why)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pam", b"P7\nWIDTH 4\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\n1234"),
        ("a.pam", b"P7\nWIDTH -4\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n1234"),
        ("a.gif", gif()[:12]),
        ("a.gif", gif()),
        ("a.ras", sun(8, b"")[:4] + bytes(4) + sun(8, b"")[8:]),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(source, dest, name, data):
    assert "damaged or cut off" in refused(source, dest, name, data)


@pytest.mark.parametrize("data", [b"<html>no image</html>", b"\0" * 100, b"BA" + bytes(60)])
def test_what_is_no_image_is_told_by_how_it_begins(source, dest, data):
    assert repr(data[:8].decode("latin-1"))[1:-1] in refused(source, dest, "a.png", data)


def test_the_histogram_of_a_png_palette_is_named(source, dest):
    data = files.pillow(files.RGB, "PNG", "P")
    at = data.index(b"IDAT") - 4
    _, not_kept = made(source, dest, "a.png", data[:at] + files.chunk(b"hIST", bytes(512)) + data[at:])
    assert not_kept == "palette, hIST"


PAM = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n"


@pytest.mark.parametrize("head", [b"P4 8 2\n", b"P5 2 1 255\n", b"P5 1 1 65535\n", PAM])
def test_further_images_in_a_file_are_named(source, dest, head):
    one, suffix = head + b"ab", "pam" if head.startswith(b"P7") else "pnm"
    (source / f"one.{suffix}").write_bytes(one)
    (source / f"two.{suffix}").write_bytes(one + one)
    assert within("run", source, dest, "--std", "0").returncode == 0
    rows = manifest(dest)
    assert "further images" not in rows[f"one.{suffix}"]["not_kept"]
    assert "further images" in rows[f"two.{suffix}"]["not_kept"]
