"""Samples as PNG compresses them: rows filtered, then deflated by zlib-ng.

OpenCV filters the rows of every image with `sub` and compresses them with run lengths (`Z_RLE`). Noise has better
filters, and drawings have parts that repeat. `_chosen` looks at some rows, and says what is best for an image.

CPU time of one thread, 512x512x3, a photograph with noise of 25/255: OpenCV takes 8.3 ms. Here, looking at some rows
takes 0.1 ms, exchanging red and blue 0.03, filters 0.04 to 0.23, and zlib-ng 3.7, with `memLevel` 9 (8 takes a fifth
longer). `Z_RLE` takes as long as `Z_HUFFMAN_ONLY`, which makes flat areas up to 80 times larger. Level 2 takes 12 ms on
noise, and finds nothing there. docs/performance.md has a table of sizes. zlib-ng 2.3.3 gives the same bytes on old and
new x86-64 processors and on aarch64 (`make cross`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from noiseaug.noise.scale import Array

Bytes2D = NDArray[np.uint8]

# The numbers of filters (PNG 3rd edition, section 9.2). Paeth takes readers twice as long, and is seldom best on noise.
_NONE, _SUB, _UP, _AVERAGE = range(4)
_FILTERS = (_NONE, _SUB, _UP, _AVERAGE)
TO_FILE_ORDER = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
_MEMORY = 9
_STRIP = 1 << 17  # bytes of rows that are filtered and deflated at a time; they stay in the second-level cache
_FAST = 1

# Bytes of an image that is not worth a look, of rows that are looked at, and of rows that are tried at a slow level.
_SMALL, _FEW, _MORE = 1 << 13, 1 << 14, 1 << 16
_SHARE = 32  # of an image, how little is tried
_FIVE_BITS = 5 << 16
_GROUP = 4  # rows that stand together where ways are tried, so that what repeats from row to row is found


class Way(NamedTuple):
    """How rows are compressed: the number of their filter, or TIFF's predictor, and zlib-ng's level and strategy."""

    filter: int
    level: int
    strategy: int

    def compressor(self) -> Any:
        """Return a new compressor."""
        return zlib_ng.compressobj(self.level, zlib_ng.DEFLATED, zlib_ng.MAX_WBITS, _MEMORY, self.strategy)


_LIKE_OPENCV = Way(_SUB, _FAST, zlib_ng.Z_RLE)
_MATCHING = zlib_ng.Z_DEFAULT_STRATEGY, zlib_ng.Z_FILTERED
_RUNS = tuple(Way(number, _FAST, zlib_ng.Z_RLE) for number in _FILTERS)


def deflated(samples: Array, level: int) -> list[bytes]:
    """Return the zlib stream of an image, in pieces.

    What a few rows tell can be wrong for a drawing. As drawings take little time, OpenCV's way is tried on them too.

    Args:
        samples: shape (height, width) or (height, width, channels), in the order BGR, dtype uint8 or uint16.
        level: 0 stores, 1 is fast, and 2 to 9 keep the smallest of what 1 gives, Huffman codes alone, and that level of
            zlib-ng. Noise is hardly smaller then, as there is nothing to find in it.
    """
    image = samples.reshape(*samples.shape[:2], -1)
    if not level:
        return _with_way(image, Way(_NONE, 0, zlib_ng.Z_DEFAULT_STRATEGY))
    way = _chosen(image)
    found = [_with_way(image, way)]
    if way != _LIKE_OPENCV and _length(found[0]) < image.nbytes // 4:
        found.append(_with_way(image, _LIKE_OPENCV))
    if level > _FAST:
        sizes = _sizes(_sample(image, _MORE, _GROUP), _matching(level))
        further = way._replace(level=_FAST, strategy=zlib_ng.Z_HUFFMAN_ONLY), min(sizes, key=sizes.__getitem__)
        found += [_with_way(image, other) for other in further]
    return min(found, key=_length)


def _length(pieces: list[bytes]) -> int:
    return sum(map(len, pieces))


def _with_way(image: Array, way: Way) -> list[bytes]:
    height, width, channels = image.shape
    compressor = way.compressor()
    if way.filter == _SUB and image.nbytes <= _SMALL:
        filtered = _filtered_small(image)
        return [compressor.compress(filtered), compressor.flush()]
    step = max(_STRIP // (width * channels * image.itemsize), 1)
    rows = np.zeros((min(step, height) + 1, width + 1, channels), image.dtype)
    pieces = []
    for top in range(0, height, step):
        strip = image[top : top + step]
        last = len(strip)
        _put_in_file_order(strip, rows[1 : last + 1, 1:])
        filtered = _filtered(way.filter, rows[1 : last + 1], rows[:last])
        if not top and way.filter in (_UP, _AVERAGE):  # there is nothing above
            filtered[:1] = _filtered(_SUB, rows[1:2], rows[:1])
        pieces.append(compressor.compress(filtered))
        rows[0] = rows[last]
    pieces.append(compressor.flush())
    return pieces


def _filtered_small(image: Array) -> Bytes2D:
    """Return what `_filtered` returns of a whole image with `sub`, with fewer calls: of 32x32 pixels, 18 us for 24."""
    height, width, channels = image.shape
    rows = np.empty_like(image)
    _put_in_file_order(image, rows)
    lines, pixel = rows.reshape(height, -1).view(np.uint8), channels * image.itemsize
    filtered = np.empty((height, 1 + width * pixel), np.uint8)
    filtered[:, 0] = _SUB
    filtered[:, 1 : 1 + pixel] = lines[:, :pixel]
    np.subtract(lines[:, pixel:], lines[:, :-pixel], out=filtered[:, 1 + pixel :])
    return filtered


def _put_in_file_order(pixels: Array, out: Array) -> None:
    """Put pixels into `out` as they stand in a file: red first, and the high byte of a sample first."""
    if pixels.shape[2] in TO_FILE_ORDER:  # a sixth of the time that NumPy takes
        cv2.cvtColor(pixels, TO_FILE_ORDER[pixels.shape[2]], out)
    else:
        out[...] = pixels
    if out.itemsize > 1 and sys.byteorder == "little":
        out.byteswap(inplace=True)


def _filtered(number: int, rows: Array, above: Array) -> Bytes2D:
    """Return rows of bytes, each with its filter's number before it.

    Args:
        number: of the filter.
        rows: shape (rows, 1 + width, channels), in file order, with a pixel of zeros before each row.
        above: likewise, the row above each.
    """
    pixel = rows.shape[2] * rows.itemsize
    lines, others = (part.reshape(len(part), -1).view(np.uint8) for part in (rows, above))
    here, left, up = lines[:, pixel:], lines[:, :-pixel], others[:, pixel:]
    filtered = np.empty((len(rows), here.shape[1] + 1), np.uint8)
    filtered[:, 0] = number
    if number == _NONE:
        filtered[:, 1:] = here
    elif number == _SUB:
        np.subtract(here, left, out=filtered[:, 1:])
    elif number == _UP:
        np.subtract(here, up, out=filtered[:, 1:])
    else:
        mean = left ^ up
        mean >>= 1
        mean += left & up
        np.subtract(here, mean, out=filtered[:, 1:])
    return filtered


def _chosen(image: Array) -> Way:
    """Return a fast way that makes the image small.

    The filter is the one whose bytes have the least entropy, on some rows from all over the image. If that is less than
    five bits a byte, the image is a drawing or has little noise, where runs and repetitions count: then ways are tried
    on more rows. As rows can mislead, another way than OpenCV's must be a hundredth smaller, and level 2, which takes
    longer, a tenth.
    """
    if image.nbytes <= _SMALL:
        return _LIKE_OPENCV
    sample = _sample(image, _FEW, 1)
    sizes = dict(zip(_RUNS, _entropies([_filtered(number, *sample) for number in _FILTERS]), strict=True))
    if min(sizes.values()) < sample[0].nbytes * _FIVE_BITS:
        sample = _sample(image, max(_FEW, image.nbytes // _SHARE), _GROUP)
        sizes = _sizes(sample, _RUNS)
        best = min(sizes, key=sizes.__getitem__)
        matching = (Way(number, 2, zlib_ng.Z_DEFAULT_STRATEGY) for number in (best.filter, _SUB))
        sizes |= _sizes(sample, (best._replace(strategy=zlib_ng.Z_HUFFMAN_ONLY), *matching))
    return min(sizes, key=lambda way: sizes[way] * _percent(way))


def _entropies(lines: Sequence[Bytes2D]) -> list[int]:
    """Return the entropy of each of these arrays, which have one size, in bits times 65536.

    This is n log2(n) - sum(k log2(k)), for n bytes of which k are equal. It is computed with whole numbers, as the last
    bit of a logarithm depends on the processor: log2(1 + f) is f + 0.3463 f (1 - f) within 0.008.
    """
    counts = np.ones((len(lines), 257), np.int64)
    for row, line in zip(counts, lines, strict=True):
        row[:256] = cv2.calcHist([line], [0], None, [256], [0, 256]).reshape(-1)
        row[256] = line.size
    whole = np.frexp(np.maximum(counts, 1))[1].astype(np.int64) - 1
    part = (np.maximum(counts, 1) << 16 >> whole) - (1 << 16)
    terms = counts * ((whole << 16) + part + (part * ((1 << 16) - part) * 22695 >> 32))
    found: list[int] = (terms[:, 256] - terms[:, :256].sum(axis=1)).tolist()
    return found


def _percent(way: Way) -> int:
    return 100 if way == _LIKE_OPENCV else 101 if way.level == _FAST else 110


def _matching(level: int) -> tuple[Way, ...]:
    # Matches of few bytes, which `Z_FILTERED` leaves out, take more than they save where there is noise.
    return tuple(Way(number, level, strategy) for number in _FILTERS for strategy in _MATCHING)


def _sample(image: Array, size: int, group: int) -> tuple[Array, Array]:
    """Return rows from all over the image, in groups, about `size` bytes, and the row above each, for `_filtered`."""
    _, width, channels = image.shape
    chosen = spread_rows(image, size, group)
    rows = np.zeros((2, len(chosen), width + 1, channels), image.dtype)
    _put_in_file_order(image[chosen], rows[0, :, 1:])
    _put_in_file_order(image[chosen - 1], rows[1, :, 1:])
    rows[1, chosen == 0] = 0
    return rows[0], rows[1]


def spread_rows(image: Array, size: int, group: int) -> NDArray[np.intp]:
    """Return the numbers of rows from all over an image, in groups: about `size` bytes of them, and all if it has less.

    Args:
        image: shape (height, width, channels).
        size: in bytes.
        group: how many rows stand together.
    """
    height, width, channels = image.shape
    count = max(size // (width * channels * image.itemsize), min(8, height // 16), 1)
    if count >= height:
        return np.arange(height)
    groups = max(count // group, 1)
    tops = (2 * np.arange(groups) + 1) * height // (2 * groups) - group // 2
    rows: NDArray[np.intp] = np.clip(tops[:, None] + np.arange(group), 0, height - 1).reshape(-1)
    return rows


def _sizes(sample: tuple[Array, Array], ways: Sequence[Way]) -> dict[Way, int]:
    """Return how many bytes each way takes for rows with those above them."""
    sizes, by_filter = {}, {number: _filtered(number, *sample) for number in {way.filter for way in ways}}
    for way in ways:
        compressor = way.compressor()
        sizes[way] = len(compressor.compress(by_filter[way.filter])) + len(compressor.flush())
    return sizes
