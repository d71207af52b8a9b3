"""`noiseaug presets`."""

from __future__ import annotations

from json import dumps

import click

from noiseaug.cli.options.shared import TRACEBACKS, json_object
from noiseaug.settings.presets import PRESETS


@click.command("presets")
@json_object()
@TRACEBACKS
def command(json: bool) -> None:
    """List the presets: the name, the std of each severity, as fractions of full scale, and where they come from.

    `noiseaug run --preset NAME` makes all severities of a preset, `--preset NAME:SEVERITY` one.
    """
    if json:
        click.echo(dumps({name: preset._asdict() for name, preset in PRESETS.items()}))
        return
    for name, preset in PRESETS.items():
        click.echo(name)
        several = len(preset.severities) > 1
        for severity, strength in preset.severities.items():
            click.echo(f"  {f'{name}:{severity}' if several else name:<20} {strength}")
        click.echo(f"  {preset.source}")
