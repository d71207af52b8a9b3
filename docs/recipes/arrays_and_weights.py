"""Noise on features, weights, latents and labels. See arrays_and_weights.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_breast_cancer

import noiseaug
import study
from networks import Array, Networks, one_hot

FEATURE_STDS = (0.03, 0.1, 0.3, 1.0)
TRAINING_STDS = (0.2, 0.5)
WEIGHT_STDS = (0.1, 0.2, 0.4, 0.8)
LATENT_STDS = (0.5, 1.0, 2.0)


def shares(repeats: int, pool: int, size: int) -> Array:
    """Return which items each repeat trains on, (repeats, size)."""
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(pool)[:size] for _ in range(repeats)])


def trained(inputs: Callable[[int], Array], targets: Array, std: float = 0, steps: int = 200) -> Networks:
    """Return trained networks; `inputs` gives those of a step, and std is that of the noise on weights."""
    noise = noiseaug.GaussianNoise(std, seed=7)
    on_weights = {"weights": lambda weights: noise(weights, full_scale=float(weights.std()))} if std else None
    classes = targets.shape[-1]
    networks = Networks(len(targets), inputs(0).shape[-1], hidden=50 if classes == 2 else 100, classes=classes)
    for step in range(steps):
        networks.step(inputs(step), targets, on_weights)
    return networks


def features(place: Path, repeats: int) -> dict[str, list[float]]:
    """Return the accuracy by what noise was a fraction of, and by its std."""
    table, labels = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(table))
    table, labels = table[order], labels[order]
    chosen = shares(repeats, 400, 40)
    mean, std = (getattr(table[chosen], name)(1, keepdims=True) for name in ("mean", "std"))
    test = ((table[None, 400:] - mean) / std).astype(np.float32)

    def accuracy(tables: Array) -> list[float]:
        scaled = [((copy[chosen] - mean) / std).astype(np.float32) for copy in tables]
        networks = trained(lambda step: scaled[step % len(scaled)], one_hot(labels[chosen], 2))
        return networks.accuracy(test, labels[400:]).tolist()

    found = {"none": accuracy(table[None, :400])}
    for of in ("column", "array"):
        for level in FEATURE_STDS:
            copies = np.stack([np.load(place / f"by-{of}/x-std{level:.3g}-{copy}.npy") for copy in range(10)])
            found[f"{of} {level:g}"] = accuracy(copies)
    return found


def disturbed(place: Path, kinds: dict[str, Networks], test: Array, labels: Array) -> dict[str, list[float]]:
    """Return the accuracy of networks as they are, and with the weights that the command of the page wrote."""
    found = {f"{kind} 0": networks.accuracy(test, labels).tolist() for kind, networks in kinds.items()}
    for kind, networks in kinds.items():
        clean = networks.weights
        for level in WEIGHT_STDS:
            files = [np.load(place / f"weights-noisy/std{level:g}/{kind}-{n:02}.npz") for n in range(len(test))]
            networks.weights = {
                name: np.stack([file[name] for file in files]).reshape(clean[name].shape) for name in clean
            }
            found[f"{kind} {level:g}"] = networks.accuracy(test, labels).tolist()
        networks.weights = clean
    return found


def generated(images: Array, labels: Array, latents: Array, std: float) -> tuple[Array, Array]:
    """Return 100 new digits of each class and their labels, by probabilistic PCA with 5 latents (the page says how)."""
    found = []
    for label in range(10):
        own = images[labels == label].astype(np.float64)
        values, vectors = np.linalg.eigh(np.cov(own.T))
        rest = values[:-5].mean()
        loadings = vectors[:, -5:] * np.sqrt(np.maximum(values[-5:] - rest, 0))
        z = latents[label * 100 : (label + 1) * 100]
        found.append(own.mean(0) + std * z[:, :5] @ loadings.T + np.sqrt(max(rest, 0)) * z[:, 5:])
    return np.concatenate(found).astype(np.float32), np.repeat(np.arange(10), 100)


def calibration(networks: Networks, test: Array, labels: Array) -> dict[str, list[float]]:
    """Return accuracy, mean confidence, loss and expected calibration error in 15 bins."""
    probabilities = networks.probabilities(test)
    confidence, right = probabilities.max(-1), probabilities.argmax(-1) == labels
    error = np.zeros(len(test))
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        error += np.abs(((confidence - right) * inside).mean(-1))
    true = np.take_along_axis(probabilities, np.broadcast_to(labels, right.shape)[..., None], -1)
    loss = -np.log(true.clip(1e-7)).mean((1, 2))
    found = {"accuracy": right.mean(-1), "confidence": confidence.mean(-1), "loss": loss, "calibration error": error}
    return {name: values.tolist() for name, values in found.items()}


def measure(place: Path, repeats: int) -> dict:
    """Return the figures of the four parts."""
    images, labels = study.digits()
    pixels = images.reshape(-1, 64).astype(np.float32) / 255
    chosen = shares(repeats, 300, 100)
    targets = one_hot(labels[chosen], 10)
    test, test_labels = np.broadcast_to(pixels[300:], (repeats, len(pixels) - 300, 64)), labels[300:]

    kinds = {f"{std:g}": trained(lambda step: pixels[chosen], targets, std, steps=1000) for std in (0, *TRAINING_STDS)}
    for folder in ("tables", "weights"):
        (place / folder).mkdir()
    for kind, networks in kinds.items():
        for number in range(repeats):
            arrays = {name: weights[number].squeeze() for name, weights in networks.weights.items()}
            np.savez(place / f"weights/{kind}-{number:02}.npz", **arrays)
    table = load_breast_cancer(return_X_y=True)[0][np.random.default_rng(0).permutation(569)]
    np.save(place / "tables/x.npy", table[:400])
    study.write_digits(place / "digits", 300)
    study.run_commands(__file__, place)

    latents = np.load(place / "z.npy")
    new = {"100 real": trained(lambda step: pixels[chosen], targets)}
    for std in LATENT_STDS:
        pairs = [generated(pixels[mine], labels[mine], latents, std) for mine in chosen]
        made, of = np.stack([digits for digits, _ in pairs]), one_hot(np.stack([labels for _, labels in pairs]), 10)
        both, both_of = np.concatenate([pixels[chosen], made], 1), np.concatenate([targets, of], 1)
        new[f"1000 drawn, std {std:g}"] = trained(lambda step, made=made: made, of)
        new[f"100 real and 1000 drawn, std {std:g}"] = trained(lambda step, both=both: both, both_of)
    drawn = {name: networks.accuracy(test, test_labels).tolist() for name, networks in new.items()}

    noisy = study.read_digits(place / "smoothed")[0]
    rows = sorted(noiseaug.read_manifest(place / "smoothed"), key=lambda row: Path(row.path).stem)
    soft = np.array([row.soft_label for row in rows], np.float32)
    smoothed = {
        name: calibration(trained(lambda step: noisy[chosen], of), test, test_labels)
        for name, of in (("hard labels", targets), ("smoothed labels, 0.1", soft[chosen]))
    }
    found = {"features": features(place, repeats), "weights": disturbed(place, kinds, test, test_labels)}
    return found | {"latents": drawn, "labels": smoothed}


def tables(figures: dict) -> dict[str, str]:
    """Return the tables of the page."""
    found, weights, latents, labels = (figures[name] for name in ("features", "weights", "latents", "labels"))
    rows = [
        [*(key.split() if " " in key else ("none", "0")), study.spread(values), study.gain(values, found["none"])]
        for key, values in found.items()
    ]
    disturbed_rows = []
    for std in (0, *WEIGHT_STDS):
        usual, *others = (weights[f"{training:g} {std:g}"] for training in (0, *TRAINING_STDS))
        gains = [cell for other in others for cell in (study.spread(other), study.gain(other, usual))]
        disturbed_rows.append([f"{std:g}", study.spread(usual), *gains])
    drawn = [[key, study.spread(values), study.gain(values, latents["100 real"])] for key, values in latents.items()]
    soft = [[key, *(study.spread(values) for values in row.values())] for key, row in labels.items()]
    trainings = [cell for std in TRAINING_STDS for cell in (f"with noise {std:g}", "gain")]
    return {
        "features": study.table(["`--std-of`", "std", "accuracy", "gain"], rows),
        "weights": study.table(["noise on weights", "trained as usual", *trainings], disturbed_rows),
        "latents": study.table(["trained on", "accuracy", "gain"], drawn),
        "labels": study.table(["trained with", *labels["hard labels"]], soft),
    }


def plot(figures: dict) -> pyplot.Figure:
    """Return a panel for each part."""
    figure, axes = pyplot.subplots(1, 4, figsize=(13, 3.3))
    found = figures["features"]
    axes[0].axhline(np.mean(found["none"]), color="black", linestyle="--", linewidth=1, label="no noise")
    for colour, of in zip(study.COLOURS, ("column", "array"), strict=False):
        study.line(axes[0], FEATURE_STDS, [found[f"{of} {std:g}"] for std in FEATURE_STDS], f"of {of}", colour)
    axes[0].set_ylim(0.8)
    study.log_axis(axes[0], FEATURE_STDS, "std on features")
    for colour, training in zip(study.COLOURS, (0, *TRAINING_STDS), strict=False):
        values = [figures["weights"][f"{training:g} {std:g}"] for std in (0, *WEIGHT_STDS)]
        study.line(axes[1], (0, *WEIGHT_STDS), values, f"trained with {training:g}", colour)
    axes[1].set_xlabel("std on weights, of their spread")
    axes[2].axhline(
        np.mean(figures["latents"]["100 real"]), color="black", linestyle="--", linewidth=1, label="100 real"
    )
    for colour, name in zip(study.COLOURS, ("1000 drawn", "100 real and 1000 drawn"), strict=False):
        values = [figures["latents"][f"{name}, std {std:g}"] for std in LATENT_STDS]
        study.line(axes[2], LATENT_STDS, values, name, colour)
    study.log_axis(axes[2], LATENT_STDS, "std of the latents")
    names = list(figures["labels"])
    values = [figures["labels"][name]["calibration error"] for name in names]
    axes[3].bar(
        ["hard", "smoothed"],
        np.mean(values, 1),
        yerr=np.std(values, axis=1, ddof=1),
        color=study.COLOURS[:2],
        capsize=3,
    )
    axes[3].spines[["top", "right"]].set_visible(False)
    for axis, title in zip(
        axes, ("accuracy: features", "accuracy: weights", "accuracy: latents", "calibration error"), strict=True
    ):
        axis.set_title(title)
        if axis is not axes[3]:
            axis.legend(frameon=False, fontsize=8)
    return figure


if __name__ == "__main__":
    study.main(__file__, measure, tables, plot)
