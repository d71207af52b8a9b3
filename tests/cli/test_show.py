"""What is known of one output, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
import subprocess

import numpy as np
import pytest
import soundfile
import tifffile

from support.commands import within
from support.corpus import make_photos
from support.trees import manifest

RECIPES = [
    ["--std", "25/255", "--seed", "7"],
    ["--std", "1/255:50/255", "--std", "0.3", "--copies", "3", "--mono", "--clip", "0.1:0.9", "--mean", "-0.01"],
    ["--std", "0.1", "--snr=-5:5", "--image-format", "png", "--audio-format", "wav", "--keep-silence"],
    ["--std", "0.1", "--clip", "none"],
    ["--preset", "imagenet-c", "--prob", "0.5", "--seed", "-3", "--png-level", "0", "--measure", "decoded"],
]


@pytest.fixture
def photos(tmp_path):
    source = make_photos(tmp_path / "photos", count=3)
    (source / "cats/001.png").rename(source / "cats/a #*[1] ö!.png")
    return source


@pytest.mark.parametrize("recipe", RECIPES, ids=" ".join)
def test_the_command_makes_the_same_bytes_again(recipe, photos, tmp_path):
    assert within("run", photos, tmp_path / "dest", *recipe).returncode == 0
    for number, row in enumerate(manifest(tmp_path / "dest").values()):
        shown = json.loads(within("show", tmp_path / "dest" / row["file_name"], "--json").stdout)
        assert shown["record"] == row
        again = tmp_path / f"again{number}"
        words = shlex.split(shown["command"].replace("SOURCE", str(photos)).replace("AGAIN", str(again)))
        assert (within(*words[1:]) if words[0] == "noiseaug" else subprocess.run(words)).returncode == 0
        written = tmp_path / shown["written_as"].replace("AGAIN", again.name)
        assert written.read_bytes() == (tmp_path / "dest" / row["file_name"]).read_bytes()


def test_it_says_all_that_is_known_in_words(photos, tmp_path):
    assert within("run", photos, tmp_path / "dest", "--std", "25/255", "--seed", "7").returncode == 0
    result = within("show", tmp_path / "dest/dogs/002.png")
    assert (result.returncode, result.stderr) == (0, "")
    said = dict(line.split("  ", 1) for line in result.stdout.splitlines() if not line.startswith(" "))
    said = {title.strip(): text.strip() for title, text in said.items()}
    assert said["output"] == f"dogs/002.png in {tmp_path}/dest"
    assert said["made of"].startswith("dogs/002.png, an image of ")
    assert said["noise"] == "std 0.09804 of full scale (25/255); level std0.098, copy 0, seed 7"
    assert "PSNR 2" in said["measured"]
    assert said["now"].startswith("as written: ")
    assert said["again"].startswith("noiseaug run SOURCE AGAIN --include /dogs/002.png ")


def test_it_says_what_became_of_the_file_since(photos, tmp_path, monkeypatch):
    dest = tmp_path / "dest"
    assert within("run", photos, dest, "--std", "25/255").returncode == 0
    (dest / "dogs/002.png").write_bytes(b"else")
    monkeypatch.chdir(dest / "dogs")
    altered = within("show", "002.png")
    assert (altered.returncode, "now         not as written, truncated: " in altered.stdout) == (3, True)
    (dest / "dogs/002.png").unlink()
    missing = within("show", "002.png")
    assert (missing.returncode, "not as written, missing: there is no such file" in missing.stdout) == (3, True)


def test_an_output_that_is_left_over_is_named_as_such(photos, tmp_path):
    dest = tmp_path / "dest"
    for level in ("0.1", "0.2"):
        assert within("run", photos, dest, "--std", level, "--name", "{level}/{dir}/{stem}{ext}").returncode == 0
    result = within("show", dest / "std0.1/dogs/002.png")
    assert (result.returncode, "left over   it is of an earlier run" in result.stdout) == (0, True)


def test_what_is_no_output_is_refused_with_what_was_expected(photos, tmp_path):
    assert within("run", photos, tmp_path / "dest", "--std", "25/255").returncode == 0
    for path, said in {
        "dest/manifest.jsonl": "expected the name of an output",
        "dest/cats/003.png": "expected the name of an output",
        "photos/dogs/002.png": "no folder above it has a manifest",
        "dest": "holds outputs and is none; expected the name of one",
        "no/such/file": "no folder above it has a manifest",
    }.items():
        result = within("show", tmp_path / path)
        assert (result.returncode, result.stdout) == (2, "")
        assert said in result.stderr


def test_a_manifest_that_somebody_forged_leads_nowhere(photos, tmp_path):
    dest = tmp_path / "dest"
    assert within("run", photos, dest, "--std", "25/255").returncode == 0
    row = (dest / "manifest.jsonl").read_text().splitlines()[0]
    (tmp_path / "secret.png").write_bytes(b"secret")
    (dest / "link").symlink_to(tmp_path)
    forged = json.loads(row) | {"file_name": "link/secret.png"}
    (dest / "manifest.jsonl").write_text(json.dumps(forged) + "\n")
    assert "leads out of" in within("show", dest / "link/secret.png").stderr
    (dest / "manifest.jsonl").write_text(json.dumps(forged | {"file_name": "x.png", "options": "rm=-rf"}) + "\n")
    result = within("show", dest / "x.png")
    assert (result.returncode, "Traceback" in result.stderr) == (2, False)
    assert "bug" not in result.stderr


def test_a_folder_of_outputs_is_answered_with_the_name_of_one(photos, tmp_path):
    assert within("run", photos, tmp_path / "dest", "--std", "25/255").returncode == 0
    result = within("show", tmp_path / "dest")
    name = next(iter(manifest(tmp_path / "dest")))
    dest = tmp_path / "dest"
    expected = f"noiseaug: error: {dest} holds outputs and is none; expected the name of one, such as {dest}/{name}\n"
    assert (result.returncode, result.stderr) == (2, expected)


@pytest.mark.parametrize("limits", ["0:1", "-1:1", "0.2:0.6"])
def test_limits_of_floats_and_of_audio_are_in_the_command(limits, tmp_path):
    (tmp_path / "source").mkdir()
    tifffile.imwrite(tmp_path / "source/a.tif", np.linspace(-1, 2, 1200, dtype=np.float32).reshape(30, 40))
    soundfile.write(tmp_path / "source/b.wav", np.linspace(-0.5, 0.5, 4000), 16_000, "FLOAT")
    soundfile.write(tmp_path / "source/c.wav", np.linspace(-0.5, 0.5, 4000), 16_000)
    assert within("run", tmp_path / "source", tmp_path / "dest", "--std", "0.3", f"--clip={limits}").returncode == 0
    for number, row in enumerate(manifest(tmp_path / "dest").values()):
        shown = json.loads(within("show", tmp_path / "dest" / row["file_name"], "--json").stdout)
        again = shown["command"].replace("SOURCE", f"{tmp_path}/source").replace("AGAIN", f"{tmp_path}/{number}")
        assert within(*shlex.split(again)[1:]).returncode == 0
        written = tmp_path / shown["written_as"].replace("AGAIN", str(number))
        assert written.read_bytes() == (tmp_path / "dest" / row["file_name"]).read_bytes()
