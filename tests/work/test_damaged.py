"""Files of which a part is missing or corrupt are refused, or used and recorded as damaged: never taken for whole."""

from __future__ import annotations

import io
import json
import struct
import zlib

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image

from support.commands import noiseaug, within
from support.corpus import photo, sound
from support.trees import failures, manifest, tree

CLEAN = ("--std", "0")
ACCEPTED = ("--std", "0", "--accept-damaged")
END = b"\xff\xd9"


def pillow(name: str, **options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(photo(96, 128)).save(content, name, **options)
    return content.getvalue()


def written(suffix: str, *parameters: int, grey: bool = False) -> bytes:
    samples = photo(96, 128)[..., 0] if grey else photo(96, 128)
    return cv2.imencode(suffix, samples, parameters)[1].tobytes()


def recorded(name: str, subtype: str) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, sound(48000), 16000, format=name, subtype=subtype)
    return content.getvalue()


def animation(name: str) -> bytes:
    content = io.BytesIO()
    frames = [Image.fromarray(photo(40, 50, seed=seed)) for seed in range(4)]
    frames[0].save(content, name, save_all=True, append_images=frames[1:], duration=50)
    return content.getvalue()


def cut(data: bytes, part: float = 0.7) -> bytes:
    return data[: int(len(data) * part)]


def closed(data: bytes) -> bytes:
    return cut(data) + END


def with_hole(data: bytes, start: float, size: int) -> bytes:
    at = int(len(data) * start)
    return data[:at] + bytes(size) + data[at + size :]


def without_last_scan(data: bytes) -> bytes:
    """Return a progressive JPEG that ends where its last scan begins."""
    at = data.rindex(b"\xff\xda")
    table = data.rindex(b"\xff\xc4", 0, at)
    return data[: table if data[table + 2 :].find(b"\xff\xda") < 300 else at] + END


def png_of_rows(rows: int) -> bytes:
    """Return a PNG of 96 rows that holds fewer, all checksums right."""
    whole = pillow("PNG")
    raw = b"".join(b"\0" + row.tobytes() for row in photo(96, 128)[:rows])
    content = zlib.compress(raw)
    chunk = struct.pack(">I", len(content)) + b"IDAT" + content + struct.pack(">I", zlib.crc32(b"IDAT" + content))
    return whole[:33] + chunk + whole[-12:]


JPEG = pillow("JPEG", quality=90)
PROGRESSIVE = pillow("JPEG", quality=90, progressive=True)
RESTARTED = written(".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
FLAC, OGG, MP3 = recorded("FLAC", "PCM_16"), recorded("OGG", "VORBIS"), recorded("MP3", "MPEG_LAYER_III")

DAMAGED = {
    "cut.jpg": (cut(JPEG), "its pixels end early (row "),
    "closed.jpg": (closed(JPEG), "its pixels end early (row "),
    "closed-444.jpg": (closed(pillow("JPEG", quality=90, subsampling=0)), "its pixels end early (row "),
    "closed-grey.jpg": (closed(written(".jpg", grey=True)), "its pixels end early (row "),
    "closed-restarts.jpg": (closed(RESTARTED), "its pixels end early (row "),
    "closed-progressive.jpg": (closed(PROGRESSIVE), "some of its pixels are missing"),
    "scans.jpg": (without_last_scan(PROGRESSIVE), "its last scans are missing"),
    "zero-tail.jpg": (cut(JPEG) + bytes(5000), "its pixels end early (row "),
    "zero-tail-closed.jpg": (cut(JPEG) + bytes(5000) + END, "its pixels end early (row "),
    "hole.jpg": (with_hole(pillow("JPEG", quality=95), 0.5, 1024), "its pixels"),
    "cut.png": (cut(pillow("PNG")), "its pixels end early (row "),
    "rows.png": (png_of_rows(50), "its pixels end early (row 50 of 96)"),
    "hole.png": (with_hole(pillow("PNG"), 0.5, 40), "its pixels end early (row "),
    "cut-animation.png": (cut(animation("PNG")), "its frames end early ("),
    "cut-frames.gif": (cut(animation("GIF")), "its frames end early ("),
    "cut.tif": (cut(pillow("TIFF")), "its pixels end early"),
    "hole-deflate.tif": (
        with_hole(pillow("TIFF", compression="tiff_adobe_deflate"), 0.5, 40),
        "some of its pixels are",
    ),
    "hole-lzw.tif": (with_hole(pillow("TIFF", compression="tiff_lzw"), 0.5, 40), "some of its pixels are corrupt"),
    "cut.bmp": (cut(pillow("BMP")), "its pixels end early (row "),
    "cut.ppm": (cut(pillow("PPM")), "its pixels end early (row "),
    "cut.ras": (cut(written(".ras")), "its pixels end early (row "),
    "cut.wav": (cut(recorded("WAV", "PCM_16")), "its data ends early ("),
    "cut.aiff": (cut(recorded("AIFF", "PCM_16")), "its data ends early ("),
    "cut.caf": (cut(recorded("CAF", "PCM_16")), "its data ends early ("),
    "cut.flac": (cut(FLAC), "samples are missing or corrupt"),
    "hole.flac": (
        with_hole(FLAC, 0.5, 40),
        "4,096 of its 48,000 samples are missing or corrupt, with silence in place of some",
    ),
    "cut.ogg": (cut(OGG, 0.9), "its last page is missing"),
    "hole.ogg": (with_hole(OGG, 0.7, 40), "some of its pages are missing or corrupt"),
    "cut.mp3": (cut(MP3), "its last frame is cut short"),
    "garbage.mp3": (with_hole(MP3, 0.5, 3000), "between its frames is something else in 1 place"),
}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A SOURCE with the damaged files and one that is whole."""
    root = tmp_path_factory.mktemp("damaged")
    for name, (data, _) in DAMAGED.items():
        (root / name).write_bytes(data)
    (root / "whole.jpg").write_bytes(JPEG)
    return root


@pytest.fixture(scope="module")
def accepted(damaged, tmp_path_factory):
    """The DEST of a run that accepts damage, and how it ended."""
    dest = tmp_path_factory.mktemp("accepted") / "dest"
    return dest, noiseaug("run", damaged, dest, *ACCEPTED, "--workers", "2")


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_damaged_file_is_refused_with_what_is_missing_and_the_option(damaged, dest, engine):
    assert within("run", damaged, dest, *CLEAN, "--engine", engine).returncode == 3
    reasons = failures(dest)
    assert set(reasons) == set(DAMAGED)
    assert set(manifest(dest)) == {"whole.jpg"}
    for name, (_, what) in DAMAGED.items():
        told = "samples are missing or corrupt" if name.endswith("flac") else what
        assert reasons[name].startswith("is damaged: ") and told in reasons[name], name
        assert reasons[name].endswith("; replace it, or use --accept-damaged")


@pytest.mark.parametrize("name", DAMAGED)
def test_accepted_damage_is_written_and_recorded(accepted, name):
    dest, _ = accepted
    output = name.replace(".gif", ".png")  # GIF is written as PNG
    assert DAMAGED[name][1] in manifest(dest)[output]["damaged"]
    assert (dest / output).stat().st_size == manifest(dest)[output]["bytes"]


def test_the_row_of_a_whole_file_says_nothing_of_damage(accepted):
    dest, result = accepted
    assert "damaged" not in manifest(dest)["whole.jpg"]
    assert result.returncode == 0
    assert f"{len(DAMAGED)} files made of damaged sources; see damaged in the manifest" in result.stdout.splitlines()


@pytest.mark.parametrize("name", ["closed.jpg", "cut.png", "cut.tif", "cut.bmp", "cut.ppm"])
def test_the_rows_before_the_end_are_those_of_the_whole_file(accepted, name):
    dest, _ = accepted
    whole = cv2.imdecode(np.frombuffer(JPEG, np.uint8), -1) if name.endswith("jpg") else photo(96, 128)[..., ::-1]
    told = manifest(dest)[name]["damaged"]
    row = int(told.partition("(row ")[2].partition(" ")[0]) if "row" in told else 0
    found = cv2.imread(str(dest / name), -1)
    assert found.shape == whole.shape
    if name.endswith("bmp"):  # its last rows are stored first
        found, whole = found[::-1], whole[::-1]
    if name.endswith("jpg"):
        sure = row - 16
        assert np.abs(found[:sure].astype(int) - whole[:sure]).mean() < 2  # encoded again
    else:
        assert np.array_equal(found[:row], whole[:row])
        assert not found[row + 1 :].any()


@pytest.mark.parametrize("name", ["cut.wav", "cut.aiff", "cut.caf", "cut.flac", "cut.ogg", "cut.mp3"])
def test_the_true_count_of_samples_is_recorded(accepted, name):
    dest, _ = accepted
    count = manifest(dest)[name]["num_samples"]
    assert 0 < count < 48000
    assert soundfile.info(dest / name).frames == count


def test_samples_of_flac_behind_the_damage_are_there(accepted):
    dest, _ = accepted
    whole, _ = soundfile.read(io.BytesIO(FLAC), dtype="int16")
    found, _ = soundfile.read(dest / "hole.flac", dtype="int16")
    assert len(found) == 48000
    differ = np.flatnonzero(found != whole)
    assert len(differ) <= 4096 and differ[-1] - differ[0] < 4096
    assert not found[differ].any()


def test_deep_verification_makes_such_outputs_again(damaged, accepted):
    dest, _ = accepted
    result = noiseaug("verify", dest, "--source", damaged, "--deep")
    assert result.returncode == 0, result.stdout + result.stderr


def test_deep_verification_finds_a_row_that_does_not_tell_of_damage(source, dest):
    (source / "a.jpg").write_bytes(closed(JPEG))
    within("run", source, dest, *ACCEPTED)
    rows = [json.loads(line) for line in (dest / "manifest.jsonl").read_text().splitlines()]
    whole = "".join(json.dumps({key: row[key] for key in row if key != "damaged"}) + "\n" for row in rows)
    (dest / "manifest.jsonl").write_text(whole)
    result = within("verify", dest, "--source", source, "--deep")
    assert result.returncode != 0
    assert "its source is damaged, which its row does not say: its pixels end early" in result.stdout + result.stderr


def test_a_later_run_without_the_option_fails_and_removes_the_output(source, dest):
    (source / "a.jpg").write_bytes(closed(JPEG))
    (source / "b.jpg").write_bytes(JPEG)
    within("run", source, dest, *ACCEPTED)
    before = tree(dest)
    assert "1 up to date" not in within("run", source, dest, *ACCEPTED).stdout and tree(dest) == before
    planned = within("run", source, dest, *CLEAN, "--dry-run")
    assert "outdated: a.jpg (its source is damaged, and --accept-damaged was not given)" in planned.stdout
    assert tree(dest) == before
    result = within("run", source, dest, *CLEAN)
    assert result.returncode == 3
    assert set(manifest(dest)) == {"b.jpg"} and not (dest / "a.jpg").exists()
    assert "is damaged: its pixels end early (row" in failures(dest)["a.jpg"]
    within("run", source, dest, *ACCEPTED)
    assert tree(dest) == before


def test_a_json_summary_counts_outputs_of_damaged_sources(source, dest):
    (source / "a.jpg").write_bytes(closed(JPEG))
    (source / "b.jpg").write_bytes(JPEG)
    result = within("run", source, dest, *ACCEPTED, "--copies", "2", "--json")
    assert json.loads(result.stdout)["damaged"] == 2


def test_shards_write_what_one_run_writes(damaged, accepted, dest):
    for shard in ("1/2", "2/2"):
        within("run", damaged, dest, *ACCEPTED, "--shard", shard)
    assert within("merge", dest).returncode == 0
    assert tree(dest) == tree(accepted[0])


def test_threads_and_dask_write_what_processes_write(damaged, accepted, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("closed.jpg", "cut.png", "hole.flac", "whole.jpg"):
        (few / name).write_bytes((damaged / name).read_bytes())
    for engine in ("threads", "dask"):
        within("run", few, tmp_path / engine, *ACCEPTED, "--engine", engine, "--workers", "1")
        for name in ("closed.jpg", "cut.png", "hole.flac", "whole.jpg"):
            assert manifest(tmp_path / engine)[name] == manifest(accepted[0])[name]


@pytest.mark.parametrize(
    "data",
    [JPEG[:-2], JPEG[:-2] + bytes(7) + END, JPEG + b"more", PROGRESSIVE[:-2], RESTARTED[:-2] + b"\0\0" + END],
    ids=["no end", "padded", "followed", "progressive without end", "padded after restarts"],
)
def test_a_jpeg_of_which_no_pixel_is_missing_is_whole(source, dest, data):
    (source / "a.jpg").write_bytes(data)
    assert within("run", source, dest, *CLEAN).returncode == 0
    assert "damaged" not in manifest(dest)["a.jpg"]


def test_a_flat_jpeg_whose_samples_are_zeros_is_whole(source, dest):
    flat = np.full((2000, 2000, 3), 255, np.uint8)
    data = cv2.imencode(".jpg", flat, (cv2.IMWRITE_JPEG_OPTIMIZE, 1))[1].tobytes()
    assert bytes(512) in data
    (source / "a.jpg").write_bytes(data)
    assert within("run", source, dest, *CLEAN).returncode == 0


@pytest.mark.parametrize("sampling", ["1x1", "2x1", "1x2", "2x2", "4x1"])
def test_jpeg_is_decoded_as_opencv_decodes_it(source, dest, sampling):
    data = written(".jpg", cv2.IMWRITE_JPEG_SAMPLING_FACTOR, int(f"{sampling.replace('x', '')}1111", 16))
    (source / "a.jpg").write_bytes(data)
    assert within("run", source, dest, *CLEAN, "--image-format", "png").returncode == 0
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), -1)
    assert np.array_equal(cv2.imread(str(dest / "a.png"), -1), expected)


def test_an_mp3_with_tags_and_padding_behind_its_frames_is_whole(source, dest):
    (source / "a.mp3").write_bytes(MP3 + bytes(500))
    (source / "b.mp3").write_bytes(MP3 + b"TAG" + bytes(125))
    assert within("run", source, dest, *CLEAN).returncode == 0
    assert not any("damaged" in row for row in manifest(dest).values())
