"""Every command and program of the README runs, in the order it is printed, on sample_data."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest

from support.places import ROOT

README = (ROOT / "README.md").read_text()
TASKS = README[README.index("## Tasks") :]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with sample_data in it, as a fresh clone has."""
    directory = tmp_path_factory.mktemp("clone")
    (directory / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    return directory


@pytest.mark.parametrize("line", re.findall(r"^noiseaug .*", TASKS, re.MULTILINE))
def test_a_command_of_the_readme_runs(line, place):
    line, _, file = line.partition(" > ")
    command = [sys.executable, "-m", "noiseaug", *shlex.split(line)[1:]]
    result = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert result.returncode == 0
    if file:
        (place / file).write_text(result.stdout)
    assert all(line.startswith(("dry run: ", "noiseaug: warning: ")) for line in result.stderr.splitlines())
    assert result.stdout


PROGRAMS = re.findall(r"```python\n(.*?)```", TASKS, re.DOTALL)


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "noisy = noise(" in program])
def test_a_program_of_the_readme_runs_and_gives_what_the_command_line_gives(program, place):
    runs = "run(" in program
    if runs:
        program += (
            "\nimport numpy\nassert numpy.array_equal(noisy, cv2.imread('out/python/images/medical/cell.png', -1))\n"
        )
    result = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("11 files written\n" if runs else "", "")


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "noisy = noise(" not in program])
def test_another_program_of_the_readme_runs(program, place):
    result = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_readme_names_every_command():
    listed = subprocess.run([sys.executable, "-m", "noiseaug", "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  (?:\w* +)?([a-z]+)  ", listed, re.MULTILINE)
    assert "run" in commands
    assert all(re.search(rf"noiseaug {command}\b", README) for command in commands)
    assert os.path.exists(ROOT / "docs/makefiles.md")
