"""The two versions that are compared: where their code comes from, and the number by which they call themselves."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from tools.same_outputs.makers import CHECKOUT

_PARTS = ("noiseaug", "README.md", "sample_data")


class Version(NamedTuple):
    """A version of noiseaug, unpacked.

    Attributes:
        code: the directory that Python has to look in for the package.
        number: what the package calls its version.
        readme: the text of README.md.
        sample_data: the directory.
    """

    code: Path
    number: str
    readme: str
    sample_data: Path


def unpacked(name: str, folder: Path, call_it: str | None = None) -> Version:
    """Copies what is needed of a version to `folder`, so that nothing that is edited meanwhile gets in.

    Args:
        name: a directory with a checkout, or a revision of this repository.
        folder: where to; must not exist.
        call_it: a number that takes the place of the version's own, for what follows from it in outputs.

    Raises:
        ValueError: if there is no such version, or its number cannot be replaced.
    """
    folder.mkdir(parents=True)
    if os.path.isdir(name):
        _copy(Path(name), folder)
    else:
        _extract(name, folder)
    number = _number(folder)
    if call_it is not None and number != call_it:
        for path in (folder / "noiseaug").rglob("*.py"):
            path.write_text(path.read_text().replace(f'"{number}"', f'"{call_it}"'))
        if _number(folder) != call_it:
            raise ValueError(f"{name} says that it is {number}, and no string in its code does; see {__file__}")
        number = call_it
    return Version(folder, number, (folder / "README.md").read_text(), folder / "sample_data")


def _copy(checkout: Path, folder: Path) -> None:
    missing = [part for part in _PARTS if not (checkout / part).exists()]
    if missing:
        raise ValueError(f"{checkout} is no checkout of noiseaug: it holds no {' and no '.join(missing)}")
    shutil.copytree(checkout / "noiseaug", folder / "noiseaug", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(checkout / "sample_data", folder / "sample_data")
    shutil.copy2(checkout / "README.md", folder)


def _extract(revision: str, folder: Path) -> None:
    command = ["git", "-C", str(CHECKOUT), "archive", "--format=tar", revision, *_PARTS]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise ValueError(f"{revision} is neither a directory nor a revision of {CHECKOUT}: {reason}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        tar.extractall(folder, filter="data")


def _number(folder: Path) -> str:
    """Asks the package in `folder` for its version. Raises ValueError if it cannot be imported from there."""
    program = "import noiseaug; print(noiseaug.__file__); print(noiseaug.__version__)"
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    place, _, number = done.stdout.strip().partition("\n")
    if done.returncode or not place.startswith(f"{folder}{os.sep}"):
        raise ValueError(f"{folder} cannot be imported: {done.stderr.strip() or f'found {place} instead'}")
    return number
