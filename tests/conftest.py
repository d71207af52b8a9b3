"""What several test files start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import STRENGTH, noiseaug
from support.corpus import make_mixed, make_photos
from support.trees import tree


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of most kinds, which no test may change."""
    return make_mixed(tmp_path_factory.mktemp("mixed") / "source")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of small images and two recordings, which no test may change."""
    return make_photos(tmp_path_factory.mktemp("source") / "photos")


@pytest.fixture(scope="session")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run over these photos that nothing disturbs leaves: the hash of each file."""
    dest = tmp_path_factory.mktemp("undisturbed") / "out"
    assert noiseaug("run", photos, dest, *STRENGTH).returncode == 0
    return tree(dest)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty folder to put sources in."""
    path = tmp_path / "source"
    path.mkdir()
    return path


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """A folder to write to, not made yet."""
    return tmp_path / "dest"


@pytest.fixture
def run_with(photos, tmp_path):
    """Runs over the photos with a fault; returns the result and DEST."""

    def run(*options, **fault):
        dest = tmp_path / "out"
        return noiseaug("run", photos, dest, *STRENGTH, *options, fault={"count": str(tmp_path / "n")} | fault), dest

    return run
