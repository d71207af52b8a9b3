"""What several test files start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.corpus import make_mixed


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of most kinds, which no test may change."""
    return make_mixed(tmp_path_factory.mktemp("mixed") / "source")


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
