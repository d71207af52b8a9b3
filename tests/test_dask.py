"""Runs on Dask clusters: real schedulers and workers, here and (as root) on two machines made of network namespaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from trees import STRENGTH, command, failures, injected, make_photos, noiseaug, times, tree

from noiseaug import Recipe
from noiseaug.planning.targets import Plan
from noiseaug.planning.task import Job, Task
from noiseaug.planning.walk import Walk
from noiseaug.settings.selection import Selection
from noiseaug.work.perform import perform

LOCAL = [*STRENGTH, "--engine", "dask", "--workers", "2"]


class Machine(NamedTuple):
    """A process of a cluster, and the address it says that it has."""

    process: subprocess.Popen
    address: str


def started(place: Path, kind: str, *arguments: str, within: tuple[str, ...] = (), **environment: str) -> Machine:
    """Starts `dask scheduler` or `dask worker`, and waits until it says its address in its log."""
    log = place / f"{kind}-{time.monotonic_ns()}.log"
    line = [*within, sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            line, stderr=file, stdout=file, env=os.environ | environment, cwd=place, start_new_session=True
        )
    said = {"scheduler": "Scheduler at:", "worker": "Registered to:"}[kind]
    deadline = time.monotonic() + 30
    while said not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    mark = {"scheduler": "Scheduler at:", "worker": "Start worker at:"}[kind]
    return Machine(process, log.read_text().partition(mark)[2].split()[0])


@contextlib.contextmanager
def machines():
    """Ends the processes in the list that it gives."""
    running: list[Machine] = []
    try:
        yield running
    finally:
        for machine in reversed(running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.process.pid, signal.SIGKILL)
            machine.process.wait()


def worker_of(scheduler: Machine, place: Path, *arguments: str, **settings) -> Machine:
    """Starts a worker of one thread."""
    own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(place), *arguments]
    return started(place, "worker", scheduler.address, *own, **settings)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp("source") / "photos")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Sources that make several batches."""
    return make_photos(tmp_path_factory.mktemp("large") / "photos", count=30, size=900)


@pytest.fixture(scope="module")
def expected(photos, large, tmp_path_factory):
    """What runs without Dask leave, by source."""
    trees = {}
    for source in (photos, large):
        dest = tmp_path_factory.mktemp("local") / "out"
        assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
        trees[source] = tree(dest)
    return trees


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


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        if thread.name != str(pid)
        for child in (thread / "children").read_text().split()
    ]


@contextlib.contextmanager
def under_way(*arguments, dest):
    """A run that has written down the first of its results."""
    process = subprocess.Popen(
        command(*arguments),
        env=os.environ | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"},  # and waits no longer for a scheduler
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (dest / ".noiseaug/journal.jsonl").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_cluster_on_this_machine_gives_the_same_bytes_and_the_second_run_writes_nothing(large, expected, dest):
    result = noiseaug("run", large, dest, *LOCAL)
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(dest) == expected[large]
    before = times(dest)
    assert noiseaug("run", large, dest, *LOCAL).stdout == "nothing to do, 32 up to date\n"
    assert times(dest) == before


def test_a_cluster_that_is_there_is_used_and_left_as_it_was(large, expected, tmp_path, cluster, on_cluster):
    os.symlink(large, tmp_path / "photos")
    result = noiseaug(
        "run", "photos", "dest", *on_cluster, cwd=tmp_path
    )  # relative to where the run is, not the workers
    assert (result.returncode, result.stderr) == (0, "")
    assert tree(tmp_path / "dest") == expected[large]
    assert not any(children(machine.process.pid) for machine in cluster)


def test_shards_can_be_done_on_a_cluster(photos, expected, dest, on_cluster):
    for number in (1, 2):
        assert noiseaug("run", photos, dest, *on_cluster, "--shard", f"{number}/2").returncode == 0
    assert noiseaug("merge", dest).returncode == 0
    assert tree(dest) == expected[photos]


def test_the_old_output_of_a_source_that_fails_now_is_removed(tmp_path, dest, on_cluster):
    source = make_photos(tmp_path / "photos", count=4)
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0
    (source / "cats/001.png").write_bytes(b"no image")
    assert noiseaug("run", source, dest, *on_cluster).returncode == 3
    assert set(failures(dest)) == {"cats/001.png"}
    assert not (dest / "cats/001.png").exists()


def test_a_worker_that_is_killed_costs_nothing(large, expected, dest):
    with under_way("run", large, dest, *LOCAL, dest=dest) as run:
        workers = [pid for pid in children(run.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(workers[0], signal.SIGKILL)
        _, told = run.communicate(timeout=60)
    assert (run.returncode, told) == (0, "")
    assert tree(dest) == expected[large]


def test_a_run_that_is_killed_is_taken_up_and_its_cluster_lives(large, expected, dest, on_cluster):
    with under_way("run", large, dest, *on_cluster, dest=dest) as run:
        run.kill()
        run.wait()
    assert noiseaug("run", large, dest, *on_cluster).returncode == 0
    assert tree(dest) == expected[large]


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_ctrl_c_stops_cleanly_here_and_leaves_a_cluster_elsewhere_alive(
    where, large, expected, dest, cluster, on_cluster
):
    options = LOCAL if where == "here" else on_cluster
    with under_way("run", large, dest, *options, dest=dest) as run:
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        _, told = run.communicate(timeout=30)
    assert run.returncode == 130
    assert told == "noiseaug: stopped; what is written is whole, and the same command goes on from here\n"
    assert not (dest / "manifest.jsonl").exists()
    assert noiseaug("run", large, dest, *on_cluster).returncode == 0
    assert tree(dest) == expected[large]


def test_a_scheduler_that_is_gone_is_an_error_and_the_run_can_be_taken_up(large, expected, dest, tmp_path):
    with machines() as running:
        running.append(started(tmp_path, "scheduler", "--host", "127.0.0.1", "--port", "0"))
        running.append(worker_of(running[0], tmp_path))
        options = [*STRENGTH, "--engine", "dask", "--scheduler", running[0].address]
        with under_way("run", large, dest, *options, dest=dest) as run:
            running[0].process.kill()
            _, told = run.communicate(timeout=60)
    assert run.returncode == 1
    assert told.startswith("noiseaug: error: the Dask scheduler is gone")
    assert noiseaug("run", large, dest, *STRENGTH).returncode == 0
    assert tree(dest) == expected[large]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"do": "segfault"}, "decoder crashed (signal 11)"),
        ({"do": "hang"}, "took longer than 1.5 s; see --timeout"),
    ],
)
def test_a_decoder_that_crashes_or_never_returns_costs_one_file(fault, reason, photos, expected, dest, tmp_path):
    fault |= {"call": "os.open", "path": "dogs/010.png", "nth": 0, "count": str(tmp_path / "n")}
    result = noiseaug("run", photos, dest, *LOCAL, "--timeout", "1.5", fault=fault)
    assert result.returncode == 3, result.stderr
    assert failures(dest) == {"dogs/010.png": reason}
    assert noiseaug("run", photos, dest, *STRENGTH).stdout.startswith("1 file written")
    assert tree(dest) == expected[photos]


def test_a_file_that_the_workers_themselves_die_over_is_found_and_costs_one_file(expected, dest, tmp_path):
    source = make_photos(tmp_path / "photos", count=6)
    fault = {"call": "os.open", "path": "dogs/002.png", "nth": 0, "do": "kill-parent", "count": str(tmp_path / "n")}
    one_death = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    result = noiseaug("run", source, dest, *LOCAL, fault=fault, env=one_death)
    assert result.returncode == 3, result.stderr
    assert failures(dest) == {"dogs/002.png": "each Dask worker that was at it died (1 in a row)"}
    assert "Traceback" not in result.stderr
    assert "7 files written" in result.stdout
    assert not list(dest.rglob("*.tmp"))
    assert noiseaug("run", source, dest, *STRENGTH).stdout.startswith("1 file written")


@pytest.mark.parametrize(("what", "path"), [("DEST", r"dest/\.noiseaug-\w+\.tmp"), ("SOURCE", r"photos/cats/001\.\w+")])
def test_a_worker_that_does_not_see_a_directory_is_named(what, path, photos, dest, tmp_path, cluster, on_cluster):
    blind = injected({"call": "os.open", "path": path, "nth": 0, "do": "ENOENT"})
    with machines() as running:
        running.append(worker_of(cluster[0], tmp_path, **blind))
        result = noiseaug("run", photos, dest, *on_cluster)
        assert result.returncode == 1
        assert f"Dask worker {running[0].address} does not see {what}" in result.stderr
        assert "mount it there under the same path" in result.stderr
        assert "Traceback" not in result.stderr
    assert not list(dest.rglob("*.tmp"))


@pytest.mark.parametrize("package", ["numpy", "noiseaug"])
def test_a_worker_with_other_versions_is_named(package, photos, dest, tmp_path, cluster, on_cluster):
    other = tmp_path / f"lib/{package}-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9.9\n")
    with machines() as running:
        running.append(worker_of(cluster[0], tmp_path, PYTHONPATH=str(tmp_path / "lib")))
        result = noiseaug("run", photos, dest, *on_cluster)
        assert result.returncode == 1
        assert f"Dask worker {running[0].address} has {package} 9.9.9" in result.stderr


def test_a_worker_without_noiseaug_is_named(photos, dest, tmp_path, cluster, on_cluster):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/noiseaug.py").write_text("raise ImportError('there is no noiseaug here')\n")
    with machines() as running:
        running.append(worker_of(cluster[0], tmp_path, PYTHONPATH=str(tmp_path / "lib")))
        result = noiseaug("run", photos, dest, *on_cluster)
        assert result.returncode == 1
        assert f"Dask worker {running[0].address} cannot run noiseaug" in result.stderr


def test_an_address_where_nobody_answers_is_an_error_of_one_line(photos, dest):
    patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    options = [*STRENGTH, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    result = noiseaug("run", photos, dest, *options, env=patience)
    assert result.returncode == 1
    assert result.stderr.startswith("noiseaug: error: no Dask scheduler answers at tcp://127.0.0.1:1 (")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--engine", "dask", "--scheduler", "nowhere"], "tcp://host:8786"),
        (["--scheduler", "tcp://host:8786"], "--scheduler goes with --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://host:8786", "--workers", "2"], "--workers goes without"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(options, hint, photos, dest):
    result = noiseaug("run", photos, dest, *STRENGTH, *options)
    assert (result.returncode, hint in result.stderr) == (2, True)


def test_without_the_extra_one_line_says_what_to_install(photos, dest):
    script = "import sys; sys.modules['distributed'] = None; from noiseaug.cli import main; main()"
    line = [sys.executable, "-c", script, "run", str(photos), str(dest), *LOCAL]
    result = subprocess.run(line, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "noiseaug: error: --engine dask needs Dask: pip install 'noiseaug[dask]'\n"


def tasks_of(source: Path, ours: bool) -> list[Task]:
    recipe = Recipe.of("25/255", seed=7)
    found = [found for found in Walk(str(source), Selection()) if not hasattr(found, "reason")]
    made = [(found, tuple(Plan(recipe).targets(found.path, found.kind))) for found in found]
    return [
        Task(found, recipe, wanted, frozenset(target.file_name for target in wanted) if ours else frozenset())
        for found, wanted in made
    ]


@pytest.mark.parametrize("ours", [False, True])
def test_a_task_that_is_done_by_several_at_once_has_one_result(ours, photos, expected, dest):
    tasks, start = tasks_of(photos, ours), threading.Barrier(4)
    outcomes: list[list] = []

    def work():
        start.wait()
        outcomes.append([perform(Job(str(photos), str(dest)), task) for task in tasks])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(several == outcomes[0] for several in outcomes)
    assert not any(outcome.failures for outcome in outcomes[0])
    assert tree(dest) == {name: digest for name, digest in expected[photos].items() if name != "manifest.jsonl"}


def test_a_worker_that_goes_on_after_its_run_publishes_and_removes_nothing(photos, dest):
    job = Job(str(photos), str(dest), permit=str(dest / ".noiseaug-gone.tmp"))
    task = next(task for task in tasks_of(photos, ours=True) if task.source.path == "cats/001.png")
    (dest / "cats").mkdir(parents=True)
    (dest / "cats/001.png").write_bytes(b"by the next run")
    assert perform(job, task).failures
    gone = task._replace(source=task.source._replace(path="cats/none.png"))
    assert perform(replace(job, overwrite_foreign=True), gone).failures
    assert (dest / "cats/001.png").read_bytes() == b"by the next run"


def in_namespace(name: str, number: int) -> tuple[str, ...] | None:
    """Makes a network namespace with a link to this one, as 10.213.N.2; the words that run a command in it, or None."""
    if shutil.which("ip") is None:
        return None
    here, there = f"nza{number}", f"nzb{number}"
    for line in (
        f"ip netns add {name}",
        f"ip link add {here} type veth peer name {there}",
        f"ip link set {there} netns {name}",
        f"ip addr add 10.213.{number}.1/24 dev {here}",
        f"ip link set {here} up",
        f"ip -n {name} addr add 10.213.{number}.2/24 dev {there}",
        f"ip -n {name} link set {there} up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} route add default via 10.213.{number}.1",
    ):
        if subprocess.run(line.split(), capture_output=True).returncode:
            return None
    return ("ip", "netns", "exec", name)


def test_workers_on_two_machines_give_the_same_bytes_and_one_without_the_disk_is_named(photos, expected, tmp_path):
    names = [f"noiseaug-test-{number}" for number in (1, 2)]
    dest, bare = tmp_path / "shared/dest", tmp_path / "shared/bare"
    (tmp_path / "shared").mkdir()
    try:
        within = [in_namespace(name, number) for number, name in enumerate(names, start=1)]
        if None in within:
            pytest.skip("needs to make network namespaces with iproute2, which takes root: NOT tested on two machines")
        with machines() as running:
            running.append(started(tmp_path, "scheduler", "--host", "0.0.0.0", "--port", "0"))
            port = running[0].address.rpartition(":")[2]
            for number, words in enumerate(within, start=1):
                own = ["--nthreads", "1", "--no-nanny", "--host", f"10.213.{number}.2"]
                running.append(started(tmp_path, "worker", f"tcp://10.213.{number}.1:{port}", *own, within=words))
            options = [*STRENGTH, "--engine", "dask", "--scheduler", f"tcp://10.213.1.1:{port}"]
            result = noiseaug("run", photos, dest, *options)
            assert (result.returncode, result.stderr) == (0, "")
            assert tree(dest) == expected[photos]
            hidden = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs none {tmp_path / "shared"} && exec "$@"', "sh")
            scheduler = running[0]._replace(address=f"tcp://10.213.2.1:{port}")
            running.append(worker_of(scheduler, tmp_path, "--host", "10.213.2.2", within=(*within[1], *hidden)))
            refused = noiseaug("run", photos, bare, *options)
            assert refused.returncode == 1
            assert f"Dask worker {running[-1].address} does not see DEST {bare}" in refused.stderr
    finally:
        for number, name in enumerate(names, start=1):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
            subprocess.run(["ip", "link", "del", f"nza{number}"], capture_output=True)
