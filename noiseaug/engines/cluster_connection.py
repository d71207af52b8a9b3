"""The connection to a Dask cluster, and the checks that its workers can do the work of this run."""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any

from noiseaug.engines.cluster_worker import Call, show_up
from noiseaug.engines.local_cluster import SILENT, local_cluster
from noiseaug.errors import EngineUnavailable, WorkerUnfit
from noiseaug.storage import disk

_PATIENCE = 10.0  # seconds for the files of workers to appear
_MUST_MATCH = ("python", "dask", "distributed", "msgpack")
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")


@contextlib.contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Give a client of the cluster at the address `scheduler`, or of one with so many workers on this machine.

    Raises:
        EngineUnavailable: if no scheduler answers, or it has no workers.
    """
    distributed = _distributed()
    where = contextlib.nullcontext(scheduler) if scheduler else local_cluster(distributed, workers)
    patience = importlib.import_module("dask").config.get("distributed.comm.timeouts.connect")
    with where as address:
        try:
            client = distributed.Client(address, timeout=patience, set_as_default=False, name="noiseaug")
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise EngineUnavailable(
                f"no Dask scheduler answers at {scheduler} ({reason}); expected an address such as tcp://host:8786"
            ) from None
        try:
            _wait_for_workers(client, scheduler, patience)
            yield client
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone already cannot be told
                client.close(timeout=1)


def _wait_for_workers(client: Any, scheduler: str | None, patience: str) -> None:
    try:
        client.wait_for_workers(1, timeout=patience)
    except OSError:
        raise EngineUnavailable(
            f"the Dask scheduler at {scheduler} has no workers; start some with: dask worker {scheduler}"
        ) from None


def _distributed() -> Any:
    """Import the package (half a second) and make it quiet: it would tell of every worker that comes or goes."""
    importlib.import_module("dask").config.set({"logging": dict.fromkeys(_LOGGERS, "critical")})
    distributed: Any = importlib.import_module("distributed")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(SILENT)
    warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)  # `check` tells
    return distributed


def check(client: Any, call: Call) -> None:
    """Make sure that the scheduler and all workers can do the work of a run.

    Raises:
        WorkerUnfit: if one of them cannot; the message names it and says what to do.
    """
    _check_versions(client)
    disk.create(call.job.permit)
    for address, answer in client.run(show_up, call, on_error="return").items():
        if isinstance(answer, WorkerUnfit):
            raise WorkerUnfit(f"Dask worker {address} {answer}")
        if isinstance(answer, Exception):
            raise WorkerUnfit(f"Dask worker {address} cannot run noiseaug ({answer}); install it there")
        deadline = time.monotonic() + _PATIENCE
        while not disk.remove(answer):
            if time.monotonic() > deadline:
                dest = call.job.dest_root
                raise WorkerUnfit(f"what Dask worker {address} writes to DEST {dest} is not seen here; mount one there")
            time.sleep(0.1)


def _check_versions(client: Any) -> None:
    """Refuse a cluster of other versions of what the two ends talk with.

    Each worker compares those that decide bytes, also if it comes later.
    """
    found = client.get_versions()
    here = _compared(found["client"])
    others = {"scheduler": found["scheduler"]} | {f"worker {at}": info for at, info in found["workers"].items()}
    for name, info in others.items():
        for package, version in _compared(info).items():
            if version != here[package]:
                raise WorkerUnfit(f"the Dask {name} has {package} {version}, and this has {here[package]}; align them")


def _compared(info: dict[str, Any]) -> dict[str, str]:
    """Return the versions that must match, of Python the first two numbers."""
    versions = {package: str(info["packages"].get(package)) for package in _MUST_MATCH}
    return versions | {"python": ".".join(versions["python"].split(".")[:2])}
