"""Photos of which two are broken, and what runs over them and over their shards leave."""

from __future__ import annotations

import shutil

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.shards import run_shards
from support.trees import tree


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    source = make_photos(tmp_path_factory.mktemp("source") / "photos")
    (source / "cats-old").mkdir()
    shutil.copy(source / "cats/001.png", source / "cats-old/a.png")  # after cats/ in a walk, before it as a text
    (source / "cats/broken.png").write_bytes(b"no image")
    (source / "dogs/broken.jpg").write_bytes(b"no image")
    return source


@pytest.fixture(scope="session")
def single(photos, tmp_path_factory):
    """What a run without shards leaves."""
    dest = tmp_path_factory.mktemp("single") / "out"
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 3
    return tree(dest)


@pytest.fixture(scope="session")
def sharded(photos, tmp_path_factory):
    """A DEST in which three shards are done and not merged."""
    dest = tmp_path_factory.mktemp("sharded") / "out"
    run_shards(photos, dest, 3)
    return dest


@pytest.fixture
def mine(sharded, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(sharded, tmp_path / "out")
