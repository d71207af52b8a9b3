"""Single figures with a goal of their own: the price of noise, of starting up, and (on demand) of memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.contenders import noiseaug_command
from benchmarks.corpus import photograph, recording, tiny_files
from benchmarks.measure import ENVIRONMENT, cpu_seconds, fresh_folder, wall_clock
from noiseaug.noise.noiser import Noiser
from noiseaug.noise.scale import terms_of
from noiseaug.noise.streams import Stream, stream_key

_WALK_AND_STAT = """
import os, sys
for root in sys.argv[1:]:
    for top, _, names in os.walk(root):
        for name in names:
            os.stat(os.path.join(top, name))
"""
_CODECS = ("cv2", "soundfile", "numpy")


class Figure(NamedTuple):
    """One measured number, and the largest that it is to be; None where no goal is set."""

    what: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached; where there is none, it is."""
        return self.goal is None or self.value <= self.goal


def noise(calls: int = 300) -> Iterator[Figure]:
    """The price of a sample of noise in one thread, with everything that the manifest says of it measured."""
    cv2.setNumThreads(1)
    image = photograph(0, (512, 512))
    sound = np.tile(recording(0), (4, 1))[: 1 << 19]
    yield Figure("noise on 8 bits, 512x512x3, std 25/255", _ns_a_sample(image, 25 / 255, 3, calls), "ns/sample", 1.1)
    yield Figure("noise on PCM_16, 2^19 samples, std 0.01", _ns_a_sample(sound, 0.01, 1, calls), "ns/sample", 3.0)
    yield Figure("the same, NumPy recipe on 8 bits", _ns_of_recipe(image, 25), "ns/sample")


def _ns_a_sample(samples: Any, std: float, channels: int, calls: int) -> float:
    noiser = Noiser(Stream(stream_key(7, "bench", 0)), terms_of(samples.dtype, None, "auto"), std)
    return _ns(lambda: noiser.add(samples, channels), samples.size, calls)


def _ns_of_recipe(image: Any, std: float) -> float:
    return _ns(
        lambda: np.clip(image + np.random.randn(*image.shape) * std, 0, 255).astype(np.uint8), image.size, calls=20
    )


def _ns(call: Callable[[], object], count: int, calls: int) -> float:
    """Nanoseconds a sample, the median of many calls."""
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[calls // 10 :]) / count * 1e9


def start() -> Iterator[Figure]:
    """What a Makefile that calls noiseaug often pays each time."""
    yield Figure("noiseaug --help", _median_seconds([*noiseaug_command(), "--help"]), "s", 0.15)
    yield Figure("modules of codecs and NumPy that --help imports", len(_codecs_imported_by_help()), "", 0)
    with fresh_folder() as folder:
        folder.mkdir()
        source = folder / "photo.jpg"
        cv2.imwrite(str(source), photograph(0, (256, 256)))
        command = [*noiseaug_command(), "run", str(source), str(folder / "noisy.jpg"), "--std", "25/255", "--force"]
        yield Figure("one image of 256x256, file to file", _median_seconds(command), "s", 0.5)
        several = folder / "several"
        several.mkdir()
        source.rename(several / "photo.jpg")
        command = [*noiseaug_command(), "run", str(several), str(folder / "out"), "--std", "25/255", "--force"]
        yield Figure("a folder of one such image", _median_seconds(command), "s")
        command.remove("--force")
        yield Figure("the same, when there is nothing to do", _median_seconds(command), "s")


def nothing_to_do(count: int = 100_000) -> Iterator[Figure]:
    """What a second run costs, beside the least that a tool can do which compares sizes and times."""
    source = tiny_files(count)
    with fresh_folder() as dest:
        command = [*noiseaug_command(), "run", str(source), str(dest), "--std", "25/255", "--quiet"]
        subprocess.run(command, env=ENVIRONMENT, check=True)
        bare = [sys.executable, "-S", "-c", _WALK_AND_STAT, str(source), str(dest)]
        seconds = {name: min(cpu_seconds(each) for _ in range(3)) for name, each in (("run", command), ("bare", bare))}
    yield Figure(f"nothing to do over {count:,} files, CPU", seconds["run"], "s")
    yield Figure("walk and stat of the same files and outputs, CPU", seconds["bare"], "s")
    yield Figure(
        f"nothing to do over {count:,} files, of a bare walk and stat", seconds["run"] / seconds["bare"], "", 2.0
    )


def _codecs_imported_by_help() -> list[str]:
    code = "import sys; from noiseaug.__main__ import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return [module for module in _CODECS if module in modules]


def _median_seconds(command: list[str], times: int = 7) -> float:
    wall_clock(command)  # compiles what is not compiled yet
    return statistics.median(wall_clock(command) for _ in range(times))
