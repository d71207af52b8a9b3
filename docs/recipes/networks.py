"""Small networks of the studies, in NumPy: many are trained side by side, each from a seed of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Array = np.ndarray
Noise = Callable[[Array], Array]


class Networks:
    """Networks of one hidden layer of ReLU with softmax outputs, trained by Adam on the cross-entropy.

    All arrays have the network as their first axis: inputs are (networks, items, features) in float32, targets
    (networks, items, classes). `weights` holds two matrices and two biases.
    """

    def __init__(self, count: int, features: int, hidden: int, classes: int, rate: float = 0.01) -> None:
        rng = np.random.default_rng(count)
        shapes = {"first": (features, hidden), "bias": (1, hidden), "second": (hidden, classes), "offset": (1, classes)}
        scales = {"first": (2 / features) ** 0.5, "second": (1 / hidden) ** 0.5}
        self.weights = {
            name: rng.standard_normal((count, *shape), np.float32) * np.float32(scales.get(name, 0))
            for name, shape in shapes.items()
        }
        self.rate, self.steps = rate, 0
        self._moments = {name: [np.zeros_like(weight), np.zeros_like(weight)] for name, weight in self.weights.items()}

    def probabilities(self, inputs: Array) -> Array:
        """Return the probability of each class, (networks, items, classes)."""
        return self._forward(inputs, self.weights, None)[-1]

    def accuracy(self, inputs: Array, labels: Array) -> Array:
        """Return the fraction of items that each network gets right."""
        return (self.probabilities(inputs).argmax(-1) == labels).mean(-1)

    def step(self, inputs: Array, targets: Array, noise: Mapping[str, Noise] | None = None) -> None:
        """Do one step on all items, with fresh noise on the inputs, hidden units, weights or targets."""
        noise = noise or {}
        inputs = noise.get("inputs", _unchanged)(inputs)
        targets = noise.get("targets", _unchanged)(targets)
        used = {
            name: noise.get("weights", _unchanged)(weight) if name in ("first", "second") else weight
            for name, weight in self.weights.items()
        }
        hidden, probabilities = self._forward(inputs, used, noise.get("hidden"))
        error = (probabilities - targets) / np.float32(inputs.shape[1])
        inner = (error @ used["second"].swapaxes(1, 2)) * (hidden > 0)
        self._adam(
            {
                "first": inputs.swapaxes(1, 2) @ inner,
                "bias": inner.sum(1, keepdims=True),
                "second": hidden.swapaxes(1, 2) @ error,
                "offset": error.sum(1, keepdims=True),
            }
        )

    def _forward(self, inputs: Array, weights: Mapping[str, Array], noise: Noise | None) -> tuple[Array, Array]:
        before = inputs @ weights["first"] + weights["bias"]
        hidden = np.maximum(noise(before) if noise else before, 0)
        scores = hidden @ weights["second"] + weights["offset"]
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        return hidden, powers / powers.sum(-1, keepdims=True)

    def _adam(self, gradients: Mapping[str, Array]) -> None:
        """Kingma and Ba, Adam, ICLR 2015, with its usual settings."""
        self.steps += 1
        rate = np.float32(self.rate * (1 - 0.999**self.steps) ** 0.5 / (1 - 0.9**self.steps))
        for name, gradient in gradients.items():
            mean, square = self._moments[name]
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient * gradient - square)
            self.weights[name] -= rate * mean / (np.sqrt(square) + np.float32(1e-8))


def one_hot(labels: Array, classes: int) -> Array:
    """Return labels as targets: 1 for the class of an item, 0 for others."""
    return np.eye(classes, dtype=np.float32)[labels]


def _unchanged(array: Array) -> Array:
    return array
