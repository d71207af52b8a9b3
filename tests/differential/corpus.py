"""The corpus: the files of all encoders in one folder, each content once, and what installed packages ship."""

from __future__ import annotations

import contextlib
import os
import site
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from differential.encoders import (
    by_hand,
    by_opencv,
    by_pillow,
    by_tifffile,
    by_tools,
    gifs_by_hand,
    sounds_by_hand,
    sounds_by_libraries,
)
from noiseaug.kinds import kind_of

_LIBRARIES = (by_pillow, by_opencv, by_tifffile, by_hand, gifs_by_hand, sounds_by_libraries, sounds_by_hand)
_SHIPPED_AT_MOST = 1500
_LARGEST = 1 << 20  # bytes of a shipped file
_ALIKE = 8  # PNG and GIF files that are taken from one folder, as icons are much alike

Files = Iterable[tuple[str, bytes]]


def write(folder: Path, *, everything: bool) -> None:
    """Write what libraries make or, with `everything`, also what programs make and what packages ship."""
    seen: set[bytes] = set()
    with _silent():
        for encoder in _LIBRARIES:
            _write(folder, encoder.files(), seen)
    if everything:
        with tempfile.TemporaryDirectory() as scratch:
            _write(folder, by_tools.files(Path(scratch)), seen)
        _write(folder, _shipped(), seen)


def _write(folder: Path, files: Files, seen: set[bytes]) -> None:
    for name, data in files:
        digest = sha256(Path(name).suffix.encode() + data).digest()
        if data and digest not in seen:
            seen.add(digest)
            (folder / name).write_bytes(data)


def _shipped() -> Files:
    for number, path in enumerate(_media_files()):
        if number == _SHIPPED_AT_MOST:
            return
        yield f"shipped-{number:04}-{path.name}", path.read_bytes()


def _media_files() -> Iterator[Path]:
    roots = [*site.getsitepackages(), sysconfig.get_paths()["stdlib"], "/usr/lib/python3", "/usr/share"]
    for root in dict.fromkeys(roots):
        for folder, names, files in os.walk(root):
            names.sort()
            taken = 0
            for name in sorted(files):
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    if kind_of(name) and path.is_file() and path.stat().st_size <= _LARGEST:
                        taken += (alike := path.suffix.lower() in (".png", ".gif"))
                        if not alike or taken <= _ALIKE:
                            yield path


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Send what libraries in C write to standard error nowhere."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
