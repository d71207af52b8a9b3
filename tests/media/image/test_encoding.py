"""How images are encoded: quality, subsampling, level, and fractions of full scale where nothing is clipped."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from support import picture_files as files
from support.commands import within
from support.corpus import photo, pixels, read_image, save_image
from support.picture_files import ANIMATIONS
from support.trees import manifest


def test_quality_subsampling_and_level_are_passed_on(source, dest, tmp_path):
    save_image(source / "a.jpg", photo(64, 64))
    save_image(source / "b.png", files.RGB)
    sizes = {}
    for quality in ("50", "95"):
        out = tmp_path / quality
        within("run", source, out, "--std", "0.1", "--quality", quality, "--subsampling", "420", "--png-level", "9")
        sizes[quality] = (out / "a.jpg").stat().st_size
        with Image.open(out / "a.jpg") as image:
            assert [component[1:3] for component in image.layer] == [(2, 2), (1, 1), (1, 1)]
    assert sizes["50"] < sizes["95"] / 1.5


def test_the_std_that_survives_is_measured_on_what_was_written(source, dest):
    save_image(source / "a.jpg", photo(64, 64))
    save_image(source / "b.png", np.dstack([photo(64, 64), pixels((64, 64))]))
    save_image(source / "c.gif", photo(64, 64))
    within("run", source, dest, "--std", "20/255", "--quality", "50", "--subsampling", "420", "--measure", "decoded")
    rows = manifest(dest)
    jpeg = read_image(dest / "a.jpg").astype(float) - read_image(source / "a.jpg")
    assert rows["a.jpg"]["noise_std_decoded"] == pytest.approx(jpeg.std() / 255, rel=1e-3)
    assert rows["a.jpg"]["noise_std_decoded"] < 0.7 * rows["a.jpg"]["noise_std"]
    assert rows["b.png"]["noise_std_decoded"] == pytest.approx(rows["b.png"]["noise_std"], rel=1e-3)


def test_unclipped_noise_is_written_as_fractions_of_full_scale_alpha_too(source, dest):
    for name in ("rgba.png", "deep-grey-alpha.png", "grey.jp2", "rgb.webp"):
        (source / name).write_bytes(files.LOSSLESS[name]())
    (source / "moving.png").write_bytes(ANIMATIONS["rgb.png"]())
    assert within("run", source, dest, "--std", "0.5", "--clip", "none").returncode == 0
    rgba = tifffile.imread(dest / "rgba.tif")
    assert rgba.dtype == np.float32 and rgba[..., :3].min() < -0.5 and rgba[..., :3].max() > 1.5
    assert np.allclose(rgba[..., 3], files.RGBA[..., 3] / 255)
    assert np.allclose(tifffile.imread(dest / "deep-grey-alpha.tif")[..., 3], files.DEEP_LA[..., 1] / 65535)
    assert tifffile.imread(dest / "moving.tif").shape == (4, *files.SIZE, 3)
    assert manifest(dest)["moving.tif"]["not_kept"] == "durations of frames"
