"""The house keeps its order: imports go down, and one package alone touches the files of SOURCE and DEST."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "noiseaug"
# Calls that reach into a file system.
OF_OS = {
    *("open", "stat", "lstat", "read", "write", "pread", "pwrite", "lseek", "fstat", "ftruncate", "scandir", "listdir"),
    *(
        "walk",
        "unlink",
        "remove",
        "rename",
        "replace",
        "makedirs",
        "mkdir",
        "rmdir",
        "utime",
        "link",
        "symlink",
        "fsync",
    ),
}
OF_PATHS = {"exists", "isfile", "isdir", "islink", "lexists", "samefile", "realpath", "getsize", "samestat"}
# What reaches elsewhere than into SOURCE and DEST: the streams that a process is born with,
# and files of options and of events.
ELSEWHERE = {"cli/__init__.py": {"os.open"}, "cli/config.py": {"open"}, "cli/events.py": {"open"}}


def reaches(path: Path) -> Iterator[str]:
    """The calls in a module that reach into a file system."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            owner, _, call = name.rpartition(".")
            if (owner == "os" and call in OF_OS) or (owner == "os.path" and call in OF_PATHS):
                yield name
            if owner in ("shutil", "fcntl"):
                yield name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield "open"


def test_a_package_imports_only_from_those_below_it():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_storage_alone_touches_files():
    found = {str(path.relative_to(PACKAGE)): set(reaches(path)) for path in PACKAGE.rglob("*.py")}
    others = {name: calls - ELSEWHERE.get(name, set()) for name, calls in found.items() if "storage/" not in name}
    assert {name: calls for name, calls in others.items() if calls} == {}


def test_every_package_says_what_lives_there():
    silent = [path for path in PACKAGE.rglob("__init__.py") if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_the_picture_of_the_house_is_drawn_from_its_imports():
    done = subprocess.run([sys.executable, ROOT / "tools/architecture.py"], capture_output=True, text=True, check=True)
    assert done.stdout in (ROOT / "docs/architecture.md").read_text()
