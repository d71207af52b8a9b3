"""Noise in the workers of a DataLoader: never twice, and the same again under one seed of torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from noiseaug import GaussianNoise

torch = pytest.importorskip("torch", reason="needs PyTorch, which `make test-torch` installs")
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info  # noqa: E402

WORKERS = [
    {"num_workers": 0},
    {"num_workers": 2},
    {"num_workers": 2, "persistent_workers": True},
    {"num_workers": 2, "persistent_workers": True, "multiprocessing_context": "spawn"},
    {"num_workers": 2, "multiprocessing_context": "forkserver"},
]
each_kind_of_worker = pytest.mark.parametrize("workers", WORKERS, ids=str)


class Zeros(Dataset):
    """Items of zeros, with noise."""

    def __init__(self, noise: GaussianNoise, keyed: bool = False) -> None:
        self.noise, self.keyed = noise, keyed

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.noise(torch.zeros(3, 4, 4), key=f"{index}.png" if self.keyed else None)


class Strengths(Zeros):
    def __getitem__(self, index: int) -> float:
        return self.noise(torch.zeros(3, 4, 4), return_std=True)[1]


class Streamed(IterableDataset):
    def __iter__(self):
        return (GaussianNoise(0.1)(np.zeros(9)) for _ in range(8 + get_worker_info().id))


def epochs(loader: DataLoader, count: int = 2) -> list[list[bytes]]:
    """What comes out of some epochs."""
    return [[item.numpy().tobytes() for batch in loader for item in batch] for _ in range(count)]


def assert_all_differ(found: list[list[bytes]]) -> None:
    flat = [item for epoch in found for item in epoch]
    assert len(set(flat)) == len(flat)


@each_kind_of_worker
def test_no_item_of_any_epoch_has_the_noise_of_another(workers):
    assert_all_differ(epochs(DataLoader(Zeros(GaussianNoise(0.1)), batch_size=2, **workers)))


def test_two_loaders_and_the_program_differ():
    noise = GaussianNoise(0.1)
    loaders = [DataLoader(Zeros(noise), batch_size=4, num_workers=workers) for workers in (2, 2, 0)]
    assert_all_differ([epoch for loader in loaders for epoch in epochs(loader, 1)])


def test_items_of_iterable_datasets_differ():
    assert_all_differ(epochs(DataLoader(Streamed(), batch_size=None, num_workers=2)))


@pytest.mark.parametrize("workers", WORKERS[1:3], ids=str)
def test_workers_make_the_same_noise_under_one_seed_of_torch(workers):
    def found(seed: int) -> list[list[bytes]]:
        torch.manual_seed(seed)
        return epochs(DataLoader(Zeros(GaussianNoise("0.1:0.2")), batch_size=2, shuffle=True, **workers))

    assert found(5) == found(5)
    assert_all_differ([*found(5), *found(6)])


PROGRAM = """
import torch, sys
from torch.utils.data import DataLoader
sys.path.insert(0, {folder!r})
from test_loaders import Zeros, epochs
from noiseaug import GaussianNoise
torch.manual_seed(0)
for workers in (0, 2):
    print(epochs(DataLoader(Zeros(GaussianNoise(0.1, seed=4)), batch_size=2, num_workers=workers), 1))
"""


def test_a_second_run_of_the_program_makes_the_same_noise():
    command = [sys.executable, "-c", PROGRAM.format(folder=str(__file__).rpartition("/")[0])]
    one, two = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert one == two


@each_kind_of_worker
def test_with_a_key_the_noise_is_the_same_in_any_worker(workers):
    noise = GaussianNoise(0.1, seed=4)
    expected = [noise(np.zeros((4, 4, 3), np.float32), key=f"{n}.png") for n in range(16)]
    found = torch.cat(list(DataLoader(Zeros(noise, keyed=True), batch_size=4, **workers)))
    np.testing.assert_array_equal(found.numpy().transpose(0, 2, 3, 1), expected)


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_persistent_workers_see_the_epoch_in_shared_memory(context):
    epoch = torch.zeros((), dtype=torch.int64).share_memory_()
    noise = GaussianNoise([0.1, 0.2, 0.3], epoch=epoch)
    loader = DataLoader(Strengths(noise), num_workers=2, persistent_workers=True, multiprocessing_context=context)
    for number, std in enumerate([0.1, 0.2, 0.3]):
        epoch.fill_(number)
        assert {float(item) for item in loader} == {std}
