"""The process that does tasks for `pool.Processes`: reads batches from a socket, answers each task as it is done."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from multiprocessing.connection import Connection


def serve(fd: int) -> None:
    """Works for the parent at the other end of the socket `fd`, until that closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing is published for a parent that is gone
    from noiseaug.augment import augment  # after the signals are set, as the codecs take their time

    parent = Connection(fd)
    try:
        job = parent.recv()
        parent.send(os.getpid())
        while True:
            for task in parent.recv():
                parent.send(augment(job, task))
    except (EOFError, ConnectionError):
        return
