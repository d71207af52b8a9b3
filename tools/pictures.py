"""The pictures of docs/tutorial.md: the sheet and the report that its commands make.

Run from the project's folder: `PYTHONPATH=tests python -m tools.pictures`. It needs chromium and chromium-driver.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver

from support.browser import chromium, prefer, resize
from support.places import ROOT
from support.transcripts import Reader, steps

PICTURES = ROOT / "docs/images"
_WIDTH, _HEIGHT = 1000, 680  # pixels: what is seen of the page at once


def main() -> None:
    """Do what the tutorial says, and take pictures of what that makes."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        place, programs, profile = (Path(temporary) / name for name in ("noiseaug", "programs", "profile"))
        programs.mkdir()
        shutil.copytree(ROOT / "sample_data", place / "sample_data")
        reader = Reader(place, programs)
        for step in steps((ROOT / "docs/tutorial.md").read_text()):
            reader.does(step)
        save(Image.open(place / "sheet.png"), "preview.webp")
        with chromium(profile) as browser:
            save(_seen(browser, (place / "report.html").as_uri()), "report.webp")


def save(picture: Image.Image, name: str) -> None:
    """Write a picture to docs/images, with loss: noise does not compress, and the sheet would take a megabyte."""
    picture.convert("RGB").save(PICTURES / name, quality=85, method=6)


def _seen(browser: webdriver.Chrome, address: str) -> Image.Image:
    """Return the top of the report in the light theme, and below it its gallery in the dark one."""
    resize(browser, _WIDTH)
    browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    whole = Image.new("RGB", (_WIDTH, 2 * _HEIGHT))
    for theme, part, top in (("light", "body", 0), ("dark", "#gallery", _HEIGHT)):
        prefer(browser, theme)
        browser.get(address)
        browser.execute_script("document.querySelector(arguments[0]).scrollIntoView()", part)
        shot = Image.open(io.BytesIO(browser.get_screenshot_as_png()))
        whole.paste(shot.crop((0, 0, _WIDTH, _HEIGHT)), (0, top))
    return whole


if __name__ == "__main__":
    main()
