"""The template: a process that imports NumPy and the codecs once, and forks each worker of a run. (Linux)

To import them takes 0.14 s of CPU time, which is most of what a worker costs. A fork takes some milliseconds, and
shares the memory: eight workers over 16 images took 1.48 s of CPU time without the template, and 0.51 s with it.
The template has one thread, as nothing else may be forked safely, and takes no part in the work.

A worker's life hangs on a socket between the run and the template. When the run shuts its side, the template kills the
worker, if it is not dead, and tells its exit status. The worker holds the template's side open too, so that its end is
the end of both. If the template dies, the kernel kills the workers; if the run dies, the kernel kills the template.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable

# Runs are parallel over files; a BLAS that starts threads of its own takes time to start and cores from the others.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Memory freed after one file is kept for the next instead of being given back and faulted in anew (glibc, mallopt(3)):
# 1,000 JPEG 512x512 took 2.80 s with this and 3.60 s without, for 19,000 page faults and 851,000.
_KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


def start_process(function: str, fds: Iterable[int], *, quiet: bool) -> subprocess.Popen[bytes]:
    """Start a function of `engines.worker` in an interpreter of its own, with these descriptors as its arguments.

    `quiet` drops what codecs say on stderr.

    Not by multiprocessing, whose children import the caller's __main__ again and share descriptors among siblings,
    and which takes 15 ms to import, here and there.
    """
    fds = tuple(fds)
    command = (
        f"import sys; sys.path[:] = sys.argv[{len(fds) + 1}:]; "
        f"from noiseaug.engines.worker import {function}; {function}(*map(int, sys.argv[1:{len(fds) + 1}]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", command, *map(str, fds), *sys.path],
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if quiet else None,
        env=os.environ | _ONE_THREAD | _KEEP_MEMORY | ({"OPENCV_LOG_LEVEL": "SILENT"} if quiet else {}),
    )


class Template:
    """A template as the run sees it."""

    def __init__(self, *, quiet: bool) -> None:
        """Start it. What is asked of it meanwhile waits in the socket."""
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = threading.Event()
        # In a thread that lives as long as it does: the kernel kills it when the thread that started it ends.
        self._minder = threading.Thread(target=self._mind, args=(theirs, quiet), daemon=True)
        self._minder.start()

    def _mind(self, theirs: socket.socket, quiet: bool) -> None:
        with theirs, contextlib.suppress(OSError):  # no more processes, no memory: no worker can start
            self._process = start_process("serve_template", [theirs.fileno()], quiet=quiet)
        self._started.set()
        if self._process:
            self._process.wait()

    def is_alive(self) -> bool:
        """Tell whether it can be asked for workers."""
        return self._minder.is_alive()

    def wait(self) -> int:
        """Wait for its end; return the exit code as `subprocess` has it."""
        self._minder.join()
        return self._process.returncode if self._process else 1

    def fork(self, fds: Iterable[int], kinds: Iterable[str]) -> Forked:
        """Return a new worker with these descriptors. The codecs of `kinds` are imported before."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(ConnectionError):  # it has died, as the worker's life tells
            socket.send_fds(self._requests, [",".join(sorted(kinds)).encode()], [*fds, theirs.fileno()])
        return Forked(self, ours)

    def close(self) -> None:
        """End it at once, and with it workers that still live."""
        self._requests.close()
        self._started.wait()
        if self._process:
            self._process.kill()
        self.wait()


class Forked:
    """A worker that a template forked: the part in use here of `subprocess.Popen`."""

    def __init__(self, template: Template, life: socket.socket) -> None:
        self._template, self._life = template, life
        self.returncode: int | None = None

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):  # both are gone
            self._life.shutdown(socket.SHUT_WR)

    def wait(self) -> int:
        """Return the exit code of a worker that has died or was killed, and kill it if neither is so."""
        if self.returncode is None:
            self.kill()
            told = b""
            with contextlib.suppress(ConnectionError):
                told = self._life.recv(1 << 4)
            self._life.close()
            self.returncode = int(told) if told else self._template.wait()
        return self.returncode
