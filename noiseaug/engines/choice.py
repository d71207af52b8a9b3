"""The choice of an engine and of its workers. Each engine is imported only if it is asked for."""

from __future__ import annotations

import os

from noiseaug.engines.pool import Engine
from noiseaug.planning.task import Job
from noiseaug.settings.running import Running


def engine_for(job: Job, running: Running) -> Engine:
    """Return the engine that a run asked for; it starts its workers when the first tasks come."""
    workers = running.workers or available_cores()
    if running.engine == "threads":
        from noiseaug.engines.threads import Threads

        return Threads(job, workers)
    if running.engine == "dask":
        from noiseaug.engines.cluster import Cluster

        return Cluster(job, workers, running)
    from noiseaug.engines.processes import Processes

    return Processes(job, workers, running.timeout, quiet=not running.verbose)


def available_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1
