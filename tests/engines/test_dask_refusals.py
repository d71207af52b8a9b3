"""Dask clusters that cannot do a run are named, real ones; as root, on two machines made of network namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.clusters import LOCAL, machines, started, worker_of
from support.commands import STRENGTH, noiseaug
from support.faults import injected
from support.trees import tree


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


def before_ours(folder: Path) -> str:
    """A search path of modules on which those in `folder` come first."""
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


@pytest.mark.parametrize("package", ["numpy", "noiseaug", "av"])
def test_a_worker_with_other_versions_is_named(package, photos, dest, tmp_path, cluster, on_cluster):
    other = tmp_path / f"lib/{package}-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9.9\n")
    with machines() as running:
        running.append(worker_of(cluster[0], tmp_path, PYTHONPATH=before_ours(tmp_path / "lib")))
        result = noiseaug("run", photos, dest, *on_cluster)
        assert result.returncode == 1
        assert f"Dask worker {running[0].address} has {package} 9.9.9" in result.stderr


def test_a_worker_without_noiseaug_is_named(photos, dest, tmp_path, cluster, on_cluster):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/noiseaug.py").write_text("raise ImportError('there is no noiseaug here')\n")
    with machines() as running:
        running.append(worker_of(cluster[0], tmp_path, PYTHONPATH=before_ours(tmp_path / "lib")))
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
