"""The command line of the peers, and the pool of processes that they work in."""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable
from typing import NamedTuple


class Task(NamedTuple):
    """One source, and for each output of it a path and a strength of noise, as a fraction of full scale."""

    source: str
    outputs: tuple[tuple[str, float], ...]


def main(work: Callable[[Task], None]) -> None:
    """Does `work` for every file of the corpus that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("dest")
    parser.add_argument("--std", type=float, action="append", required=True)
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args()
    todo = tasks(options.corpus, options.dest, options.std)
    # Large enough that handing out costs nothing, small enough that the last chunk is not waited for.
    chunksize = max(1, min(32, len(todo) // (8 * options.workers)))
    with multiprocessing.Pool(options.workers) as pool:
        for _ in pool.imap_unordered(work, todo, chunksize):
            pass


def tasks(corpus: str, dest: str, stds: list[float]) -> list[Task]:
    """What is to be made: DEST mirrors the corpus. Its folders are made here."""
    found = []
    for folder, _, names in os.walk(corpus):
        out = os.path.normpath(os.path.join(dest, os.path.relpath(folder, corpus)))
        os.makedirs(out, exist_ok=True)
        for name in names:
            stem, suffix = os.path.splitext(os.path.join(out, name))
            outputs = tuple((f"{stem}-{std:.3g}{suffix}" if len(stds) > 1 else stem + suffix, std) for std in stds)
            found.append(Task(os.path.join(folder, name), outputs))
    return sorted(found)
