"""A run gives the same bytes, the manifest's included, on old and on new processors, which `qemu-user` plays."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from support.arrays import features, npz
from support.av_files import make
from support.corpus import photo, sound, write_image, write_sound
from support.heic_files import heic
from support.trees import manifest, tree

QEMU = shutil.which("qemu-x86_64")
# The oldest that NumPy and OpenCV run on, with SSE 4.2; and all that qemu knows, with AVX2 and FMA.
OLD, NEW = "Nehalem", "max"
# Both runs in one process: to import all is most of what takes time.
RUNS = """
import sys
from noiseaug.cli import main

source, dest = sys.argv[1:]
ratios = "--snr 7.3 --snr -5:30 --snr-reference channel --keep-silence --on-clip rescale --measure decoded"
levels = [(f"png{level}", f"--std 0 --std 5/255 --include *.png --png-level {level}") for level in (0, 1, 5, 9)]
arrays = [(std_of, f"--kind array --std 10% --std-of {std_of}") for std_of in ("array", "column")]
arrays.append(("snrs", "--kind array --snr 7.3 --include-member *"))
several = "--std 25/255 --std 0.001:0.3 --copies 2"
for name, options in (("stds", several), ("ratios", "--std 10% " + ratios), *levels, *arrays):
    try:
        main(["run", source, f"{dest}/{name}", "--engine", "threads", "--workers", "1", *options.split()])
    except SystemExit as end:
        assert end.code == 0, end.code
"""


def make_sources(root):
    write_image(root / "images/a.png", photo(33, 29))
    write_image(root / "images/b.jpg", photo(33, 29, seed=1))
    write_image(root / "images/c.webp", photo(33, 29, seed=2))
    write_image(root / "images/deep.png", photo(17, 19, dtype=np.uint16))
    write_image(root / "images/large.png", photo(61, 97))  # so large that filters are compared
    write_image(root / "images/float.tif", photo(17, 19).astype(np.float32) / 255)
    for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW"):
        write_sound(root / f"sound/{subtype}.wav", sound(3001, 2), subtype)
    write_sound(root / "sound/long.flac", sound(70_001), "PCM_16")  # more than a block
    write_sound(root / "sound/song.ogg", sound(3001, 2), "VORBIS")
    photograph = heic(photo(33, 29, seed=3), quality=70, chroma=420, matrix_coefficients=6)
    (root / "images/telephone.heic").write_bytes(photograph)
    make(root / "sound/apple.m4a", 3001, encoder="alac", form="s16p")
    make(root / "sound/voice.amr", 3001)
    (root / "arrays").mkdir()
    np.save(root / "arrays/features.npy", features("<f4", (701, 67)))
    np.save(root / "arrays/fortran.npy", np.asfortranarray(features(">f8", (501, 7))))
    for compressed in (False, True):
        arrays = {"x": features("<f2", (301, 13)), "z": features("<c8", (30, 7)), "counts": features("<i8", (50, 3))}
        (root / f"arrays/{compressed}.npz").write_bytes(npz(compressed=compressed, **arrays))


@pytest.mark.skipif(QEMU is None, reason="NOT TESTED: the same bytes on every processor; install qemu-user")
def test_old_and_new_processors_give_the_same_bytes(tmp_path):
    """But for sources and outputs whose codecs choose by processor: see docs/reliability.md."""
    source = tmp_path / "source"
    make_sources(source)
    made = {}
    processes = {
        model: subprocess.Popen(
            [QEMU, "-cpu", model, sys.executable, "-c", RUNS, str(source), str(tmp_path / model)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for model in (OLD, NEW)
    }
    for model, process in processes.items():
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        made[model] = tree(tmp_path / model)
    different = {name for name in made[OLD].keys() | made[NEW].keys() if made[OLD].get(name) != made[NEW].get(name)}
    assert not different, rows_that_differ(tmp_path)
    assert len(manifest(tmp_path / NEW / "stds")) == 60


def rows_that_differ(place):
    """What the manifests say of the outputs that are not the same."""
    for name in ("stds", "ratios", "png0", "png1", "png5", "png9", "array", "column", "snrs"):
        old, new = (manifest(place / model / name) for model in (OLD, NEW))
        for file_name, row in old.items():
            found = {key: (value, new[file_name][key]) for key, value in row.items() if new[file_name][key] != value}
            if found:
                return file_name, found
    return None
