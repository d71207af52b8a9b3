"""The engine that a run asked for."""

from __future__ import annotations

from noiseaug.engines import pool
from noiseaug.engines.cores import available_cores
from noiseaug.planning.task import Job
from noiseaug.settings.running import Running


def engine_for(job: Job, running: Running) -> pool.Engine:
    """Return the engine that a run asked for; it starts its workers when the first tasks come."""
    workers = running.workers or available_cores()
    if running.engine == "threads":
        return pool.Threads(job, workers)
    if running.engine == "dask":
        from noiseaug.engines.cluster import Cluster  # which few runs need

        return Cluster(job, workers, running.timeout, not running.verbose, running.scheduler)
    return pool.Processes(job, workers, running.timeout, quiet=not running.verbose)
