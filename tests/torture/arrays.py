"""Small intact files of arrays, and runs over damaged copies of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from support.arrays import LABELS, brain, features, npy, npz, tensors_file
from torture.damage import BATCH, damaged_in_runs
from torture.ground import Fault, Ground

OPTIONS = ("--kind", "array", "--std-of", "array", "--include-member", "*")


def array_seeds() -> dict[str, bytes]:
    """Intact files of arrays, by name with suffix; the archives without the time at which they were made."""
    return dict(_seeds())


def _seeds() -> Iterator[tuple[str, bytes]]:
    for dtype in ("u1", "i1", ">i2", "<u4", "<i8", "<f2", "<f4", ">f8", "<c8"):
        yield f"npy-{dtype[-2:]}.npy", npy(features(dtype, (6, 5)))
    yield "npy-fortran.npy", npy(np.asfortranarray(features("<f4", (6, 5))))
    yield "npy-flat.npy", npy(features("<f4", (30,)))
    for compressed in (False, True):
        arrays = {"x": features("<f4", (6, 5)), "z": features(">f8", (3, 4)), "y": LABELS}
        yield f"npz-{compressed}.npz", npz(compressed=compressed, **arrays)
    wide, weights = features("<f4", (6, 5)), features("<f2", (6, 5))
    tensors = {"a.weight": ("BF16", (6, 5), brain(wide)), "b.weight": ("F16", (6, 5), weights.tobytes())}
    yield "tensors.safetensors", tensors_file(tensors, {"format": "pt"})
    yield "integers.safetensors", tensors_file({"steps": ("I64", (40,), LABELS.tobytes())})


def damaged_arrays(ground: Ground) -> Fault:
    """Mutants of every format of arrays, as `damage.damaged_files` has them of images and recordings."""
    return (yield from damaged_in_runs(ground, array_seeds(), ground.times(20 * BATCH), OPTIONS))
