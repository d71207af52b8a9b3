"""Denoising at fixed and blind strengths, and what clipped noise does to it. See denoising.md."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from matplotlib import pyplot
from sklearn.neural_network import MLPRegressor

import study
from noiseaug import GaussianNoise

PHOTOS = (
    "nature/flower.jpg",
    "nature/horse.png",
    "objects/rocket.jpg",
    "medical/cell.png",
    "textures/brick.png",
    "objects/clock_motion.png",
)
STRENGTHS = (15, 25, 50)
PATCH = 7
TRAPS = (  # trained on, tested on
    ("clipped", "clipped"),
    ("unclipped", "unclipped"),
    ("unclipped", "clipped"),
    ("clipped", "unclipped"),
    ("two clipped", "clipped"),
    ("two unclipped", "unclipped"),
)
SAMPLES = Path(__file__).parents[2] / "sample_data/images"


def read(path: Path) -> np.ndarray:
    """Return an image as fractions of full scale."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return (image / (255 if image.dtype == np.uint8 else 1)).astype(np.float32)


def patches(image: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
    """Return what surrounds each pixel, or those chosen, less its mean, and that mean: (pixels, 50)."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(image, PATCH // 2, mode="reflect"), (PATCH, PATCH))
    rows, columns = np.divmod(np.arange(image.size) if chosen is None else chosen, image.shape[1])
    flat = around[rows, columns].reshape(len(rows), -1)
    mean = flat.mean(1, keepdims=True)
    return np.hstack([flat - mean, mean - 0.5])


def trained(pairs: list[tuple[np.ndarray, np.ndarray]], seed: int) -> MLPRegressor:
    """Return a denoiser that estimates noisy less target, from 20,000 places of these pairs (noisy, target)."""
    rng = np.random.default_rng(seed)
    inputs, noise = [], []
    for noisy, target in pairs:
        chosen = rng.choice(noisy.size, 20_000 // len(pairs), replace=False)
        inputs.append(patches(noisy, chosen))
        noise.append((noisy - target).ravel()[chosen])
    network = MLPRegressor(hidden_layer_sizes=(64,), alpha=0, learning_rate_init=0.002, random_state=seed)
    for _ in range(15):  # epochs
        network.partial_fit(np.vstack(inputs), np.hstack(noise))
    return network


def denoised(network: MLPRegressor, noisy: np.ndarray) -> np.ndarray:
    """Return a picture less the noise that a network sees in it, limited to its range."""
    return (noisy - network.predict(patches(noisy)).reshape(noisy.shape)).clip(0, 1)


def psnr(image: np.ndarray, clean: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    return float(-10 * np.log10(np.square(image - clean, dtype=np.float64).mean()))


def bias(image: np.ndarray, clean: np.ndarray) -> float:
    """Return the mean error towards grey, in levels, of pixels that are within 10 levels of black or white."""
    dark, light = clean < 10.5 / 255, clean > 244.5 / 255
    error = (image - clean) * 255
    return float((error[dark].sum() - error[light].sum()) / (dark | light).sum())


def measure(place: Path, repeats: int) -> dict:
    """Return the PSNR by strength and method, and the figures of clipped noise; a list over photographs each."""
    (place / "photos").mkdir()
    for name in PHOTOS:
        grey = cv2.imread(str(SAMPLES / name), cv2.IMREAD_GRAYSCALE)
        black, white = np.percentile(grey, [5, 95])
        stretched = ((grey - black) * (255 / (white - black))).round().clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(place / "photos" / f"{Path(name).stem}.png"), stretched)
    study.run_commands(__file__, place)
    names = [Path(name).stem for name in PHOTOS]
    clean = {name: read(place / f"photos/{name}.png") for name in names}
    fixed = {
        (name, level, copy): read(place / f"fixed/noisy/{name}-std{level / 255:.3g}-{copy}.png")
        for name in names
        for level in STRENGTHS
        for copy in (0, 1)
    }
    blind = {name: [read(path) for path in sorted((place / "blind/noisy").glob(f"{name}-*"))] for name in names}
    raw = {(n, c): read(next((place / "unclipped/noisy").glob(f"{n}-*-{c}.tif*"))) for n in names for c in (0, 1)}

    found: dict[str, dict[str, list]] = {"strengths": {}, "clipped": {}}
    for repeat, held in enumerate(names[:repeats]):
        others = [name for name in names if name != held]
        makers = {
            **{str(s): [(fixed[n, s, 0], clean[n]) for n in others] for s in STRENGTHS},
            "blind": [(noisy, clean[n]) for n in others for noisy in blind[n]],
            "unclipped": [(raw[n, 0], clean[n]) for n in others],
            "two clipped": [(fixed[n, 50, 0], fixed[n, 50, 1]) for n in others],
            "two unclipped": [(raw[n, 0], raw[n, 1]) for n in others],
        }
        networks = {name: trained(pairs, repeat) for name, pairs in makers.items()}
        for strength in STRENGTHS:
            noisy = fixed[held, strength, 0]
            means = cv2.fastNlMeansDenoising((noisy * 255).round().astype(np.uint8), h=0.8 * strength) / 255
            results = {"noisy": noisy, "non-local means": means}
            results |= {name: denoised(networks[name], noisy) for name in ("15", "25", "50", "blind")}
            for name, image in results.items():
                found["strengths"].setdefault(f"{strength} {name}", []).append(psnr(image, clean[held]))
        tests = {"clipped": fixed[held, 50, 0], "unclipped": raw[held, 0]}
        for training, test in TRAPS:
            after = denoised(networks["50" if training == "clipped" else training], tests[test])
            figures = [psnr(tests[test], clean[held]), psnr(after, clean[held]), bias(after, clean[held])]
            found["clipped"].setdefault(f"{training} | {test}", []).append(figures)
    return found


def tables(figures: dict) -> dict[str, str]:
    """Return the tables of the page."""
    columns = ["noisy", "non-local means", "15", "25", "50", "blind"]
    head = ["std of the noise", "before", "non-local means", "trained on 15/255", "25/255", "50/255", "blind"]
    cells = figures["strengths"]
    rows = [[f"{s}/255", *(study.spread(cells[f"{s} {name}"], 1) for name in columns)] for s in STRENGTHS]
    head_clipped = ["trained on", "tested on", "PSNR before", "after", "bias"]
    rows_clipped = []
    for name, values in figures["clipped"].items():
        before, after, levels = np.transpose(values)
        row = [name, study.spread(before, 1), study.spread(after, 1), study.spread(levels, 1)]
        rows_clipped.append(row)
    return {"strengths": study.table(head, rows), "clipped": study.table(head_clipped, rows_clipped)}


def plot(figures: dict) -> pyplot.Figure:
    """Return PSNR against strength, and the mean of clipped noise by grey level."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6))
    names = {"noisy": "noisy", "15": "trained on 15", "25": "trained on 25", "50": "trained on 50", "blind": "blind"}
    for colour, (name, label) in zip(study.COLOURS[::-1], names.items(), strict=False):
        means = [np.mean(figures["strengths"][f"{s} {name}"]) for s in STRENGTHS]
        left.plot(STRENGTHS, means, "o-", color=colour, label=label, markersize=4)
    left.set(xlabel="std of the noise (of 255)", ylabel="PSNR in dB", title="mean of six photographs", xticks=STRENGTHS)
    left.legend(frameon=False, fontsize=8)
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None], 20_000, axis=0)
    for colour, strength in zip(study.COLOURS, STRENGTHS, strict=False):
        error = GaussianNoise(strength / 255, seed=7)(grey, key="grey").mean(0) - grey[0]
        right.plot(error, color=colour, label=f"{strength}/255")
    right.axhline(0, color="black", linewidth=0.8)
    right.set(xlabel="grey level of the clean pixel", ylabel="mean error in levels", title="clipped noise is biased")
    right.legend(frameon=False, fontsize=8)
    return figure


if __name__ == "__main__":
    study.main(__file__, measure, tables, plot, repeats=(len(PHOTOS), 1))
