"""The options of commands, a module a group: each has OPTIONS, and what makes of their values what a run takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Decorator = Callable[[Any], Any]


def with_options(*options: Decorator) -> Decorator:
    """Gives a command these options, which its help lists in this order."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
