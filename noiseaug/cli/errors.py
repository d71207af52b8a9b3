"""The one place where exceptions become an exit code and a line for the user."""

from __future__ import annotations

import click

from noiseaug.errors import NoiseaugError


class Interrupted(BaseException):
    """A signal asked the run to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


EXPECTED = (click.ClickException, Interrupted, NoiseaugError, OSError)


def report(error: BaseException) -> int:
    """Tell the user on stderr what is wrong, and return the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, Interrupted):
        _say("stopped; what is written is whole, and the same command goes on from here")
        return 128 + error.number
    if isinstance(error, OSError) and error.filename:
        _say(f"error: {error.filename}: {error.strerror}")
    else:
        _say(f"error: {error}")
    return error.exit_code if isinstance(error, NoiseaugError) else 1


def _say(text: str) -> None:
    click.echo(f"noiseaug: {text}", err=True)
