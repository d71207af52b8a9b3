"""The runs that every processor does: `python -m tools.cross.runs SOURCE DEST` prints which instructions it offers.

All runs are done in one process, on a thread, for two reasons: to import everything is most of what takes time under an
emulator, and a worker process would be started without the emulator.
"""

from __future__ import annotations

import os
import shlex
import sys

from noiseaug.kinds import KINDS

# Folders below SOURCE: files of every format; lossless ones that are written in every format; arrays; and, only where
# time does not matter, a recording that is so long that encoders of floats come upon what they round otherwise.
READ, WRITE, ARRAYS, LONG = "read", "write", "arrays", "long"
DECODED = "decoded"  # the run that tells how files are decoded: no noise, and formats that hold every sample

_ALL = "--kind image --kind audio"
_RATIOS = "--snr-reference channel --keep-silence --on-clip rescale --measure decoded"
# Of each run, the folder and the options.
RUNS: dict[str, tuple[str, str]] = {
    DECODED: (READ, f"--std 0 --image-format tif --audio-format wav {_ALL}"),
    "own": (READ, f"--std 25/255 {_ALL}"),
    "levels": (WRITE, "--std 0.001:0.3 --seed 3"),
    "unclipped": (WRITE, "--std 30% --mean 0.01 --mono --clip none"),
    "ratios": (WRITE, f"--kind audio --snr 7.3 --snr=-5:30 {_RATIOS}"),
    **{
        f"png-{level}": (WRITE, f"--std 0 --std 5/255 --include *.png --png-level {level}") for level in (0, 1, 2, 6, 9)
    },
    "quality-jpg": (WRITE, "--std 5/255 --kind image --image-format jpg --quality 60 --subsampling 420"),
    "quality-webp": (WRITE, "--std 5/255 --kind image --image-format webp --quality 60"),
    "quality-avif": (WRITE, "--std 5/255 --kind image --image-format avif --quality 60 --subsampling 420"),
    **{
        f"to-{form}": (WRITE, f"--std 5/255 --kind {name} --{name}-format {form}")
        for name, kind in KINDS.items()
        for form in kind.writable
    },
    **{
        f"arrays-{name}": (ARRAYS, f"--kind array {options}")
        for name, options in {
            "own": "--std 25/255",
            "whole": "--std 0.01 --mean 0.001 --include-member *",
            "unclipped": "--std 0.1 --clip none --include-member *",
            "array": "--std 0.1 --std-of array",
            "column": "--std 0.1 --std-of column --include-member *",
            "snr": "--snr 10 --include-member *",
            "mono": "--std 0.1 --mono --channel-axis 0",
        }.items()
    },
    **{f"long-{form}": (LONG, f"--snr 10 --audio-format {form}") for form in ("ogg", "opus", "mp3")},
}
_DONE, _SOME_FAILED = 0, 3  # exit statuses; not every format takes every image


def run_all(source: str, dest: str) -> None:
    """Do all runs whose folder is there.

    Raises:
        RuntimeError: if one does not end as it should.
    """
    from noiseaug.cli import main

    for name, (folder, options) in RUNS.items():
        if not os.path.isdir(f"{source}/{folder}"):
            continue
        where = [f"{source}/{folder}", f"{dest}/{name}", "--engine", "threads", "--workers", "1", "--quiet"]
        try:
            main(["run", *where, *shlex.split(options)])
        except SystemExit as end:
            if end.code not in (_DONE, _SOME_FAILED):
                raise RuntimeError(f"noiseaug run {options} ended with {end.code}") from None


def instructions() -> str:
    """Return the vector instructions that NumPy finds here, beyond its baseline, or `none`."""
    import numpy as np

    return ", ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())) or "none"


if __name__ == "__main__":
    run_all(*sys.argv[1:])
    print(instructions())
