"""`python -m tools.same_outputs` finds what two versions print and write differently, and nothing else."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.same_outputs.comparing import compare_trees

ROOT = Path(__file__).parents[1]


def compared(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the comparison in this checkout."""
    command = [sys.executable, "-m", "tools.same_outputs", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture
def other(tmp_path):
    """A copy of this checkout, as far as it is compared."""
    path = tmp_path / "other"
    shutil.copytree(ROOT / "noiseaug", path / "noiseaug")
    shutil.copytree(ROOT / "sample_data", path / "sample_data")
    shutil.copy(ROOT / "README.md", path)
    return path


def replace(root: Path, old: str, new: str) -> None:
    """Puts `new` in place of a text that stands in at least one module."""
    paths = [path for path in root.rglob("*.py") if old in path.read_text()]
    assert paths
    for path in paths:
        path.write_text(path.read_text().replace(old, new))


def test_a_version_that_differs_in_its_number_alone_is_the_same(other):
    replace(other / "noiseaug", '__version__ = "', '__version__ = "9.')
    result = compared(other, "--only", "output")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("all is the same")


def test_what_is_printed_and_written_differently_is_shown(other):
    replace(other / "noiseaug", "as many as there are cores available", "as many as there are cores free")
    replace(other / "noiseaug", "RECIPE_VERSION = 1", "RECIPE_VERSION = 2")
    result = compared(ROOT, other, "--only", "help|output")
    assert (result.returncode, result.stderr) == (1, "")
    assert "    $ noiseaug verify --help\n      stdout line 14\n        before: " in result.stdout
    assert "    out/bad/manifest.jsonl\n      row 1 (good.png) recipe\n        before: " in result.stdout
    assert result.stdout.splitlines()[-1].startswith("2 of 2 groups differ")


def test_what_cannot_be_compared_is_refused(tmp_path):
    for arguments, reason in (
        (["no-such-revision"], "no-such-revision is neither a directory nor a revision"),
        ([tmp_path], "is no checkout of noiseaug: it holds no noiseaug"),
        ([ROOT, "--only", "nothing"], "'nothing' matches no group"),
    ):
        result = compared(*arguments)
        assert result.returncode == 2
        assert reason in result.stderr


def fill(root: Path, *, std: float, mode: int, target: str, links: int) -> None:
    """A directory with files of each format that is looked into, which differ with the arguments."""
    root.mkdir()
    row = json.dumps({"file_name": "a.png", "bytes": 7, "noise": {"std": std}}) + "\n"
    (root / "manifest.jsonl").write_text('{"file_name": "z.png"}\n' + row)
    (root / "rows.jsonl.gz").write_bytes(gzip.compress(row.encode(), mtime=0))
    (root / "part").write_text(row)
    with tarfile.open(root / "shard.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(root / "part", "a.json", filter=lambda member: member.replace(mtime=0, deep=False))
    (root / "image.bin").write_bytes(b"\xff\xfe" + bytes([int(std * 100)]) * 3)
    (root / "link").symlink_to(target)
    (root / "program").touch(mode)
    (root / "program").chmod(mode)
    for number in range(links):
        os.link(root / "image.bin", root / f"image-{number}.bin")


def test_files_are_compared_in_the_terms_of_their_format(tmp_path):
    fill(tmp_path / "before", std=0.1, mode=0o644, target="here", links=1)
    fill(tmp_path / "after", std=0.25, mode=0o755, target="there", links=2)
    count, differences = compare_trees(tmp_path / "before", tmp_path / "after")
    binary = "content differs, first at byte 2: 5 bytes before, 5 after"
    of_links = "hard links\n  before: 2\n  after:  3"
    assert count == 9
    assert {difference.what: difference.details for difference in differences} == {
        "manifest.jsonl": ("row 2 (a.png) noise std\n  before: 0.1\n  after:  0.25",),
        "rows.jsonl.gz": ("unpacked noise std\n  before: 0.1\n  after:  0.25",),
        "part": ("noise std\n  before: 0.1\n  after:  0.25",),
        "shard.tar": ("a.json noise std\n  before: 0.1\n  after:  0.25",),
        "image.bin": (of_links, binary),
        "image-0.bin": (of_links, binary),
        "image-1.bin": ("is there after only",),
        "link": ("link to\n  before: here\n  after:  there",),
        "program": ("type and permissions\n  before: -rw-r--r--\n  after:  -rwxr-xr-x",),
    }
    assert compare_trees(tmp_path / "before", tmp_path / "before") == (8, [])
