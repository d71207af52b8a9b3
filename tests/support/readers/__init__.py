"""Other libraries that read what noiseaug exports, each in a process of its own; requirements.txt names them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.places import TESTS


def read_with(program: str, *arguments: str | Path) -> Any:
    """What another library reads; see the module `read_with_PROGRAM`."""
    if importlib.util.find_spec(program) is None:
        pytest.skip(f"{program} is not installed; `make test` does it, from tests/support/readers/requirements.txt")
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", f"support.readers.read_with_{program}", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
