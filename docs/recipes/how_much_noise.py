"""How much noise? Two circles and digits, with noise at several places and strengths. See how_much_noise.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import make_circles

import study
from networks import Networks, one_hot
from noiseaug import GaussianNoise

PLACES = ("inputs", "hidden", "weights", "targets")
STDS = (0.01, 0.03, 0.1, 0.3, 1.0)
LEVELS = ("std0.05", "std0.1", "std0.2", "std0.4", "std0.8")


def noise_at(place: str, std: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return what adds fresh noise at a place. On weights, its std is a fraction of their standard deviation."""
    noise = GaussianNoise(std, seed=7)
    return lambda array: noise(array, full_scale=float(array.std()) if place == "weights" else 1)


def circles(repeats: int, stds: Sequence[float]) -> dict[str, dict[str, list[float]]]:
    """Return accuracy and loss on 1000 new points, by place and std of the noise, for each repeat."""
    sets = [make_circles(1030, noise=0.1, factor=0.8, random_state=seed) for seed in range(repeats)]
    points = np.stack([points for points, _ in sets]).astype(np.float32)
    labels = np.stack([labels for _, labels in sets])
    inputs, targets = points[:, :30], one_hot(labels[:, :30], 2)

    def trained(noise: Mapping) -> dict[str, list[float]]:
        networks = Networks(repeats, features=2, hidden=500, classes=2)
        for _ in range(1000):
            networks.step(inputs, targets, noise)
        right = np.take_along_axis(networks.probabilities(points[:, 30:]), labels[:, 30:, None], axis=-1)
        return {
            "training": networks.accuracy(inputs, labels[:, :30]).tolist(),
            "accuracy": networks.accuracy(points[:, 30:], labels[:, 30:]).tolist(),
            "loss": (-np.log(right.clip(1e-7))).mean((1, 2)).tolist(),
        }

    found = {f"{place} {std:g}": trained({place: noise_at(place, std)}) for place in PLACES for std in stds}
    return {"none": trained({})} | found


def digits(place: Path, repeats: int) -> dict[str, list[float]]:
    """Return the accuracy on clean digits, by what networks were trained on: what the commands of the page wrote."""
    images, labels = study.digits()
    study.write_digits(place / "digits", 300)
    study.run_commands(__file__, place)

    rng = np.random.default_rng(0)
    chosen = np.stack([rng.permutation(300)[:100] for _ in range(repeats)])
    targets = one_hot(labels[chosen], 10)
    test = np.broadcast_to(images[300:].reshape(-1, 64).astype(np.float32) / 255, (repeats, len(images) - 300, 64))

    def accuracy(inputs: Callable[[int], np.ndarray]) -> list[float]:
        networks = Networks(repeats, features=64, hidden=100, classes=10)
        for step in range(200):
            networks.step(inputs(step), targets)
        return networks.accuracy(test, labels[300:]).tolist()

    clean, ramp, noise = (
        study.read_digits(place / "digits")[0],
        study.read_digits(place / "ramp"),
        GaussianNoise(0.2, seed=7),
    )
    found = {"none": accuracy(lambda step: clean[chosen])}
    for level in LEVELS:
        noisy = study.read_digits(place / f"sweep/{level}")
        found[level] = accuracy(lambda step, noisy=noisy: noisy[step % 10][chosen])
    found["ramp, 0 to 0.4"] = accuracy(lambda step: ramp[step // 20][chosen])
    found["ramp, 0.4 to 0"] = accuracy(lambda step: ramp[9 - step // 20][chosen])
    found["fresh in each step, 0.2"] = accuracy(lambda step: noise(clean[chosen]))
    return found


def measure(place: Path, repeats: int) -> dict:
    """Return the figures of both data sets; with few repeats, for the weakest and the strongest noise on circles."""
    return {"circles": circles(repeats, STDS if repeats > 10 else STDS[::4]), "digits": digits(place, repeats)}


def tables(figures: dict) -> dict[str, str]:
    """Return the tables of the page: mean and standard deviation over repeats."""
    found = figures["circles"]

    def row(name: str, key: str) -> list[str]:
        cells = [name, study.spread(found[key]["accuracy"]), study.spread(found[key]["loss"], 2)]
        return [*cells, study.gain(found[key]["accuracy"], found["none"]["accuracy"])]

    head = ["noise", "std", "accuracy", "loss", "gain in accuracy"]
    rows = [row(key.replace(" ", " | ") if " " in key else "none | 0", key) for key in found]
    digit = figures["digits"]
    return {
        "circles": study.table(head, rows),
        "digits": study.table(
            ["trained on", "accuracy", "gain"],
            [[name, study.spread(values), study.gain(values, digit["none"])] for name, values in digit.items()],
        ),
    }


def plot(figures: dict) -> pyplot.Figure:
    """Return accuracy and loss on circles, and accuracy on digits, against std."""
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.4))
    for axis, what in zip(axes, ("accuracy", "loss"), strict=False):
        plain = np.mean(figures["circles"]["none"][what])
        axis.axhline(plain, color="black", linestyle="--", linewidth=1, label="no noise")
        for colour, place in zip(study.COLOURS, PLACES, strict=False):
            study.line(axis, STDS, [figures["circles"][f"{place} {std:g}"][what] for std in STDS], place, colour)
        axis.set_title(f"two circles: {what} on new points")
        study.log_axis(axis, STDS, "std of the noise")
    axes[0].legend(frameon=False, fontsize=8)
    digit = figures["digits"]
    axes[2].axhline(np.mean(digit["none"]), color="black", linestyle="--", linewidth=1)
    strengths = [float(name[3:]) for name in LEVELS]
    study.line(axes[2], strengths, [digit[name] for name in LEVELS], "inputs", study.COLOURS[0])
    axes[2].set_title("digits, 100 images: accuracy on others")
    study.log_axis(axes[2], strengths, "std of the noise")
    return figure


if __name__ == "__main__":
    study.main(__file__, measure, tables, plot)
