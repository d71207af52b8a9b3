"""The .npy format: one array behind a header, as in numpy.lib.format. Pickles in it are never loaded."""

from __future__ import annotations

import ast
import io
import math
from typing import NamedTuple

import numpy as np

from noiseaug.media.array.member import Reading
from noiseaug.media.array.values import Values, values_of
from noiseaug.storage.source_file import Refused

MAGIC = b"\x93NUMPY"
# Headers of up to so many bytes are evaluated, as in NumPy: longer ones could take Python's parser down.
_LONGEST = 10_000
_MOST_AXES = 64


class Header(NamedTuple):
    """What stands before the values of an array.

    Attributes:
        raw: all of its bytes.
        values: what the values are.
        shape: of the array.
        fortran: whether its first axis is the one that changes fastest.
    """

    raw: bytes
    values: Values
    shape: tuple[int, ...]
    fortran: bool

    @property
    def length(self) -> int:
        """How many bytes the values take."""
        return math.prod(self.shape) * self.values.stored.itemsize

    def retold(self, values: Values) -> bytes:
        """Return a header for as many other values, or the same one for the same."""
        if values == self.values:
            return self.raw
        told = {"descr": values.stored.str, "fortran_order": self.fortran, "shape": self.shape}
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file, told)
        return file.getvalue()


def read_header(reading: Reading) -> Header:
    """Return the header at the beginning of a .npy file, and leave the reading behind it.

    Raises:
        Refused: if there is none, or if it says what cannot be.
    """
    start = reading.read(8)
    if not start.startswith(MAGIC) or len(start) < 8:
        raise Refused("is no .npy array: it does not begin with \\x93NUMPY; expected what numpy.save writes")
    if start[6] not in (1, 2, 3) or start[7]:
        raise Refused(f"is a .npy array of version {start[6]}.{start[7]}, which is not known; expected 1.0, 2.0 or 3.0")
    field = reading.read(2 if start[6] == 1 else 4)
    length = int.from_bytes(field, "little")
    if length > _LONGEST:
        raise Refused(f"has a header of {length:,} bytes; expected at most {_LONGEST:,}")
    text = reading.read(length)
    if len(text) < length:
        raise Refused(f"ends within its header: {length} bytes of it expected, {len(text)} found; copy it anew")
    try:
        told = ast.literal_eval(text.decode("latin1" if start[6] < 3 else "utf-8"))
        descr, fortran, shape = (told.pop(key) for key in ("descr", "fortran_order", "shape"))
        dtype = np.lib.format.descr_to_dtype(descr) if isinstance(descr, str | list) else None  # type: ignore[arg-type] # checked there
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError, MemoryError, RecursionError) as error:
        raise Refused(f"has a header that says nothing of an array ({type(error).__name__}); save it anew") from None
    is_shape = isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)
    if told or dtype is None or not isinstance(fortran, bool) or not is_shape or len(shape) > _MOST_AXES:
        raise Refused("has a header with other than a dtype, an order and a shape; save it anew with numpy.save")
    return Header(start + field + text, values_of(dtype), shape, fortran)
