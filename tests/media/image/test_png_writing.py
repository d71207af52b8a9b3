"""PNG files as they are written: what other programs read in them, and how large they are."""

from __future__ import annotations

import io
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from noiseaug.media.image.containers import png_writer
from noiseaug.media.image.containers.png import chunks
from noiseaug.media.image.header import Timing
from support import picture_files as files
from support.commands import within
from support.corpus import photo, pixels, write_image
from support.trees import manifest

SAMPLES = Path(__file__).parents[3] / "sample_data/images"
LAYOUTS = [(dtype, channels) for dtype in (np.uint8, np.uint16) for channels in (1, 2, 3, 4)]
LEVELS = st.integers(0, 9)


def drawing(height, width, channels=1, dtype=np.uint8):
    """Words and lines on white."""
    page = np.full((height, width), 255, np.uint8)
    for number in range(12):
        at = (number * width // 20, (number + 1) * height // 12)
        cv2.putText(page, f"words {number}", at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 20 * number, 1, cv2.LINE_AA)
        cv2.line(page, at, (width - at[0], at[1]), 5 * number, 1)
    deep = page.astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    return deep if channels == 1 else np.repeat(deep[..., None], channels, axis=2)


def decoded(file, channels):
    """What OpenCV reads; grey with alpha comes as four channels."""
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    return samples[..., 2:] if channels == 2 else samples


def length_of_samples(file):
    """How many bytes the samples take, without what the file says about its image."""
    return sum(part.end - part.start for part in chunks(file) if part.kind == b"IDAT")


def in_pillows_order(samples):
    """The samples as Pillow gives them: red first."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    return samples if channels < 3 else samples[..., [2, 1, 0, 3][:channels]]


@st.composite
def images(draw):
    """Images of any layout, of a few pixels or of enough that a way is chosen, with some noise or none."""
    dtype, channels = draw(st.sampled_from(LAYOUTS))
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 200))
    shape = (height, width) if channels == 1 else (height, width, channels)
    seed, content = draw(st.integers(0, 999)), draw(st.sampled_from(["flat", "drawing", "slope", "any", "half"]))
    top = np.iinfo(dtype).max
    if content == "flat":
        samples = np.full(shape, draw(st.integers(0, top)), dtype)
    elif content == "drawing":
        samples = drawing(height, width, channels, dtype)
    elif content == "slope":
        slope = np.add.outer(np.arange(height), np.arange(width)) * draw(st.integers(1, 300)) % (top + 1)
        samples = np.broadcast_to(slope.reshape(*slope.shape, *[1] * (len(shape) - 2)), shape).astype(dtype)
    else:
        samples = pixels(shape, dtype, seed)
        if content == "half":
            samples[: height // 2] = samples.flat[0]
    spread = draw(st.sampled_from([0, 1, 9]))
    noise = np.random.default_rng(seed).integers(-spread, spread, shape, endpoint=True)
    return np.clip(samples.astype(np.int64) + noise, 0, top).astype(dtype)


@settings(deadline=None)
@given(images(), LEVELS)
def test_opencv_and_pillow_read_what_is_written(samples, level):
    file = png_writer.still(samples, level)
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    assert np.array_equal(decoded(file, channels), samples)
    with Image.open(io.BytesIO(file)) as image:
        read = np.asarray(image)
    if samples.dtype == np.uint8 or channels == 1:
        assert np.array_equal(read, in_pillows_order(samples))
    else:  # Pillow reads such with 8 bits, and grey with alpha as four channels
        assert read.shape[:2] == samples.shape[:2]


@settings(deadline=None)
@given(images(), st.integers(2, 4), LEVELS, st.booleans())
def test_pillow_plays_animations_as_they_are_written(first, count, level, poster):
    samples = first if first.dtype == np.uint8 else (first >> 8).astype(np.uint8)
    frames = [samples + np.uint8(number) for number in range(count + poster)]
    timing = Timing(((1, 10),) * len(frames), 3, poster)
    with Image.open(io.BytesIO(png_writer.animation(frames, timing, level))) as image:
        assert image.is_animated and image.n_frames == len(frames)
        for number, frame in enumerate(frames):
            image.seek(number)
            assert np.array_equal(np.asarray(image), in_pillows_order(frame))


def write_every_layout(folder):
    """Photographs and drawings of every layout, written by OpenCV and Pillow, and animations."""
    for dtype, channels in LAYOUTS:
        name = f"{np.dtype(dtype)}-{channels}.png"
        if channels == 2:
            (folder / name).write_bytes(
                files.LOSSLESS["grey-alpha.png" if dtype == np.uint8 else "deep-grey-alpha.png"]()
            )
            continue
        write_image(folder / f"photo-{name}", photo(120, 130, channels, dtype))
        write_image(folder / f"drawing-{name}", drawing(120, 130, channels, dtype))
    for name in ("rgb.png", "rgba.png"):
        (folder / f"moving-{name}").write_bytes(files.ANIMATIONS[name]())


def make(source, dest, level):
    write_every_layout(source)
    stds = ("--std", "0", "--std", "1/255", "--std", "25/255")
    assert within("run", source, dest, *stds, "--png-level", level).returncode == 0
    return sorted(dest.rglob("*.png"))


@pytest.mark.parametrize("level", ["0", "1", "9"])
@pytest.mark.skipif(not shutil.which("pngcheck"), reason="NOT TESTED: whether PNG outputs are sound; install pngcheck")
def test_pngcheck_finds_no_fault(source, dest, level):
    made = make(source, dest, level)
    assert len(made) == 3 * 16
    said = subprocess.run(["pngcheck", "-q", *made], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("level", ["0", "1", "9"])
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="NOT TESTED: whether ffmpeg reads PNG outputs; install ffmpeg")
def test_ffmpeg_reads_the_same_samples(source, dest, level):
    for path in make(source, dest, level):
        samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if "moving" in path.name or samples.dtype != np.uint8 or path.name.startswith("uint8-2"):
            options, expected = ["-f", "null"], b""
        else:
            form = {2: "gray", 3: "bgr24"}.get(samples.ndim) if samples.shape[2:] != (4,) else "bgra"
            options, expected = ["-f", "rawvideo", "-pix_fmt", form], samples.tobytes()
        command = ["ffmpeg", "-v", "error", "-xerror", "-i", path, *options, "-"]
        read = subprocess.run(command, capture_output=True)
        assert (read.returncode, read.stderr, read.stdout) == (0, b"", expected), path.name


def test_files_are_no_larger_than_those_of_opencv(source, dest):
    """docs/performance.md has more of them. There may be 2 % for one file of a hundred; on these, none needs it."""
    for path in SAMPLES.rglob("*.*"):
        shutil.copy(path, source)
    for dtype, channels in LAYOUTS:
        if channels != 2:
            shape = (200, 300) if channels == 1 else (200, 300, channels)
            write_image(source / f"drawing-{channels}-{np.dtype(dtype)}.png", drawing(200, 300, channels, dtype))
            write_image(source / f"flat-{channels}-{np.dtype(dtype)}.png", np.full(shape, 77, dtype))
            write_image(source / f"scan-{channels}-{np.dtype(dtype)}.png", photo(200, 300, channels, dtype))
    stds = [option for std in ("0", "1/255", "5/255", "25/255", "50/255") for option in ("--std", std)]
    assert within("run", source, dest, *stds, "--image-format", "png").returncode == 0
    ratios = {}
    for path in dest.rglob("*.png"):
        theirs = cv2.imencode(".png", cv2.imread(str(path), cv2.IMREAD_UNCHANGED))[1].tobytes()
        ratios[path.name] = length_of_samples(path.read_bytes()) / length_of_samples(theirs)
    assert len(ratios) == 5 * (7 + 18)
    assert max(ratios.values()) < 1.01, max(ratios, key=ratios.get)
    assert np.mean(list(ratios.values())) < 0.93


def test_level_0_stores_1_is_the_default_and_9_is_smaller_but_for_noise(source, tmp_path):
    shutil.copy(SAMPLES / "nature/flower.jpg", source)
    write_image(source / "drawing.png", drawing(200, 300, 3))
    sizes, samples = {}, {}
    for level in ("0", "1", "2", "6", "9", None):
        out = tmp_path / f"out-{level}"
        options = ("--png-level", level) if level else ()
        command = ("run", source, out, "--std", "0", "--std", "25/255", "--image-format", "png", *options)
        assert within(*command).returncode == 0
        sizes[level] = {name: row["bytes"] for name, row in manifest(out).items()}
        for name in sizes[level]:
            read = cv2.imread(str(out / name))
            assert np.array_equal(samples.setdefault(name, read), read)
    assert len(samples) == 4
    for name, stored in sizes["0"].items():
        assert samples[name].nbytes < stored < 1.01 * samples[name].nbytes
        assert sizes["1"][name] == sizes[None][name] < stored
        assert max(sizes[level][name] for level in ("2", "6", "9")) <= sizes["1"][name]
        assert sizes["9"][name] < sizes["1"][name] or "std0.098" in name


def test_a_large_image_has_samples_in_several_chunks():
    samples = pixels((4200, 4200))
    file = png_writer.still(samples, 0)
    assert [part.kind for part in chunks(file)].count(b"IDAT") == 2
    assert np.array_equal(decoded(file, 1), samples)
    moving = png_writer.animation([samples, samples], Timing(((1, 10),) * 2), 0)
    assert [part.kind for part in chunks(moving)].count(b"fdAT") == 2
    with Image.open(io.BytesIO(moving)) as image:
        image.seek(1)
        assert np.array_equal(np.asarray(image), samples)


@pytest.mark.parametrize("level", [0, 1])
def test_writing_takes_twice_the_memory_of_the_image_at_most(level):
    samples = pixels((1500, 1500, 3))
    tracemalloc.start()
    png_writer.still(samples, level)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2.3 * samples.nbytes


def test_images_name_zlib_ng_among_what_made_them(source, dest):
    write_image(source / "a.png", photo(20, 20))
    within("run", source, dest, "--std", "0.1")
    assert ", zlib-ng 2." in manifest(dest)["a.png"]["made_with"]
