"""The pages about the command line, from the commands themselves: docs/cli.md and the manual pages in docs/man/.

Run from the project's folder: `python -m tools.cli_pages`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from noiseaug.cli import cli
from noiseaug.version import __version__

ROOT = Path(__file__).parents[1]
_INTRODUCTION = """# The command line

Every command with all of its options, as `--help-all` and the manual pages have them (`man noiseaug-run`). This page is
written by `make cli`.
"""


class Page:
    """What a command says of itself.

    Attributes:
        name: the command as it is typed.
        usage: what follows its name.
        paragraphs: what it does; lines that keep their form begin with two spaces.
        groups: its options by group, each with its text.
    """

    def __init__(self, name: str, command: click.Command) -> None:
        self.name = name
        ctx = click.Context(command, info_name=name, help_option_names=cli.context_settings["help_option_names"])
        self.usage = " ".join(command.collect_usage_pieces(ctx))
        self.paragraphs = list(_paragraphs(command.help or ""))
        self.examples = list(_paragraphs(command.epilog or ""))
        groups = dict(getattr(command, "groups", {}))
        grouped = {param.name for members in groups.values() for param in members}
        rest = [param for param in command.get_params(ctx) if param.name not in grouped]
        groups |= {"Other options" if groups else "Options": rest}
        records = {title: [one.get_help_record(ctx) for one in members] for title, members in groups.items()}
        self.groups = {
            title: [(spelled, " ".join(text.split())) for spelled, text in filter(None, members)]
            for title, members in records.items()
        }


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those that keep their lines are indented."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        kept = paragraph.removeprefix("\b\n")
        if kept == paragraph:
            yield " ".join(paragraph.split())
        else:
            yield "\n".join(f"  {line}" for line in kept.splitlines())


def pages() -> list[Page]:
    """Return a page for noiseaug itself, and one for each of its commands."""
    ctx = click.Context(cli, info_name="noiseaug")
    commands = [(name, cli.get_command(ctx, name)) for name in cli.list_commands(ctx)]
    return [Page("noiseaug", cli), *(Page(f"noiseaug {name}", command) for name, command in commands if command)]


def markdown() -> str:
    """Return docs/cli.md."""
    lines = [_INTRODUCTION]
    for page in pages():
        lines += [f"## {page.name}", "", f"```\n{page.name} {page.usage}\n```", ""]
        for paragraph in page.paragraphs + page.examples:
            lines += [f"```\n{inspect.cleandoc(paragraph)}\n```" if paragraph.startswith("  ") else paragraph, ""]
        for title, options in page.groups.items():
            lines += [f"### {title} of {page.name}", ""]
            lines += [f"- `{spelled}`: {text}" for spelled, text in options]
            lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def manual(page: Page) -> str:
    """Return the manual page of a command, for man(1)."""
    title = page.name.replace(" ", "-")
    first, *others = page.paragraphs
    lines = [
        f'.TH "{_roff(title.upper())}" "1" "" "noiseaug {__version__}" "noiseaug"',
        ".SH NAME",
        rf"{_roff(title)} \- {_roff(first)}",
        ".SH SYNOPSIS",
        rf"\fB{_roff(page.name)}\fR {_roff(page.usage)}",
        ".SH DESCRIPTION",
        _roff(first),
    ]
    lines += [line for paragraph in others for line in _block(paragraph)]
    for title, options in page.groups.items():
        lines.append(f".SH {_roff(title.upper())}")
        for spelled, text in options:
            lines += [".TP", rf"\fB{_roff(spelled)}\fR", _roff(text)]
    if page.examples:
        lines += [".SH EXAMPLES", *(line for paragraph in page.examples for line in _block(paragraph))]
    return "\n".join(lines) + "\n"


def _block(paragraph: str) -> list[str]:
    if paragraph.startswith("  "):
        return [".PP", ".nf", *(_roff(line) for line in paragraph.splitlines()), ".fi"]
    return [".PP", _roff(paragraph)]


def _roff(text: str) -> str:
    """Return text such that man shows it as it is."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    return re.sub(r"^\.", r"\\&.", text)


def files() -> dict[Path, str]:
    """Return the pages by the files that they are in."""
    manuals = {ROOT / f"docs/man/{page.name.replace(' ', '-')}.1": manual(page) for page in pages()}
    return {ROOT / "docs/cli.md": markdown()} | manuals


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
