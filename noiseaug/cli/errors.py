"""The one place where exceptions become an exit code and a line for the user."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence

import click

from noiseaug.cli.suggestions import explained
from noiseaug.cli.wording import printable
from noiseaug.errors import NoiseaugError

# What a command that was interrupted leaves.
_STOPPED = {
    "run": "what is written is whole, and the same command goes on from here",
    "verify": "not all is checked; the same command begins again",
    "export": "nothing half-written is left; the same command begins again",
    "draw": "nothing half-written is left; the same command begins again",
    "merge": "no shard is lost; the same command begins again",
    "preview": "no sheet is written; the same command begins again",
    "report": "no report is written; the same command begins again",
}
_VERBOSE = re.compile("--verb(o|os|ose)?|-[a-zA-Z0]*v[a-zA-Z0]*")


class Interrupted(BaseException):
    """A signal asked the run to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def report(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell the user on stderr what is wrong, and return the exit code.

    Args:
        error: what ended the command.
        arguments: the command line.
    """
    if isinstance(error, click.Abort) and error.__cause__ is not None:  # how Click wraps an EOFError
        error = error.__cause__
    if isinstance(error, click.ClickException):
        explained(error).show()
        return error.exit_code
    if isinstance(error, Interrupted):
        _say(f"stopped; {_STOPPED.get(next(iter(arguments), ''), _STOPPED['run'])}")
        return 128 + error.number
    if isinstance(error, OSError) and error.strerror:
        _say(f"error: {f'{error.filename}: ' if error.filename else ''}{error.strerror}")
    elif isinstance(error, NoiseaugError):
        _say(f"error: {error}")
        return error.exit_code
    elif isinstance(error, MemoryError):
        _say("error: there is not enough memory; use fewer --workers, or a machine with more of it")
    else:
        _report_crash(error, arguments)
    return 1


def _report_crash(error: BaseException, arguments: Sequence[str]) -> None:
    """Say that something happened that nobody expected, and where its details are."""
    from noiseaug.cli.crash import details, keep_details  # not for what goes well

    if any(_VERBOSE.fullmatch(argument) for argument in arguments):
        click.echo(details(error, arguments), err=True, nl=False)
    first_line = str(error).partition("\n")[0]
    what = f"unexpected {type(error).__name__}{': ' if first_line else ''}{first_line}"
    path = keep_details(error, arguments)
    advice = f"please report it with {path}" if path else "please report what -v shows"
    _say(f"error: {what}; this is a bug in noiseaug or its set-up: {advice}")


def watch_threads(arguments: Sequence[str]) -> None:
    """Make an exception that ends a thread a line for the user too."""

    def report_thread(found: threading.ExceptHookArgs) -> None:
        if found.exc_value is not None and not isinstance(found.exc_value, SystemExit):
            report(found.exc_value, arguments)

    threading.excepthook = report_thread


def _say(text: str) -> None:
    if sys.stderr is not None:  # it may have been closed before the start
        click.echo(f"noiseaug: {printable(text)}", err=True)
