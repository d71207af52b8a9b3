"""Workers are forked from one process that has imported the codecs; nothing is lost when it dies."""

from __future__ import annotations

import os
import select
import signal
import sys

import pytest

from support.commands import STRENGTH, noiseaug
from support.held import held
from support.processes import children_of
from support.trees import tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are started one by one")

FIRST_OUTPUT = {"call": "os.replace", "path": r"\.(jpg|png)$", "nth": 1}


def test_a_run_starts_one_process_that_forks_its_workers(large, expected, dest):
    with held(FIRST_OUTPUT, "run", large, dest, *STRENGTH, "--workers", "4", "--quiet") as (run, let_go):
        (template,) = children_of(run.pid)
        assert children_of(template)
        let_go()
        _, told = run.communicate(timeout=60)
    assert (run.returncode, told) == (0, "")
    assert tree(dest) == expected[large]


def test_a_template_that_is_killed_costs_nothing(large, expected, dest):
    with held(FIRST_OUTPUT, "run", large, dest, *STRENGTH, "--workers", "4", "--quiet") as (run, _):
        os.kill(*children_of(run.pid), signal.SIGKILL)
        _, told = run.communicate(timeout=60)
    assert (run.returncode, told) == (0, "")
    assert tree(dest) == expected[large]


def test_workers_end_with_a_run_that_is_killed(large, dest):
    with held(FIRST_OUTPUT, "run", large, dest, *STRENGTH, "--workers", "4", "--quiet") as (run, _):
        (template,) = children_of(run.pid)
        ends = [os.pidfd_open(pid) for pid in (template, *children_of(template))]
        run.kill()
        run.wait()
        for end in ends:
            assert select.select([end], [], [], 60)[0]  # readable once the process has ended
            os.close(end)


def test_a_template_that_cannot_import_its_codecs_is_told_of(photos, dest, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('no NumPy here')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = noiseaug("run", photos, dest, *STRENGTH, "--workers", "2", env={"PYTHONPATH": path})
    assert result.returncode == 1
    assert "a worker process cannot start (exit code 1); -v shows what it says" in result.stderr
