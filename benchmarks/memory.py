"""`--memory`: whether memory depends on how many files there are, or how long one is. (Linux: it reads /proc.)"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import soundfile

from benchmarks.contenders import noiseaug_command
from benchmarks.corpus import ROOT, photograph, recording
from benchmarks.figures import Figure
from benchmarks.measure import ENVIRONMENT, fresh_folder

_FEW, _MANY = 1_000, 100_000
_TWO_HOURS = 2 * 60 * 60
# Long enough for the last figures of workers, which are killed at the end, to be at most this old.
_PERIOD = 0.02


class Peak(NamedTuple):
    """The largest resident sets that processes of one run ever had, in MB: its first process, and any other."""

    parent: float
    worker: float


def memory() -> Iterator[Figure]:
    """The peaks of runs over few and many files, and over one very long one."""
    if not os.path.exists("/proc/self/status"):
        return
    few, many = (_peak(_tiny_files(count)) for count in (_FEW, _MANY))
    yield Figure(f"parent, {_FEW:,} tiny files", few.parent, "MB")
    yield Figure(f"parent, {_MANY:,}: more by", many.parent - few.parent, "MB", 30)
    yield Figure(f"largest worker, {_FEW:,} tiny files", few.worker, "MB")
    yield Figure(f"largest worker, {_MANY:,}: more by", many.worker - few.worker, "MB", 30)
    long = _peak(_long_recording())
    yield Figure("parent, a stereo WAV of two hours at 48 kHz", long.parent, "MB", 200)
    yield Figure("worker, the same", long.worker, "MB", 200)


def _peak(source: Path) -> Peak:
    with fresh_folder() as dest:
        command = [*noiseaug_command(), "run", str(source), str(dest), "--std", "0.01", "--quiet"]
        process = subprocess.Popen(command, env=ENVIRONMENT)
        peaks: dict[int, float] = {}
        while process.poll() is None:
            for pid in (process.pid, *_children(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0.0), _high_water_mark(pid))
            time.sleep(_PERIOD)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
    parent = peaks.pop(process.pid)
    return Peak(parent, max(peaks.values(), default=0.0))


def _children(parent: int) -> list[int]:
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            # The name, in parentheses, may hold anything; the parent is the second field after it (proc(5)).
            fields = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(pid))
    return found


def _high_water_mark(pid: int) -> float:
    """VmHWM in MB; not ru_maxrss, which a child takes over from the process that started it."""
    try:
        lines = Path("/proc", str(pid), "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _tiny_files(count: int) -> Path:
    """`count` PNG files of 8x8 pixels, a thousand of them different, the others hard links to those."""
    folder = ROOT / f"tiny-{count}"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        for index in range(count):
            path = draft / f"{index // 1000:03d}" / f"{index % 1000:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():  # left by a build that was interrupted
                continue
            if index < 1000:
                cv2.imwrite(str(path), photograph(index, (8, 8)))
            else:
                os.link(draft / "000" / path.name, path)
        draft.rename(folder)
    return folder


def _long_recording() -> Path:
    folder = ROOT / "two-hours"
    if not folder.exists():
        draft = folder.with_suffix(".part")
        draft.mkdir(parents=True, exist_ok=True)
        minute = np.resize(np.repeat(recording(0), 2, axis=1), (60 * 48_000, 2))
        with soundfile.SoundFile(draft / "recording.wav", "w", 48_000, 2, "PCM_16") as file:
            for _ in range(_TWO_HOURS // 60):
                file.write(minute)
        draft.rename(folder)
    return folder
