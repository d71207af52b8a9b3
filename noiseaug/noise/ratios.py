"""From ratios to standard deviations: the noise whose power is so far below that of a signal."""

from __future__ import annotations

import math


def std_of(power: float, mean: float, steps: float | None) -> float:
    """Return the std of noise with this mean whose mean square, rounded to whole steps, is `power`.

    It is 0 if no noise is so weak. All numbers are fractions of full scale, which has so many `steps`; None stands for
    real numbers, which are not rounded.

    Rounding N(mean, std**2) to steps adds 1/12 of a squared step as long as std is above a step or so. Below, it
    takes nearly all away. So it is the second moment of the rounded noise that is inverted. The std has nine digits, so
    that the last digit of libm does not show in the noise.
    """
    if steps:
        wanted, mean = power * steps**2, mean * steps
        square = wanted - mean * mean - 1 / 12
        std = (math.sqrt(square) if square >= _ROUND_FROM**2 else _narrow_std(wanted, mean)) / steps
    else:
        std = math.sqrt(max(power - mean * mean, 0.0))
    return float(f"{std:.9g}")


# From this std in steps on, the second moment of rounded noise is std**2 + 1/12 to nine digits.
_ROUND_FROM = 1.5


def _narrow_std(wanted: float, mean: float) -> float:
    low, high = 0.0, 2 * _ROUND_FROM
    if _second_moment(low, mean) >= wanted:
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _second_moment(middle, mean) < wanted else (low, middle)
    return high


def _second_moment(std: float, mean: float) -> float:
    """Return E[round(N(mean, std**2))**2], in steps squared."""
    spread = std or math.ulp(0.0)
    reach = math.ceil(10 * std) + 1
    centre = round(mean)

    def below(k: int) -> float:
        return 0.5 * math.erfc((mean - k - 0.5) / spread / math.sqrt(2))

    values = range(centre - reach, centre + reach + 1)
    return math.fsum(k * k * (below(k) - below(k - 1)) for k in values)
