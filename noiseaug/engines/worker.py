"""The process that does tasks for `pool.Processes`: reads batches from a socket, answers each task as it is done."""

from __future__ import annotations

import ctypes
import gc
import signal
import socket
import sys

from noiseaug.engines import wire


def serve(messages: int, answers: int) -> None:
    """Works for the parent at the other end of the sockets with these descriptors, until it closes them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing is published for a parent that is gone
    gc.disable()  # 4 ms less, as nothing that is imported is garbage
    from noiseaug.work.perform import augment  # after the signals are set, as the codecs take their time

    gc.freeze()
    gc.enable()
    parent = socket.socket(fileno=messages)
    answering = wire.Answering(socket.socket(fileno=answers), parent)
    try:
        job = wire.receive(parent)
        wire.signal(parent)  # ready
        while True:
            for task in wire.receive(parent):
                answering.put(augment(job, task))
            answering.tell()
    except (EOFError, ConnectionError):
        return
