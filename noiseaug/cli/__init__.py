"""The command line: Click only. Commands are imported when called, so that `noiseaug --help` is fast."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from types import FrameType
from typing import Any

import click

from noiseaug.cli.errors import Interrupted, report, watch_threads
from noiseaug.cli.suggestions import explain_command, warn_of_unknown_variables
from noiseaug.version import __version__

_COMMANDS = {
    "run": "Write noisy copies of the images, audio and arrays below SOURCE to DEST.",
    "merge": "Make one manifest of what the shards of a run did to DEST.",
    "presets": "List the strengths that --preset names.",
    "verify": "Compare DEST with its manifest.",
    "prune": "Remove what earlier runs left over in DEST.",
    "draw": "Write pure Gaussian noise to an array.",
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(explain_command(ctx, args, _COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s", allow_from_autoenv=False)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Gaussian noise for folders of images, audio and arrays: exact, reproducible, with a manifest.

    \b
    Start with:  noiseaug run photos/ photos-noisy/ --std 25/255 --seed 7
    """
    warn_of_unknown_variables(ctx, _COMMANDS)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 could not run, 2 usage, 3 some files failed, 130/143 on a signal."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        _prepare(given)
        status = cli.main(given, prog_name="noiseaug", auto_envvar_prefix="NOISEAUG", standalone_mode=False)
    except SystemExit:  # as Click does when nobody reads what it prints
        raise
    except BrokenPipeError:
        status = 0
    except BaseException as error:
        status = report(error, given)
        if isinstance(error, Interrupted):
            _leave(status)  # threads may still be at work on a file, which is not waited for
    status = _flush_stdout(given) or status
    sys.exit(status if isinstance(status, int) else 0)


def _prepare(arguments: list[str]) -> None:
    """Make signals, exceptions in threads, and names that the terminal cannot show no reason for a traceback."""
    watch_threads(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _flush_stdout(arguments: list[str]) -> int:
    """Write out what is printed; return an exit status, which is not 0 if that cannot be done."""
    try:
        if sys.stdout is not None:  # it may have been closed before the start
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter does not try again
        if not isinstance(error, BrokenPipeError):  # a reader that goes away is free to do so
            return report(OSError(error.errno, error.strerror, "standard output"), arguments)
    return 0


def _interrupt(number: int, _: FrameType | None) -> Any:
    signal.signal(number, lambda number, _: _leave(128 + number))  # a second time: at once
    raise Interrupted(number)


def _leave(status: int) -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)
