"""Options that would do nothing in the company of others, or that contradict each other."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from noiseaug.cli.config import file_of
from noiseaug.cli.events import STDOUT
from noiseaug.kinds import DEFAULT_KINDS, kind_of
from noiseaug.settings.request import Request

_OF_AUDIO = ("audio_format", "snr_reference", "on_silence", "keep_silence", "on_clip")
_OF_ARRAYS = ("std_of", "channel_axis", "include_member", "exclude_member")
_OF_IMAGES = ("image_format", "quality", "subsampling", "png_level")


def refuse_without_effect(request: Request, source: str, options: dict[str, Any]) -> None:
    """Refuse options of `run` on the command line that have no effect; warn of such variables of the environment.

    Raises:
        click.UsageError: if there is one.
    """
    recipe, selection = request.recipe, request.selection
    takes_snr = any(level.unit == "snr" for level in recipe.levels)
    heard = "audio" in selection.kinds
    for name in _OF_AUDIO:
        _check(name, heard, "is for audio, and --kind leaves audio out")
    has_arrays = "array" in selection.kinds or (kind_of(source) == "array" and selection.kinds == DEFAULT_KINDS)
    for name in _OF_ARRAYS:
        _check(name, has_arrays, "is for arrays, which a folder is searched for with --kind array", "add that, or ")
    _check("channel_axis", recipe.mono, "goes with --mono, and there is none")
    _check("snr", heard or has_arrays, "is for audio and arrays, and --kind leaves them out")
    _check("std_of", not takes_snr, "is for --std, and arrays get the noise of --snr")
    for name in _OF_IMAGES:
        _check(name, "image" in selection.kinds, "is for images, and --kind leaves images out")
        _check(name, bool(recipe.levels_of("image")), "is for images, which get noise with --std and not with --snr")
    for name in ("snr_reference", "on_silence"):
        _check(name, takes_snr, "goes with --snr, and there is none")
    takes_originals = request.layout.with_clean is not None or bool(selection.keep)
    _check("link", takes_originals, "goes with --with-clean or --keep, and there is none")
    _check("null", selection.names is not None, "goes with --files-from, and there is none")
    walks = selection.names is None
    for name in ("follow_symlinks", "hidden"):
        _check(name, walks, "is for directories, and --files-from names the files themselves")
    if options["depfile"] and selection.shard:
        raise click.UsageError("--depfile names all sources, and --shard does some; write it in a run without --shard")
    if options["json"] and options["events"] == STDOUT:
        raise click.UsageError("--events - ends with what --json prints; use one of them")
    if options["quiet"] and options["verbose"] and _source_of("quiet") == _source_of("verbose"):
        raise click.UsageError("--quiet and --verbose contradict each other; leave one out")


def refuse_for_format(to: str) -> None:
    """Refuse options of `export` that have no effect on this format.

    Raises:
        click.UsageError: if there is one.
    """
    for name in ("shard_size", "prefix"):
        _check(name, to == "webdataset", "is for tar files, as of --to webdataset")
    _check("paths", to != "webdataset", "is for manifests, as of --to nemo and lhotse")


def _source_of(name: str) -> ParameterSource | None:
    return click.get_current_context().get_parameter_source(name)


def _check(name: str, has_effect: bool, why: str, instead: str = "") -> None:
    source = _source_of(name)
    option = next(one for one in click.get_current_context().command.params if one.name == name)
    if has_effect or source is ParameterSource.DEFAULT or source is None:
        return
    text = f"{max(option.opts, key=len)} {why}"
    if source is ParameterSource.COMMANDLINE:
        raise click.UsageError(f"{text}; {instead}leave it out")
    if source is ParameterSource.ENVIRONMENT:
        click.echo(f"noiseaug: warning: {text}; it is set by {option.envvar or _variable(name)}", err=True)
    elif str(click.get_current_context().lookup_default(name)) != str(option.default):
        click.echo(f"noiseaug: warning: {text}; it is set in {file_of(click.get_current_context())}", err=True)


def _variable(name: str) -> str:
    return f"{click.get_current_context().auto_envvar_prefix}_{name.upper()}"
