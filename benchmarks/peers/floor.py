"""The codec floor: what the same outputs would cost if the noise were free.

Every source is decoded, and its noisy samples, which were made beforehand and are held in memory, are encoded, hashed
with SHA-256 and written. They are the very samples that noiseaug writes, so the files come out the same.

The work is spread over processes in the way that costs least: forked when codecs and noisy samples are in memory, they
take the number of the next file from a shared counter, and nothing comes back. Files are written in one piece and in
place; sounds are encoded in memory, which takes half as long as to let libsndfile write to a file by itself.

Making the noisy samples is no part of the floor, but starting up is: the figure for a whole process is

    wall clock of this program with `--idle` (start, import the codecs, fork the workers, end) + `work_seconds`,

the latter printed as JSON: from when all workers stand ready until the last of them is done.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from typing import Any, Protocol

from numpy.typing import NDArray

from benchmarks.peers.pool import Task, tasks

Array = NDArray[Any]


class _Codec(Protocol):
    """The module `images` or `sounds`."""

    def decode(self, path: str) -> Array: ...

    def encode(self, path: str, samples: Array) -> memoryview: ...


def main() -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("dest")
    parser.add_argument("--codec", choices=("images", "sounds"), required=True)
    parser.add_argument("--std", type=float, action="append", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--idle", action="store_true")
    options = parser.parse_args()
    codec = importlib.import_module(f"benchmarks.peers.{options.codec}")
    todo = [] if options.idle else tasks(options.corpus, options.dest, options.std)
    noisy = [] if options.idle else _noisy_samples(codec, todo, options)
    print(json.dumps({"work_seconds": _timed(codec, todo, noisy, options.workers)}))


def _noisy_samples(codec: _Codec, todo: Sequence[Task], options: argparse.Namespace) -> list[list[Array]]:
    """For each task, what its outputs hold."""
    from noiseaug import GaussianNoise  # not for --idle, whose imports are timed

    noises = {std: GaussianNoise(std, seed=options.seed) for std in options.std}

    def make(task: Task) -> list[Array]:
        key = os.path.relpath(task.source, options.corpus)
        samples = codec.decode(task.source)
        return [noises[std](samples, key=key) for _, std in task.outputs]

    with ThreadPoolExecutor(options.workers) as threads:
        return list(threads.map(make, todo))


def _timed(codec: _Codec, todo: Sequence[Task], noisy: Sequence[list[Array]], workers: int) -> float:
    fork = multiprocessing.get_context("fork")
    barrier, taken = fork.Barrier(workers + 1), fork.Value("L", 0)
    pool = [fork.Process(target=_work, args=(codec, todo, noisy, barrier, taken)) for _ in range(workers)]
    for worker in pool:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - start
    for worker in pool:
        worker.join()
    return seconds


def _work(
    codec: _Codec, todo: Sequence[Task], noisy: Sequence[list[Array]], barrier: Barrier, taken: Synchronized[int]
) -> None:
    barrier.wait()
    while (number := _next(taken)) < len(todo):
        codec.decode(todo[number].source)
        for (path, _), samples in zip(todo[number].outputs, noisy[number], strict=True):
            encoded = codec.encode(path, samples)
            hashlib.sha256(encoded).hexdigest()
            _write(path, encoded)
    barrier.wait()


def _next(taken: Synchronized[int]) -> int:
    with taken:
        taken.value += 1
        return taken.value - 1


def _write(path: str, content: memoryview) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    while content:
        content = content[os.write(fd, content) :]
    os.close(fd)


if __name__ == "__main__":
    main()
