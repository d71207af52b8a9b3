"""The contact sheet of a preview, and the excerpts to listen to."""

from __future__ import annotations

import io
import resource
import subprocess

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image

from support.commands import command, noiseaug, within
from support.corpus import make_photos
from support.trees import manifest, tree

LEFT, TOP, FIT, CROP, GAP, CELL, BETWEEN = 20, 41, (210, 150), 150, 8, 368, 18  # where things are on the sheet


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_photos(tmp_path / "photos", count=4, size=400)


def sheet_of(*arguments):
    """The pixels of a sheet, in RGB."""
    result = subprocess.run(command("preview", *arguments, "-o", "-"), capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    return np.asarray(Image.open(io.BytesIO(result.stdout)).convert("RGB"))


def crop_in(sheet, column, size=CROP):
    """The part at real size of the only file on a sheet, in a column from 0, the original."""
    left = LEFT + column * (CELL + BETWEEN) + FIT[1] + GAP  # these pictures are square
    return sheet[TOP : TOP + size, left : left + size]


def where(part, whole):
    """The place of a part in a picture, which has it."""
    found = cv2.matchTemplate(whole, part, cv2.TM_SQDIFF)
    left, top = cv2.minMaxLoc(found)[2]
    assert (whole[top : top + part.shape[0], left : left + part.shape[1]] == part).all()
    return left, top


def test_the_noise_is_that_of_a_run(photos, tmp_path):
    levels = ["--std", "10/255", "--std", "40/255", "--seed", "3"]
    assert within("run", photos, tmp_path / "dest", *levels).returncode == 0
    sheet = sheet_of(photos / "cats/001.png", "--root", photos, *levels)
    name = "cats/001-std{}-0.png"
    for column, level in ((1, "0.0392"), (2, "0.157")):
        written = cv2.imread(str(tmp_path / "dest" / name.format(level)))[..., ::-1]
        where(crop_in(sheet, column), np.ascontiguousarray(written))
    original = cv2.imread(str(photos / "cats/001.png"))[..., ::-1]
    where(crop_in(sheet, 0), np.ascontiguousarray(original))


def test_a_file_without_a_root_has_the_noise_of_a_run_over_it_alone(photos, tmp_path):
    assert within("run", photos / "cats/001.png", tmp_path / "alone.png", "--std", "25/255").returncode == 0
    written = np.ascontiguousarray(cv2.imread(str(tmp_path / "alone.png"))[..., ::-1])
    where(crop_in(sheet_of(photos / "cats/001.png", "--std", "25/255"), 1), written)


def test_without_levels_four_usual_ones_are_shown_and_nothing_else_is_written(photos):
    before = tree(photos)
    result = within("preview", photos)
    assert (result.returncode, result.stdout) == (0, "preview.png: 6 files\n")
    with Image.open("preview.png") as sheet:
        assert sheet.width == 2 * LEFT + 5 * CELL + 4 * BETWEEN
    assert tree(photos) == before


def test_a_folder_shows_some_files_of_each_kind_chosen_by_its_size(photos):
    heights = [sheet_of(photos, "--count", str(count), "--std", "0.1").shape[0] for count in (1, 2, 3)]
    assert np.ptp(np.diff(heights)) == 0 < np.diff(heights)[0]


def test_a_sheet_is_the_same_each_time(photos):
    assert (sheet_of(photos, "--count", "3") == sheet_of(photos, "--count", "3")).all()


ODD = {
    "tiny.png": np.full((1, 1, 3), 9, np.uint8),
    "wide.png": np.arange(20000, dtype=np.uint16).astype(np.uint8)[None].repeat(3, 0),
    "clear.png": np.full((40, 60, 4), 128, np.uint8),
    "deep.png": np.full((50, 50), 40000, np.uint16),
    "float.tif": np.full((50, 50), 7.5, np.float32),
    "nan.tif": np.full((50, 50), np.nan, np.float32),
    "long" * 60 + ".png": np.full((30, 30), 5, np.uint8),
    "new\nline ö.png": np.full((30, 30), 5, np.uint8),
}


@pytest.mark.parametrize("name", ODD, ids=lambda name: name[:12])
def test_odd_pictures_are_shown(name, tmp_path):
    encoded = cv2.imencode(name[-4:], ODD[name])[1]
    (tmp_path / name).write_bytes(encoded.tobytes())
    assert sheet_of(tmp_path / name, "--clip", "auto").shape[1] == 2 * LEFT + 5 * CELL + 4 * BETWEEN


@pytest.mark.parametrize(("channels", "samples"), [(1, 1), (1, 0), (2, 9000), (6, 96_000)])
def test_recordings_of_any_length_and_channels_are_shown(channels, samples, tmp_path):
    sound = np.random.default_rng(1).normal(0, 0.1, (samples, channels))
    soundfile.write(tmp_path / "sound.wav", sound, 16000)
    result = within("preview", tmp_path / "sound.wav", "-o", tmp_path / "sheet.png")
    assert result.returncode == 0


def test_excerpts_of_recordings_can_be_heard(photos):
    result = within("preview", photos / "sound", "--snr", "20", "--snr", "0", "--audio-out", "clips")
    assert (result.returncode, result.stdout) == (0, "preview.png: 2 files, 6 excerpts in clips\n")
    names = ["hiss-original.wav", "hiss-snr0.wav", "hiss-snr20.wav"]
    assert sorted(tree(photos.parent / "clips"))[:3] == names
    original, rate = soundfile.read("clips/hiss-original.wav")
    assert (rate, (original == soundfile.read(photos / "sound/hiss.wav")[0]).all()) == (16000, True)
    assert within("run", photos, "dest", "--snr", "20").returncode == 0
    noisy = within("run", photos / "sound", "noisy", "--snr", "20", "--snr", "0")
    assert noisy.returncode == 0
    assert {"hiss-snr20-0.wav"} <= set(manifest(photos.parent / "noisy"))
    heard, _ = soundfile.read("clips/hiss-snr20.wav")
    assert (heard == soundfile.read("noisy/hiss-snr20-0.wav")[0]).all()


def test_a_preview_is_replaced_and_other_files_are_not(photos):
    assert within("preview", photos, "--count", "1").returncode == 0
    assert within("preview", photos, "--count", "2").returncode == 0
    mine = (photos / "cats/001.png").read_bytes()
    refused = within("preview", photos, "-o", photos / "cats/001.png")
    assert (refused.returncode, "no preview wrote it; name another --output, or add --overwrite" in refused.stderr) == (
        2,
        True,
    )
    assert (photos / "cats/001.png").read_bytes() == mine
    (photos.parent / "other.png").write_bytes(mine)
    assert within("preview", photos, "-o", "other.png", "--overwrite").returncode == 0
    (photos.parent / "clips").mkdir()
    (photos.parent / "clips/hiss-original.wav").write_bytes(b"mine")
    refused = within("preview", photos / "sound", "--audio-out", "clips")
    assert (refused.returncode, "--audio-out" in refused.stderr) == (2, True)
    assert (photos.parent / "clips/hiss-original.wav").read_bytes() == b"mine"


def test_a_bad_file_is_named_and_the_others_are_shown(photos):
    (photos / "cats/broken.png").write_bytes(b"nope")
    result = within("preview", photos / "cats", "--count", "9")
    assert (result.returncode, result.stdout) == (3, "preview.png: 2 files\n")
    assert result.stderr.startswith("failed: broken.png: cannot be decoded as an image")


def test_what_cannot_be_previewed_is_refused_with_what_to_do(photos):
    (photos / "empty").mkdir()
    for arguments, said in {
        ("nothing",): "does not exist",
        ("photos/empty",): "no image or audio files to work on",
        ("photos", "-o", "photos"): "is not a regular file; name another --output",
        ("photos", "-o", "-", "--show"): "leave one out",
        ("photos", "-o", "sheet.jpg"): "give it a name that ends in .png",
        ("photos", "-o", "no/such/folder/sheet.png", "-q"): "",
    }.items():
        result = noiseaug("preview", *arguments)
        assert said in result.stderr
        assert "Traceback" not in result.stderr
        assert result.returncode in ((0,) if not said else (1, 2))


def test_where_nothing_can_be_shown_an_earlier_sheet_stays(photos):
    assert within("preview", photos).returncode == 0
    before = tree(photos.parent)
    (photos.parent / "notes.txt").write_text("no image")
    result = within("preview", "notes.txt")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.splitlines() == [
        "failed: notes.txt: is no image, audio or array file, by its suffix; name one that is",
        "noiseaug: no sheet is written, as there is nothing to show",
    ]
    (photos.parent / "notes.txt").unlink()
    assert tree(photos.parent) == before
    piped = within("preview", photos / "cats/001.png", "--snr", "10", "-o", "-")
    assert (piped.returncode, piped.stdout) == (3, "")


def test_where_there_is_no_viewer_it_says_so(photos):
    result = noiseaug("preview", photos, "--show", env={"PATH": str(photos)})
    assert (result.returncode, result.stdout) == (0, "preview.png: 6 files\n")
    assert result.stderr == "noiseaug: warning: no viewer is found; open preview.png yourself\n"


def test_a_file_that_cannot_be_written_is_named(photos):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    arguments = ["preview", photos / "sound", "-o", "-", "--audio-out", "clips"]
    result = noiseaug(*arguments, preexec_fn=limit, text=False)
    assert result.returncode == 1
    assert b"error: cannot write clips/hiss-original.wav: File too large; what was there" in result.stderr
    assert list((photos.parent / "clips").iterdir()) == []


def test_letters_with_accents_are_readable_on_the_sheet(photos):
    """They stand there without their accents, as the font has only letters without."""
    sheets = {}
    for name in ("cafe.png", "caf\u00e9.png", "caf\u4e16.png"):
        (photos / "cats/001.png").rename(photos / "cats" / name)
        sheets[name] = sheet_of(photos / "cats" / name, "--std", "0")[:TOP]
        (photos / "cats" / name).rename(photos / "cats/001.png")
    plain, accented, other = sheets.values()
    assert (plain == accented).all()
    assert not (plain == other).all()
