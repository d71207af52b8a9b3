"""Dask schedulers and workers, started for a test and ended after it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from support.commands import STRENGTH

LOCAL = [*STRENGTH, "--engine", "dask", "--workers", "2"]


class Machine(NamedTuple):
    """A process of a cluster, and the address it says that it has."""

    process: subprocess.Popen
    address: str


def started(place: Path, kind: str, *arguments: str, within: tuple[str, ...] = (), **environment: str) -> Machine:
    """Starts `dask scheduler` or `dask worker`, and waits until it says its address in its log."""
    log = place / f"{kind}-{time.monotonic_ns()}.log"
    line = [*within, sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            line, stderr=file, stdout=file, env=os.environ | environment, cwd=place, start_new_session=True
        )
    said = {"scheduler": "Scheduler at:", "worker": "Registered to:"}[kind]
    deadline = time.monotonic() + 30
    while said not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    mark = {"scheduler": "Scheduler at:", "worker": "Start worker at:"}[kind]
    return Machine(process, log.read_text().partition(mark)[2].split()[0])


@contextlib.contextmanager
def machines():
    """Ends the processes in the list that it gives."""
    running: list[Machine] = []
    try:
        yield running
    finally:
        for machine in reversed(running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.process.pid, signal.SIGKILL)
            machine.process.wait()


def worker_of(scheduler: Machine, place: Path, *arguments: str, **settings) -> Machine:
    """Starts a worker of one thread."""
    own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(place), *arguments]
    return started(place, "worker", scheduler.address, *own, **settings)
