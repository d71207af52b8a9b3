"""Stands in for albumentations: transforms are called with `image=` and more, and return a dictionary of the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


class HorizontalFlip:
    """Mirrors images and masks."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, **data):
        flip = np.random.random() < self.p
        return {name: np.ascontiguousarray(value[:, ::-1]) if flip else value for name, value in data.items()}


class Lambda:
    """Calls a function with the image, and with its shape by name."""

    def __init__(self, image: Callable, p: float = 1.0) -> None:
        self.image = image

    def __call__(self, **data):
        return data | {"image": self.image(data["image"], shape=data["image"].shape)}


class Compose:
    """Hands dictionaries from transform to transform."""

    def __init__(self, transforms: Sequence[Callable]) -> None:
        self.transforms = transforms

    def __call__(self, **data):
        for transform in self.transforms:
            data = transform(**data)
        return data
