"""The options of `run` that say what noise is wanted."""

from __future__ import annotations

from typing import Any

import click

from noiseaug.cli.options.types import CLIP, LEVEL, MEAN, PRESET, PROBABILITY, RAMP, SEED, SNR
from noiseaug.settings.recipe import ON_CLIP, ON_SILENCE, SNR_REFERENCES, AudioOptions, ImageOptions, Recipe

OPTIONS = (
    click.option(
        "--std",
        type=LEVEL,
        multiple=True,
        help="""Standard deviation as a fraction of full scale: 0.1, 10%, 25/255; or a range to draw from for each file,
        5/255:50/255, or evenly in its logarithm, log:5/255:50/255. Repeatable.""",
    ),
    click.option(
        "--snr",
        type=SNR,
        multiple=True,
        help="""Signal-to-noise ratio of audio in dB: 10, --snr=-5, or a range 10:30. Repeatable. With --std too, images
        get the std and audio the SNR.""",
    ),
    click.option(
        "--mean", type=MEAN, default="0", show_default=True, help="Mean of the noise, fraction of full scale."
    ),
    click.option(
        "--preset",
        type=PRESET,
        multiple=True,
        help="Strengths of the field, such as imagenet-c, or imagenet-c:3 for one; see `noiseaug presets`. Repeatable.",
    ),
    click.option(
        "--clip",
        type=CLIP,
        default="auto",
        show_default=True,
        help="""auto: integers saturate at their range,
        floats are left alone. LO:HI: limits in fractions of full scale. none: unclipped, float32 output.""",
    ),
    click.option(
        "--mono/--per-channel", default=False, help="One noise value for all channels, or one each (default)."
    ),
    click.option(
        "--seed", type=SEED, default="0", show_default=True, help="Chooses the noise; random picks one, and says it."
    ),
    click.option(
        "--copies", type=click.IntRange(min=1), default=1, show_default=True, help="Noisy versions at each level."
    ),
    click.option(
        "--ramp",
        type=RAMP,
        is_flag=False,
        flag_value="linear",
        help="""Spread a range evenly over the copies, from weak to strong, instead of drawing from it; log: in the
        logarithm of the std.""",
    ),
    click.option(
        "--prob",
        type=PROBABILITY,
        default="1",
        show_default=True,
        help="Share of the copies that get noise; the others stay as they are.",
    ),
    click.option(
        "--snr-reference",
        type=click.Choice(SNR_REFERENCES),
        default="pooled",
        show_default=True,
        help="""The signal an SNR refers to: all channels, each channel, or what is not silent (-60 dB of the peak).""",
    ),
    click.option(
        "--on-silence",
        type=click.Choice(ON_SILENCE),
        default="copy",
        show_default=True,
        help="What an SNR makes of a silent file.",
    ),
    click.option("--keep-silence", is_flag=True, help="Digital silence in audio of more than 100 ms stays silent."),
    click.option(
        "--on-clip",
        type=click.Choice(ON_CLIP),
        default="saturate",
        show_default=True,
        help="What becomes of audio that clips; rescale: lower the file until it does not.",
    ),
)


def recipe_of(options: dict[str, Any]) -> Recipe:
    """The recipe that the options spell. A random seed is said on stderr, as it is the only way to get the same again.

    Raises:
        click.UsageError: if they spell none.
    """
    seed = options["seed"]
    if seed == "random":
        import secrets  # takes 2 ms, and few want it

        seed = secrets.randbits(32)
        click.echo(f"noiseaug: seed {seed}", err=True)
    presets = (level for preset in options["preset"] for level in preset)
    levels = (*options["std"], *presets, *options["snr"])
    if not levels:
        raise click.UsageError("Missing option '--std' (or '--snr', for audio): how strong is the noise to be?")
    try:
        return Recipe(
            levels,
            options["mean"],
            options["clip"],
            options["mono"],
            seed,
            options["copies"],
            options["ramp"],
            options["prob"],
            ImageOptions(
                format=options["image_format"], **_named(options, "quality", "subsampling", "png_level", "measure")
            ),
            AudioOptions(
                format=options["audio_format"],
                **_named(options, "snr_reference", "on_silence", "keep_silence", "on_clip"),
            ),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _named(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names}
