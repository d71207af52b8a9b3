"""Tensors: taken and given back as such, without copies that are not needed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from noiseaug import GaussianNoise

torch = pytest.importorskip("torch", reason="needs PyTorch, which `make test-torch` installs")

NOISE = GaussianNoise(0.1, seed=3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float16", "float32", "float64"])
def test_a_tensor_gets_the_noise_of_the_array(dtype):
    array = np.random.default_rng(0).uniform(0, 1, (8, 9, 3))
    array = (array * (1 if dtype.startswith("f") else np.iinfo(dtype).max)).astype(dtype)
    tensor = torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    noisy = NOISE(tensor, key="a")
    assert (type(noisy), noisy.dtype, noisy.shape) == (torch.Tensor, tensor.dtype, tensor.shape)
    np.testing.assert_array_equal(noisy.numpy().transpose(1, 2, 0), NOISE(array, key="a"))
    assert noisy.data_ptr() != tensor.data_ptr()


def test_bfloat16_is_rounded_once():
    tensor = torch.rand(100).to(torch.bfloat16)
    expected = NOISE(tensor.float(), key="a").to(torch.bfloat16)
    assert torch.equal(NOISE(tensor, key="a"), expected)
    assert not torch.equal(expected, tensor)


def test_the_result_goes_into_the_memory_that_it_is_told():
    tensor = torch.rand(3, 8, 9)
    expected, place = NOISE(tensor, key="a"), torch.empty(3, 8, 9)
    memory = place.data_ptr()
    assert NOISE(tensor, key="a", out=place) is place
    assert place.data_ptr() == memory
    assert torch.equal(place, expected)
    assert NOISE(tensor, key="a", out=tensor) is tensor
    assert torch.equal(tensor, expected)


def test_strides_of_a_tensor_do_not_matter():
    tensor = torch.rand(2, 3, 8, 9)
    expected = NOISE(tensor, batch=True, keys=["a", "b"])
    last = tensor.to(memory_format=torch.channels_last)
    assert torch.equal(NOISE(last, batch=True, keys=["a", "b"]), expected)
    assert torch.equal(NOISE(tensor[:, :, ::2], key="a"), NOISE(tensor[:, :, ::2].clone(), key="a"))


def test_a_batch_of_tensors_has_a_tensor_of_strengths():
    noisy, stds = GaussianNoise("0.1:0.3", batch=True, return_std=True)(torch.zeros(5, 3, 40, 40))
    assert (noisy.shape, stds.dtype, stds.shape) == ((5, 3, 40, 40), torch.float32, (5,))
    assert torch.allclose(noisy.std(dim=(1, 2, 3)), stds, rtol=0.1)
    level_maps = stds.view(-1, 1, 1, 1).expand(-1, 1, 40, 40)
    assert torch.cat([noisy, level_maps], dim=1).shape == (5, 4, 40, 40)


def test_a_mask_may_be_a_tensor():
    tensor, mask = torch.zeros(3, 8, 9), torch.rand(8, 9) > 0.5
    noisy = NOISE(tensor, mask=mask)
    assert torch.equal(noisy != 0, mask.expand(3, 8, 9))


def test_a_subclass_comes_back_as_such():
    class Picture(torch.Tensor):
        pass

    assert type(NOISE(torch.rand(3, 4, 5).as_subclass(Picture))) is Picture


def test_a_transform_is_a_module_of_torch_where_one_is_wanted():
    """Lambda and Sequential of torchvision take callables; torch's own Sequential takes modules."""

    class Noisy(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return NOISE(x, training=self.training)

    model = torch.nn.Sequential(Noisy())
    x = torch.rand(2, 3, 4, 4)
    assert not torch.equal(model(x), x)
    assert model.eval()(x) is x
    elsewhere = torch.zeros(3, device="meta")
    assert model(elsewhere) is elsewhere


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        (torch.zeros(3, device="meta"), "the tensor is on meta; noise is made on the CPU"),
        (torch.zeros(3, requires_grad=True), "the tensor requires a gradient"),
        (torch.zeros(3).to_sparse(), "torch.sparse_coo; expected dense numbers"),
        (torch.zeros(3, dtype=torch.complex64), "torch.complex64"),
        (torch.zeros(3, dtype=torch.bool), "samples are bool"),
        (torch.tensor([3.0, 200.0]), "whole numbers up to 200"),
    ],
    ids=str,
)
def test_tensors_that_get_no_noise_say_why(tensor, says):
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        NOISE(tensor)


def test_out_of_another_kind_is_refused():
    for data, out in ((torch.zeros(3), np.zeros(3)), (np.zeros(3), torch.zeros(3))):
        with pytest.raises(TypeError, match="expected the like of the data"):
            NOISE(data, out=out)
    with pytest.raises(TypeError, match=re.escape("out is torch.bfloat16")):
        NOISE(torch.zeros(3), out=torch.zeros(3, dtype=torch.bfloat16))
