"""Who waits for whom: runs, shards and merges that meet in one DEST."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from support.commands import STRENGTH, command, noiseaug
from support.faults import injected


def test_plain_runs_and_merges_wait_for_shards_and_shards_for_themselves(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": "manifest.jsonl", "do": "hang", "count": str(tmp_path / "count")}
    first = subprocess.Popen(
        command("run", photos, dest, *STRENGTH, "-q", "--shard", "1/2"),
        env=os.environ | injected(fault),
        start_new_session=True,
    )
    try:
        while not (tmp_path / "count").exists():
            assert first.poll() is None
            time.sleep(0.01)
        same = ("run", photos, dest, *STRENGTH, "--shard", "1/2")
        for arguments in (same, same[:-2], ("merge", dest)):
            refused = noiseaug(*arguments)
            assert refused.returncode == 1
            assert f"is being written by process {first.pid};" in refused.stderr
        assert noiseaug("run", photos, dest, *STRENGTH, "--shard", "2/2").returncode in (0, 3)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_a_shard_waits_for_a_plain_run(photos, dest, tmp_path):
    fault = {"call": "os.replace", "path": "manifest.jsonl", "do": "hang", "count": str(tmp_path / "count")}
    environment = os.environ | injected(fault)
    first = subprocess.Popen(command("run", photos, dest, *STRENGTH, "-q"), env=environment, start_new_session=True)
    try:
        while not (tmp_path / "count").exists():
            assert first.poll() is None
            time.sleep(0.01)
        refused = noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/2")
        assert refused.returncode == 1
        assert f"is being written by process {first.pid};" in refused.stderr
        assert not (dest / ".noiseaug-shards").exists()
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
