"""`noiseaug draw`."""

from __future__ import annotations

import math

import click

from noiseaug.cli.options.shared import quiet, replacing, with_default, with_options
from noiseaug.cli.options.types import Parsed
from noiseaug.cli.wording import printable, size
from noiseaug.settings.level import parse_fraction

_DTYPES = ("float16", "float32", "float64", "complex64", "complex128")
_MOST_AXES = 64


def _shape(text: str) -> tuple[int, ...]:
    """Return the shape that a text spells, such as 10000,100."""
    parts = [part.strip() for part in text.strip().strip("()").split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and part.isascii() for part in parts) or len(parts) > _MOST_AXES:
        raise ValueError(f"{text!r} is no shape; write the sizes of the axes, such as 10000,100")
    shape = tuple(map(int, parts))
    if math.prod(shape) >= 1 << 60:
        raise ValueError(f"{text!r} are more values than any disk holds")
    return shape


def _std(text: str) -> float:
    std = parse_fraction(text)
    if std < 0:
        raise ValueError(f"{text} is not a standard deviation: it must be 0 or more")
    return std


@click.command("draw")
@click.argument("dest", type=click.Path(dir_okay=True))
@click.option(
    "--shape", type=Parsed("SIZE,..", _shape), required=True, help="Sizes of the axes, such as 10000,100 or 100000."
)
@with_options(
    with_default("--std", Parsed("STD", _std), "1", "Standard deviation of the values."),
    with_default("--mean", Parsed("MEAN", parse_fraction), "0", "Mean of the values."),
    with_default("--seed", click.INT, 0, "Chooses the noise."),
    with_default("--dtype", click.Choice(_DTYPES), "float32", "Of the values; complex ones have noise in both parts."),
    replacing("--overwrite", "Replace what DEST holds."),
    quiet("Print nothing."),
)
def command(
    dest: str, shape: tuple[int, ...], std: float, mean: float, seed: int, dtype: str, overwrite: bool, quiet: bool
) -> int:
    """Write pure Gaussian noise to the array DEST, a .npy file: latents, noise vectors, test data.

    The values depend on --seed and --dtype alone, and --std and --mean only scale and move them: an array with a longer
    first axis begins with the shorter one. They are drawn and written in blocks, so that an array may be larger than
    memory. In Python, GaussianNoise gives zeros the same values under the key "draw".

    Exit status: 0 done, 1 could not write, 2 usage, 130 or 143 interrupted, which leaves nothing.
    """
    if not dest.lower().endswith(".npy"):
        raise click.BadParameter(f"{dest!r} is no name of an array; end it in .npy", param_hint="DEST")
    from noiseaug.media.array.draw import draw  # with NumPy
    from noiseaug.noise.array_noise import Strength

    written = draw(dest, shape, Strength(std, mean), seed, dtype, overwrite=overwrite)
    if not quiet:
        axes = " x ".join(f"{length:,}" for length in shape)
        click.echo(f"{axes} values of {dtype} written to {printable(dest)} ({size(written)})")
    return 0
