"""The corpus: every encoder's files in one folder, and what installed packages ship."""

from __future__ import annotations

import contextlib
import os
import shutil
import site
import sysconfig
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from differential.encoders import by_hand, by_opencv, by_pillow, by_tifffile, sounds_by_hand, sounds_by_libraries
from noiseaug.kinds import kind_of

LIBRARIES = (by_pillow, by_opencv, by_tifffile, by_hand, sounds_by_libraries, sounds_by_hand)
SHIPPED_AT_MOST = 1500
_LARGEST = 1 << 20


def write_libraries(folder: Path) -> None:
    """Writes what the libraries of the test extra make."""
    with _silent():
        for encoder in LIBRARIES:
            for name, data in encoder.files():
                if data:
                    (folder / name).write_bytes(data)


def copy_shipped(folder: Path) -> None:
    """Copies what installed packages and the system ship, each content once."""
    seen: set[bytes] = set()
    for path in _shipped():
        data = path.read_bytes()
        digest = sha256(data).digest()
        if digest not in seen:
            seen.add(digest)
            (folder / f"shipped-{len(seen):04}-{path.name}").write_bytes(data)
        if len(seen) == SHIPPED_AT_MOST:
            return


def _shipped() -> Iterator[Path]:
    roots = [*site.getsitepackages(), sysconfig.get_paths()["stdlib"], "/usr/lib/python3", "/usr/share"]
    for root in dict.fromkeys(roots):
        for folder, names, files in os.walk(root):
            names.sort()
            few = {".png": 0}
            for name in sorted(files):
                path = Path(folder, name)
                suffix = path.suffix.lower()
                with contextlib.suppress(OSError):
                    if kind_of(name) and path.is_file() and path.stat().st_size <= _LARGEST:
                        few[suffix] = few.get(suffix, 0) + 1
                        if suffix not in (".png", ".gif") or few[suffix] <= 8:  # icons are much alike
                            yield path


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Libraries in C write warnings to where Python's standard error goes."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
