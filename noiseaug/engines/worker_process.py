"""A worker process as the run sees it: started, given tasks, timed, and told from a dead one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from noiseaug.engines import wire
from noiseaug.errors import WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task

# Runs are parallel over files; a BLAS that starts threads of its own takes time to start and cores from the others.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Memory freed after one file is kept for the next instead of being given back and faulted in anew (glibc, mallopt(3)):
# 1,000 JPEG 512x512 took 2.80 s with this and 3.60 s without, for 19,000 page faults and 851,000.
_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


class WorkerDied(Exception):
    """The process that did a batch is gone, as it `timed_out`, was `killed` by another one, or crashed. `outcomes` are
    those of the tasks it had finished."""

    def __init__(self, reason: str, outcomes: list[Outcome], timed_out: bool = False, killed: bool = False) -> None:
        super().__init__(reason)
        self.outcomes = outcomes
        self.timed_out = timed_out
        self.killed = killed


class WorkerProcess:
    """A process that runs `worker.serve` at the other end of two sockets."""

    # Not by multiprocessing, whose children import the caller's __main__ again and share descriptors among siblings,
    # and which takes 15 ms to import, here and there.
    _COMMAND = (
        "import sys; sys.path[:] = sys.argv[3:]; "
        "from noiseaug.engines.worker import serve; serve(*map(int, sys.argv[1:3]))"
    )

    def __init__(self, job: Job, quiet: bool) -> None:
        """Waits until the worker is ready. `quiet` drops what codecs say on stderr. Raises WorkerDied, WorkerUnfit."""
        self._messages, theirs = socket.socketpair()
        answers, their_answers = socket.socketpair()
        self._sockets = (self._messages, answers)
        with theirs, their_answers:
            fds = (theirs.fileno(), their_answers.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._COMMAND, *map(str, fds), *sys.path],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if quiet else None,
                env=os.environ | _ONE_THREAD | _KEEP_MEMORY | ({"OPENCV_LOG_LEVEL": "SILENT"} if quiet else {}),
            )
        self._answers = wire.Answers(answers)
        try:
            wire.send(self._messages, job)
            wire.wait(self._messages)
        except (EOFError, ConnectionError):
            self.bury()
            if self._process.returncode < 0:
                raise WorkerDied(self._end(), [], timed_out=False) from None
            raise WorkerUnfit(f"a worker process cannot start ({self._end()}); -v shows what it says") from None

    def is_alive(self) -> bool:
        """Whether it can be given tasks."""
        return self._process.poll() is None

    def do(self, tasks: Sequence[Task], timeout: float) -> list[Outcome]:
        """The outcomes of the tasks, each of which may take `timeout` seconds. Raises WorkerDied."""
        outcomes: list[Outcome] = []
        try:
            wire.send(self._messages, tasks)
            while len(outcomes) < len(tasks):
                # The task under way began at most a period after the last signal, or there would have been another.
                wire.wait(self._messages, timeout + wire.PERIOD)
                outcomes += self._answers.take()
        except TimeoutError:
            self.kill()
            self._process.wait()
            timed_out = self._was_silent()
            outcomes += self._answers.take()
            if len(outcomes) < len(tasks):
                raise WorkerDied(f"took longer than {timeout:g} s; see --timeout", outcomes, timed_out) from None
        except (EOFError, ConnectionError):
            outcomes += self._answers.take()
            if len(outcomes) < len(tasks):
                raise self._death(outcomes) from None
        return outcomes

    def _was_silent(self) -> bool:
        """Whether the worker, dead by now, gave no signal since the last one heard: one at the last instant says that
        it had gone on to the next task."""
        try:
            wire.wait(self._messages)
        except (EOFError, ConnectionError):
            return True
        return False

    def _death(self, outcomes: list[Outcome]) -> WorkerDied:
        end, killed = self._end(), self._process.returncode == -signal.SIGKILL
        what = "worker was killed, perhaps for want of memory" if killed else "decoder crashed"
        return WorkerDied(f"{what} ({end})", outcomes, killed=killed)

    def _end(self) -> str:
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Ends it at once, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def bury(self) -> None:
        """Waits for its end."""
        for end in self._sockets:
            end.close()
        self._process.wait()
