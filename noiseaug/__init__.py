"""Gaussian-noise augmentation of image and audio datasets: exact, streaming, reproducible.

>>> import numpy as np, noiseaug
>>> noisy = noiseaug.GaussianNoise(std=25/255, seed=7)(np.full((4, 4, 3), 128, np.uint8), key="cats/a.png")
>>> noisy.shape, noisy.dtype
((4, 4, 3), dtype('uint8'))

Over folders: `run` writes noisy copies, `stream` gives the same samples in memory, `read_manifest` the rows of what was
written; `verify`, `export`, `merge` and `prune` do what the commands of these names do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noiseaug.errors import FailedSource as FailedSource
    from noiseaug.errors import NoiseaugError as NoiseaugError
    from noiseaug.exports import ExportSummary as ExportSummary
    from noiseaug.exports import export as export
    from noiseaug.exports.options import ExportOptions as ExportOptions
    from noiseaug.manifest.removing import prune as prune
    from noiseaug.manifest.rows import FailureRow as FailureRow
    from noiseaug.manifest.rows import ManifestRow as ManifestRow
    from noiseaug.manifest.rows import read_manifest as read_manifest
    from noiseaug.pipeline.merging import merge as merge
    from noiseaug.pipeline.run import run as run
    from noiseaug.pipeline.summary import Summary as Summary
    from noiseaug.settings.array_options import ArrayOptions as ArrayOptions
    from noiseaug.settings.companions import Companions as Companions
    from noiseaug.settings.layout import Layout as Layout
    from noiseaug.settings.level import Level as Level
    from noiseaug.settings.recipe import AudioOptions as AudioOptions
    from noiseaug.settings.recipe import ImageOptions as ImageOptions
    from noiseaug.settings.recipe import Recipe as Recipe
    from noiseaug.settings.running import Running as Running
    from noiseaug.settings.selection import Selection as Selection
    from noiseaug.settings.shard import Shard as Shard
    from noiseaug.training.gaussian import GaussianNoise as GaussianNoise
    from noiseaug.training.stream import Sample as Sample
    from noiseaug.training.stream import stream as stream
    from noiseaug.verification import verify as verify
    from noiseaug.version import __version__ as __version__

# The public API and the modules that it is loaded from on first use, so that `noiseaug --help` imports no codec.
_HOMES = {
    "ArrayOptions": "settings.array_options",
    "AudioOptions": "settings.recipe",
    "Companions": "settings.companions",
    "ExportOptions": "exports.options",
    "ExportSummary": "exports",
    "FailedSource": "errors",
    "FailureRow": "manifest.rows",
    "GaussianNoise": "training.gaussian",
    "ImageOptions": "settings.recipe",
    "Layout": "settings.layout",
    "Level": "settings.level",
    "ManifestRow": "manifest.rows",
    "NoiseaugError": "errors",
    "Recipe": "settings.recipe",
    "Running": "settings.running",
    "Sample": "training.stream",
    "Selection": "settings.selection",
    "Shard": "settings.shard",
    "Summary": "pipeline.summary",
    "__version__": "version",
    "export": "exports",
    "merge": "pipeline.merging",
    "prune": "manifest.removing",
    "read_manifest": "manifest.rows",
    "run": "pipeline.run",
    "stream": "training.stream",
    "verify": "verification",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'noiseaug' has no attribute {name!r}")
    return getattr(importlib.import_module(f"noiseaug.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
