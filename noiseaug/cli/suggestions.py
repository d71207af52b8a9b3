"""Wrong command lines explained: what was expected, what was found, and what was probably meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

import click

from noiseaug.settings.spelling import nearest

# What other tools call what is an option here.
_ELSEWHERE = {
    "--sigma": "--std",
    "--stddev": "--std",
    "--noise": "--std",
    "--db": "--snr",
    "--jobs": "--workers",
    "-j": "--workers",
    "--output": "DEST, the second argument,",
    "-o": "DEST, the second argument,",
}


def explain_command(ctx: click.Context, arguments: Sequence[str], commands: Iterable[str]) -> str:
    """Return what is wrong with arguments that begin with no command."""
    import shlex  # as `difflib`: only for what goes wrong

    word, commands = arguments[0], list(commands)
    meant = nearest(word, commands)
    if os.path.sep in word or "." in word or (meant is None and len(arguments) > 1):
        return f"{word!r} is no command; did you mean: {ctx.info_name} run {shlex.join(arguments)}"
    if meant:
        return f"{word!r} is no command; did you mean {meant}?"
    return f"{word!r} is no command; expected one of {', '.join(commands)}"


def explained(error: click.ClickException) -> click.ClickException:
    """Return a usage error that also says what was expected and what to do, where Click's own does not."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.BadOptionUsage) and "requires" in error.message:
        text: str | None = f"{error.option_name} takes a value, and none was found; write {error.option_name} VALUE"
    else:
        text = _explain(error, ctx) if ctx else None
    return click.UsageError(text, ctx) if text else error


def _explain(error: click.ClickException, ctx: click.Context) -> str | None:
    if isinstance(error, click.NoSuchOption):
        return _explain_option(error.option_name, ctx)
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
        usage = " ".join(ctx.command.collect_usage_pieces(ctx)[1:])
        return f"{error.param.make_metavar(ctx)} is missing; expected: {ctx.command_path} {usage}"
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Option):
        choices = error.param.type.choices if isinstance(error.param.type, click.Choice) else ()
        return f"{error.param.opts[0]} is missing; expected one of {', '.join(map(str, choices))}" if choices else None
    if isinstance(error, click.BadParameter) and error.message.endswith(" does not exist."):
        name = error.param.make_metavar(ctx) if isinstance(error.param, click.Argument) else error.param_hint
        name = name or (error.param.opts[0] if error.param else "")
        return f"{name}: {error.message.removesuffix('.')}; check how it is spelled, and where you are"
    if found := re.match(r"Got unexpected extra arguments? \((.*)\)", error.message, re.DOTALL):
        return _explain_arguments(found[1], ctx)
    return None


def _explain_option(name: str, ctx: click.Context) -> str:
    if isinstance(ctx.command, click.Group):
        for command in ctx.command.list_commands(ctx):
            found = ctx.command.get_command(ctx, command)
            if found and name in _options(found):
                return f"{name} is an option of {command}; did you mean: {ctx.info_name} {command} .. {name}"
    options = _options(ctx.command)
    meant = _ELSEWHERE.get(name)
    if meant is None or not (meant.startswith("DEST") or meant in options):
        meant = nearest(name, options)
    hint = f"did you mean {meant.rstrip(',')}?" if meant else f"{ctx.command_path} --help lists the options"
    return f"There is no option {name}; {hint}"


def _options(command: click.Command) -> list[str]:
    options = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    return [name for name in options if name.startswith("-")]


def _explain_arguments(found: str, ctx: click.Context) -> str:
    names = [one.make_metavar(ctx) for one in ctx.command.params if isinstance(one, click.Argument)]
    text = f"expected {' and '.join(names) or 'options only'}, and found more: {found}"
    if ctx.info_name == "run":
        text += "; for several files name their directory, and choose with --include '*.png' or --files-from"
    return text


def warn_of_unknown_variables(ctx: click.Context, commands: Iterable[str]) -> None:
    """Say on stderr which variables of the environment look like options of the command and are none."""
    command = ctx.invoked_subcommand or ""
    prefixes = {name: f"NOISEAUG_{name.upper()}_" for name in commands}
    for variable in sorted(os.environ):
        if not variable.startswith("NOISEAUG_"):
            continue
        of = next((name for name, prefix in prefixes.items() if variable.startswith(prefix)), None)
        if of is None or of == command:
            _warn_unless_known(ctx, variable, prefixes.get(command, ""))


def _warn_unless_known(ctx: click.Context, variable: str, prefix: str) -> None:
    found = ctx.command.get_command(ctx, ctx.invoked_subcommand or "") if isinstance(ctx.command, click.Group) else None
    options = [one for one in found.params if isinstance(one, click.Option)] if found else []
    by_variable = {f"{prefix}{(one.name or '').upper()}": one for one in options}
    known = [name for name, one in by_variable.items() if one.allow_from_autoenv]
    if variable in by_variable.keys() - known:
        option = by_variable[variable].opts[0]
        text = f"is not taken, as it lets files be replaced or deleted; write {option} on the command line"
        click.echo(f"noiseaug: warning: {variable} in the environment {text}", err=True)
    elif variable not in known:
        names = [name.removeprefix(prefix) for name in known]
        meant = nearest(variable.removeprefix(prefix or "NOISEAUG_").removeprefix("NOISEAUG_"), names)
        hint = f"did you mean {prefix}{meant}?" if meant else "unset it, or look for its option in --help"
        click.echo(f"noiseaug: warning: {variable} in the environment names no option; {hint}", err=True)
