"""What a small file costs at the least in Python, and what it costs a worker of noiseaug.

The bare loop does for each file what cannot be left out: open and read it, hash it, decode it, draw random numbers,
look them up and add them, encode the sum, hash it, write it under a temporary name, rename it, and make a row of it. It
has no checks, no figures, no errors, and its noise is a table look-up that is not exact.

All take place in one process, on the same files, in turn; the least CPU time of several rounds counts. Done in steps
means that each of these is done for 64 files before the next.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from zlib_ng import zlib_ng

from benchmarks import corpus as corpora
from benchmarks.corpus import CORPORA, Corpus
from benchmarks.measure import fresh_folder
from noiseaug.media.image.containers.png import chunk
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Source, Walk
from noiseaug.settings.recipe import Recipe
from noiseaug.settings.selection import Selection
from noiseaug.work.batch import Batch
from noiseaug.work.perform import perform

_FILES, _TOGETHER, _ROUNDS = 1024, 64, 7
_HEADER_OF_WAV = 44
_ROW = {"kind": "image", "role": "noisy", "level": "std0.098", "options": "", **{f"figure{n}": n / 7 for n in range(9)}}
Way = Callable[[Path], None]


def table(names: Sequence[str] = ("icons", "wav-1s"), rounds: int = _ROUNDS) -> str:
    """Microseconds of CPU time a file, as a table."""
    heads = "us of CPU time a file", "bare loop", "in steps", "noiseaug, file by file", "in steps"
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|---:|"]
    for name in names:
        corpus = next(replace(corpus, count=_FILES) for corpus in CORPORA if corpus.name == name)
        corpora.build(corpus, os.cpu_count() or 1)
        corpora.warm(corpus)
        ways = _ways(corpus)
        least = [float("inf")] * len(ways)
        for _ in range(rounds):
            for number, way in enumerate(ways):
                with fresh_folder() as dest:
                    start = time.process_time()
                    way(dest)
                    least[number] = min(least[number], time.process_time() - start)
        lines.append(f"| {corpus.title} | " + " | ".join(f"{seconds / _FILES * 1e6:.0f}" for seconds in least) + " |")
    return "\n".join(lines)


def _ways(corpus: Corpus) -> tuple[Way, Way, Way, Way]:
    cv2.setNumThreads(1)
    recipe, steps = Recipe.of(corpus.stds[0], seed=7), _Bare(corpus).steps
    plan, found = Plan(recipe), [found for found in Walk(str(corpus.path), Selection()) if isinstance(found, Source)]
    tasks = [Task(one, recipe, tuple(plan.targets(one.path, one.kind)), frozenset()) for one in found]

    def bare(dest: Path, together: int) -> None:
        for start in range(0, len(tasks), together):
            files: list[Any] = [(dest, task.source.path) for task in tasks[start : start + together]]
            for step in steps:
                files = [step(*file) for file in files]

    def one_by_one(dest: Path) -> None:
        for task in tasks:
            perform(Job(str(corpus.path), str(dest)), task)

    def batches(dest: Path) -> None:
        for start in range(0, len(tasks), _TOGETHER):
            list(Batch(Job(str(corpus.path), str(dest)), tasks[start : start + _TOGETHER]).outcomes())

    return functools.partial(bare, together=1), functools.partial(bare, together=_TOGETHER), one_by_one, batches


class _Bare:
    """The steps of the bare loop; each takes what the one before returns."""

    def __init__(self, corpus: Corpus) -> None:
        self._source, self._is_image = str(corpus.path), corpus.kind == "image"
        std = 25.0 if self._is_image else 327.68
        self._table = np.round(np.random.default_rng(0).normal(0, std, (1, 65536))).astype(np.int16)
        steps = self._read, self._decoded, self._noisy, self._encoded, self._written
        self.steps: tuple[Callable[..., Any], ...] = steps

    def _read(self, dest: Path, name: str) -> tuple[Any, ...]:
        fd = os.open(f"{self._source}/{name}", os.O_RDONLY)
        content = os.read(fd, 1 << 20)
        os.close(fd)
        return dest, name, content, hashlib.sha256(content).hexdigest()

    def _decoded(self, dest: Path, name: str, content: bytes, sha256: str) -> tuple[Any, ...]:
        if self._is_image:
            samples = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        else:
            samples = np.frombuffer(content, np.int16, offset=_HEADER_OF_WAV)
        return dest, name, content, sha256, samples

    def _noisy(self, dest: Path, name: str, content: bytes, sha256: str, samples: Any) -> tuple[Any, ...]:
        cells = np.random.SFC64(7).random_raw(samples.size // 4).view(np.uint16)
        drawn = cv2.LUT(cells.reshape(1, -1), self._table).reshape(samples.shape)
        noisy = cv2.add(samples, drawn, None, None, cv2.CV_8U if self._is_image else cv2.CV_16S)
        return dest, name, content, sha256, noisy

    def _encoded(self, dest: Path, name: str, content: bytes, sha256: str, noisy: Any) -> tuple[Any, ...]:
        if not self._is_image:
            return dest, name, sha256, content[:_HEADER_OF_WAV] + noisy.tobytes()
        height, width, channels = noisy.shape
        rows = np.zeros((height, 1 + width * channels), np.uint8)
        rows[:, 1:] = noisy.reshape(height, -1)
        compressor = zlib_ng.compressobj(1, zlib_ng.DEFLATED, 15, 9, zlib_ng.Z_RLE)
        deflated = compressor.compress(rows) + compressor.flush()
        head = content[:8] + chunk(b"IHDR", struct.pack(">IIBB3x", width, height, 8, 2))
        return dest, name, sha256, head + chunk(b"IDAT", deflated) + chunk(b"IEND", b"")

    def _written(self, dest: Path, name: str, sha256: str, encoded: bytes) -> str:
        path, temporary = f"{dest}/{name}", f"{dest}/{name}.tmp"
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path))
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.write(fd, encoded)
        os.close(fd)
        os.replace(temporary, path)
        written = {"sha256": hashlib.sha256(encoded).hexdigest(), "source_sha256": sha256, "bytes": len(encoded)}
        return json.dumps({"file_name": name, **_ROW, **written})
