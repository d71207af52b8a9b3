"""The options of `run` that say what noise is wanted."""

from __future__ import annotations

from typing import Any

import click

from noiseaug.cli.options.shared import choice, repeatable, values_for, with_default
from noiseaug.cli.options.types import CLIP, LEVEL, MEAN, PRESET, PROBABILITY, RAMP, SEED, SNR, Axis, Whole
from noiseaug.settings.array_options import STD_OF, ArrayOptions
from noiseaug.settings.recipe import (
    ON_CLIP,
    ON_SILENCE,
    SNR_REFERENCES,
    AudioOptions,
    ImageOptions,
    Recipe,
)

OPTIONS = (
    repeatable(
        "--std",
        LEVEL,
        """Standard deviation: 25/255, 10%, 5/255:50/255. A fraction of full scale; or a range to draw from for each
        file, evenly, or in its logarithm, log:5/255:50/255. Repeatable.""",
    ),
    repeatable(
        "--snr",
        SNR,
        """Signal-to-noise ratio of audio, arrays: 10, -5. In decibels; a range, 10:30, is drawn from for each file.
        Repeatable. With --std too, images get the std, and audio and arrays the SNR.""",
    ),
    click.option(
        "--std-of",
        type=click.Choice(STD_OF),
        default="full-scale",
        show_default=True,
        is_eager=True,  # --std may be above 1 with some
        help="""Unit of --std for arrays. full-scale (1.0 for floats); value, the number 1; array, the
        standard deviation of the whole array; or column, that of each column of the last axis.""",
    ),
    with_default("--mean", MEAN, "0", "Mean of the noise. A fraction of full scale, such as 0.01 or 2/255."),
    repeatable(
        "--preset",
        PRESET,
        """Strengths of the field, such as imagenet-c. One of its severities: imagenet-c:3. `noiseaug presets` lists
        them. Repeatable.""",
    ),
    with_default(
        "--clip",
        CLIP,
        "auto",
        """Limits of the samples. auto: integers saturate at their range, floats are left alone. LO:HI: limits in
        fractions of full scale. none: unclipped, float32 output.""",
    ),
    click.option(
        "--mono/--per-channel", default=False, help="One value for all channels, or one each. One each is the default."
    ),
    with_default("--channel-axis", Axis(), -1, "Axis of channels of arrays, for --mono. -1 is the last."),
    with_default("--seed", SEED, "0", "Chooses the noise. Any whole number; random picks one, and says it."),
    with_default("--copies", Whole(min=1), 1, "Noisy versions at each level."),
    click.option(
        "--ramp",
        type=RAMP,
        is_flag=False,
        flag_value="linear",
        help="""Spread a range evenly over the copies. From weak to strong, instead of drawing from it; log: in the
        logarithm of the std.""",
    ),
    with_default("--prob", PROBABILITY, "1", "Share of copies that get noise. The others stay as they are."),
    choice(
        "--snr-reference",
        SNR_REFERENCES,
        "pooled",
        """What an SNR refers to. pooled: all channels; channel: each; active: what is not silent (above -60 dB of the
        peak).""",
    ),
    choice(
        "--on-silence",
        ON_SILENCE,
        "copy",
        "A silent file with an SNR. copy: it stays as it is; skip: no output; floor: noise of one level of samples.",
    ),
    click.option(
        "--keep-silence",
        is_flag=True,
        help="Digital silence stays silent. More than 100 ms of samples of exactly 0, on each channel.",
    ),
    choice(
        "--on-clip",
        ON_CLIP,
        "saturate",
        "Audio that clips. saturate: at full scale; rescale: the file is lowered until nothing clips.",
    ),
)


def recipe_of(options: dict[str, Any]) -> Recipe:
    """Return the recipe that the options spell.

    A random seed is said on stderr, as it is the only way to get the same again.

    Raises:
        click.UsageError: if they spell none.
    """
    if options["seed"] == "random":
        import secrets  # takes 2 ms, and few want it

        options = options | {"seed": secrets.randbits(32)}
        click.echo(f"noiseaug: seed {options['seed']}", err=True)
    presets = (level for preset in options["preset"] for level in preset)
    levels = (*options["std"], *presets, *options["snr"])
    if not levels:
        raise click.UsageError(
            "Missing option '--std' (or '--snr', for audio): how strong is the noise to be? Write --std 25/255"
        )
    try:
        image = ImageOptions(format=options.get("image_format"), **values_for(ImageOptions, options))
        audio = AudioOptions(format=options.get("audio_format"), **values_for(AudioOptions, options))
        array = ArrayOptions(**values_for(ArrayOptions, options))
        return Recipe(levels, image=image, audio=audio, array=array, **values_for(Recipe, options))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
