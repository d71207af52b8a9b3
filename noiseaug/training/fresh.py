"""Keys of random streams that never come again: in no call, thread or process."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import threading
from functools import cached_property
from typing import Any

# Where launchers of several processes of one program say which of them this is: torchrun, Lightning, Open MPI, MPICH,
# Slurm.
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")


class _Process:
    """What tells this process from others: made when it begins, or is forked.

    Attributes:
        forked: whether it is a fork of a process that had imported this module.
    """

    def __init__(self, *, forked: bool) -> None:
        self.forked = forked

    @cached_property
    def rank(self) -> bytes:
        """Which process of a launcher it is; the first is none, as without a launcher."""
        return " ".join(f"{name}={os.environ[name]}" for name in _RANKS if os.environ.get(name, "0") != "0").encode()

    @property
    def is_program(self) -> bool:
        """Whether it is the program that was started, and not one of its workers."""
        multiprocessing = sys.modules.get("multiprocessing.process")
        return not self.forked and not (multiprocessing and multiprocessing.parent_process())


class _Thread(threading.local):
    """What tells this thread from others: random bytes, and the number of its next call."""

    def __init__(self) -> None:
        self.token, self.calls = os.urandom(16), itertools.count()


_process, _thread = _Process(forked=False), _Thread()


def _start_again() -> None:
    global _process, _thread
    _process, _thread = _Process(forked=True), _Thread()


os.register_at_fork(after_in_child=_start_again)


def fresh_key(seed: int, *, here: bool) -> str:
    """Return the name of a random stream that no other call gets: 32 hex digits.

    In the main thread of a program, it is a function of `seed` and of how many calls there were before: the same in a
    second run. So it is in the main thread of a worker of torch's DataLoader, with the seed that torch gave the worker.
    In any other thread or process it begins with random bytes of the operating system.

    Args:
        seed: any integer.
        here: whether what asks was made in this process. What was pickled in another may have come to several.
    """
    origin = _thread.token
    if threading.get_ident() == threading.main_thread().ident:
        worker = _loader_worker()
        if worker is not None:
            origin = b"torch worker %d %s" % (worker.seed, _process.rank)
        elif here and _process.is_program:
            origin = b"program %s" % _process.rank
    digest = hashlib.sha256(b"noiseaug fresh 1\0%d\0%d\0" % (seed, next(_thread.calls)) + origin)
    return digest.hexdigest()[:32]


def _loader_worker() -> Any:
    """Return what torch tells of the DataLoader worker that this process is, or None. Does not import torch."""
    module = sys.modules.get("torch.utils.data")
    return module.get_worker_info() if module else None
