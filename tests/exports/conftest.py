"""A finished run with speech and images, which the tests of exports start from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.commands import noiseaug
from support.corpus import photo, sound, write_image, write_sound

WORDS = {"ann/one.wav": "hello world", "ann/two.flac": "Grüße,\r\nund so weiter\n", "bob/three.wav": "привет"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The DEST of a run over speech by two speakers, and images in two classes, with sidecars beside outputs."""
    place = tmp_path_factory.mktemp("export")
    source, dest = place / "source", place / "dest"
    write_sound(source / "speech/ann/one.wav", sound(), "PCM_16")
    write_sound(source / "speech/ann/two.flac", sound(5000, 2, seed=1), "PCM_16")
    write_sound(source / "speech/bob/three.wav", sound(6000, seed=2), "FLOAT")
    write_sound(source / "speech/bob/wordless.ogg", sound(7000, seed=3), "VORBIS")
    for name in ("cats/a.png", "cats/a.bmp", "dogs/b.v2.png", "dogs/b_v2.png"):
        write_image(source / "images" / name, photo(20, 30, seed=len(name)))
    assert noiseaug("run", source, dest, "--std", "10/255").returncode == 0
    for name, words in WORDS.items():
        (dest / "speech" / name).with_suffix(".txt").write_text(words, "utf-8", newline="")
    (dest / "images/cats/a.json").write_text('{"box": [1, 2, 3, 4]}\n')
    (dest / "images/dogs/b.v2.xml").write_text("<annotation/>\n")
    return dest


@pytest.fixture
def mine(finished, tmp_path):
    """That DEST, for a test to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "dest"))
