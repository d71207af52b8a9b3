"""The table of PNG sizes in docs/performance.md is what its program prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_png_sizes_is_what_is_measured():
    command = [sys.executable, "-m", "benchmarks.png_sizes"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed in (ROOT / "docs/performance.md").read_text()
