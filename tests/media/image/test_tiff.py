"""TIFF files of all kinds, which three libraries decode: their samples are kept, or the refusal says what they are."""

from __future__ import annotations

import io
import struct
import sys

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from support.commands import run_one, within
from support.trees import failures, manifest

SIZE = (32, 48)


def samples(dtype, channels=1):
    shape = SIZE if channels == 1 else (*SIZE, channels)
    drawn = np.random.default_rng(1).random(shape)
    return (drawn if np.dtype(dtype).kind == "f" else drawn * np.iinfo(dtype).max).astype(dtype)


def written(array, **settings):
    file = io.BytesIO()
    settings = {"photometric": "rgb" if array.ndim == 3 and array.shape[-1] == 3 else "minisblack"} | settings
    tifffile.imwrite(file, array, planarconfig=settings.pop("planarconfig", "contig"), **settings)
    return file.getvalue()


def by_hand(width, height, pixels, *more):
    """A TIFF of one strip, with these tags (number, values of 16 bits) beside its size."""
    tags = sorted([(256, [width]), (257, [height]), (278, [height]), *more, (273, None), (279, None)])
    at = 8 + len(pixels) + len(pixels) % 2
    far = at + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for number, numbers in tags:
        if numbers is None:
            entries += struct.pack("<HHII", number, 4, 1, 8 if number == 273 else len(pixels))
            continue
        packed = struct.pack(f"<{len(numbers)}H", *numbers)
        if len(packed) > 4:
            packed, values = struct.pack("<I", far + len(values)), values + packed
        entries += struct.pack("<HHI", number, 3, len(numbers)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", at) + pixels.ljust(at - 8, b"\0")
    return head + struct.pack("<H", len(tags)) + entries + bytes(4) + values


KINDS = {
    "zstd": (samples(np.uint8), {"compression": "zstd"}),
    "zstd colour": (samples(np.uint8, 3), {"compression": "zstd"}),
    "lzma 16 bits": (samples(np.uint16, 3), {"compression": "lzma"}),
    "lerc float": (samples(np.float32), {"compression": "lerc"}),
    "jpeg 2000": (samples(np.uint8), {"compression": "jpeg2000"}),
    "uint32": (samples(np.uint32), {}),
    "uint32 colour": (samples(np.uint32, 3), {"compression": "lzma"}),
    "float16": (samples(np.float16), {}),
    "float16 colour": (samples(np.float16, 3), {"compression": "zlib", "predictor": True}),
    "tiles": (samples(np.uint8, 3), {"tile": (16, 16)}),
    "deep planes": (np.moveaxis(samples(np.uint16, 3), -1, 0), {"planarconfig": "separate", "photometric": "rgb"}),
    "grey with alpha": (samples(np.uint8, 2), {"extrasamples": ["unassalpha"]}),
    "two channels": (samples(np.uint16, 2), {}),
    "three channels that are no colours": (samples(np.uint8, 3), {"photometric": "minisblack"}),
    "five channels of which three are colours": (samples(np.uint8, 5), {"photometric": "rgb"}),
    "seven channels": (samples(np.float32, 7), {}),
    "big-endian": (samples(np.uint16, 5), {"byteorder": ">"}),
    "white is 0": (samples(np.uint8), {"photometric": "miniswhite", "compression": "zlib"}),
    "two pages": (np.stack([samples(np.float16)] * 2), {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_samples_and_their_dtype_are_kept(source, dest, kind):
    array, settings = KINDS[kind]
    row = run_one(source, dest, "a.tif", written(array, **settings), "--std", "0")
    with tifffile.TiffFile(source / "a.tif") as before, tifffile.TiffFile(dest / "a.tif") as after:
        assert len(before.pages) == len(after.pages) == row["frames"]
        for one, other in zip(before.pages, after.pages, strict=True):
            old, new = one.asarray(), other.asarray()
            if one.planarconfig == 2:
                old = np.moveaxis(old, 0, -1)
            if one.photometric == 0 and other.photometric == 1:
                new = np.iinfo(new.dtype).max - new
            assert (old.dtype, old.tolist()) == (new.dtype, new.tolist())
            assert one.extrasamples == other.extrasamples


@pytest.mark.parametrize(("dtype", "scale"), [(np.float16, 1), (np.uint32, 2**32 - 1)])
def test_noise_has_its_strength_on_further_dtypes(source, dest, dtype, scale):
    array = np.full((200, 200), 0.5 * scale).astype(dtype)
    row = run_one(source, dest, "a.tif", written(array), "--std", "0.1")
    after = tifffile.imread(dest / "a.tif")
    noise = (after.astype(np.float64) - array) / scale
    assert after.dtype == dtype
    assert abs(noise.std() / 0.1 - 1) < 0.02
    assert abs(noise.mean()) < 0.002
    assert row["dtype"] == np.dtype(dtype).name
    assert within("verify", dest, "--source", source, "--deep").returncode == 0


def test_alpha_of_grey_gets_no_noise_and_a_second_channel_does(source, dest):
    array = samples(np.uint16, 2)
    for name, extra in (("alpha.tif", "unassalpha"), ("other.tif", "unspecified")):
        (source / name).write_bytes(written(array, extrasamples=[extra]))
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    alpha, other = (tifffile.imread(dest / name)[..., 1] for name in ("alpha.tif", "other.tif"))
    assert np.array_equal(alpha, array[..., 1])
    assert not np.array_equal(other, array[..., 1])


def test_descriptions_of_microscopes_are_kept(source, dest):
    said = '<?xml version="1.0" encoding="UTF-8"?><OME><Image ID="Image:0"/></OME>'
    content = written(samples(np.uint16, 5), description=said, metadata=None)
    run_one(source, dest, "a.tif", content, "--std", "0.1")
    with tifffile.TiffFile(dest / "a.tif") as after:
        assert after.pages[0].description == said


def test_stacks_of_imagej_are_read_as_stacks(source, dest):
    stack = np.stack([samples(np.uint16), samples(np.uint16) // 2, samples(np.uint16) // 3])
    file = io.BytesIO()
    tifffile.imwrite(file, stack, imagej=True)
    row = run_one(source, dest, "a.tif", file.getvalue(), "--std", "0")
    assert np.array_equal(tifffile.imread(dest / "a.tif"), stack)
    assert row["not_kept"] == "ImageJ description"


def test_a_stack_of_imagej_without_tags_for_each_image_is_refused(source, dest):
    (source / "a.tif").write_bytes(written(samples(np.uint16), description="ImageJ=1.53\nimages=3\n", metadata=None))
    assert within("run", source, dest, "--std", "0").returncode == 3
    assert failures(dest)["a.tif"].startswith("is an ImageJ stack of 3 images of which 1 have tags")


@pytest.mark.parametrize("compression", ["jpeg2000", "webp", "lerc"])
def test_parts_that_say_to_be_larger_than_their_page_are_refused(source, dest, compression):
    array = samples(np.uint16 if compression != "webp" else np.uint8, 3)
    content = bytearray(written(array, compression=compression))
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as file:
        page = file.pages[0]
        content[page.tags["ImageLength"].valueoffset] -= 1
        content[page.tags["RowsPerStrip"].valueoffset] -= 1
    (source / "a.tif").write_bytes(bytes(content))
    assert within("run", source, dest, "--std", "0").returncode == 3
    assert "it is damaged or truncated" in failures(dest)["a.tif"]


PALETTE = [0, 65535, 4626, 8738, 0, 1028, 65535, 32896, 257, 13107, 65535, 771]  # red, green, blue of four colours


@pytest.mark.parametrize("bits", [1, 2])
def test_palettes_of_few_bits_become_colour(source, dest, bits):
    indices = np.random.default_rng(2).integers(0, 2**bits, (6, 8))
    packed = np.packbits(np.unpackbits(indices.astype(np.uint8)[..., None], axis=-1)[..., -bits:].reshape(-1))
    colours = np.array(PALETTE).reshape(3, 4)[:, : 2**bits]
    tags = [(258, [bits]), (259, [1]), (262, [3]), (277, [1]), (320, colours.reshape(-1).tolist())]
    row = run_one(source, dest, "a.tif", by_hand(8, 6, packed.tobytes(), *tags), "--std", "0")
    assert np.array_equal(tifffile.imread(dest / "a.tif"), colours.T[indices] // 257)
    assert row["not_kept"] == "palette"


def test_tiles_of_1_bit_become_grey(source, dest):
    array = samples(np.uint8) > 127
    row = run_one(source, dest, "a.tif", written(array, tile=(16, 16)), "--std", "0")
    assert np.array_equal(tifffile.imread(dest / "a.tif"), array * np.uint8(255))
    assert row["not_kept"] == "1-bit depth"


def test_old_style_jpeg_becomes_colour(source, dest):
    picture = cv2.GaussianBlur(samples(np.uint8, 3), (0, 0), 4)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    tags = [(258, [8, 8, 8]), (259, [6]), (262, [6]), (277, [3]), (512, [1]), (513, [8]), (514, [len(jpeg)])]
    content = by_hand(SIZE[1], SIZE[0], jpeg, *tags, (530, [2, 2]))
    row = run_one(source, dest, "a.tif", content, "--std", "0")
    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(tifffile.imread(dest / "a.tif"), expected)
    assert np.abs(expected[..., ::-1].astype(int) - cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)).max() <= 8
    assert row["not_kept"] == "YCbCr"


@pytest.mark.parametrize(
    ("array", "settings", "what"),
    [
        (samples(np.int8), {}, "a TIFF of 8-bit signed samples, no compression"),
        (samples(np.uint32).astype(np.uint64), {}, "a TIFF of 64-bit unsigned samples"),
        (samples(np.float32).astype(np.complex64), {}, "a TIFF of 64-bit complex samples"),
        (samples(np.uint8), {"compression": "jpegxl"}, "a TIFF of 8-bit unsigned samples, JPEG XL compression"),
        (samples(np.uint8, 3) > 127, {}, "a TIFF of 3 channels of 1-bit unsigned samples"),
    ],
)
def test_what_gets_no_noise_is_named(source, dest, array, settings, what):
    (source / "a.tif").write_bytes(written(array, **settings))
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert failures(dest)["a.tif"].startswith(f"is {what}")


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_channels_that_are_no_colours_become_no_png(source, dest, photometric):
    (source / "a.tif").write_bytes(written(samples(np.uint8, 5), photometric=photometric))
    assert within("run", source, dest, "--std", "0.1", "--image-format", "png").returncode == 3
    assert failures(dest)["a.tif"] == "has 5 channels that are no colours, and png holds colours; write TIFF"


def test_without_the_extra_a_file_that_needs_it_says_so_and_others_are_as_with_it(source, dest, tmp_path, monkeypatch):
    for name in ("zstd", "float16", "uint32", "tiles"):
        array, settings = KINDS[name]
        (source / f"{name}.tif").write_bytes(written(array, **settings))
    within("run", source, dest, "--std", "0.1")
    for module in ("tifffile", "imagecodecs"):
        monkeypatch.setitem(sys.modules, module, None)
    assert within("run", source, tmp_path / "without", "--std", "0.1").returncode == 3
    assert failures(tmp_path / "without") == {
        "float16.tif": "is a TIFF of 16-bit floating-point samples, no compression, which needs the extra: "
        "pip install 'noiseaug[tiff]'"
    }
    rows = manifest(dest)
    del rows["float16.tif"]
    assert manifest(tmp_path / "without") == rows
