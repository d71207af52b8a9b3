"""Pure noise in a .npy file of any size, drawn and written in blocks."""

from __future__ import annotations

import io
import math

import numpy as np

from noiseaug.errors import Misplaced
from noiseaug.media.array.values import values_of
from noiseaug.noise.ahead import StreamAhead
from noiseaug.noise.array_noise import ArrayNoiser, Strength, block_of
from noiseaug.noise.scale import terms_of
from noiseaug.noise.streams import stream_key
from noiseaug.storage import disk
from noiseaug.storage.output_file import OutputFile

KEY = "draw"  # of the random stream, in place of a path


def draw(
    dest: str,
    shape: tuple[int, ...],
    strength: Strength,
    seed: int = 0,
    dtype: str = "float32",
    *,
    overwrite: bool = False,
) -> int:
    """Write an array of Gaussian noise to a new .npy file, and return its size in bytes.

    The values are those that `GaussianNoise` adds under the key "draw", in C order. They depend on seed and dtype
    alone: an array that is longer on its first axis begins with the shorter one. Complex numbers have noise in both
    parts.

    Args:
        dest: the file, which appears whole or not at all.
        shape: of the array.
        strength: standard deviation and mean of the values.
        seed: chooses the noise.
        dtype: of floats or complex numbers.
        overwrite: replace what is there.

    Raises:
        Misplaced: if the file exists and is not to be replaced, or a directory is in its way.
        OSError: if it cannot be written.
    """
    if disk.is_directory(dest):
        raise Misplaced(f"DEST {dest} is a directory; name a file in it, such as {dest.rstrip('/')}/noise.npy")
    if disk.lexists(dest) and not overwrite:
        raise Misplaced(f"DEST {dest} exists; use --overwrite to replace it, or name another file")
    values = values_of(np.dtype(dtype).newbyteorder("<"))
    left = math.prod(shape) * values.parts
    noiser = ArrayNoiser(StreamAhead(stream_key(seed, KEY, 0), left), terms_of(values.real, None, "auto"), strength)
    header = io.BytesIO()
    told = {"descr": values.stored.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, told)
    file = OutputFile(dest)
    try:
        file.append(header.getvalue())
        zeros = np.zeros(block_of(None), values.real)
        while left:
            count = min(left, zeros.size)
            file.append(values.encoded(noiser.add_next(zeros[:count])))
            left -= count
        size = file.size()
        file.publish(0)
    finally:
        file.discard()
    return size
