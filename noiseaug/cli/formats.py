"""`noiseaug formats`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import dumps
from typing import Any

import click

from noiseaug import kinds
from noiseaug.cli.options.shared import TRACEBACKS, json_object

_WIDEST = 100  # columns; longer lines are hard to read


@click.command("formats")
@json_object("Print a JSON array with an object for each suffix.")
@TRACEBACKS
def command(json: bool) -> None:
    """List the formats of files that can be read and written here, by suffix.

    What needs a library that is not installed is marked with the command that installs it. docs/formats.md says what is
    kept of each.
    """
    found = [_about(name, suffix) for name, kind in kinds.KINDS.items() for suffix in sorted(_suffixes(kind))]
    if json:
        click.echo(dumps(found))
        return
    for name in kinds.KINDS:
        click.echo(name)
        for line in _lines([one for one in found if one["kind"] == name]):
            click.echo(line)
    click.echo("libraries of extras")
    for extra in kinds.extras():
        state = f"missing: pip install 'noiseaug[{extra}]'" if kinds.lacks(extra) else "installed"
        click.echo(f"  {extra:<6} {state}")


def _suffixes(kind: kinds.Kind) -> frozenset[str]:
    return kind.suffixes | kind.unreadable


def _about(name: str, suffix: str) -> dict[str, Any]:
    """Return what is known of a suffix: its kind, whether it is read, what it is written as, and what it needs."""
    kind = kinds.KINDS[name]
    extra = kind.extras.get(suffix)
    return {
        "suffix": suffix,
        "kind": name,
        "read": suffix in kind.suffixes and not (extra and kinds.lacks(extra)),
        "written_as": kind.replaced.get(suffix, suffix) if suffix in kind.suffixes else None,
        "extra": extra,
    }


def _lines(suffixes: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines about the suffixes of a kind, those alike together."""
    groups: dict[tuple[bool, str | None, str], list[str]] = {}
    for one in suffixes:
        written = "" if one["written_as"] in (None, one["suffix"]) else one["written_as"]
        can_be_read = one["read"] or one["extra"] is not None
        groups.setdefault((can_be_read, one["extra"], written), []).append(one["suffix"])
    order = sorted(groups.items(), key=lambda item: (not item[0][0], item[0][1] or "", item[0][2]))
    for (can_be_read, extra, written), several in order:
        if not can_be_read:
            what = "not read; convert them first"
        else:
            what = f"read, and written as {written}" if written else "read and written"
            if extra:
                what += f", with noiseaug[{extra}]" + (", which is missing" if kinds.lacks(extra) else "")
        yield from _wrapped(f"  {what}:", several)


def _wrapped(head: str, words: Iterable[str]) -> Iterator[str]:
    """Yield a line, and the words below it in lines that fit the terminal."""
    width = click.HelpFormatter(max_width=_WIDEST).width
    yield head
    yield click.wrap_text(" ".join(words), width, initial_indent="    ", subsequent_indent="    ")
