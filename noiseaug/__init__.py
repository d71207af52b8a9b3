"""Gaussian-noise augmentation of image and audio datasets: exact, streaming, reproducible.

>>> import numpy as np, noiseaug
>>> noisy = noiseaug.GaussianNoise(std=25/255, seed=7)(np.full((4, 4, 3), 128, np.uint8), key="cats/a.png")
>>> noisy.shape, noisy.dtype
((4, 4, 3), dtype('uint8'))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noiseaug.companions import Companions
    from noiseaug.errors import NoiseaugError
    from noiseaug.exports import ExportSummary, export
    from noiseaug.exports.format import ExportOptions
    from noiseaug.layout import Layout
    from noiseaug.level import Level
    from noiseaug.merging import merge
    from noiseaug.noise import GaussianNoise
    from noiseaug.pipeline import Summary, run
    from noiseaug.recipe import Recipe
    from noiseaug.running import Running
    from noiseaug.shard import Shard
    from noiseaug.sources import Selection
    from noiseaug.verification import verify

__version__ = "0.1.0"

# Loaded on first use, so that `noiseaug --help` need not import NumPy and the codecs.
_HOMES = {
    "Companions": "companions",
    "ExportOptions": "exports.format",
    "ExportSummary": "exports",
    "GaussianNoise": "noise",
    "Layout": "layout",
    "Level": "level",
    "NoiseaugError": "errors",
    "Recipe": "recipe",
    "Running": "running",
    "Selection": "sources",
    "Shard": "shard",
    "Summary": "pipeline",
    "export": "exports",
    "merge": "merging",
    "run": "pipeline",
    "verify": "verification",
}

__all__ = [
    "Companions",
    "ExportOptions",
    "ExportSummary",
    "GaussianNoise",
    "Layout",
    "Level",
    "NoiseaugError",
    "Recipe",
    "Running",
    "Selection",
    "Shard",
    "Summary",
    "__version__",
    "export",
    "merge",
    "run",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'noiseaug' has no attribute {name!r}")
    return getattr(importlib.import_module(f"noiseaug.{_HOMES[name]}"), name)
