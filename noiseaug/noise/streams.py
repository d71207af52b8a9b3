"""Random numbers: the keys of streams, and the sub-streams that each has."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from noiseaug.noise.scale import Array

_TWO64 = 1 << 64
_MOST_SHARED = 1 << 23  # numbers that are kept for streams that share them: 16 MB
_SKIPPED = 1 << 17
Cells = Callable[[int], NDArray[np.uint16]]


def stream_key(seed: int, path: str, copy: int) -> str:
    """Return the name of one random stream: 32 hex digits of SHA-256 over seed, copy and the path's bytes.

    The strength is not in it, so all levels of one copy share one noise realisation.
    """
    digest = hashlib.sha256(b"noiseaug 1\0%d\0%d\0" % (seed, copy) + os.fsencode(path))
    return digest.hexdigest()[:32]


class _Seed(ISeedSequence):
    """The seed of one sub-stream: SHA-256 of its key and purpose. (NumPy's SeedSequence costs three times as much.)"""

    def __init__(self, key: str, purpose: int) -> None:
        self._digest = hashlib.sha256(f"{key} {purpose}".encode()).digest()

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[np.uint64]:
        """Return the first words of the digest, least significant byte first; SFC64 asks for three of 64 bits."""
        return np.frombuffer(self._digest, "<u8", n_words).astype(dtype)


class _Quarters:
    """Uniform 16-bit numbers: four from each 64-bit draw, least significant first, none lost between calls."""

    def __init__(self, bits: np.random.SFC64) -> None:
        self._bits = bits
        self._left = np.empty(0, np.uint16)

    def take(self, count: int) -> NDArray[np.uint16]:
        """Return the next so many numbers."""
        if not self._left.size and count % 4 == 0:
            return self._fresh(count // 4)
        lacking = max(count - self._left.size, 0)
        numbers = np.concatenate([self._left, self._fresh(-(-lacking // 4))])
        self._left = numbers[count:]
        return numbers[:count]

    def _fresh(self, words: int) -> NDArray[np.uint16]:
        drawn: NDArray[np.uint64] = self._bits.random_raw(words)
        if sys.byteorder == "little":
            return drawn.view(np.uint16)
        return drawn.astype("<u8").view("<u2").astype(np.uint16)


def _bits(key: str, purpose: int) -> np.random.SFC64:
    return np.random.SFC64(_Seed(key, purpose))  # type: ignore[arg-type] # the stubs leave out ISeedSequence


def cells_of(key: str) -> Cells:
    """Return the cells of a key: uniform 16-bit numbers."""
    return _Quarters(_bits(key, 0)).take


class SharedCells:
    """The cells of one key, drawn once for several streams: the levels of a copy take the same ones.

    A piece is kept until each stream has taken it. Where there is no room for one, each stream draws for itself.

    Args:
        key: the name of the random stream.
        streams: how many streams share them.
    """

    def __init__(self, key: str, streams: int) -> None:
        self.key, self._streams = key, streams
        self._kept: deque[tuple[NDArray[np.uint16], list[int]]] = deque()  # with how often each is still to be taken
        self._first = self._room_taken = 0

    @functools.cached_property
    def _draw(self) -> Cells:
        return cells_of(self.key)

    def join(self) -> Cells:
        """Return the cells as one more of the streams takes them."""
        return _Joined(self).take

    def piece(self, number: int, count: int) -> NDArray[np.uint16] | None:
        """Return a piece by its number, or None if it is not kept or of another size."""
        if number == self._first + len(self._kept) and self._room_taken + count <= _MOST_SHARED:
            self._kept.append((self._draw(count), [self._streams]))
            self._room_taken += count
        if not 0 <= number - self._first < len(self._kept):
            return None
        numbers, times = self._kept[number - self._first]
        times[0] -= 1
        while self._kept and not self._kept[0][1][0]:
            self._room_taken -= self._kept.popleft()[0].size
            self._first += 1
        return numbers if numbers.size == count else None


class _Joined:
    """The cells of one of the streams that share them."""

    def __init__(self, shared: SharedCells) -> None:
        self._shared = shared
        self._own: Cells | None = None
        self._pieces = self._taken = 0

    def take(self, count: int) -> NDArray[np.uint16]:
        """Return the next so many numbers."""
        if self._own is None:
            piece = self._shared.piece(self._pieces, count)
            if piece is not None:
                self._pieces, self._taken = self._pieces + 1, self._taken + count
                return piece
            self._own = cells_of(self._shared.key)
            for start in range(0, self._taken, _SKIPPED):
                self._own(min(_SKIPPED, self._taken - start))
        return self._own(count)


class Stream:
    """The random numbers of one key, in sub-streams by purpose, so that none depends on how far another was read.

    Sub-streams are functions that return so many further numbers. `RoundedGaussian` says what it takes them for.

    Args:
        key: the name of the stream.
        cells: those that it shares with others, if it does.

    Attributes:
        cells: uniform 16-bit numbers.
    """

    def __init__(self, key: str, cells: Cells | None = None) -> None:
        self._key = key
        self.cells = cells or cells_of(key)

    @functools.cached_property
    def refinements(self) -> Callable[[int], NDArray[np.uint64]]:
        """Uniform 64-bit numbers."""
        return _bits(self._key, 1).random_raw

    @functools.cached_property
    def _normals(self) -> np.random.Generator:
        return np.random.Generator(_bits(self._key, 2))

    @functools.cached_property
    def places(self) -> Callable[[int], NDArray[np.uint16]]:
        """Uniform 16-bit numbers."""
        return _Quarters(_bits(self._key, 4)).take

    @functools.cached_property
    def exact_places(self) -> Callable[[int], NDArray[np.uint64]]:
        """Uniform 64-bit numbers."""
        return _bits(self._key, 5).random_raw

    def position(self) -> float:
        """Return the uniform number in [0, 1) that places a drawn strength in its range."""
        return int(_bits(self._key, 3).random_raw()) / _TWO64

    def chooses(self, probability: float) -> bool:
        """Tell whether this stream is among the share of all streams that is chosen."""
        return int(_bits(self._key, 6).random_raw()) < probability * _TWO64

    def normals(self, out: Array) -> Array:
        """Return `out` (float32 or float64) filled with the next standard normals.

        They come from NumPy's ziggurat (Marsaglia and Tsang 2000): integer draws, table look-ups and multiplications,
        which give the same values on every SIMD level.
        """
        return self._normals.standard_normal(dtype=out.dtype.type, out=out)
