"""Completion, in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pexpect
import pytest

from support.commands import within

ASKED = [
    ("noiseaug ver", "noiseaug verify"),
    ("noiseaug run --snr-r", "noiseaug run --snr-reference"),
    ("noiseaug run --preset tiny-imagenet-c --engine da", "--engine dask"),
    ("noiseaug run --image-format we", "--image-format webp"),
    ("noiseaug run --std 50", "--std 50/255"),
    ("noiseaug run --preset cif", "--preset cifar-c"),
    ("noiseaug run pho", "noiseaug run photos"),
]
SET_UP = {
    "bash": (
        ["--norc", "--noprofile", "-i"],
        "PS1='> '; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'",
    ),
    "zsh": (["-f", "-i"], "PS1='> '; autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste"),
}


@pytest.fixture
def place(tmp_path):
    """A folder with a command called noiseaug and a folder of photos."""
    (tmp_path / "photos").mkdir()
    script = tmp_path / "bin" / "noiseaug"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m noiseaug "$@"\n')
    script.chmod(0o755)
    return tmp_path


def environment(place):
    paths = os.pathsep.join((str(place / "bin"), os.environ["PATH"]))
    return os.environ | {"PATH": paths, "PYTHONPATH": os.getcwd(), "TERM": "dumb", "HOME": str(place)}


def needs(shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize("shell", SET_UP)
def test_tab_completes_commands_options_and_words(shell, place):
    needs(shell)
    options, preparation = SET_UP[shell]
    terminal = pexpect.spawn(shell, options, cwd=place, env=environment(place), encoding="utf-8", timeout=60)
    terminal.setwinsize(24, 200)
    terminal.sendline(f'{preparation}; eval "$(noiseaug completion {shell})"; echo re""ady')
    terminal.expect_exact("ready")
    for typed, completed in ASKED:
        terminal.send(f"{typed}\t")
        terminal.expect_exact(completed)
        terminal.sendcontrol("u")
    terminal.close(force=True)


def test_fish_completes_with_a_line_about_each(place):
    needs("fish")
    for typed, completed in ASKED:
        asked = f"noiseaug completion fish | source; complete --do-complete '{typed}'"
        command = ["fish", "--no-config", "--command", asked]
        found = subprocess.run(command, cwd=place, env=environment(place), capture_output=True, text=True)
        words = [line.partition("\t")[0].rstrip("/") for line in found.stdout.splitlines()]
        assert completed.rpartition(" ")[2] in words, found
    assert (
        "verify\tCompare DEST with its manifest."
        in subprocess.run(
            [
                "fish",
                "--no-config",
                "--command",
                "noiseaug completion fish | source; complete --do-complete 'noiseaug ver'",
            ],
            cwd=place,
            env=environment(place),
            capture_output=True,
            text=True,
        ).stdout
    )


def test_another_shell_is_refused_with_those_there_are():
    result = within("completion", "tcsh")
    assert result.returncode == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in result.stderr
