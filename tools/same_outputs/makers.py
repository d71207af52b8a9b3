"""The tests' makers of small files, which know nothing of noiseaug."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[2]


@functools.cache
def makers() -> tuple[ModuleType, ModuleType]:
    """Imports the tests' makers of small files, `corpus` and `picture_files`, from where tests/ keeps them."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    package = "support." if (CHECKOUT / "tests/support").is_dir() else ""
    return importlib.import_module(f"{package}corpus"), importlib.import_module(f"{package}picture_files")


def example(name: str) -> bytes:
    """Returns the content of one of the tests' files."""
    return (CHECKOUT / "tests/data" / name).read_bytes()
