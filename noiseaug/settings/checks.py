"""Values that people give in Python, held against the types that they are declared with."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable, Iterable, Set
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_MISFIT = object()
_MOST_SHOWN = 60  # characters


def check_types(owner: Any) -> None:
    """Make sure that the fields of a dataclass hold what they are declared to hold; called by its `__post_init__`.

    Numbers of NumPy become Python's own, and whole numbers become floats where these are meant, so that equal settings
    are recorded in the same way. A text alone, or a list, becomes a tuple of texts where that is meant.

    Raises:
        TypeError: if a value is of another type; the message says what is expected.
        ValueError: if a text is not one of those that there are.

    >>> from noiseaug.settings.running import Running
    >>> Running(workers="two")
    Traceback (most recent call last):
    TypeError: workers must be a whole number or None, not 'two'
    """
    hints = _hints_of(owner.__class__)
    for item in fields(owner):
        value = getattr(owner, item.name)
        found = typed(item.name, value, hints[item.name])
        if found is not value:
            object.__setattr__(owner, item.name, found)


def typed(name: str, value: object, hint: Any) -> Any:
    """Return a value as the type `hint` has it; see `check_types`. `name` is what the message calls it.

    >>> typed("seed", True, int)
    Traceback (most recent call last):
    TypeError: seed must be a whole number, not True
    >>> typed("include", "*.png", tuple[str, ...])
    ('*.png',)
    """
    choices = _choices_of(hint)
    for choice in choices:
        found = _fitted(value, choice)
        if found is not _MISFIT:
            return found
    words = [word for choice in choices if get_origin(choice) is Literal for word in get_args(choice)]
    if words and isinstance(value, str):
        others = [_words(choice) for choice in choices if get_origin(choice) is not Literal]
        raise ValueError(f"{value!r} is no {name}: expected one of {', '.join([*map(str, words), *others])}")
    raise TypeError(f"{name} must be {' or '.join(map(_words, choices))}, not {_shown(value)}")


def path_of(name: str, value: str | os.PathLike[str]) -> str:
    """Return a path as text. Raise TypeError if the value is none; `name` is what the message calls it.

    >>> path_of("dest", None)
    Traceback (most recent call last):
    TypeError: dest must be a path, as a text or a Path, not None
    """
    path: object = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(path, str):
        raise TypeError(f"{name} must be a path, as a text or a Path, not {_shown(value)}")
    return path


def misfit(name: str, expected: str, value: object, hint: str = "") -> TypeError:
    """Return the error of a value of the wrong type."""
    return TypeError(f"{name} must be {expected}, not {_shown(value)}{hint}")


def with_article(name: str) -> str:
    """Return the name of a class as a sentence has it.

    >>> with_article("Recipe"), with_article("ImageOptions")
    ('a Recipe', 'an ImageOptions')
    """
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _shown(value: object) -> str:
    """Return what a value looks like, cut short."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


@functools.cache
def _hints_of(owner: Any) -> dict[str, Any]:
    return get_type_hints(owner)


def _choices_of(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, whole numbers before floats and None last; or the type itself."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(sorted(get_args(hint), key=lambda choice: (choice is type(None), choice is float)))
    return (hint,)


def _fitted(value: object, hint: Any) -> Any:
    """Return the value as this type, or _MISFIT."""
    simple = _SIMPLE.get(hint)
    if simple:
        return simple[1](value)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value if isinstance(value, str) and value in inner else _MISFIT
    if origin is os.PathLike:
        return value if isinstance(value, os.PathLike) else _MISFIT
    if origin is tuple and inner[1:] != (...,):
        return _each(value, inner) if isinstance(value, tuple) and len(value) == len(inner) else _MISFIT
    if origin in (tuple, frozenset):
        several = (value,) if isinstance(value, str) and inner[0] is str else value
        if not isinstance(several, Iterable) or isinstance(several, str | bytes | dict):
            return _MISFIT
        if origin is tuple and isinstance(several, Set):  # which has no order that stays
            return _MISFIT
        found = tuple(several)
        found = _each(found, (inner[0],) * len(found))
        return found if found is _MISFIT else origin(found)
    return value if isinstance(value, hint) else _MISFIT


def _each(values: tuple[Any, ...], hints: tuple[Any, ...]) -> Any:
    found = tuple(_fitted(value, hint) for value, hint in zip(values, hints, strict=True))
    return _MISFIT if _MISFIT in found else found


def _whole(value: object) -> Any:
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else _MISFIT


def _number(value: object) -> Any:
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else _MISFIT


def _same(kind: Any) -> Callable[[object], Any]:
    return lambda value: value if isinstance(value, kind) else _MISFIT


_SIMPLE: dict[Any, tuple[str, Callable[[object], Any]]] = {
    int: ("a whole number", _whole),
    float: ("a number", _number),
    bool: ("True or False", _same(bool)),
    str: ("a text", lambda value: str(value) if isinstance(value, str) else _MISFIT),
    type(None): ("None", _same(type(None))),
}


def _words(hint: Any) -> str:
    """Return what a type is called in messages."""
    if hint in _SIMPLE:
        return _SIMPLE[hint][0]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin is os.PathLike:
        return "a path"
    if origin is tuple and inner[1:] != (...,):
        return "a pair (low, high) of numbers"
    if origin in (tuple, frozenset):
        return "a text or several" if inner[0] is str else f"several of {inner[0].__name__}"
    return with_article(hint.__name__)
