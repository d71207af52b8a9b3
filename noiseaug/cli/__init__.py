"""The command line: Click only. Commands are imported when called, so that `noiseaug --help` is fast."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType
from typing import Any

import click

from noiseaug.cli.errors import EXPECTED, Interrupted, report
from noiseaug.version import __version__

_COMMANDS = {
    "run": "Write noisy copies of the images and audio below SOURCE to DEST.",
    "merge": "Make one manifest of what the shards of a run did to DEST.",
    "presets": "List the strengths that --preset names.",
    "verify": "Compare DEST with its manifest.",
    "prune": "Remove what earlier runs left over in DEST.",
    "export": "Write what is in DEST as NeMo or Lhotse manifests, or WebDataset shards.",
}


class _Commands(click.Group):
    """The commands, each from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"noiseaug.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Gaussian noise for folders of images and audio: exact, reproducible, with a manifest.

    \b
    Start with:  noiseaug run photos/ photos-noisy/ --std 25/255 --seed 7
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 could not run, 2 usage, 3 some files failed, 130/143 on a signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        status = cli.main(arguments, prog_name="noiseaug", auto_envvar_prefix="NOISEAUG", standalone_mode=False)
    except BaseException as error:
        if not isinstance(error, EXPECTED):
            raise
        status = 0 if isinstance(error, BrokenPipeError) else report(error)
        if isinstance(error, Interrupted):
            _leave(status)  # threads may still be at work on a file, which is not waited for
    status = _flush_stdout() or status
    sys.exit(status if isinstance(status, int) else 0)


def _flush_stdout() -> int:
    """Write out what is printed; return an exit status, which is not 0 if that cannot be done."""
    try:
        if sys.stdout is not None:  # it may have been closed before the start
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter does not try again
        if not isinstance(error, BrokenPipeError):  # a reader that goes away is free to do so
            return report(OSError(error.errno, error.strerror, "standard output"))
    return 0


def _interrupt(number: int, _: FrameType | None) -> Any:
    signal.signal(number, lambda number, _: _leave(128 + number))  # a second time: at once
    raise Interrupted(number)


def _leave(status: int) -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)
