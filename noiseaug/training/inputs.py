"""What people hold samples in: NumPy arrays, tensors of torch and pictures of Pillow. Each comes back as it came."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from noiseaug.noise.scale import Array

_CONVERT = {"1": "L", "P": "RGB", "PA": "RGBA", "RGBX": "RGB", "La": "LA", "RGBa": "RGBA", "I": "I;16"}
_WITH_ALPHA = ("LA", "RGBA")
_PICTURES = ("L", "RGB", "I;16", "I;16B", "I;16L", "F", *_WITH_ALPHA)


class Held(NamedTuple):
    """Samples, and the way back to what held them.

    Attributes:
        array: the samples; those of a picture in the order of OpenCV, BGR.
        give_back: makes of the noisy array what was given, a tensor or a picture.
        channels_first: whether the first axis of a 3-D item holds its channels, unless said otherwise.
        alpha: whether the last channel is alpha.
        is_picture: whether it is a picture, which has its channels and items where it has them.
    """

    array: Array
    give_back: Callable[[Array], Any]
    channels_first: bool = False
    alpha: bool = False
    is_picture: bool = False


def held(data: Any) -> Held:
    """Return the samples of an array, a tensor or a picture; they share its memory where they can.

    Raises:
        TypeError: if it is nothing of these, or a tensor or picture that cannot get noise.
    """
    if type(data) is np.ndarray or isinstance(data, np.memmap):
        return Held(data, _itself)
    if (torch := sys.modules.get("torch")) and isinstance(data, torch.Tensor):
        return _held_tensor(data, torch)
    if (pillow := sys.modules.get("PIL.Image")) and isinstance(data, pillow.Image):
        return _held_picture(data, pillow)
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(
            "samples are a masked array; expected noise(x.data, mask=~x.mask), which leaves the others alone"
        )
    if isinstance(data, np.ndarray):
        return Held(np.asarray(data), _itself)
    kind = type(data)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]} {kind.__name__}"
    hint = "np.stack(x), with batch=True, or each one by itself" if isinstance(data, list | tuple) else "np.asarray(x)"
    raise TypeError(f"samples are in a {name}; expected a NumPy array, torch tensor or Pillow image: take {hint}")


def memory_of(out: Any, data: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return the memory of `out`, which is to take what comes of `data`, of this shape and dtype.

    Raises:
        TypeError: if it is of another type than the data, or of another dtype, or has no memory to write to.
        ValueError: if it is of another shape, or shares a part of the memory of the data.
    """
    if isinstance(out, np.ndarray) != isinstance(data, np.ndarray) or not hasattr(out, "dtype"):
        raise TypeError(f"out is a {type(out).__name__}; expected the like of the data, an array or a tensor")
    memory = held(out).array
    if memory.dtype != dtype or not memory.flags.writeable or not _is_view(out):
        raise TypeError(f"out is {out.dtype}; expected {np.dtype(dtype)} that can be written to")
    if memory.shape != shape:
        raise ValueError(f"out has shape {memory.shape}; expected {shape}")
    array = held(data).array
    if np.may_share_memory(memory, array) and not _same_memory(memory, array):
        raise ValueError("out shares a part of the memory of the data; expected all of it, or none")
    return memory


def _is_view(out: Any) -> bool:
    """Tell whether NumPy works on the very memory of `out`; it has no bfloat16."""
    return isinstance(out, np.ndarray) or "bfloat16" not in str(out.dtype)


def _same_memory(one: Array, other: Array) -> bool:
    return one.__array_interface__["data"] == other.__array_interface__["data"] and one.strides == other.strides


def _itself(noisy: Array) -> Array:
    return noisy


def _held_tensor(tensor: Any, torch: Any) -> Held:
    if tensor.device.type != "cpu":
        raise TypeError(
            f"the tensor is on {tensor.device}; noise is made on the CPU: add it before the tensor goes there, "
            "or take noise(x.cpu()).to(x.device)"
        )
    if tensor.requires_grad:
        raise TypeError("the tensor requires a gradient, which noise does not hand on; take noise(x.detach())")
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        raise TypeError(f"the tensor is {tensor.dtype}, {tensor.layout}; expected dense numbers that are not quantised")
    # NumPy has no bfloat16: noise is added in float32, and the sum rounded once.
    brain = tensor.dtype == torch.bfloat16
    array = (tensor.float() if brain else tensor).numpy()

    def give_back(noisy: Array) -> Any:
        made = torch.from_numpy(noisy)
        if brain:
            made = made.to(torch.bfloat16)
        return made if type(tensor) is torch.Tensor else made.as_subclass(type(tensor))

    return Held(array, give_back, channels_first=True)


def _held_picture(picture: Any, pillow: Any) -> Held:
    mode = picture.mode
    if mode not in _PICTURES:
        better = _CONVERT.get(mode, "RGB")
        raise TypeError(
            f"the picture is of mode {mode}, whose numbers are no plain intensities; "
            f"take noise(image.convert({better!r}))"
        )
    array = np.asarray(picture)
    if not array.size:
        raise ValueError("the picture has no pixels")
    to_bgr = {"RGB": cv2.COLOR_RGB2BGR, "RGBA": cv2.COLOR_RGBA2BGRA}.get(mode)

    def give_back(noisy: Array) -> Any:
        if to_bgr is not None:
            noisy = cv2.cvtColor(noisy, to_bgr)  # which is its own inverse
        made = pillow.fromarray(noisy.astype(array.dtype, copy=False))
        made.info = dict(picture.info)
        return made

    in_order = cv2.cvtColor(array, to_bgr) if to_bgr is not None else array
    return Held(in_order, give_back, alpha=mode in _WITH_ALPHA, is_picture=True)
