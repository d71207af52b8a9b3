"""What is known of one output that holds arrays, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
import subprocess

import numpy as np
import pytest

from support.arrays import LABELS, brain, features, npy, npz, tensors_file
from support.commands import within
from support.trees import manifest

RECIPES = [
    ["--std", "0.1", "--seed", "7"],
    ["--std", "1.5", "--std", "2:30", "--std-of", "value", "--copies", "2", "--mean", "-0.01"],
    ["--std", "10%", "--std-of", "array", "--include-member", "*[x]*", "--include-member", "a b,c", "--clip", "none"],
    ["--std", "0.3", "--std-of", "column", "--exclude-member", "-*", "--exclude-member", 'é"\\ \n', "--clip=-0.2:0.2"],
    ["--snr", "0:20", "--mono", "--channel-axis", "-2", "--prob", "0.5"],
]


@pytest.fixture
def arrays(tmp_path):
    source = tmp_path / "arrays"
    (source / "deep").mkdir(parents=True)
    (source / "x, [1].npy").write_bytes(npy(features("float32")))
    odd = {
        "x": features("float64"),
        "a b,c": features("uint8"),
        "-dash": features("float16"),
        'é"\\ \n': features("<c8"),
    }
    (source / "deep/several.npz").write_bytes(npz(y=LABELS, **odd))
    tensors = {"x.weight": ("BF16", (40, 30), brain(features("float32"))), "n": ("I64", (2,), bytes(16))}
    (source / "deep/w.safetensors").write_bytes(tensors_file(tensors))
    return source


@pytest.mark.parametrize("recipe", RECIPES, ids=" ".join)
def test_the_command_makes_the_same_arrays_again(recipe, arrays, tmp_path):
    result = within("run", arrays, tmp_path / "dest", "--kind", "array", *recipe)
    assert (result.returncode, result.stderr) == (0, "")
    for number, row in enumerate(manifest(tmp_path / "dest").values()):
        shown = json.loads(within("show", tmp_path / "dest" / row["file_name"], "--json").stdout)
        assert shown["record"] == row
        again = tmp_path / f"again{number}"
        words = shlex.split(shown["command"].replace("SOURCE", str(arrays)).replace("AGAIN", str(again)))
        assert (within(*words[1:]) if words[0] == "noiseaug" else subprocess.run(words)).returncode == 0
        written = tmp_path / shown["written_as"].replace("AGAIN", again.name)
        assert written.read_bytes() == (tmp_path / "dest" / row["file_name"]).read_bytes()


def said_of(output):
    """What `show` says in words, by title."""
    result = within("show", output)
    assert (result.returncode, result.stderr) == (0, "")
    return {line[:10].strip(): line[12:] for line in result.stdout.splitlines()}


def test_it_says_in_words_what_the_strength_is_of_and_which_arrays_have_noise(arrays, tmp_path):
    options = ["--kind", "array", "--std", "0.1", "--std-of", "array"]
    assert within("run", arrays, tmp_path / "dest", *options).returncode == 0
    alone, several = (said_of(tmp_path / "dest" / name) for name in ("x, [1].npy", "deep/several.npz"))
    assert alone["made of"] == "x, [1].npy, an array of shape (40, 30), float32"
    std = f"{np.std(features('float32').astype(float)):.4g}"
    assert alone["noise"] == f"std 0.1 of the standard deviation of the array ({std}); level std0.1, copy 0, seed 0"
    assert several["made of"].startswith("deep/several.npz, a file of arrays: noise on 3 arrays (x (40, 30) float64, ")
    assert several["made of"].endswith(", 2 arrays kept (y, a b,c)")


def test_a_forged_row_of_an_array_is_refused(arrays, tmp_path):
    dest = tmp_path / "dest"
    assert within("run", arrays, dest, "--kind", "array", "--std", "0.1").returncode == 0
    row = json.loads((dest / "manifest.jsonl").read_text().splitlines()[0])
    for odd in ({"members": 5}, {"source_std": "many"}, {"shape": [1]}, {"noise_std": "1"}, {"options": "std_of=["}):
        (dest / "manifest.jsonl").write_text(json.dumps(row | odd) + "\n")
        result = within("show", dest / row["file_name"])
        assert (result.returncode, result.stdout, "run it again" in result.stderr) == (2, "", True)
