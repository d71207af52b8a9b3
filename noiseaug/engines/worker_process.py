"""A worker process as the run sees it: it is started, given tasks, timed, and found out when it has died."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import subprocess
from collections.abc import Iterable, Sequence

from noiseaug.engines import wire
from noiseaug.engines.pool import WorkerDied
from noiseaug.engines.template import Forked, Template, start_process
from noiseaug.errors import WorkerUnfit
from noiseaug.planning.task import Job, Outcome, Task

# A file has failed when so many workers died over it. One that is killed (signal 9), by the system for want of memory
# or by somebody, need not have died of the file.
_TIMEOUTS, _CRASHES, _KILLS = 1, 2, 5


class WorkerProcess:
    """A process that runs `worker.serve` at the other end of two sockets, with memory in which it says where it is."""

    def __init__(self, job: Job, quiet: bool, template: Template | None = None, kinds: Iterable[str] = ()) -> None:
        """Start the process and wait until it is ready.

        `quiet` drops what codecs say on stderr. With a template, it is forked and has the codecs of `kinds`.

        Raises:
            WorkerDied: if it is killed as it starts.
            WorkerUnfit: if it cannot start.
        """
        self._messages, theirs = socket.socketpair()
        answers, their_answers = socket.socketpair()
        self._sockets = (self._messages, answers)
        self._place = wire.Place()
        with theirs, their_answers:
            fds = (theirs.fileno(), their_answers.fileno(), self._place.fd)
            self._process: subprocess.Popen[bytes] | Forked
            self._process = template.fork(fds, kinds) if template else start_process("serve", fds, quiet=quiet)
        self._answers = wire.Answers(answers)
        try:
            wire.send(self._messages, job)
            wire.wait(self._messages)
        except (EOFError, ConnectionError):
            self.bury()
            if self._process.wait() < 0:
                raise WorkerDied(self._end()) from None
            raise WorkerUnfit(f"a worker process cannot start ({self._end()}); -v shows what it says") from None

    def is_alive(self) -> bool:
        """Tell whether it can be given tasks."""
        hung_up = select.poll()
        hung_up.register(self._messages, 0)
        return not hung_up.poll(0)

    def do(self, tasks: Sequence[Task], timeout: float) -> list[Outcome]:
        """Return the outcomes of the tasks, each of which may take `timeout` seconds.

        Raises:
            WorkerDied: if the process crashes, is killed, or takes too long over one of them.
        """
        outcomes: list[Outcome] = []
        self._place.tell(0)
        try:
            wire.send(self._messages, tasks)
            while len(outcomes) < len(tasks):
                # The task under way began at most a period after the last signal, or there would have been another.
                wire.wait(self._messages, timeout + wire.PERIOD)
                outcomes += self._answers.take()
            return outcomes
        except TimeoutError:
            self.kill()
            self._process.wait()
            reason, limit = f"took longer than {timeout:g} s; see --timeout", self._deaths_to_blame()
        except (EOFError, ConnectionError):
            killed = self._process.wait() == -signal.SIGKILL
            what = "worker was killed, perhaps for want of memory" if killed else "decoder crashed"
            reason, limit = f"{what} ({self._end()})", _KILLS if killed else _CRASHES
        outcomes += self._answers.take()
        if len(outcomes) < len(tasks):
            others = max(self._place.told() - len(outcomes), 0)
            raise WorkerDied(reason, outcomes, others=others, limit=limit)
        return outcomes

    def _deaths_to_blame(self) -> int:
        """Return the limit of deaths for a task that was under way when the time was over.

        A signal at the last instant says that the worker, dead by now, had gone on to a task which is not to blame.
        """
        try:
            wire.wait(self._messages)
        except (EOFError, ConnectionError):
            return _TIMEOUTS
        return _CRASHES

    def _end(self) -> str:
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def bury(self) -> None:
        """Wait for the end of the process, and let go of it."""
        for end in self._sockets:
            end.close()
        self._place.close()
        self._process.wait()
