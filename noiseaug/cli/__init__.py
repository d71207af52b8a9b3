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
from click.shell_completion import CompletionItem

from noiseaug.cli.errors import Interrupted, watch_threads
from noiseaug.cli.errors import report as report_error  # `report` is a command, whose module takes that name here
from noiseaug.cli.help import WIDEST
from noiseaug.cli.suggestions import explain_command, warn_of_unknown_variables
from noiseaug.version import __version__, versions

_GROUPS = {
    "Make": {
        "run": "Write noisy copies of the files below SOURCE to DEST.",
        "draw": "Write pure Gaussian noise to an array.",
        "merge": "Make one manifest of what shards of a run wrote.",
    },
    "Look": {
        "preview": "Draw files with noise, to choose how strong it should be.",
        "report": "Write a page about DEST, to look at and listen to.",
        "show": "Say all that is known of one output.",
        "presets": "List the strengths that --preset names.",
        "formats": "List the formats that can be read and written here.",
    },
    "Use": {
        "verify": "Compare DEST with its manifest.",
        "prune": "Remove what earlier runs left over in DEST.",
        "export": "Write DEST as NeMo or Lhotse manifests, or tar shards.",
    },
    "Shell": {
        "completion": "Print what makes bash, zsh or fish complete noiseaug.",
    },
}
_COMMANDS = [name for commands in _GROUPS.values() for name in commands]


class _Commands(click.Group):
    """The commands, each from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _COMMANDS

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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, without importing them, and the options."""
        commands = [
            CompletionItem(name, help=text)
            for group in _GROUPS.values()
            for name, text in group.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help such that it fits on a screen of 24 lines."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        formatter.write_paragraph()
        column = max(map(len, _GROUPS))
        rows = [(title, name, text) for title, group in _GROUPS.items() for name, text in group.items()]
        titles = [title if name == next(iter(_GROUPS[title])) else "" for title, name, _ in rows]
        with formatter.indentation():
            names = (f"{title:<{column}}  {name}" for title, (_, name, _) in zip(titles, rows, strict=True))
            formatter.write_dl([(name, text) for name, (_, _, text) in zip(names, rows, strict=True)])
        formatter.write(_MORE)


_MORE = """
Examples, with the files of the project:
  noiseaug run sample_data noisy --std 25/255 --seed 7
  noiseaug run sample_data sweep --std 5/255 --std 25/255 --kind image
  noiseaug verify noisy

noiseaug COMMAND --help says more. Options: -V, --version (-v); -h, --help.
"""
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST}


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.option(
    *("-V", "--version"),
    is_flag=True,
    expose_value=False,
    callback=lambda ctx, _, wanted: _show_version(ctx) if wanted else None,
    allow_from_autoenv=False,
    help="Show the version and exit; with -v, those of Python and the libraries too.",
)
@click.option("-v", "--verbose", is_flag=True, is_eager=True, hidden=True, allow_from_autoenv=False)
@click.pass_context
def cli(ctx: click.Context, verbose: bool) -> None:
    """Gaussian noise for folders of images, audio and arrays: exact, reproducible."""
    if verbose:
        raise click.UsageError("-v goes with --version here, or behind a command: noiseaug run .. -v")
    warn_of_unknown_variables(ctx, _COMMANDS)


def _show_version(ctx: click.Context) -> None:
    """Print the version and, if more is asked for, those of what decides the bytes of outputs."""
    click.echo(f"noiseaug {__version__}")
    if ctx.params.get("verbose"):  # taken before this one, as it is eager
        import platform

        found = {"python": platform.python_version(), **versions()}
        for name in sorted(found.keys() - {"noiseaug"}, key=str.lower):
            click.echo(f"  {name:<24} {'not installed' if found[name] == 'none' else found[name]}")
        click.echo(f"  {'on':<24} {platform.machine()} {platform.system()}")
    ctx.exit()


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
        status = report_error(error, given)
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
            return report_error(OSError(error.errno, error.strerror, "standard output"), arguments)
    return 0


def _interrupt(number: int, _: FrameType | None) -> Any:
    signal.signal(number, lambda number, _: _leave(128 + number))  # a second time: at once
    raise Interrupted(number)


def _leave(status: int) -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status)
