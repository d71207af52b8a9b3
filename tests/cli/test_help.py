"""The help of the commands: one line for each option, or all of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from noiseaug.cli import cli
from support.commands import within

ROOT = Path(__file__).parents[2]


def options_of(command):
    ctx = cli.make_context("noiseaug", ["presets"])
    return [param for param in cli.get_command(ctx, command).params if param.param_type_name == "option"]


def test_the_first_help_is_one_screen():
    text = within("--help").stdout
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("\n  noiseaug ") == 3


def test_the_examples_of_the_first_help_work_on_the_sample_data(tmp_path):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    examples = re.findall(r"^  noiseaug (.*)$", within("--help").stdout, re.MULTILINE)
    for example in examples:
        done = subprocess.run(
            [sys.executable, "-m", "noiseaug", *example.split()],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, example
        assert all(line.startswith("noiseaug: warning: ") for line in done.stderr.splitlines()), example


def test_run_has_a_line_for_each_option_in_its_group_at_80_columns():
    text = within("run", "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    titles = re.findall(r"^(\w+):$", text, re.MULTILINE)
    assert titles == ["Noise", "Selection", "Output", "Running", "Help"]
    listed = text[text.index("Noise:") : text.index("  Examples:")]
    lines = [line for line in listed.splitlines() if line and not re.fullmatch(r"\w+:", line)]
    assert all(line.startswith("  -") for line in lines), "each option takes one line"
    assert len(lines) == len(options_of("run")) + 1  # --help


@pytest.mark.parametrize("option", options_of("run"), ids=lambda param: param.name)
def test_each_option_of_run_has_a_line_and_all_of_its_text(option):
    short, whole = (within("run", flag).stdout for flag in ("--help", "--help-all"))
    text = " ".join((option.help or "").split())
    line = text.partition(". ")[0].removesuffix(".")
    assert re.search(rf"^  (-\w, )?{option.opts[-1]}[ ,].* {re.escape(line)}( \[|$)", short, re.MULTILINE)
    assert "".join(text.split()) in "".join(whole.split())


def test_help_is_as_wide_as_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert 120 < max(map(len, within("run", "--help-all").stdout.splitlines())) <= 140


@pytest.mark.parametrize("command", ["run", "verify", "export"])
def test_a_mistake_leads_to_the_help(command):
    assert f"Try 'noiseaug {command} --help' for help." in within(command, "--nonsense").stderr


def test_docs_and_manual_pages_say_what_the_help_says():
    sys.path.insert(0, str(ROOT))
    from tools.cli_pages import files

    outdated = [str(path.relative_to(ROOT)) for path, text in files().items() if path.read_text() != text]
    assert outdated == [], "make cli writes them anew"
    written = {path.name for path in (ROOT / "docs/man").iterdir()}
    assert written == {path.name for path in files() if path.suffix == ".1"}
