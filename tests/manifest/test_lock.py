"""Who waits for whom: runs, shards and merges that meet in one DEST."""

from __future__ import annotations

from pathlib import Path

from support.commands import STRENGTH, noiseaug
from support.corpus import make_photos
from support.held import held

AT_THE_END = {"call": "os.replace", "path": "manifest.jsonl"}


def test_a_second_run_on_one_dest_ends_at_once_and_names_the_first(tmp_path, dest):
    source = make_photos(tmp_path / "photos", count=4)
    with held(AT_THE_END, "run", source, dest, *STRENGTH) as first:
        second = noiseaug("run", source, dest, *STRENGTH)
        assert second.returncode == 1
        assert "is being written by" in second.stderr
        if Path("/proc/locks").exists():
            assert f"process {first.process.pid};" in second.stderr
    assert noiseaug("run", source, dest, *STRENGTH).returncode == 0  # the dead hold no lock


def test_plain_runs_and_merges_wait_for_shards_and_shards_for_themselves(photos, dest, tmp_path):
    same = ("run", photos, dest, *STRENGTH, "--shard", "1/2")
    with held(AT_THE_END, *same, "-q") as first:
        for arguments in (same, same[:-2], ("merge", dest)):
            refused = noiseaug(*arguments)
            assert refused.returncode == 1
            assert f"is being written by process {first.process.pid};" in refused.stderr
        assert noiseaug("run", photos, dest, *STRENGTH, "--shard", "2/2").returncode in (0, 3)


def test_a_shard_waits_for_a_plain_run(photos, dest, tmp_path):
    with held(AT_THE_END, "run", photos, dest, *STRENGTH, "-q") as first:
        refused = noiseaug("run", photos, dest, *STRENGTH, "--shard", "1/2")
        assert refused.returncode == 1
        assert f"is being written by process {first.process.pid};" in refused.stderr
        assert not (dest / ".noiseaug-shards").exists()
