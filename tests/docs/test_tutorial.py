"""docs/tutorial.md, done step by step by the test: every command prints what the page shows."""

from __future__ import annotations

import re
import shutil

import pytest
from PIL import Image, ImageChops

from support.places import ROOT
from support.transcripts import Reader, comparable, steps

STEPS = list(steps((ROOT / "docs/tutorial.md").read_text()))
SHEET = ROOT / "docs/images/preview.webp"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with sample_data in it, as a fresh clone has, in which the steps are done one after the other."""
    directory = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "sample_data", directory / "sample_data")
    return directory


@pytest.fixture(scope="module")
def reader(place, tmp_path_factory):
    return Reader(place, tmp_path_factory.mktemp("programs"))


@pytest.mark.parametrize("step", STEPS, ids=[step.file or step.command.split("\n")[0] for step in STEPS])
def test_a_step_of_the_tutorial_prints_what_the_page_shows(step, reader, place):
    assert comparable(reader.does(step), place) == comparable(step.text, place)


def test_the_picture_of_the_sheet_is_what_preview_draws(reader, place):
    """In the mean of squares of 8 x 8 pixels: WebP with loss keeps that, and a digit or other noise would change it."""
    reader.does(next(step for step in STEPS if step.command.endswith("-o sheet.png")))
    drawn, shown = (Image.open(path).convert("L") for path in (place / "sheet.png", SHEET))
    assert drawn.size == shown.size
    assert ImageChops.difference(drawn.reduce(8), shown.reduce(8)).getextrema()[1] <= 5


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md", "docs/reports.md"])
def test_the_pictures_of_a_page_are_small_and_described(page):
    pictures = re.findall(r"!\[([^]]*)\]\(([^)]*)\)", (ROOT / page).read_text())
    assert pictures
    for text, path in pictures:
        assert len(text) > 40
        assert (ROOT / page).parent.joinpath(path).stat().st_size < 300_000
