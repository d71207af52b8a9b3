"""A Python for aarch64, with the packages that noiseaug needs in the versions that are installed here.

Python is the one of this machine's Debian release: apt-get reads the lists of packages for arm64 into a directory of
its own, and nothing is installed in the system. The packages are wheels for aarch64. Together they take 120 MB to
download and 500 MB of disk; they are kept until a version changes.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from support.places import ROOT

_DEBIAN_PACKAGES = ("python3-minimal", "libpython3-stdlib", "libstdc++6")
_EXTRAS = ("av", "heif", "tiff")  # that decide bytes of images and recordings
_OLDEST_GLIBC = 17  # the minor version, of the oldest wheels for aarch64


class Failed(Exception):
    """What could not be prepared, and why."""


class Python(NamedTuple):
    """A Python for aarch64: the directory that it takes for /, its program, and its packages."""

    root: Path
    program: Path
    packages: Path


def prepared(cache: Path) -> Python:
    """Return a Python for aarch64, from `cache` if it is there.

    Raises:
        Failed: if a program is missing or fails, such as without a network.
    """
    place = (cache / "aarch64").absolute()
    python = Python(place / "root", place / "root/usr/bin/python3", place / "packages")
    needed, made_for = _needed(), place / "made-for.txt"
    if not (made_for.exists() and made_for.read_text() == "\n".join(needed) and _has_versions_of_here(python)):
        print("preparing a Python for aarch64: up to 120 MB to download", file=sys.stderr)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _extract_python(place / "apt", python.root)
        _install(python, needed, place / "versions.txt")
        made_for.write_text("\n".join(needed))
    return python


def _needed() -> list[str]:
    """Return what noiseaug asks for, as pip understands it."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = about["optional-dependencies"]
    return [*about["dependencies"], *(name for extra in _EXTRAS for name in extras[extra])]


def _versions(*path: str) -> dict[str, str]:
    """Return the packages that are installed in these directories, or here, with their versions."""
    found = importlib.metadata.distributions(**({"path": path} if path else {}))
    return {package.metadata["Name"]: package.version for package in found}


def _has_versions_of_here(python: Python) -> bool:
    return _versions(str(python.packages)).items() <= _versions().items()


def _extract_python(state: Path, root: Path) -> None:
    """Download Python and what it depends on, and unpack them below `root`."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()  # nothing is installed, so nothing that is needed is left out
    settings = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",  # another user may not be let in here
    }
    apt = ["apt-get", *(f"--option={name}={value}" for name, value in settings.items())]
    _run(*apt, "update")
    _run(*apt, "install", "--download-only", "--no-install-recommends", "--yes", *_DEBIAN_PACKAGES)
    for package in sorted((state / "cache/archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", str(package), str(root))
    if not (root / "lib").exists():  # from Debian 13 on, a package that is not needed here makes this link
        (root / "lib").symlink_to("usr/lib")
    shutil.rmtree(state)


def _install(python: Python, needed: list[str], constraints: Path) -> None:
    """Download wheels for aarch64 of the versions that are installed here, and unpack them."""
    here = _versions().items()
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in here if name != "noiseaug"))
    version = os.readlink(python.program).removeprefix("python")
    glibc = int(platform.libc_ver()[1].split(".")[1])  # of this release of Debian, as is Python
    tags = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(_OLDEST_GLIBC, glibc + 1))]
    _run(
        *(sys.executable, "-m", "pip", "install", "--target", str(python.packages), "--constraint", str(constraints)),
        *("--only-binary=:all:", "--implementation", "cp", "--python-version", version),
        *(f"--platform={tag}" for tag in tags),
        *needed,
    )


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not installed, and is needed for a Python of Debian for aarch64") from None
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise Failed(f"{' '.join(command)}\nended with {done.returncode}:\n{said}")
