"""TIFF files with deflate compression, written from samples: zlib-ng compresses their strips.

libtiff, in OpenCV, compresses strips of 8 KB with zlib's level 6, which looks for repetitions that noise does not have.
Here each page is compressed in the way that makes some of its rows smallest. CPU time of one thread, 384x512x3, a photo
with noise of 25/255, 8.4 ms by OpenCV and 3.3 here. docs/performance.md has a table of sizes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from zlib_ng import zlib_ng

from noiseaug.media.image.containers import ifd
from noiseaug.media.image.containers.deflate import TO_FILE_ORDER, Way, spread_rows
from noiseaug.media.image.containers.tiff_layouts import (
    BITS,
    COMPRESSION,
    DEFLATE,
    HEIGHT,
    PHOTOMETRIC,
    PLANAR,
    PREDICTOR,
    RGB,
    ROWS_PER_STRIP,
    SAMPLE_FORMAT,
    SAMPLES,
    WIDTH,
)
from noiseaug.media.image.header import Tag, Tags
from noiseaug.noise.scale import Array

_NONE, _DIFFERENCES = 1, 2  # predictors (TIFF 6.0, section 14)
_STRIP = 1 << 16  # bytes of samples, unless one row has more
# Levels and strategies of zlib-ng. Of its levels, these and 2 were seen to give the same bytes on all processors.
_RUNS, _CODES, _THOROUGH = (1, zlib_ng.Z_RLE), (1, zlib_ng.Z_HUFFMAN_ONLY), (6, zlib_ng.Z_DEFAULT_STRATEGY)
_KINDS = {"u": 1, "i": 2, "f": 3}  # of samples, as TIFF numbers them
_SUBFILE_TYPE, _PAGE_NUMBER, _ONE_OF_SEVERAL = 254, 297, 2
# Bytes of an image that is not worth a look, and of rows that ways are tried on, at least.
_SMALL, _FEW = 1 << 15, 1 << 14
_SHARE = 32  # of an image, how little is tried
_GROUP = 4  # rows that stand together there, so that what repeats from row to row is found


def encode(frames: Sequence[Array], tags: Sequence[Tags]) -> bytes:
    """Return a TIFF file of pages, or a BigTIFF file if it has more than 4 GiB.

    Args:
        frames: the samples of each page, shape (height, width) or (height, width, channels), colours in the order BGR.
        tags: what the file says about each page beside the layout of its samples; the last also for all that follow.
    """
    pages = []
    for number, frame in enumerate(frames):
        image = frame.reshape(*frame.shape[:2], -1)
        way, strips = _compressed(image)
        layout = _layout(image, way.filter)
        if len(frames) > 1:
            layout |= {
                _SUBFILE_TYPE: ifd.long(_ONE_OF_SEVERAL),
                _PAGE_NUMBER: _numbers("H", number, len(frames)),
            }
        pages.append((layout | tags[min(number, len(tags) - 1)], strips))
    return ifd.file_of(pages)


def _layout(image: Array, predictor: int) -> Tags:
    height, width, channels = image.shape
    return {
        WIDTH: ifd.long(width),
        HEIGHT: ifd.long(height),
        BITS: _numbers("H", *[8 * image.itemsize] * channels),
        COMPRESSION: ifd.short(DEFLATE),
        PHOTOMETRIC: ifd.short(RGB if channels > 2 else 1),
        SAMPLES: ifd.short(channels),
        ROWS_PER_STRIP: ifd.long(min(_rows_of_strip(image), height)),
        PLANAR: ifd.short(1),
        PREDICTOR: ifd.short(predictor),
        SAMPLE_FORMAT: _numbers("H", *[_KINDS[image.dtype.kind]] * channels),
    }


def _numbers(code: str, *values: int) -> Tag:
    return Tag({"H": 3, "I": 4}[code], struct.pack(f"<{len(values)}{code}", *values))


def _rows_of_strip(image: Array) -> int:
    rows: int = _STRIP // (image.shape[1] * image.shape[2] * image.itemsize)
    return max(rows, 1)


def _compressed(image: Array) -> tuple[Way, list[bytes]]:
    """Return the strips of an image, and the way in which they are compressed.

    What a few rows tell can be wrong for a drawing. As drawings take little time, OpenCV's way is tried on them too.
    """
    like_opencv = Way(_predictors(image)[-1], *_THOROUGH)
    is_small = image.nbytes <= _SMALL
    way = like_opencv if is_small else _chosen(image, like_opencv)
    strips = list(_strips(image, way))
    if _length(strips) < image.nbytes // 4:
        other = _chosen(image, like_opencv) if is_small else like_opencv
        others = list(_strips(image, other)) if other != way else strips
        if _length(others) < _length(strips):
            return other, others
    return way, strips


def _length(strips: list[bytes]) -> int:
    return sum(map(len, strips))


def _predictors(image: Array) -> tuple[int, ...]:
    return (_NONE,) if image.dtype.kind == "f" else (_NONE, _DIFFERENCES)  # few programs read that of floats


def _chosen(image: Array, like_opencv: Way) -> Way:
    """Return the way that makes some rows smallest. A slow one must be 3 % smaller, as it takes three times as long."""
    sample = image[spread_rows(image, max(_FEW, image.nbytes // _SHARE), _GROUP)]
    sizes = {way: len(_deflated(sample, way)) for way in (Way(number, *_RUNS) for number in _predictors(image))}
    best = min(sizes, key=sizes.__getitem__)
    further = {Way(best.filter, *_CODES), Way(best.filter, *_THOROUGH), like_opencv}
    sizes |= {way: len(_deflated(sample, way)) for way in further}
    return min(sorted(sizes), key=lambda way: sizes[way] * (100 if way.level == 1 else 103))


def _strips(image: Array, way: Way) -> Iterator[bytes]:
    step = _rows_of_strip(image)
    for top in range(0, len(image), step):
        yield _deflated(image[top : top + step], way)


def _deflated(rows: Array, way: Way) -> bytes:
    """Return rows as a strip: red first, and the low byte of a sample first."""
    rows = _in_file_order(rows)
    if way.filter == _DIFFERENCES:
        here, channels = rows.reshape(len(rows), -1), rows.shape[2]
        differences = here.copy()
        np.subtract(here[:, channels:], here[:, :-channels], out=differences[:, channels:])
        rows = differences
    compressor = way.compressor()
    start: bytes = compressor.compress(rows)
    end: bytes = compressor.flush()
    return start + end


def _in_file_order(rows: Array) -> Array:
    if rows.shape[2] in TO_FILE_ORDER:
        if rows.dtype in (np.uint8, np.uint16, np.float32):
            rows = cv2.cvtColor(rows, TO_FILE_ORDER[rows.shape[2]])
        else:
            rows = rows[..., [2, 1, 0, 3][: rows.shape[2]]]
    return np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
