"""The worker process: it takes batches of tasks from a socket and answers each task."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import traceback

from noiseaug.engines import wire


def serve(messages: int, answers: int, place: int) -> None:
    """Work for the run at the other end of the sockets with these descriptors, until it closes them."""
    _die_with_parent()
    _import_codecs()
    _work(messages, answers, place)


def serve_template(requests: int) -> None:
    """Fork workers for the run at the other end of this socket, until it closes it; see `engines.template`."""
    _die_with_parent()
    _import_codecs()
    run = socket.socket(fileno=requests)
    workers: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    poll.register(run, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd != requests:
                poll.unregister(fd)
                _end(*workers.pop(fd))
                continue
            kinds, fds, *_ = socket.recv_fds(run, 1 << 10, 4)
            if not kinds:
                return
            _import_codecs(*kinds.decode().split(","))
            life = socket.socket(fileno=fds.pop())
            pid = _forked(fds, [run, *(other for _, other in workers.values())])
            for fd in fds:
                os.close(fd)
            if pid:
                workers[life.fileno()] = pid, life
                poll.register(life, select.POLLIN)
            else:
                life.send(b"1")
                life.close()


def _forked(fds: list[int], of_others: list[socket.socket]) -> int:
    """Fork a worker with these descriptors; return its process id, or 0 if the system does not let it."""
    template = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        traceback.print_exc()
        return 0
    if pid:
        return pid
    try:
        for other in of_others:
            other.close()
        _die_with_parent()
        if os.getppid() == template:  # it did not die before
            _work(*fds)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _end(pid: int, life: socket.socket) -> None:
    """Kill a worker, if it is not dead, and tell its exit code."""
    os.kill(pid, signal.SIGKILL)  # nobody else has its id, as nobody waited for it
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with life, contextlib.suppress(OSError):  # the run is gone
        life.send(str(code).encode())


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run hears it too, and ends its workers
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing is published for a run that is gone


def _import_codecs(*kinds: str) -> None:
    """Import what all tasks need, and those of these kinds. What cannot be imported fails with the task."""
    gc.disable()  # 4 ms less, as nothing that is imported is garbage
    importlib.import_module("noiseaug.work.batch")
    for kind in kinds:
        with contextlib.suppress(Exception):
            importlib.import_module(f"noiseaug.media.{kind}")
    gc.freeze()
    gc.enable()


def _work(messages: int, answers: int, place: int) -> None:
    from noiseaug.work.batch import Batch

    run = socket.socket(fileno=messages)
    answering = wire.Answering(socket.socket(fileno=answers), run, wire.Place(place))
    batches = wire.messages(run)
    with contextlib.suppress(ConnectionError, StopIteration):
        job = next(batches)
        wire.signal(run)  # ready
        for tasks in batches:
            for outcome in Batch(job, tasks, answering.begin).outcomes():
                answering.put(outcome)
            answering.tell()
