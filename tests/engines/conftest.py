"""Sources, and a Dask cluster that no run may end."""

from __future__ import annotations

import pytest

from support.clusters import machines, started, worker_of
from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.trees import tree


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Sources that make several batches."""
    return make_photos(tmp_path_factory.mktemp("large") / "photos", count=30, size=900)


@pytest.fixture(scope="session")
def expected(photos, undisturbed, large, tmp_path_factory):
    """What runs without Dask leave, by source."""
    dest = tmp_path_factory.mktemp("local") / "out"
    assert noiseaug("run", large, dest, *STRENGTH).returncode == 0
    return {photos: undisturbed, large: tree(dest)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers, which no run may end."""
    place = tmp_path_factory.mktemp("cluster")
    with machines() as running:
        running.append(started(place, "scheduler", "--host", "127.0.0.1", "--port", "0"))
        running += [worker_of(running[0], place) for _ in range(2)]
        yield running
        assert all(machine.process.poll() is None for machine in running)


@pytest.fixture
def on_cluster(cluster):
    """The options of a run on it."""
    return [*STRENGTH, "--engine", "dask", "--scheduler", cluster[0].address]
