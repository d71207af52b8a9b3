"""The studies of docs/recipes with few repeats: commands and programs run, and effects go the way the pages say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from support.places import ROOT

PAGES = sorted(path for path in (ROOT / "docs/recipes").glob("*.md") if path.name != "README.md")
PROGRAMS = [
    (page.name, text) for page in PAGES for text in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
]


def figures(name: str) -> dict:
    """What a study finds with few repeats; it runs the commands of its page."""
    command = [sys.executable, f"docs/recipes/{name}.py", "--quick"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def gain(values: list[float], others: list[float]) -> float:
    return float(np.mean(np.subtract(values, others)))


@pytest.mark.parametrize(("page", "program"), PROGRAMS)
def test_a_program_of_a_page_runs(page, program, tmp_path):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_tables_its_plot_and_its_sources_and_is_in_the_index(page):
    text = page.read_text()
    assert f"({page.name})" in (page.parent / "README.md").read_text()
    assert "## Sources" in text
    if page.with_suffix(".py").exists():
        assert f"({page.stem}.png)" in text and page.with_suffix(".png").stat().st_size < 150_000
        assert not re.search(r"<!-- table: [^>]* -->\n<!-- end -->", text)


def test_large_noise_hurts_and_noise_on_inputs_lowers_the_loss():
    found = figures("how_much_noise")
    circles, digits = found["circles"], found["digits"]
    plain = circles["none"]
    assert np.mean(plain["training"]) > 0.95 and np.mean(plain["accuracy"]) < 0.85
    for place in ("inputs", "hidden", "weights"):
        assert gain(circles[f"{place} 1"]["accuracy"], plain["accuracy"]) < -0.05
        assert abs(gain(circles[f"{place} 0.01"]["accuracy"], plain["accuracy"])) < 0.03
    assert gain(circles["inputs 1"]["loss"], plain["loss"]) < -0.5
    assert gain(digits["std0.8"], digits["none"]) < -0.03
    assert abs(gain(digits["std0.05"], digits["none"])) < 0.02


def test_a_denoiser_is_best_at_its_own_strength_and_clipped_noise_biases_it():
    found = figures("denoising")
    psnr = {name: np.mean(values) for name, values in found["strengths"].items()}
    for strength, other in (("15", "50"), ("50", "15")):
        assert psnr[f"{strength} {strength}"] > psnr[f"{strength} noisy"] + 2
        assert psnr[f"{strength} {strength}"] > psnr[f"{strength} {other}"] + 1
        assert psnr[f"{strength} blind"] > psnr[f"{strength} {other}"] + 0.5
    before, _, bias = {name: np.mean(values, axis=0) for name, values in found["clipped"].items()}["clipped | clipped"]
    unclipped = np.mean(found["clipped"]["unclipped | clipped"], axis=0)
    assert before > np.mean(found["clipped"]["unclipped | unclipped"], axis=0)[0] + 0.5
    assert unclipped[2] > bias + 5
    assert np.mean(found["clipped"]["two clipped | clipped"], axis=0)[2] > bias + 5


def test_noise_on_tables_goes_by_column_and_disturbed_weights_cost_accuracy():
    found = figures("arrays_and_weights")
    features, weights, latents, labels = (found[name] for name in ("features", "weights", "latents", "labels"))
    assert abs(gain(features["column 0.1"], features["none"])) < 0.02
    assert gain(features["array 1"], features["none"]) < -0.02
    for training in ("0", "0.2", "0.5"):
        assert gain(weights[f"{training} 0.8"], weights[f"{training} 0"]) < -0.03
    assert gain(latents["1000 drawn, std 0.5"], latents["100 real"]) < -0.01
    assert abs(gain(latents["1000 drawn, std 1"], latents["100 real"])) < 0.04
    assert gain(labels["smoothed labels, 0.1"]["confidence"], labels["hard labels"]["confidence"]) < -0.15
