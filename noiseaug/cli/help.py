"""Help of two lengths: a line for each option, in groups; and all that is known of them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from noiseaug.cli.options.shared import Decorator, parameters_of

GIVEN = f"{__name__}.given"  # of the context: the arguments of the command
WIDEST = 1000  # columns: as wide as the terminal
_WHOLE = f"{__name__}.whole"  # of the context: whether all is to be shown
_COLUMN = 28  # columns that an option and its value may take before its line


class GroupedCommand(click.Command):
    """A command whose options are in groups.

    `--help` has one line for each: the first sentence of its help. `--help-all` has all of it, with choices and ranges.
    """

    def __init__(
        self,
        name: str | None,
        *,
        groups: Mapping[str, Sequence[Decorator]],
        params: list[click.Parameter] | None = None,
        **settings: Any,
    ) -> None:
        self.groups = {title: parameters_of(options) for title, options in groups.items()}
        ours = [param for members in self.groups.values() for param in members]
        ours.sort(key=lambda param: param.name != "config")  # before the options that it has values of
        super().__init__(name, params=[*(params or []), *ours, _help_all()], **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and keep them in the context as they were given."""
        ctx.meta[GIVEN] = tuple(args)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does: its first paragraph, or all of it."""
        if ctx.meta.get(_WHOLE):
            super().format_help_text(ctx, formatter)
        else:
            first = inspect.cleandoc(self.help or "").partition("\n\n")[0]
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(first)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a group after the other."""
        whole = bool(ctx.meta.get(_WHOLE))
        grouped = {param.name for members in self.groups.values() for param in members}
        rest = [param for param in self.get_params(ctx) if param.name not in grouped]
        for title, members in {**self.groups, "Help": rest}.items():
            records = [param.get_help_record(ctx) if whole else _line_of(param, ctx) for param in members]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record], col_max=_COLUMN)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the options that begin so, each with its line; shells show no more."""
        items = super().shell_complete(ctx, incomplete)
        for item in items:
            item.help = first_sentence(item.help or "")
        return items

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, and where there is more."""
        super().format_epilog(ctx, formatter)
        if not ctx.meta.get(_WHOLE):
            formatter.write_paragraph()
            formatter.write_text(f"{ctx.command_path} --help-all says more of each option.")


def _help_all() -> click.Option:
    def show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            ctx.meta[_WHOLE] = True
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()

    text = "Show all that is known of each option."
    return click.Option(["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=show, help=text)


def first_sentence(text: str) -> str:
    """Return the first sentence of a help text, without its full stop.

    >>> first_sentence("Mean of the noise. A fraction of full scale.")
    'Mean of the noise'
    """
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def _line_of(param: click.Parameter, ctx: click.Context) -> tuple[str, str] | None:
    """Return an option and the line about it, or None for an argument."""
    if not isinstance(param, click.Option):
        return None
    default = param.get_help_extra(ctx).get("default")
    line = first_sentence(param.help or "")
    return _spelled(param, ctx).ljust(_COLUMN), f"{line} [{default}]" if default else line


def _spelled(param: click.Option, ctx: click.Context) -> str:
    """Return an option with its value; the value is but a word if it has many choices."""
    spelled = param.get_help_spec(ctx)
    if len(spelled) <= _COLUMN or not isinstance(param.type, click.Choice):
        return spelled
    return f"{param.opts[0]} {(param.name or '').rpartition('_')[2].upper()}"
