"""The page of `noiseaug report` in a browser: what a person sees, hears and does there."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.ui import WebDriverWait

from reports.conftest import SCRIPT_NAME
from support.browser import prefer, resize, violations
from support.commands import within

WIDTHS = (360, 900, 1600)


@pytest.fixture(scope="module")
def address(reported) -> str:
    page = reported / "report.html"
    assert within("report", reported / "dest", "-o", page, "--sample", "30").returncode == 0
    return page.as_uri()


@pytest.fixture
def page(browser, address):
    """The page, as it opens from disk on a screen of middle size."""
    resize(browser, 900)
    prefer(browser, "light")
    browser.get(address)
    return browser


def all_of(page, selector: str) -> list:
    return page.find_elements(By.CSS_SELECTOR, selector)


def one_of(page, selector: str):
    return page.find_element(By.CSS_SELECTOR, selector)


def shown(page, selector: str) -> list:
    script = "return [...document.querySelectorAll(arguments[0])].filter(found => found.getClientRects().length)"
    return page.execute_script(script, selector)


def said_by(page, key: str) -> set[str]:
    """What the cards and rows that are shown say of themselves."""
    script = "return arguments[0].map(found => found.dataset[arguments[1]])"
    return set(page.execute_script(script, shown(page, "[data-item]"), key))


def test_the_page_opens_without_a_message_and_all_pictures_and_sounds_decode(page):
    widths = page.execute_script("return [...document.images].map(image => image.naturalWidth)")
    assert len(widths) > 20
    assert all(widths)
    seconds = "return [...document.querySelectorAll('audio')].map(audio => audio.duration)"
    WebDriverWait(page, 20).until(lambda page: all(page.execute_script(seconds)))
    assert page.execute_script("return document.querySelectorAll('audio').length") > 3
    assert page.get_log("browser") == []


def test_markup_in_names_is_text(page):
    headings = [heading.get_attribute("textContent") for heading in all_of(page, ".card h3, tbody th")]
    assert any(SCRIPT_NAME.removesuffix(".png") in heading for heading in headings)
    assert any("&amp; \\u202e'\"\\n" in heading for heading in headings)
    assert page.execute_script("return document.scripts.length") == 1


def test_the_policy_lets_nothing_else_run_or_load(page):
    page.execute_script(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran=1><b style=color:red>x</b>');"
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script);"
    )
    assert page.execute_script("return window.ran") is None
    refused = [entry["message"] for entry in page.get_log("browser")]
    assert len([message for message in refused if "Content Security Policy" in message]) >= 3


def test_keys_and_pointer_move_the_line_between_clean_and_noisy(page):
    stage = one_of(page, ".paired")
    split, over = one_of(stage, ".split"), one_of(stage, ".over")

    def clipped() -> str:
        return over.value_of_css_property("clip-path")

    before = clipped()
    split.send_keys(Keys.ARROW_RIGHT * 3)
    by_keys = clipped()
    assert "53%" in by_keys and by_keys != before
    assert split.get_attribute("aria-valuetext") == "53 % clean"
    width = split.size["width"]
    ActionChains(page).scroll_to_element(split).move_to_element_with_offset(split, -width // 4, 0).click().perform()
    assert clipped() not in (before, by_keys)
    split.send_keys(Keys.HOME)
    assert "0%" in clipped() or clipped() == "inset(0px)"


def test_zoom_shows_the_detail_pixel_for_pixel(page):
    card = next(card for card in all_of(page, ".card") if len(all_of(card, ".view")) == 2)
    whole, detail = all_of(card, ".view")
    assert (whole.is_displayed(), detail.is_displayed()) == (True, False)
    fit, one, four = all_of(card, ".zooms button")
    one.send_keys(Keys.ENTER)
    assert (whole.is_displayed(), detail.is_displayed()) == (False, True)
    image = one_of(detail, ".noisy")
    assert image.value_of_css_property("object-fit") == "none"
    assert [button.get_attribute("aria-pressed") for button in (fit, one, four)] == ["false", "true", "false"]
    four.send_keys(Keys.SPACE)
    assert image.value_of_css_property("transform") == "matrix(4, 0, 0, 4, 0, 0)"
    fit.send_keys(Keys.ENTER)
    assert whole.is_displayed()


def test_filters_choose_cards_and_rows(page):
    rows = len(shown(page, "tbody tr[data-item]"))
    Select(one_of(page, "select[name=kind]")).select_by_visible_text("audio")
    assert said_by(page, "kind") == {"audio"}
    Select(one_of(page, "select[name=role]")).select_by_visible_text("clean")
    assert said_by(page, "role") == {"clean"}
    said = one_of(page, "#matching").text
    assert f"{len(shown(page, 'tbody tr[data-item]'))} of {rows} in the table" in said
    one_of(page, "#filter button[type=reset]").click()
    WebDriverWait(page, 10).until(lambda page: len(shown(page, "tbody tr[data-item]")) == rows)
    one_of(page, "input[name=name]").send_keys("STEREO")
    names = said_by(page, "name")
    assert names and all("stereo" in name for name in names)
    for name, value in (("level", "std0.3"), ("label", "large")):
        one_of(page, "#filter button[type=reset]").click()
        Select(one_of(page, f"select[name={name}]")).select_by_visible_text(value)
        assert said_by(page, name) == {value}


def test_headings_sort_the_table_both_ways(page):
    heads = all_of(page, ".sortable thead th")
    place = next(number for number, head in enumerate(heads) if head.text.startswith("Bytes"))
    for key, sign, said in ((Keys.ENTER, 1, "ascending"), (Keys.SPACE, -1, "descending")):
        one_of(heads[place], "button").send_keys(key)
        texts = page.execute_script(
            f"return [...document.querySelectorAll('.sortable tbody tr')].map(row => row.cells[{place}].textContent)"
        )
        sizes = [sign * int(text.replace(",", "")) for text in texts]
        assert sizes == sorted(sizes)
        assert heads[place].get_attribute("aria-sort") == said
    one_of(heads[0], "button").click()
    assert heads[place].get_attribute("aria-sort") is None


def test_the_theme_follows_the_system_until_it_is_chosen(page):
    def background() -> str:
        return one_of(page, "body").value_of_css_property("background-color")

    light = background()
    prefer(page, "dark")
    dark = background()
    assert dark != light
    toggle = one_of(page, "#theme")
    toggle.send_keys(Keys.ENTER)
    assert (toggle.text, background()) == ("Theme: light", light)
    page.refresh()
    toggle = one_of(page, "#theme")
    assert (toggle.text, background()) == ("Theme: light", light)
    toggle.click()
    assert (toggle.text, background()) == ("Theme: dark", dark)
    toggle.click()
    assert toggle.text == "Theme: auto"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_as_wide_as_the_screen(page, width, theme):
    resize(page, width)
    prefer(page, theme)
    sizes = "const {scrollWidth, clientWidth} = document.documentElement; return [scrollWidth, clientWidth]"
    needed, there = page.execute_script(sizes)
    assert needed == there


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (900, "light"), (1600, "dark")])
def test_axe_finds_nothing_that_keeps_people_out(page, width, theme):
    resize(page, width)
    prefer(page, theme)
    assert violations(page) == []


def test_the_first_tab_leads_past_the_navigation(page):
    one_of(page, "body").send_keys(Keys.TAB)
    skip = page.switch_to.active_element
    assert skip.text == "Skip to the report"
    skip.send_keys(Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "main"


def test_print_leaves_out_what_does_nothing_on_paper(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not shown(page, ".top, .filters, .zooms, audio")
        assert shown(page, ".card img") and shown(page, ".sortable") and shown(page, ".plot")
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
