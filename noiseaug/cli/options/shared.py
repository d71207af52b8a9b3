"""The options that several commands have, and how options are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import click

from noiseaug.cli.options.types import Whole

Decorator = Callable[[Any], Any]

WORKERS = click.option(
    "--workers",
    type=Whole(min=1),
    help="Files worked on at once [cores]. By default as many as there are cores available.",
)
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Name each file as it is done. Also show tracebacks.")
# For commands that say no more for it; `cli.errors` looks for it on the command line.
TRACEBACKS = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, help="Show the traceback of an unexpected error."
)


def quiet(text: str) -> Decorator:
    """Return the option that asks for less to be printed; `text` says what is."""
    return click.option("-q", "--quiet", is_flag=True, help=text)


def json_object(text: str = "Print a JSON object.") -> Decorator:
    """Return the option that asks for JSON on stdout."""
    return click.option("--json", is_flag=True, help=text)


def replacing(name: str, text: str) -> Decorator:
    """Return a flag that lets files be replaced or deleted. It is taken from the command line only."""
    return click.option(name, is_flag=True, allow_from_autoenv=False, help=text)


def with_default(name: str, type: click.ParamType[Any], default: Any, text: str) -> Decorator:
    """Return an option whose help ends with its default."""
    return click.option(name, type=type, default=default, show_default=True, help=text)


def repeatable(name: str, type: click.ParamType[Any], text: str) -> Decorator:
    """Return an option that may be given several times."""
    return click.option(name, type=type, multiple=True, help=text)


def choice(name: str, choices: Iterable[str], default: str, text: str) -> Decorator:
    """Return an option that takes one of some words."""
    return with_default(name, click.Choice(list(choices)), default, text)


def values_for(owner: type, options: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the options that are called like the fields of a dataclass."""
    return {item.name: options[item.name] for item in fields(owner) if item.name in options}


def with_options(*options: Decorator) -> Decorator:
    """Return a decorator that gives a command these options, which its help lists in this order."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def parameters_of(options: Iterable[Decorator]) -> list[click.Parameter]:
    """Return the parameters that a command with these options has."""

    @with_options(*options)
    def holder() -> None:
        """Hold what the options leave."""

    made: list[click.Parameter] = getattr(holder, "__click_params__", [])
    return made[::-1]
