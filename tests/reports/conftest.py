"""Runs that are reported on, and a browser for all tests of a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from support.browser import chromium
from support.commands import noiseaug
from support.corpus import make_photos, photo, pixels, sound, write_image, write_sound

SCRIPT_NAME = "<script>alert(1)<_script>.png"  # a name of a file has no slash


@pytest.fixture(scope="session")
def reported(tmp_path_factory) -> Path:
    """A folder with `source` and `dest`: images and recordings of many kinds at two levels, with odd names, and with
    files that fail."""
    place = tmp_path_factory.mktemp("reported")
    source = make_photos(place / "source", count=6)
    write_image(source / "large/wide.png", photo(300, 700, seed=3))
    write_image(source / "large/alpha.png", pixels((400, 300, 4), seed=2))
    write_image(source / "large/deep.png", photo(300, 320, 3, np.uint16, seed=4))
    write_image(source / "cats" / SCRIPT_NAME, photo(24, 32, seed=5))
    write_image(source / "cats/&amp; \u202e'\"\n.png", photo(24, 32, seed=6))
    tifffile.imwrite(source / "large/bright.tif", np.linspace(0, 8, 300 * 300, dtype=np.float32).reshape(300, 300))
    tifffile.imwrite(source / "large/pages.tif", pixels((3, 40, 50)), photometric="minisblack")
    write_sound(source / "sound/stereo.wav", sound(30_000, channels=2), "PCM_24")
    write_sound(source / "sound/six.wav", sound(4000, channels=6), "FLOAT")
    (source / "cats/empty.png").write_bytes(b"")
    (source / "cats/text.png").write_bytes(b"no image")
    (source / "dogs/text.jpg").write_bytes(b"no image")
    command = [
        "run",
        source,
        place / "dest",
        "--std",
        "25/255",
        "--std",
        "0.3",
        "--snr",
        "10",
        "--with-clean",
        "beside",
    ]
    assert noiseaug(*command, "--seed", "7").returncode == 3
    return place


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser, the same for all tests."""
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running
