"""Every program of docs/python.md runs, in the order it is printed, with stand-ins for frameworks that are not here."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest

from support.places import ROOT

PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
# After all that is installed, so that the real ones are taken where they are.
STAND_INS = f"import sys; sys.path.append({str(ROOT / 'tests/support/frameworks')!r})\n"

# What else is to hold after a program that holds this line.
ALSO = {
    "same = noise(image, key=": "assert (noisy != again).mean() > 0.9 and noisy.dtype == image.dtype",
    "full_scale=255)  # any": "assert 20 < (noisy - floats).std() < 30",
    "noise_maps =": "assert 0 < (stds == 0).sum() < 16 and noise_maps.shape == (16, 1, 64, 64) and buffer.any()",
    "for epoch.value": "assert (noisy != 0).any()",
    'snr="5:20"': "assert noisy.shape == samples.shape",
    "v2.Compose": "assert noisy.size == picture.size",
    "A.Lambda": "assert noisy.shape == image.shape and mask.shape == image.shape[:2]",
    "augment(samples.T": "assert noisy.shape == samples.T.shape",
    "keras.utils.PyDataset": """
if hasattr(keras, "Model") and not hasattr(keras, "layers"):
    first, second = keras.Model().fit(batches, epochs=2)
    assert all((one[0] != other[0]).any() for one, other in zip(first, second))
assert noisy.shape == (4, 32, 32, 3) and list(labels) == [16, 17, 18, 19]
""",
    "tf.data.Dataset": "assert all((x == noise(images[0], key=name)).all() for x, (_, name) in zip(\n"
    "    [noisy for noisy, _ in dataset], [(None, name) for name in names]))",
    "dataset.map(once)": "assert written[0]['image'].tobytes() == noise(dataset[0]['image'], key=paths[0]).tobytes()",
}


@pytest.mark.parametrize("program", PROGRAMS, ids=[f"{n}" for n in range(len(PROGRAMS))])
def test_a_program_of_the_page_runs(program, tmp_path):
    if "import torch\n" in program and importlib.util.find_spec("torch") is None:
        pytest.skip("needs PyTorch, which `make test-torch` installs")
    if "from datasets" in program and importlib.util.find_spec("datasets") is None:
        pytest.skip("needs datasets, which `make test` installs")
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    also = "\n".join(more for line, more in ALSO.items() if line in program)
    script = tmp_path / "program.py"
    script.write_text(STAND_INS + program + "\n" + also)
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_each_framework_of_the_page_has_a_program():
    for name in (
        "torch.utils.data",
        "torchvision",
        "albumentations",
        "audiomentations",
        "keras",
        "tensorflow",
        "datasets",
    ):
        assert any(f"import {name}" in program or f"from {name}" in program for program in PROGRAMS), name
