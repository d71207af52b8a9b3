"""A Dask cluster on this machine, for the time of a run."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker
from typing import Any

SILENT = logging.CRITICAL + 1


@contextlib.contextmanager
def local_cluster(distributed: Any, workers: int) -> Iterator[Any]:
    """Start a scheduler and so many worker processes on this machine, and end them at last."""
    with _deaf():
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # what decodes is a process of its own
            silence_logs=SILENT,
        )
    try:
        yield cluster
    finally:
        with contextlib.suppress(Exception):  # what is gone already need not be ended
            # Its workers hold nothing. Killed, they end in 0.05 s instead of 0.3 s.
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                if nanny.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(nanny.pid, signal.SIGKILL)
            cluster.close(timeout=2)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Keep from what is started within the Ctrl-C that a terminal sends to all processes; this one hears it later."""
    resource_tracker.ensure_running()  # starting it, multiprocessing unblocks SIGINT in the thread that needs it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
