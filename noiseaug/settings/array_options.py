"""How noise is applied to arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noiseaug.settings.checks import check_types

STD_OF = ("full-scale", "value", "array", "column")


@dataclass(frozen=True)
class ArrayOptions:
    """How noise is applied to arrays.

    Attributes:
        std_of: what a std is a fraction of: `full-scale`; the `value` 1, so that it is in the units of the data; or the
            standard deviation of the whole `array`, or of each `column` (of the last axis).
        channel_axis: the axis of the channels that share a noise value with `mono`; negative ones count from the end.
        include_member: patterns on the names of arrays in a file, such as `*.weight`; if there are any, only arrays
            that match one get noise. A .npy file holds one array, of the name of the file without .npy.
        exclude_member: such patterns; an array that matches one is kept as it is.
    """

    std_of: str = "full-scale"
    channel_axis: int = -1
    include_member: tuple[str, ...] = ()
    exclude_member: tuple[str, ...] = ()

    format: ClassVar[None] = None  # arrays keep theirs

    def __post_init__(self) -> None:
        check_types(self)
        if self.std_of not in STD_OF:
            raise ValueError(f"{self.std_of!r} is nothing that a std is of: expected one of {', '.join(STD_OF)}")
