"""Runs over arrays that are killed, and memory that does not grow with arrays."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

from support.arrays import LABELS, features, npz
from support.commands import noiseaug
from support.trees import tree

OPTIONS = ("--kind", "array", "--std", "0.1", "--std-of", "column", "--copies", "2")


@pytest.mark.parametrize(
    "point",
    [
        {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "when": "half", "nth": 3},
        {"call": "os.replace", "path": r"np[yz]$", "nth": 2},
        {"call": "os.replace", "path": r"np[yz]$", "when": "after", "nth": 3},
        {"call": "os.replace", "path": "manifest.jsonl"},
    ],
)
def test_a_run_over_arrays_killed_at_a_named_point_resumes_to_the_same_bytes(point, tmp_path):
    source = tmp_path / "arrays"
    source.mkdir()
    np.save(source / "a.npy", features("<f4", (4000, 100)))
    (source / "b.npz").write_bytes(npz(x=features("<f4", (400, 100)), y=LABELS))
    assert noiseaug("run", source, tmp_path / "undisturbed", *OPTIONS).returncode == 0
    fault = point | {"do": "kill-group", "count": str(tmp_path / "count")}
    killed = noiseaug("run", source, tmp_path / "out", *OPTIONS, "--workers", "2", fault=fault)
    assert killed.returncode == -signal.SIGKILL, "the point was not reached"
    assert noiseaug("run", source, tmp_path / "out", *OPTIONS).returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "undisturbed")


def test_memory_does_not_grow_with_an_array(tmp_path):
    peaks = []
    for rows in (1000, 200_000):
        path = tmp_path / f"{rows}.npy"
        with open(path, "wb") as file:
            told = {"descr": "<f4", "fortran_order": False, "shape": (rows, 100)}
            np.lib.format.write_array_header_1_0(file, told)
            file.truncate(file.tell() + rows * 400)  # of zeros, which take no room
        peaks.append(peak_memory("run", path, tmp_path / f"{rows}-noisy.npy", "--std", "1", "--std-of", "column"))
    assert peaks[1] < peaks[0] + (16 << 20)


def peak_memory(*arguments) -> int:
    """The most memory that a process takes that runs this, in bytes."""
    program = """
import re, sys
from noiseaug.cli import main
try:
    main([*sys.argv[1:], "--engine", "threads"])
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1]) << 10
