"""A browser that shows pages to tests: the Chromium of the system, without a window and without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

_ARGUMENTS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "host-resolver-rules=MAP * ~NOTFOUND"),
)
AXE = files("axe_playwright_python") / "axe.min.js"
_RUN_AXE = """
const done = arguments[arguments.length - 1];
for (const media of document.querySelectorAll("img, audio")) media.removeAttribute("src");  // megabytes
axe.run(document, {resultTypes: ["violations"]}).then(
    found => done(found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.html.slice(0, 200))])),
    error => done([["axe failed", String(error), []]]));
"""


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A running Chromium with a profile of its own; the test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("NOT TESTED: pages in a browser, which takes chromium and chromium-driver of the system")
    options = Options()
    options.binary_location = program
    for argument in (*_ARGUMENTS, f"user-data-dir={profile}"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def resize(browser: webdriver.Chrome, width: int) -> None:
    """Gives the page a width in pixels, as of a screen of that width."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(browser: webdriver.Chrome, theme: str) -> None:
    """Sets what the system prefers: `light` or `dark`, and that nothing moves by itself."""
    features = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
    named = [{"name": name, "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": named})


def violations(browser: webdriver.Chrome) -> list:
    """What axe-core finds wrong with the page for people with disabilities."""
    browser.execute_script(AXE.read_text("utf-8"))
    return browser.execute_async_script(_RUN_AXE)
