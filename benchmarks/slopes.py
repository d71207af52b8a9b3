"""`python -m benchmarks.slopes`: what a file, a megapixel and an hour of speech cost, for the table in docs/scaling.md.

Each kind is run twice, over many small files and over a few large ones, and the CPU time of all processes (user and
system, less that of a run over one file) is divided into a part for each file and a part for what is in it. CPU time,
as other work on the machine moves it less than the clock. `own` is that of the process which walks, plans and records:
it is one however many workers there are.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
import soundfile

from benchmarks.contenders import SEED, noiseaug_command
from benchmarks.corpus import Array, photograph, recording
from benchmarks.measure import ENVIRONMENT, fresh_folder

_RATE = 16_000
_TICK = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Of one run: CPU seconds of all processes and of its own, and of the run after it that finds nothing to do; the
    size of sources, outputs and manifest in bytes."""

    cpu: float
    own: float
    again: float
    source_bytes: int
    dest_bytes: int
    manifest_bytes: int


def _jpeg(path: Path, index: int, side: int) -> None:
    cv2.imwrite(f"{path}.jpg", photograph(index, (side, side)), (cv2.IMWRITE_JPEG_QUALITY, 95))


def _speech(path: Path, index: int, seconds: int) -> None:
    samples: Array = np.resize(recording(index), (seconds * _RATE, 1))
    soundfile.write(f"{path}.flac", samples, _RATE, subtype="PCM_16")


@click.command(help=__doc__)
def main() -> None:
    """Measures and prints."""
    kinds: dict[str, tuple[Callable[[Path, int, int], None], tuple[int, int], tuple[int, int], float, str]] = {
        "JPEG": (_jpeg, (2000, 64), (60, 1000), 1e6, "megapixel"),
        "FLAC": (_speech, (300, 1), (12, 240), 3600, "hour of speech"),
    }
    for name, (write, small, large, unit, what) in kinds.items():
        start, few, many = _measured(write, (1, small[1])), _measured(write, large), _measured(write, small)
        power = 2 if name == "JPEG" else 1
        contents = [count * size**power / unit for count, size in (small, large)]
        costs = [cost.cpu - start.cpu for cost in (many, few)]
        per_file, per_unit = np.linalg.solve([[small[0], contents[0]], [large[0], contents[1]]], costs)
        click.echo(f"{name}: {per_file * 1e3:.2f} ms a file and {per_unit:.3f} s a {what} of CPU time")
        own, again = ((getattr(many, key) - getattr(start, key)) / small[0] * 1e3 for key in ("own", "again"))
        click.echo(f"  own {own:.2f} ms a file; {again:.3f} ms a file that is up to date; start {start.cpu:.2f} s")
        read, written = (size / contents[1] / 1e6 for size in (few.source_bytes, few.dest_bytes))
        click.echo(f"  {many.manifest_bytes / small[0]:.0f} bytes of manifest a row")
        click.echo(f"  {read:.2f} MB read and {written:.2f} MB written a {what}")


def _measured(write: Callable[[Path, int, int], None], files: tuple[int, int]) -> Cost:
    count, size = files
    with tempfile.TemporaryDirectory(prefix="noiseaug-bench-") as place, fresh_folder() as dest:
        source = Path(place)
        for index in range(count):
            write(source / f"{index:05}", index, size)
        (cpu, own), (again, _) = _run(source, dest), _run(source, dest)
        manifest = (dest / "manifest.jsonl").stat().st_size
        return Cost(cpu, own, again, _size(source), _size(dest) - manifest, manifest)


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def _run(source: Path, dest: Path) -> tuple[float, float]:
    """CPU seconds of all processes of a run, and of the first of them (sampled, so up to 20 ms short)."""
    options = ["--std", "25/255", "--seed", str(SEED), "--quiet"]
    process = subprocess.Popen([*noiseaug_command(), "run", str(source), str(dest), *options], env=ENVIRONMENT)
    own = 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise RuntimeError(f"noiseaug ended with {process.returncode}")
            return usage.ru_utime + usage.ru_stime, own
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        own = max(own, (int(fields[11]) + int(fields[12])) / _TICK)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
