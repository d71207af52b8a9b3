"""Stands in for torchvision: `transforms.Compose` and `transforms.v2.Compose` call as theirs do."""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Callable, Sequence

from PIL import Image, ImageOps


class Compose:
    """As version 1: hands one object from transform to transform."""

    def __init__(self, transforms: Sequence[Callable]) -> None:
        self.transforms = transforms

    def __call__(self, img):
        for transform in self.transforms:
            img = transform(img)
        return img


class ComposeV2(Compose):
    """As version 2: hands on all that it is given, as a tuple if that is more than one."""

    def __call__(self, *inputs):
        needs_unpacking = len(inputs) > 1
        for transform in self.transforms:
            outputs = transform(*inputs)
            inputs = outputs if needs_unpacking else (outputs,)
        return outputs


class RandomHorizontalFlip:
    """Mirrors every second picture; what comes with it stays."""

    def __call__(self, img: Image.Image, *along):
        flipped = ImageOps.mirror(img) if random.random() < 0.5 else img
        return (flipped, *along) if along else flipped


transforms = types.ModuleType("torchvision.transforms")
transforms.Compose, transforms.RandomHorizontalFlip = Compose, RandomHorizontalFlip
transforms.v2 = types.ModuleType("torchvision.transforms.v2")
transforms.v2.Compose, transforms.v2.RandomHorizontalFlip = ComposeV2, RandomHorizontalFlip
sys.modules |= {"torchvision.transforms": transforms, "torchvision.transforms.v2": transforms.v2}
