"""What all studies share: running the commands of their page, and writing their tables and plot into it."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import threadpoolctl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from sklearn.datasets import load_digits

matplotlib.use("Agg")
COLOURS = ["#0b6e99", "#d9822b", "#5b8c3e", "#a23b72", "#7a7a7a", "#c9a400"]


def main(
    page: str,
    measure: Callable[[Path, int], dict],
    tables: Callable[[dict], dict[str, str]],
    plot: Callable[[dict], Figure],
    repeats: tuple[int, int] = (30, 3),
) -> None:
    """Run the study of a page: print its tables, write them into the page, or print its figures as JSON.

    `measure` gets an empty directory and the number of repeats: the first for the full study, the second for --quick.
    """
    parser = argparse.ArgumentParser(description=f"The study of {Path(page).stem}.md.")
    parser.add_argument("--quick", action="store_true", help="few repeats; print the figures as JSON")
    parser.add_argument("--write", action="store_true", help="write the tables and the plot of the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, threadpoolctl.threadpool_limits(1):  # the matrices are small
        figures = measure(Path(place), repeats[options.quick])
    if options.quick:
        print(json.dumps(figures))
        return
    for name, table in tables(figures).items():
        print(f"{name}\n{table}\n")
        if options.write:
            fill(Path(page).with_suffix(".md"), name, table)
    if options.write:
        figure = plot(figures)
        figure.tight_layout()
        figure.savefig(Path(page).with_suffix(".png"), dpi=100, metadata={"Software": None})


def run_commands(page: str, place: Path) -> None:
    """Run each `noiseaug` command of a page, as it stands there, in a directory."""
    text = Path(page).with_suffix(".md").read_text()
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("noiseaug "):
                command = [sys.executable, "-m", "noiseaug", *shlex.split(line)[1:]]
                done = subprocess.run(command, cwd=place, capture_output=True, text=True)
                if done.returncode:
                    raise SystemExit(f"{line}\n{done.stderr}")


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the 1797 digits of scikit-learn, (items, 8, 8) in uint8, and their labels."""
    images, labels = load_digits(return_X_y=True)
    return (images * 255 / 16).round().astype(np.uint8).reshape(-1, 8, 8), labels


def write_digits(folder: Path, count: int) -> None:
    """Write the first digits as PNG files, LABEL/NUMBER.png."""
    for number, (image, label) in enumerate(zip(*digits(), strict=True)):
        if number < count:
            (folder / str(label)).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{label}/{number:04}.png"), image)


def read_digits(folder: Path) -> np.ndarray:
    """Return the images of a folder as fractions, (copies, items, 64); file names are NUMBER or NUMBER-COPY."""
    read = {
        tuple(map(int, path.stem.split("-"))): cv2.imread(str(path), cv2.IMREAD_UNCHANGED).ravel()
        for path in folder.rglob("*.png")
    }
    items = len({name[0] for name in read})
    images = np.stack([read[name] for name in sorted(read)]).reshape(items, -1, 64)
    return images.swapaxes(0, 1).astype(np.float32) / 255


def fill(page: Path, name: str, table: str) -> None:
    """Replace the table of this name in a page, between its two comments."""
    text, found = re.subn(
        rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}{table}\n{match[2]}",
        page.read_text(),
        flags=re.DOTALL,
    )
    if found != 1:
        raise SystemExit(f"{page}: expected one table {name!r}, found {found}")
    page.write_text(text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean and the standard deviation over repeats, as text."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def gain(values: Sequence[float], others: Sequence[float], digits: int = 3) -> str:
    """Return the mean difference of repeats that share their data and seed, and its standard error, as text."""
    difference = np.subtract(values, others)
    if not difference.any():
        return ""
    return f"{difference.mean():+.{digits}f} (se {difference.std(ddof=1) / len(difference) ** 0.5:.{digits}f})"


def line(axis: Axes, places: Sequence[float], repeats: Sequence[Sequence[float]], label: str, colour: str) -> None:
    """Draw the mean over repeats against places, with bars of one standard deviation."""
    means, deviations = np.mean(repeats, axis=1), np.std(repeats, axis=1, ddof=1)
    axis.errorbar(
        places, means, deviations, label=label, color=colour, marker="o", markersize=4, capsize=2, linewidth=1.2
    )
    axis.spines[["top", "right"]].set_visible(False)


def log_axis(axis: Axes, places: Sequence[float], label: str) -> None:
    """Make the horizontal axis logarithmic, with these places marked."""
    axis.set_xscale("log")
    axis.set_xticks(places, [f"{place:g}" for place in places])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel(label)
