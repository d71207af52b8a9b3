"""The worker process: it takes batches of tasks from a socket and answers each task as it is done."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import signal
import socket
import sys

from noiseaug.engines import wire


def serve(messages: int, answers: int) -> None:
    """Work for the run at the other end of the sockets with these descriptors, until it closes them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run hears it too, and ends its workers
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing is published for a run that is gone
    gc.disable()  # 4 ms less, as nothing that is imported is garbage
    from noiseaug.work.perform import perform  # after the signals are set, as the codecs take their time

    gc.freeze()
    gc.enable()
    run = socket.socket(fileno=messages)
    answering = wire.Answering(socket.socket(fileno=answers), run)
    batches = wire.messages(run)
    with contextlib.suppress(ConnectionError, StopIteration):
        job = next(batches)
        wire.signal(run)  # ready
        for tasks in batches:
            for task in tasks:
                answering.put(perform(job, task))
            answering.tell()
