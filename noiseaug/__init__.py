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
    from noiseaug.errors import NoiseaugError as NoiseaugError
    from noiseaug.exports import ExportSummary as ExportSummary
    from noiseaug.exports import export as export
    from noiseaug.exports.options import ExportOptions as ExportOptions
    from noiseaug.manifest.removing import prune as prune
    from noiseaug.pipeline.merging import merge as merge
    from noiseaug.pipeline.run import run as run
    from noiseaug.pipeline.summary import Summary as Summary
    from noiseaug.settings.companions import Companions as Companions
    from noiseaug.settings.layout import Layout as Layout
    from noiseaug.settings.level import Level as Level
    from noiseaug.settings.recipe import Recipe as Recipe
    from noiseaug.settings.running import Running as Running
    from noiseaug.settings.selection import Selection as Selection
    from noiseaug.settings.shard import Shard as Shard
    from noiseaug.training.gaussian import GaussianNoise as GaussianNoise
    from noiseaug.verification import verify as verify
    from noiseaug.version import __version__ as __version__

# The public API and the modules that it is loaded from on first use, so that `noiseaug --help` imports no codec.
_HOMES = {
    "Companions": "settings.companions",
    "ExportOptions": "exports.options",
    "ExportSummary": "exports",
    "GaussianNoise": "training.gaussian",
    "Layout": "settings.layout",
    "Level": "settings.level",
    "NoiseaugError": "errors",
    "Recipe": "settings.recipe",
    "Running": "settings.running",
    "Selection": "settings.selection",
    "Shard": "settings.shard",
    "Summary": "pipeline.summary",
    "__version__": "version",
    "export": "exports",
    "prune": "manifest.removing",
    "merge": "pipeline.merging",
    "run": "pipeline.run",
    "verify": "verification",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'noiseaug' has no attribute {name!r}")
    return getattr(importlib.import_module(f"noiseaug.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
