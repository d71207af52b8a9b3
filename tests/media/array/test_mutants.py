"""Damaged files of arrays: each is refused, or becomes an array that NumPy or safetensors reads as the manifest says.

`make torture` has 10,000 of them.
"""

from __future__ import annotations

from support.trees import failures
from torture.arrays import OPTIONS, array_seeds
from torture.damage import run_over
from torture.mutants import Mutant, mutant


def test_damaged_arrays_are_refused_or_read_as_recorded(tmp_path):
    intact = array_seeds()
    whole = [Mutant(f"whole-{name}", data, "") for name, data in intact.items()]
    batch = whole + [mutant(intact, 5, number) for number in range(150)]
    source, dest = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    for made in batch:
        (source / made.name).write_bytes(made.data)
    assert list(run_over(source, dest, batch, OPTIONS)) == []
    refused = failures(dest)
    assert not {made.name for made in whole} & refused.keys()
    assert 20 < len(refused) < 150
