"""Shards of a run."""

from __future__ import annotations

import subprocess

from support.commands import STRENGTH, command


def run_shards(source, dest, of, *options):
    """Runs all shards at once."""
    started = [
        subprocess.Popen(
            command("run", source, dest, *STRENGTH, "--workers", "1", "-q", "--shard", f"{number}/{of}", *options),
            start_new_session=True,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(1, of + 1)
    ]
    for process in started:
        _, told = process.communicate(timeout=60)
        assert process.returncode in (0, 3), told
