"""The commands of docs/training.md, run in their order on a data set as it describes."""

from __future__ import annotations

import re
import shlex

from support.commands import noiseaug
from support.corpus import photo, write_image
from support.places import ROOT
from support.trees import files, manifest

TRAINING = (ROOT / "docs/training.md").read_text()


def test_the_commands_about_segmentation_do_what_the_page_says(tmp_path):
    cells = tmp_path / "cells"
    for index, name in enumerate(("train/images/a.jpg", "train/masks/a.png", "val/images/b.jpg", "val/masks/b.png")):
        write_image(cells / name, photo(16, 16, seed=index))
    (cells / "data.yaml").write_text("names: [cell]\n")
    (block,) = re.findall(r"```sh\n(.*?)```", TRAINING, re.DOTALL)
    for line in block.splitlines():
        result = noiseaug(*shlex.split(line)[1:], cwd=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
    noisy = tmp_path / "cells-noisy"
    images = {name: row for name, row in manifest(noisy).items() if name.startswith("train/")}
    assert [row["role"] for row in images.values()] == ["clean", "noisy", "noisy"]
    for name, row in images.items():
        assert row["sidecars"] == [name.replace("images", "masks").replace(".jpg", ".png")]
        assert (noisy / row["sidecars"][0]).read_bytes() == (cells / "train/masks/a.png").read_bytes()
    for name in ["data.yaml", *(f"val/{name}" for name in files(cells / "val"))]:
        assert (noisy / name).read_bytes() == (cells / name).read_bytes()
