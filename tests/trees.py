"""Small folders of images and audio, runs of the real command line over them, and what is in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import soundfile

INJECTION = Path(__file__).parent / "injection"
STRENGTH = ["--std", "25/255", "--seed", "7"]


def make_photos(root: Path, count: int = 24, size: int = 48) -> Path:
    """A folder with two classes of `count` PNG and JPEG images, and two recordings."""
    rng = np.random.default_rng(5)
    for index in range(count):
        folder = root / ("cats" if index % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        smooth = cv2.resize(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8), (size, size))
        cv2.imwrite(str(folder / f"{index:03}{'.png' if index % 3 else '.jpg'}"), smooth)
    for name in ("hiss.wav", "hum.flac"):
        (root / "sound").mkdir(parents=True, exist_ok=True)
        soundfile.write(root / "sound" / name, rng.normal(0, 0.1, 8000), 16000, subtype="PCM_16")
    return root


def tree(root: Path) -> dict[str, str]:
    """Every file below `root` with the hash of its bytes; directories with an empty one."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = os.fsencode(path.relative_to(root)).decode("utf-8", "surrogateescape")
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return found


def times(root: Path) -> dict[str, int]:
    """When every file and directory from `root` on was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in [root, *root.rglob("*")]}


def command(*arguments: str | Path) -> list[str]:
    """The command line that runs noiseaug with these arguments."""
    return [sys.executable, "-m", "noiseaug", *map(str, arguments)]


def noiseaug(*arguments: str | Path, fault: dict | None = None, **settings) -> subprocess.CompletedProcess[str]:
    """Runs noiseaug to its end, in a process group of its own, with a fault from `injection` if one is given."""
    environment = os.environ | settings.pop("env", {}) | (injected(fault) if fault else {})
    settings = {"capture_output": True, "text": True, "timeout": 120, "start_new_session": True} | settings
    return subprocess.run(command(*arguments), env=environment, **settings)


def injected(fault: dict) -> dict[str, str]:
    """The environment in which a process suffers `fault`, as `injection/sitecustomize.py` describes it."""
    return {
        "PYTHONPATH": os.pathsep.join([str(INJECTION), os.environ.get("PYTHONPATH", "")]),
        "NOISEAUG_TEST_FAULT": json.dumps({"nth": 1, "when": "before"} | fault),
    }


def failures(dest: Path) -> dict[str, str]:
    """What failures.jsonl says, by source."""
    path = dest / "failures.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {row["source_path"]: row["error"] for row in map(json.loads, lines)}


def manifest(dest: Path) -> dict[str, dict]:
    """The rows of the manifest, by file name."""
    rows = map(json.loads, (dest / "manifest.jsonl").read_text().splitlines())
    return {row["file_name"]: row for row in rows}
