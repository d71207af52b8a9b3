"""Runs that are held at a named point until the test lets them go: nothing is waited for by the clock."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from support.commands import command
from support.faults import injected


class Held(NamedTuple):
    """A run that stands at a point, and what lets it go on."""

    process: subprocess.Popen[str]
    let_go: Callable[[], object]


@contextlib.contextmanager
def held(fault: dict, *arguments: str | Path, **environment: str) -> Iterator[Held]:
    """Starts noiseaug in a process group of its own and gives it out once it stands at the point of `fault`.

    It fails if the run ends without coming there. What is left of the run at the end is killed.
    """
    with contextlib.ExitStack() as closing:
        place = closing.enter_context(tempfile.TemporaryDirectory())
        reached, go, count = (f"{place}/{name}" for name in ("reached", "go", "count"))
        os.mkfifo(reached)
        os.mkfifo(go)
        fault = {"count": count} | fault | {"do": "hold", "reached": reached, "go": go}
        reader = os.open(reached, os.O_RDONLY | os.O_NONBLOCK)  # as nobody writes yet
        closing.callback(os.close, reader)
        os.set_blocking(reader, True)
        gate = os.open(go, os.O_RDWR)  # to write to it never blocks, not even if the run is dead
        closing.callback(os.close, gate)
        writer = os.open(reached, os.O_WRONLY)
        process = subprocess.Popen(
            command(*arguments),
            env=os.environ | environment | injected(fault),
            pass_fds=[writer],  # it ends with the run, so reading ends too, should the run not come to the point
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writer)
        closing.callback(_end, process)
        assert os.read(reader, 1), ("the point was not reached", process.communicate())
        yield Held(process, lambda: os.write(gate, b"."))


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
