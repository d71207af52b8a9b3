"""Standard deviations and powers of arrays, found in one pass in a fixed order of summation.

Values are taken in pieces whose size depends on the shape alone. Within a piece the upper half is added to the lower
one, value by value, until one is left. These are single additions of float64, of which IEEE 754 says every bit: so the
sums are the same on every processor, and for blocks of any size. Pieces are joined as in Chan, Golub and LeVeque
(1979), so that a large mean takes no digits from the variance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from noiseaug.media.array.member import Member, Reading
from noiseaug.noise.scale import Array
from noiseaug.storage.source_file import Refused

Floats = NDArray[np.float64]

_PIECE = 1 << 16  # values


class Moments:
    """The mean and the variance of finite values in several columns, each for itself."""

    def __init__(self, columns: int) -> None:
        self.counts: Floats = np.zeros(columns)
        self.means: Floats = np.zeros(columns)
        self._squares: Floats = np.zeros(columns)

    @property
    def variances(self) -> Floats:
        """The variance of each column; 0 where it has no finite value."""
        return self._squares / np.maximum(self.counts, 1)

    @property
    def powers(self) -> Floats:
        """The mean square of each column."""
        return self.variances + np.square(self.means)

    def add(self, rows: Array) -> None:
        """Take further rows, shape (n, columns)."""
        values = rows.astype(np.float64)
        finite = np.isfinite(values)
        all_finite = bool(finite.all())
        if not all_finite:
            values[~finite] = 0.0
        counts = np.full(values.shape[1], float(len(values))) if all_finite else finite.sum(axis=0).astype(float)
        means = _tree_sum(values.copy()) / np.maximum(counts, 1)
        values -= means
        if not all_finite:
            values[~finite] = 0.0
        np.square(values, out=values)
        self._join(counts, means, _tree_sum(values))

    def _join(self, counts: Floats, means: Floats, squares: Floats) -> None:
        together = self.counts + counts
        share = counts / np.maximum(together, 1)
        apart = means - self.means
        self._squares += squares + np.square(apart) * self.counts * share
        self.means += apart * share
        self.counts = together


def _tree_sum(values: Floats) -> Floats:
    """Return the sums of the columns of `values`, shape (n, columns), which is overwritten."""
    count = len(values)
    while count > 1:
        half = count // 2
        values[:half] += values[count - half : count]
        count -= half
    total: Floats = values[0]
    return total


@np.errstate(over="ignore", invalid="ignore")  # of values beyond all measure; the caller looks at what comes out
def moments_of(
    member: Member, reading: Reading, *, each_column: bool, at_once: int | None = None
) -> tuple[Floats, Floats]:
    """Return the variance and the power of an array, or of each of its columns (of the last axis): shape (n,) both.

    An array of one dimension is one column. Of complex values it is the mean of those of their two parts. So many
    numbers are read at once, of whole rows; which makes no difference.
    """
    parts = member.values.parts
    if not member.size:
        return np.zeros(1), np.zeros(1)
    columns = member.shape[-1] if each_column and len(member.shape) > 1 else 1
    if member.fortran and columns > 1:  # one column after the other
        length = member.size * parts // columns
        found = [_over(numbers_in(member, reading, length, at_once), parts) for _ in range(columns)]
    else:
        found = [_over(numbers_in(member, reading, member.size * parts, at_once), columns * parts)]
    variances = np.concatenate([one.variances for one in found]).reshape(-1, parts)
    powers = np.concatenate([one.powers for one in found]).reshape(-1, parts)
    return _mean_of_parts(variances), _mean_of_parts(powers)


def _mean_of_parts(values: Floats) -> Floats:
    return values[:, 0] if values.shape[1] == 1 else (values[:, 0] + values[:, 1]) / 2


def _over(pieces: Iterator[Array], columns: int) -> Moments:
    moments = Moments(columns)
    rows = max(_PIECE // columns, 1)
    held = np.empty((0, columns))
    for piece in pieces:
        held = np.concatenate([held, piece.reshape(-1, columns)]) if len(held) else piece.reshape(-1, columns)
        full = len(held) // rows * rows
        for start in range(0, full, rows):
            moments.add(held[start : start + rows])
        held = held[full:]
    if len(held):
        moments.add(held)
    return moments


def numbers_in(member: Member, reading: Reading, count: int, at_once: int | None = None) -> Iterator[Array]:
    """Yield the next `count` real numbers of an array, so many at once.

    Raises:
        Refused: if there are fewer.
    """
    width = member.values.real.itemsize if member.values.name != "bfloat16" else 2
    at_once = at_once or _rows_of(member)
    done = 0
    while done < count:
        wanted = min(at_once, count - done)
        data = reading.read(wanted * width)
        if len(data) < wanted * width:
            missing = (count - done) - len(data) // width
            raise Refused(f"ends early: {missing:,} of {count:,} numbers are missing; copy it anew")
        yield member.values.decoded(data)
        done += wanted


def _rows_of(member: Member) -> int:
    """Return how many numbers are read at once: rows of all columns, and few of these."""
    row = (member.shape[-1] if member.shape else 1) * member.values.parts
    return max(_PIECE // row, 1) * row
