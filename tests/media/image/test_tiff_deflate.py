"""Sources with deflate compression: each part is inflated once, to see whether it is whole and to decode it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from support.commands import run_one, within
from support.corpus import photo
from support.trees import failures

DEEP, FLOAT = photo(60, 70, 3, np.uint16), photo(60, 70, 3).astype(np.float32) / 255
KINDS = {
    "one strip": (photo(60, 70), {"rowsperstrip": 60}),
    "many strips": (photo(60, 70), {"rowsperstrip": 7}),
    "tiles": (DEEP[..., 0], {"tile": (16, 32)}),
    "planes": (np.moveaxis(photo(60, 70), -1, 0), {"planarconfig": "separate"}),
    "big-endian": (DEEP, {"byteorder": ">"}),
    "big-endian with differences": (DEEP, {"byteorder": ">", "predictor": True}),
    "bigtiff": (DEEP, {"bigtiff": True, "predictor": True}),
    "floats with differences": (FLOAT, {"predictor": True}),
    "one bit": (photo(60, 70)[..., 0] > 127, {}),
    "palette": (photo(60, 70)[..., 0], {"photometric": "palette", "colormap": np.arange(768).reshape(3, 256) * 80}),
    "two channels": (photo(60, 70)[..., :2], {"photometric": "minisblack", "planarconfig": "contig"}),
}


def written(*pages, photometric="", compression="zlib", **settings):
    file = io.BytesIO()
    big, order = settings.pop("bigtiff", False), settings.pop("byteorder", "<")
    with tifffile.TiffWriter(file, bigtiff=big, byteorder=order) as writer:
        for page in pages:
            kind = photometric or ("rgb" if page.ndim == 3 else "minisblack")
            writer.write(page, photometric=kind, compression=compression, metadata=None, **settings)
    return bytearray(file.getvalue())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 3])
def test_samples_are_those_of_the_same_file_without_compression(source, dest, kind, count):
    array, settings = KINDS[kind]
    pages = [np.roll(array, number, axis=0) for number in range(count)]
    plain = {name: value for name, value in settings.items() if name != "predictor"}
    hashes = set()
    for content in (written(*pages, **settings), written(*pages, compression=None, **plain)):
        (source / "a.tif").write_bytes(content)
        assert within("run", source, dest, "--std", "0.1", "--image-format", "tif").returncode == 0, failures(dest)
        with tifffile.TiffFile(dest / "a.tif") as after:
            hashes.add(b"".join(page.asarray().tobytes() for page in after.pages))
    assert len(hashes) == 1


def places(content):
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as file:
        return [list(zip(page.dataoffsets, page.databytecounts, strict=True)) for page in file.pages]


@pytest.mark.parametrize("compressions", [("zlib", "zlib"), ("zlib", None), (None, "zlib")])
def test_pages_of_several_compressions_are_decoded(source, dest, compressions):
    file = io.BytesIO()
    pages = [photo(60, 70), photo(60, 70)[::-1]]
    with tifffile.TiffWriter(file) as writer:
        for page, compression in zip(pages, compressions, strict=True):
            writer.write(page, photometric="rgb", compression=compression, metadata=None)
    run_one(source, dest, "a.tif", file.getvalue(), "--std", "0")
    with tifffile.TiffFile(dest / "a.tif") as after:
        assert all(np.array_equal(one.asarray(), other) for one, other in zip(after.pages, pages, strict=True))


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("strip", [0, -1])
def test_a_damaged_checksum_is_told_of_any_part(source, dest, page, strip):
    content = written(photo(60, 70), photo(60, 70), rowsperstrip=20)
    start, length = places(content)[page][strip]
    content[start + length - 1] ^= 1
    (source / "a.tif").write_bytes(content)
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    what = "the pixels of its page 2" if page else "its pixels"
    assert f"some of {what} are corrupt" in failures(dest)["a.tif"]


def test_a_part_that_says_to_go_on_behind_the_end_is_missing_pixels(source, dest):
    content = written(photo(60, 70), rowsperstrip=60)
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as file:
        counts = file.pages[0].tags["StripByteCounts"]
    content[counts.offset + 8 : counts.offset + 12] = (len(content) + 1).to_bytes(4, "little")
    content[counts.offset + 2 : counts.offset + 4] = b"\x04\0"
    (source / "a.tif").write_bytes(content)
    assert within("run", source, dest, "--std", "0.1").returncode == 3
    assert "its pixels end early (row 0 of 60)" in failures(dest)["a.tif"]
