"""Options from a TOML file, and the file that says all of a run."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from noiseaug.cli.help import GIVEN
from noiseaug.settings.spelling import nearest
from noiseaug.version import __version__

_TABLE = "run"
_NOT_WRITTEN = ("config", "print_config", "dry_run", "help_all", "help", "json", "quiet", "verbose")
_FILE = f"{__name__}.file"


def load(ctx: click.Context, _: click.Parameter, path: str | None) -> str | None:
    """Take the options in the file at `path` for those that neither the command line nor the environment has.

    Raises:
        click.BadParameter: if the file cannot be read, is no TOML, or says something that no option takes.
    """
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except (OSError, ValueError) as error:  # also of bytes that are no UTF-8
        raise click.BadParameter(f"{path}: {getattr(error, 'strerror', None) or error}; expected a TOML file") from None
    for name in found.keys() - {_TABLE}:
        if not isinstance(found[name], dict):
            raise click.BadParameter(f"{path}: {name} stands outside of [{_TABLE}]; put a line [{_TABLE}] above it")
        raise click.BadParameter(f"{path}: expected the table [{_TABLE}] only, and found {name}")
    table = found.get(_TABLE, {})
    if not isinstance(table, dict):
        raise click.BadParameter(f"{path}: expected [{_TABLE}] to be a table, and found {table!r}")
    options = {param.name or "": param for param in ctx.command.params if isinstance(param, click.Option)}
    ctx.meta[_FILE] = path
    ctx.default_map = {
        key.replace("-", "_"): value for key, value in table.items()
    }  # one value decides what another may be
    ctx.default_map = dict(_taken(table, options, ctx, path))
    return path


def file_of(ctx: click.Context) -> str:
    """Return the path of the file that `load` took options from."""
    return str(ctx.meta[_FILE])


def _taken(
    table: Mapping[str, Any], options: Mapping[str, click.Option], ctx: click.Context, path: str
) -> Iterator[tuple[str, Any]]:
    """Yield each option of the table with its value as the command line would have it."""
    for key, value in table.items():
        option = options.get(key.replace("-", "_"))
        if option is None or option.name in _NOT_WRITTEN:
            names = sorted(_key(one) for one in options.values() if _may_be_written(one))
            meant = nearest(key, names)
            hint = f"did you mean {meant}?" if meant else "noiseaug run --help lists the options"
            raise click.BadParameter(f"{path}: {key} is no option that a file can set; {hint}")
        if not option.allow_from_autoenv:
            raise click.BadParameter(
                f"{path}: {key} lets files be replaced or deleted, and is not taken from a file;"
                f" write {option.opts[0]} on the command line"
            )
        spelled = _spelled(value, option, path, key)
        try:
            option.type_cast_value(ctx, spelled)
        except click.BadParameter as error:
            raise click.BadParameter(f"{path}: {key}: {error.message}") from None
        yield option.name or "", spelled


def _may_be_written(option: click.Option) -> bool:
    return option.name not in _NOT_WRITTEN and option.allow_from_autoenv


def _key(option: click.Option) -> str:
    return next(name for name in option.opts if name.startswith("--"))[2:]


def _spelled(value: Any, option: click.Option, path: str, key: str) -> Any:
    """Return a value of TOML as the text or texts of the command line."""
    if option.is_flag:
        if isinstance(value, bool):
            return value
        raise click.BadParameter(f"{path}: {key} is {value!r}; expected true or false")
    values = value if option.multiple and isinstance(value, list) else [value]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, (str, int, float)):
            expected = "a text or a number, or a list of them" if option.multiple else "a text or a number"
            raise click.BadParameter(f"{path}: {key} is {value!r}; expected {expected}")
    texts = [str(one) for one in values]
    return texts if option.multiple else texts[0]


def as_toml(ctx: click.Context, paths: Sequence[str], resolved: Mapping[str, Any]) -> str:
    """Return the options of a command as TOML that `--config` takes, with where each value came from.

    Args:
        ctx: of the command.
        paths: SOURCE and DEST, for the command that the text begins with.
        resolved: values that stand for those that were given, such as the seed that `random` chose.
    """
    given = ctx.command.make_parser(ctx).parse_args(list(ctx.meta[GIVEN]))[0]
    lines = [
        f"# noiseaug {__version__}: the options of a run. To do it again, with this as FILE:",
        f"#   noiseaug run {shlex.join(paths)} --config FILE",
        f"[{_TABLE}]",
    ]
    for option in ctx.command.params:
        if not isinstance(option, click.Option) or not _may_be_written(option):
            continue
        parsed = ctx.params.get(option.name or "")
        if parsed is False or parsed in (None, (), ""):
            continue
        value, source = option.consume_value(ctx, given)
        value = resolved.get(option.name or "", value)
        lines.append(f"{_key(option)} = {_toml(value)}  # {_origin(option, source, ctx)}")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if re.fullmatch("0|-?[1-9][0-9]*", str(value)):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _origin(param: click.Option, source: ParameterSource, ctx: click.Context) -> str:
    if source is ParameterSource.ENVIRONMENT:
        return f"environment: {ctx.auto_envvar_prefix}_{(param.name or '').upper()}"
    if source is ParameterSource.DEFAULT_MAP:
        return f"file: {file_of(ctx)}"
    return "command line" if source is ParameterSource.COMMANDLINE else "default"
