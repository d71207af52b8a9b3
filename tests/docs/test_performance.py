"""The tables of sizes in docs/performance.md are what their program prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_the_table_of_sizes_is_what_is_measured(name):
    command = [sys.executable, "-m", "benchmarks.sizes", name]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed in (ROOT / "docs/performance.md").read_text()
