"""An engine of threads in the process of the run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from noiseaug.engines.pool import BatchSize, Pending
from noiseaug.planning.task import Job, Task
from noiseaug.storage.output_file import Gate


class Threads:
    """Batches on threads of this process: nothing to start up, but a decoder that crashes takes the run with it."""

    batch_size = BatchSize()

    def __init__(self, job: Job, workers: int) -> None:
        self._gate = Gate()
        self.job, self.workers = replace(job, gate=self._gate), workers
        self.lost: list[Task] = []
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, tasks: Sequence[Task]) -> Pending:
        """Start a batch."""
        from noiseaug.work.batch import Batch  # imports NumPy, which a run with nothing to do does without

        return self._threads.submit(lambda: list(Batch(self.job, tasks).outcomes()))

    def close(self) -> None:
        """Cancel what has not begun. What is under way leaves nothing in DEST from now on, and is not waited for."""
        self._gate.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
