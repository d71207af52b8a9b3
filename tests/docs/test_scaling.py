"""The commands of docs/scaling.md, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

import pytest

from support.commands import STRENGTH, command, noiseaug
from support.corpus import make_photos
from support.places import ROOT
from support.trees import tree

SCALING = (ROOT / "docs/scaling.md").read_text()
(MAKEFILE,) = re.findall(r"```make\n(.*?)```", SCALING, re.DOTALL)
(XARGS,) = re.findall(r"```bash\n(seq.*?)```", SCALING, re.DOTALL)


@pytest.mark.parametrize("way", ["make", "xargs"])
def test_what_the_documentation_shows_gives_what_a_single_run_leaves(way, tmp_path):
    if shutil.which(way) is None:
        pytest.skip(f"needs {way}")
    make_photos(tmp_path / "photos", count=10)
    program = tmp_path / "bin/noiseaug"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    script = "make -j4" if way == "make" else XARGS
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert noiseaug("run", tmp_path / "photos", tmp_path / "alone", *STRENGTH).returncode == 0
    assert tree(tmp_path / "photos-noisy") == tree(tmp_path / "alone")
