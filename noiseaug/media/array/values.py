"""The values of arrays: how they stand in a file, and the real numbers that noise is added to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from noiseaug.noise.scale import Array

BFLOAT16 = "bfloat16"
_NUMBERS = {
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
}


class Values(NamedTuple):
    """How the values of an array stand in its file.

    Attributes:
        name: the dtype, such as float32; or bfloat16, which NumPy does not have.
        stored: the dtype in the file, with its byte order; of bfloat16, an unsigned integer.
    """

    name: str
    stored: np.dtype[np.generic]

    @property
    def are_numbers(self) -> bool:
        """Whether noise can be added to them."""
        return self.name in _NUMBERS or self.name == BFLOAT16

    @property
    def are_whole(self) -> bool:
        """Whether they are integers."""
        return self.stored.kind in "iu" and self.name != BFLOAT16

    @property
    def parts(self) -> int:
        """How many real numbers a value has: two if it is complex."""
        return 2 if self.stored.kind == "c" else 1

    @property
    def real(self) -> np.dtype[np.generic]:
        """The dtype of these real numbers, in native byte order."""
        if self.name == BFLOAT16:
            return np.dtype(np.float32)
        native = self.stored.newbyteorder("=")
        return np.dtype(f"f{native.itemsize // 2}") if self.parts == 2 else native

    def decoded(self, data: bytes) -> Array:
        """Return the real numbers in bytes of the file, shape (n,); complex ones as their two parts."""
        stored = np.frombuffer(data, self.stored)
        if self.name == BFLOAT16:
            return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
        native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        return native.view(self.real) if self.parts == 2 else native

    def encoded(self, numbers: Array) -> memoryview:
        """Return real numbers, shape (n,), as bytes of a file with these values."""
        if self.name == BFLOAT16:
            numbers = (numbers.view(np.uint32) >> np.uint32(16)).astype(self.stored)
        elif self.parts == 2:
            numbers = numbers.view(self.stored.newbyteorder("=")).astype(self.stored, copy=False)
        else:
            numbers = numbers.astype(self.stored, copy=False)
        return memoryview(numbers.view(np.uint8).data)

    def as_fractions(self) -> Values:
        """Return how the values stand in a file where integers became float32, in the same byte order."""
        order = ">" if self.stored.str.startswith(">") else "<"
        return Values("float32", np.dtype(f"{order}f4"))

    @property
    def described(self) -> str:
        """What the values are, in words."""
        kind = self.stored.kind
        if self.stored.fields is not None:
            return f"structured ({len(self.stored.fields)} fields)"
        words = {"O": "Python objects (a pickle, which is never loaded)", "b": "booleans", "M": "times", "m": "times"}
        return words.get(kind) or ("text" if kind in "SU" else "raw bytes" if kind == "V" else self.name)


def values_of(dtype: np.dtype[np.generic]) -> Values:
    """Return values of a dtype that NumPy has."""
    return Values(dtype.name, dtype)
