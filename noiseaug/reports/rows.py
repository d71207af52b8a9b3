"""Rows of a manifest as a report sees them: whatever a value is, it is a number, a text or nothing."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from noiseaug.manifest.records import Record

_MOST = 1e19  # sizes of files are below that
_MOST_DEVIATION = 1e6


class Names(NamedTuple):
    """The names in a row, as texts: of the files, and of what outputs can be told apart by."""

    file_name: str
    source_path: str
    kind: str
    role: str
    label: str
    level: str


class Origin:
    """The facts that the outputs of one source have in common, as far as they are read.

    Attributes:
        clean: the row of an output without noise, from which the original can be shown; None if there is none.
        told_losses: whether what was not kept of the source is counted.
    """

    __slots__ = ("clean", "told_losses")

    def __init__(self) -> None:
        self.clean: Record | None = None
        self.told_losses = False


class Item(NamedTuple):
    """An output that a report may show: its place in the manifest from 0, its row, and its source."""

    place: int
    record: Record
    origin: Origin


def number(record: Record, key: str) -> float | None:
    """Return the value of a key if it is a number of a size that figures of a run can have."""
    value = record.get(key)
    if type(value) is float or type(value) is int:
        return float(value) if -_MOST < value < _MOST else None
    return None


def text(record: Record, key: str) -> str:
    """Return the value of a key if it is a text, else an empty one."""
    value = record.get(key)
    return value if type(value) is str else ""


def deviation(record: Record) -> float | None:
    """Return how far the measured noise is from what was asked for: 0.1 where its std is a tenth too large.

    Where an SNR was asked for, the two ratios are compared, as the ratio of the amplitudes that they stand for.

    >>> deviation({"std": 0.1, "noise_std": 0.09}) == 0.09 / 0.1 - 1
    True
    >>> round(deviation({"std": 0.1, "noise_std": 0.1, "snr_db": 20.0, "snr_db_measured": 14.0}), 3)
    0.995
    """
    asked, measured = number(record, "snr_db"), number(record, "snr_db_measured")
    if asked is not None:
        if measured is None:
            return None
        return min(math.pow(10, min(max(asked - measured, -120.0), 120.0) / 20) - 1, _MOST_DEVIATION)
    std, found = asked_std(record), number(record, "noise_std")
    if not std or found is None:
        return None
    return min(max(found / std - 1, -_MOST_DEVIATION), _MOST_DEVIATION)


def asked_std(record: Record) -> float | None:
    """Return the std that was asked for, as a fraction of full scale; None where its row does not tell.

    >>> asked_std({"std": 0.1}), asked_std({"std": 0.5, "std_of": "array", "source_std": [3.0], "dtype": "float32"})
    (0.1, 1.5)
    """
    std, std_of = number(record, "std"), text(record, "std_of") or "full-scale"
    if std is None or std_of == "full-scale":
        return std
    scale = scale_of(record)
    if std_of != "value":
        found = record.get("source_std")
        if not isinstance(found, list) or len(found) != 1:
            return None  # of several arrays, each has another
        std *= number({"std": found[0]}, "std") or 0.0
    return None if scale is None else number({"std": std / scale}, "std")


def scale_of(record: Record) -> float | None:
    """Return what full scale is of arrays, in the units of their values; None where it is not known or not one."""
    dtypes = set(text(record, "dtype").split("; "))
    if all(re.fullmatch("b?float(16|32|64)|complex(64|128)", dtype) for dtype in dtypes):
        return 1.0 if record.get("clip") != "none" else None  # these may have been integers
    match = re.fullmatch("(u?)int(8|16|32|64)", min(dtypes)) if len(dtypes) == 1 else None
    return None if match is None else 2.0 ** int(match[2]) - 1 if match[1] else 2.0 ** (int(match[2]) - 1)


def shortened(name: str, longest: int = 160) -> str:
    """Return a text, without its middle if it is longer than that; a path may have 4096 bytes.

    >>> shortened("a" * 10 + "b" * 10, 8)
    'aaaa \u2026 bbbb'
    """
    if len(name) <= longest:
        return name
    return f"{name[: longest // 2]} \N{HORIZONTAL ELLIPSIS} {name[-(longest // 2) :]}"


def names_of(record: Record) -> Names:
    """Return the names in a row, as far as there is room for them."""
    names = Names(*(shortened(text(record, key)) for key in Names._fields))
    return names if names.role else names._replace(role="noisy")
