"""Files of arrays, made and read by NumPy and by the safetensors library."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

LABELS = np.arange(40) % 10


def features(dtype: str, shape: tuple[int, ...] = (40, 30), seed: int = 0) -> np.ndarray:
    """Numbers in the middle of what a dtype holds."""
    drawn = np.random.default_rng(seed).uniform(-0.25, 0.25, shape)
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return (drawn * (limits.max / 2) + (limits.max // 2 if kind.kind == "u" else 0)).astype(kind)
    return drawn.astype(kind) if kind.kind == "f" else (drawn + 1j * drawn[::-1]).astype(kind)


def brain(array: np.ndarray) -> bytes:
    """float32 values as bfloat16: cut off, which is exact for those that have no more digits."""
    return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def from_brain(data: bytes) -> np.ndarray:
    """The float32 values of bfloat16 bytes."""
    return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")


def tensors_file(
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]], metadata: dict[str, str] | None = None
) -> bytes:
    """A .safetensors file of tensors given by dtype, shape and bytes."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(data for _, _, data in tensors.values())


def npy(array: np.ndarray) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(*, compressed: bool = False, **arrays: np.ndarray) -> bytes:
    """A .npz file."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a .npz file, as NumPy reads it."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}
