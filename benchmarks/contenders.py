"""Who is measured: noiseaug on its engines, the usual recipe, the library for the kind, and the codec floor."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from benchmarks.corpus import Corpus
from benchmarks.measure import CHECKOUT, ENVIRONMENT, wall_clock

OURS, RECIPE, LIBRARY, FLOOR = "noiseaug", "recipe", "library", "floor"
SEED = 7
# Without these, glibc gives the memory of every image back, and the next one faults in each of its pages again.
KEEP_MEMORY = ENVIRONMENT | {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


class Unavailable(Exception):
    """The contender cannot run over a corpus; the message is what stands in the table instead of a time."""


class Contender(Protocol):
    """Something that makes noisy copies of a corpus."""

    @property
    def name(self) -> str:
        """What it is called in the results."""

    def seconds(self, corpus: Corpus, dest: Path, workers: int) -> float:
        """How long it takes to fill `dest`, as a whole process. Raises Unavailable."""


@dataclass(frozen=True)
class Noiseaug:
    """This project, as a user calls it."""

    name: str = OURS
    engine: str = "auto"

    def seconds(self, corpus: Corpus, dest: Path, workers: int) -> float:
        """The wall clock of `noiseaug run`."""
        stds = [option for std in corpus.stds for option in ("--std", std)]
        options = ["--seed", str(SEED), "--workers", str(workers), "--engine", self.engine, "--quiet"]
        return wall_clock([*noiseaug_command(), "run", str(corpus.path), str(dest), *stds, *options])


@dataclass(frozen=True)
class Peer:
    """One of the scripts in `peers/` for each kind, and the package that it needs for that."""

    name: str
    scripts: dict[str, str]
    packages: dict[str, str]

    def seconds(self, corpus: Corpus, dest: Path, workers: int) -> float:
        """The wall clock of the script."""
        package = self.packages[corpus.kind]
        if importlib.util.find_spec(package) is None:
            raise Unavailable("not installed")
        if package == "albumentations" and corpus.name == "png-16bit":
            raise Unavailable("8-bit only")  # 2.0.8 fails on uint16: "the output array type must be specified"
        return wall_clock(_peer_command(self.scripts[corpus.kind], corpus, dest, workers))


@dataclass(frozen=True)
class Floor:
    """The codecs alone; `peers/floor.py` says what is in the figure."""

    name: str = FLOOR

    def seconds(self, corpus: Corpus, dest: Path, workers: int) -> float:
        """The wall clock of the program with nothing to do, and its own of the work."""
        codec = "sounds" if corpus.kind == "audio" else "images"
        command = [*_peer_command("floor", corpus, dest, workers), "--codec", codec, "--seed", str(SEED)]
        start_and_end = wall_clock([*command, "--idle"], KEEP_MEMORY)
        done = subprocess.run(command, cwd=CHECKOUT, env=KEEP_MEMORY, check=True, stdout=subprocess.PIPE)
        return start_and_end + float(json.loads(done.stdout)["work_seconds"])


def noiseaug_command() -> list[str]:
    """The command of the environment that this is running in."""
    script = Path(sys.executable).with_name("noiseaug")
    return [str(script)] if script.exists() else [sys.executable, "-m", "noiseaug"]


def _peer_command(script: str, corpus: Corpus, dest: Path, workers: int) -> list[str]:
    stds = [option for std in corpus.stds for option in ("--std", str(float(Fraction(std))))]
    module = ["-m", f"benchmarks.peers.{script}"]
    return [sys.executable, *module, os.fspath(corpus.path), os.fspath(dest), *stds, "--workers", str(workers)]


CONTENDERS: tuple[Contender, ...] = (
    Noiseaug(),
    Peer(RECIPE, {"image": "numpy_images", "audio": "numpy_sounds"}, {"image": "numpy", "audio": "numpy"}),
    Peer(
        LIBRARY,
        {"image": "albumentations_images", "audio": "audiomentations_sounds"},
        {"image": "albumentations", "audio": "audiomentations"},
    ),
    Floor(),
)
ENGINES: tuple[Contender, ...] = (Noiseaug("processes", "processes"), Noiseaug("threads", "threads"))
