"""Checks DEST against its manifest: `outputs.py DEST` prints a JSON line for each row, the name of the output and what
is wrong with it, "" for nothing.

A program of its own, as the outputs of damaged files may crash a decoder. It imports nothing of noiseaug or the tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile


def check(dest: Path) -> Iterator[tuple[str, str]]:
    """Each row of the manifest: the name of the output, and what is wrong with it, or ""."""
    for line in (dest / "manifest.jsonl").read_bytes().splitlines():
        row = json.loads(line)
        path = dest / row["file_name"]
        if not path.is_file():
            yield row["file_name"], "is in the manifest and not in DEST"
        elif sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            yield row["file_name"], "is not the file that the manifest describes"
        else:
            look = {"image": _image_facts, "audio": _sound_facts, "array": _array_facts}[row["kind"]]
            try:
                found = look(path, row)
            except Exception as error:
                found = {"what": f"{type(error).__name__}: {error}"}
            recorded = {key: row.get(key) for key in found}
            yield row["file_name"], "" if found == recorded else f"recorded {recorded}, but it holds {found}"


def _image_facts(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        return {"what": "no image"}
    channels = 1 if image.ndim == 2 else image.shape[2]
    held, grey = {channels}, channels > 2 and all((image[..., 0] == image[..., n]).all() for n in (1, 2))
    if path.suffix in (".gif", ".webp"):  # these have no grey, and leave out alpha where everything is opaque
        held |= {3, 4} if channels == 3 else set()
        grey = True
    held |= {number - 2 for number in held if grey}
    channels = row["channels"] if row["channels"] in held else channels
    return {"width": image.shape[1], "height": image.shape[0], "channels": channels, "dtype": image.dtype.name}


def _sound_facts(path: Path, _: dict[str, Any]) -> dict[str, Any]:
    with soundfile.SoundFile(path) as reader:
        frames = 0
        while got := len(reader.read(1 << 16, dtype="float32")):
            frames += got
        return {
            "sampling_rate": reader.samplerate,
            "num_samples": frames,
            "channels": reader.channels,
            "subtype": reader.subtype,
        }


def _array_facts(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    if path.suffix == ".npy":
        arrays = {"": np.load(path)}
    elif path.suffix == ".npz":
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files if name in row["members"]}
    else:
        from safetensors import safe_open

        names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "C64": "complex64"}
        with safe_open(path, "numpy") as file:
            slices = [file.get_slice(name) for name in row["members"]]
            dtypes = [one.get_dtype() for one in slices]
            dtypes = [names.get(name, name.replace("U", "uint").replace("I", "int")) for name in dtypes]
            return {"shape": "; ".join(str(tuple(one.get_shape())) for one in slices), "dtype": "; ".join(dtypes)}
    found = [arrays[name] for name in row.get("members", [""])]
    return {"shape": "; ".join(str(one.shape) for one in found), "dtype": "; ".join(one.dtype.name for one in found)}


if __name__ == "__main__":
    for name, problem in check(Path(sys.argv[1])):
        print(json.dumps([name, problem]), flush=True)
