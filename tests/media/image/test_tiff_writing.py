"""TIFF files with deflate compression as they are written: what other programs read in them, and how large they are."""

from __future__ import annotations

import io
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from noiseaug.media.image.containers import ifd, tiff_writer
from noiseaug.media.image.containers.deflate import spread_rows
from noiseaug.media.image.header import Tag
from support.commands import run_one, within
from support.corpus import photo, pixels, write_image
from support.trees import manifest

SAMPLES = Path(__file__).parents[3] / "sample_data/images"
DTYPES = [np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.float32, np.float64]
LAYOUTS = [(dtype, channels) for dtype in DTYPES for channels in (1, 3, 4)]
ALPHA = {338: ifd.short(2)}


def in_file_order(samples):
    """The samples as tifffile and Pillow give them: red first."""
    return samples[..., [2, 1, 0, 3][: samples.shape[2]]] if samples.ndim == 3 else samples


def whole(dtype, shape, seed=0):
    """Random samples of any dtype, over the whole range of integers."""
    if np.dtype(dtype).kind != "f":
        return pixels(shape, dtype, seed)
    return np.random.default_rng(seed).normal(0.5, 0.3, shape).astype(dtype)


def drawing(height, width, channels=1, dtype=np.uint8):
    """Words and lines on white."""
    page = np.full((height, width), 255, np.uint8)
    for number in range(12):
        at = (number * width // 20, (number + 1) * height // 12)
        cv2.putText(page, f"words {number}", at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 20 * number, 1, cv2.LINE_AA)
        cv2.line(page, at, (width - at[0], at[1]), 5 * number, 1)
    deep = page.astype(dtype) if np.dtype(dtype).kind == "f" else page * dtype(np.iinfo(dtype).max // 255)
    return deep if channels == 1 else np.repeat(deep[..., None], channels, axis=2)


@st.composite
def images(draw):
    """Images of any layout, of a few pixels or of enough that a way is chosen."""
    dtype, channels = draw(st.sampled_from(LAYOUTS))
    height, width = draw(st.integers(1, 120)), draw(st.integers(1, 300))
    shape = (height, width) if channels == 1 else (height, width, channels)
    content, seed = draw(st.sampled_from(["flat", "drawing", "any", "half"])), draw(st.integers(0, 999))
    if content == "drawing":
        return drawing(height, width, channels, dtype)
    samples = whole(dtype, shape, seed)
    samples[: {"flat": height, "half": height // 2}.get(content, 0)] = samples.flat[-1]
    return samples


@given(images(), st.integers(1, 3))
def test_tifffile_opencv_and_pillow_read_what_is_written(samples, count):
    frames = [np.roll(samples, number, axis=0) for number in range(count)]
    alpha = samples.shape[2:] == (4,)
    file = tiff_writer.encode(frames, [ALPHA if alpha else {}])
    with tifffile.TiffFile(io.BytesIO(file)) as read:
        assert [page.compression for page in read.pages] == [tifffile.COMPRESSION.ADOBE_DEFLATE] * count
        for page, frame in zip(read.pages, frames, strict=True):
            assert page.dtype == samples.dtype
            assert page.predictor == 1 or samples.dtype.kind != "f"
            assert np.array_equal(page.asarray().reshape(samples.shape), in_file_order(frame))
    if not alpha:  # OpenCV multiplies colours with it
        _, pages = cv2.imdecodemulti(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        assert all(np.array_equal(page, frame) for page, frame in zip(pages, frames, strict=True))
    if samples.dtype == np.uint8 or (samples.ndim == 2 and samples.dtype in (np.uint16, np.float32)):
        with Image.open(io.BytesIO(file)) as image:
            for number, frame in enumerate(frames):
                image.seek(number)
                assert np.array_equal(np.asarray(image), in_file_order(frame))


def written(samples, **settings):
    """A TIFF of one page with deflate compression, as tifffile writes it."""
    file = io.BytesIO()
    several = samples.ndim == 3
    extra = {"extrasamples": ["unassalpha"]} if several and samples.shape[2] == 4 else {}
    photometric = "rgb" if several else "minisblack"
    tifffile.imwrite(file, samples, compression="zlib", photometric=photometric, metadata=None, **extra, **settings)
    return file.getvalue()


def sources(folder):
    """Photographs, drawings and noise of every layout, with deflate compression, and a file of three pages."""
    for dtype, channels in LAYOUTS:
        shape = (90, 110) if channels == 1 else (90, 110, channels)
        name = f"{np.dtype(dtype)}-{channels}.tif"
        (folder / f"any-{name}").write_bytes(written(whole(dtype, shape)))
        (folder / f"drawing-{name}").write_bytes(written(drawing(90, 110, channels, dtype)))
    pages = [photo(80 + number, 120 - number, 3) for number in range(3)]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for number, page in enumerate(pages):
            writer.write(page, compression="zlib", photometric="rgb", metadata=None, description=f"page {number}")
    (folder / "pages.tif").write_bytes(file.getvalue())


@pytest.mark.skipif(not shutil.which("tiffcp"), reason="NOT TESTED: whether libtiff reads TIFF outputs; install tiffcp")
def test_libtiff_reads_outputs_without_a_warning(source, dest, tmp_path):
    sources(source)
    assert within("run", source, dest, "--std", "0", "--std", "25/255").returncode == 0
    made = sorted(dest.rglob("*.tif"))
    assert len(made) == 2 * (2 * len(LAYOUTS) + 1)
    for path in made:
        copied = tmp_path / "copied.tif"
        said = subprocess.run(["tiffcp", "-c", "none", path, copied], capture_output=True, text=True)
        assert (said.returncode, said.stderr) == (0, ""), path.name
        with tifffile.TiffFile(path) as ours, tifffile.TiffFile(copied) as theirs:
            for one, other in zip(ours.pages, theirs.pages, strict=True):
                assert one.compression == tifffile.COMPRESSION.ADOBE_DEFLATE, path.name
                assert np.array_equal(one.asarray(), other.asarray()), path.name


def test_without_noise_samples_and_tags_are_those_of_the_source(source, dest):
    sources(source)
    assert within("run", source, dest, "--std", "0").returncode == 0
    for path in source.iterdir():
        with tifffile.TiffFile(path) as before, tifffile.TiffFile(dest / path.name) as after:
            for one, other in zip(before.pages, after.pages, strict=True):
                assert (one.dtype, one.description) == (other.dtype, other.description)
                assert (one.photometric, one.extrasamples) == (other.photometric, other.extrasamples)
                assert np.array_equal(one.asarray(), other.asarray()), path.name


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_sources_of_both_orders_of_bytes_and_bigtiff_become_the_same_file(source, dest, order, big):
    row = run_one(source, dest, "a.tif", written(photo(60, 70, 3, np.uint16)), "--std", "0.1")
    other = written(photo(60, 70, 3, np.uint16), byteorder=order, bigtiff=big)
    (source / "a.tif").write_bytes(other)
    assert within("run", source, dest, "--std", "0.1").returncode == 0
    assert manifest(dest)["a.tif"]["sha256"] == row["sha256"]


def test_pages_of_more_than_four_gigabytes_become_a_bigtiff_file():
    """Here it is one byte more than a lower limit."""
    samples = whole(np.uint16, (70, 50))
    tags = {256: ifd.short(50), 257: ifd.short(70), 258: ifd.short(16), 262: ifd.short(1), 278: ifd.short(10)}
    strips = [rows.tobytes() for rows in samples.reshape(7, 10, 50)]
    pages = [(tags | {270: Tag(2, b"a description\0")}, strips), (tags, strips)]
    for room, is_big in ((2 * samples.nbytes, False), (2 * samples.nbytes - 1, True)):
        file = ifd.file_of(pages, room)
        with tifffile.TiffFile(io.BytesIO(file)) as read:
            assert read.is_bigtiff == is_big
            assert [page.description for page in read.pages] == ["a description", ""]
            assert all(np.array_equal(page.asarray(), samples) for page in read.pages)
        _, frames = cv2.imdecodemulti(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(frames, [samples] * 2)


def test_files_are_no_larger_than_those_of_opencv(source, dest):
    """docs/performance.md has more of them. There may be 2 % for one file of a hundred; on these, none needs it."""
    for path in SAMPLES.rglob("*.*"):
        shutil.copy(path, source)
    for dtype, channels in [(np.uint8, 1), (np.uint8, 3), (np.uint16, 1), (np.uint16, 4)]:
        shape = (200, 300) if channels == 1 else (200, 300, channels)
        name = f"{channels}-{np.dtype(dtype)}.png"
        write_image(source / f"drawing-{name}", drawing(200, 300, channels, dtype))
        write_image(source / f"flat-{name}", np.full(shape, 77, dtype))
        write_image(source / f"scan-{name}", photo(200, 300, channels, dtype))
    stds = [option for std in ("0", "1/255", "25/255", "50/255") for option in ("--std", std)]
    assert within("run", source, dest, *stds, "--image-format", "tif").returncode == 0
    ratios = {}
    for path in dest.rglob("*.tif"):
        ours = tifffile.imread(path)
        settings = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE]
        theirs = cv2.imencode(".tif", ours, settings)[1].tobytes()
        ratios[path.name] = length_of_samples(path.read_bytes()) / length_of_samples(theirs)
    assert len(ratios) == 4 * (7 + 12)
    assert max(ratios.values()) < 1.01, max(ratios, key=ratios.get)
    assert np.mean(list(ratios.values())) < 0.93


def test_a_drawing_whose_looked_at_rows_are_unlike_the_rest_is_no_larger_either(source, dest):
    row = np.repeat(np.random.default_rng(3).integers(0, 256, 30), 20).astype(np.uint8)
    samples = np.tile(row, (256, 1))
    samples[spread_rows(samples[..., None], 1 << 14, 4)] = 255
    write_image(source / "a.png", samples)
    assert within("run", source, dest, "--std", "0", "--image-format", "tif").returncode == 0
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE]
    assert (dest / "a.tif").stat().st_size < len(cv2.imencode(".tif", samples, settings)[1])


def length_of_samples(file):
    """How many bytes the strips take, without what the file says about its image."""
    with tifffile.TiffFile(io.BytesIO(file)) as read:
        return sum(read.pages[0].databytecounts)


def test_writing_takes_twice_the_memory_of_the_image_at_most():
    samples = pixels((1500, 1500, 3))
    tracemalloc.start()
    tiff_writer.encode([samples], [{}])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2.3 * samples.nbytes
