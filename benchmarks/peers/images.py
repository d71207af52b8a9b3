"""Reading and writing images, with the encoder settings of noiseaug."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.pool import Task

Array = NDArray[Any]

cv2.setNumThreads(1)  # inherited by the pool's processes, which are as many as the cores

_JPEG = (
    *(cv2.IMWRITE_JPEG_QUALITY, 95),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)


def augment(task: Task, add_noise: Callable[[Array, float], Array]) -> None:
    """Reads the image once and writes it with each noise."""
    image = np.asarray(cv2.imread(task.source, cv2.IMREAD_UNCHANGED))
    for path, std in task.outputs:
        cv2.imwrite(path, add_noise(image, std), _settings(path))


def decode(path: str) -> Array:
    """The samples of a file."""
    return np.asarray(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED))


def encode(path: str, samples: Array) -> memoryview:
    """The content of a file of this name."""
    return cv2.imencode(os.path.splitext(path)[1], samples, _settings(path))[1].data


def _settings(path: str) -> tuple[int, ...]:
    return _JPEG if path.endswith(".jpg") else ()
