"""The keyboard: find, go to pages, walk rows, ask why; never while somebody types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import PATIENCE_MS
from tests.ui.planting import DECISION_ID, ORDER_ID
from tests.ui.test_overview_page import axe_violations


def live(page: Page, address: str) -> None:
    page.wait_for_url(address, timeout=PATIENCE_MS)
    page.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)


@pytest.fixture
def overview(open_page: Any) -> Page:
    page: Page = open_page()
    expect(page.locator("#momentum tbody tr")).to_have_count(2)
    return page


ADDRESSES = {
    "m": "/markets/", "t": "/trades/", "d": "/decisions/", "r": "/risk/", "a": "/alerts/", "h": "/system/health/",
    "o": "/",
}  # fmt: skip


def test_g_and_a_letter_go_to_every_page(overview: Page) -> None:
    for letter, address in ADDRESSES.items():
        overview.keyboard.press("g")
        overview.keyboard.press(letter)

        live(overview, f"**{address}")


def test_a_letter_without_g_goes_nowhere(overview: Page) -> None:
    before = overview.url

    overview.keyboard.press("t")
    overview.keyboard.press("g")
    overview.keyboard.press("x")
    overview.keyboard.press("t")
    overview.wait_for_timeout(300)

    assert overview.url == before


def test_j_and_k_walk_the_rows_and_enter_opens_one(overview: Page) -> None:
    row = "document.activeElement.closest('tr')?.dataset.symbol"

    overview.keyboard.press("j")
    assert overview.evaluate(row) == "AAAUSDT"
    overview.keyboard.press("j")
    assert overview.evaluate(row) == "BBBUSDT"
    overview.keyboard.press("k")
    overview.keyboard.press("k")
    assert overview.evaluate(row) == "AAAUSDT"
    overview.keyboard.press("j")
    overview.keyboard.press("Enter")

    expect(overview.locator("#chart-title")).to_have_text("BBB/USDT")


def test_w_asks_why_of_the_row(overview: Page) -> None:
    overview.locator(f"[data-order='{ORDER_ID}'] a").first.focus()

    overview.keyboard.press("w")

    live(overview, f"**/why/{ORDER_ID}/")


def test_w_in_a_row_without_a_story_does_nothing(overview: Page) -> None:
    before = overview.url
    overview.keyboard.press("j")

    overview.keyboard.press("w")
    overview.wait_for_timeout(300)

    assert overview.url == before


def test_slash_finds_a_symbol_and_opens_its_page(overview: Page) -> None:
    overview.keyboard.press("/")
    expect(overview.get_by_role("combobox")).to_be_focused()

    overview.keyboard.type("bbb")

    expect(overview.get_by_role("option").first).to_contain_text("BBB")
    assert axe_violations(overview) == []
    overview.keyboard.press("Enter")
    live(overview, "**/markets/BBBUSDT/")


def test_an_order_is_found_by_the_beginning_of_its_id(overview: Page) -> None:
    overview.keyboard.press("/")

    overview.keyboard.type(ORDER_ID[:8])

    found = overview.get_by_role("option", name=re.compile(f"order.*AAA.*{ORDER_ID[:8]}"))
    expect(found).to_have_count(1)
    found.click()
    live(overview, f"**/why/{DECISION_ID}/")


def test_a_page_is_found_and_arrows_choose(overview: Page) -> None:
    overview.keyboard.press("/")
    options = overview.get_by_role("option")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")

    overview.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    overview.keyboard.press("ArrowUp")
    overview.keyboard.type("healt")

    expect(options).to_have_count(1)
    overview.keyboard.press("Enter")
    live(overview, "**/system/health/")


def test_nothing_found_says_so_and_hostile_words_are_words(overview: Page) -> None:
    overview.keyboard.press("/")

    overview.keyboard.type("<b>%_\\'\"")

    expect(overview.locator("dialog")).to_contain_text("Nothing is called “<b>%_\\'\"”.")
    overview.keyboard.press("Escape")
    expect(overview.locator("dialog")).to_have_count(0)


def test_keys_rest_while_somebody_types_and_while_a_dialog_is_open(overview: Page) -> None:
    before = overview.url
    overview.keyboard.press("/")

    overview.keyboard.type("gt?/")
    expect(overview.get_by_role("combobox")).to_have_value("gt?/")
    expect(overview.locator("dialog")).to_have_count(1)
    overview.keyboard.press("Escape")
    expect(overview.locator("dialog")).to_have_count(0)
    overview.keyboard.press("?")
    expect(overview.locator("dialog")).to_have_count(1)
    overview.keyboard.press("g")
    overview.keyboard.press("t")
    overview.wait_for_timeout(300)

    assert overview.url == before


def test_the_question_mark_lists_all_keys_and_escape_returns_the_focus(overview: Page) -> None:
    overview.locator("#find").focus()

    overview.keyboard.press("?")

    expect(overview.locator("dialog .keylist")).to_contain_text("why: the story behind the row")
    assert axe_violations(overview) == []
    overview.keyboard.press("Escape")
    expect(overview.locator("dialog")).to_have_count(0)
    expect(overview.locator("#find")).to_be_focused()


def test_with_a_modifier_a_key_is_the_browsers(overview: Page) -> None:
    overview.keyboard.press("Control+/")
    overview.keyboard.press("Alt+?")
    overview.wait_for_timeout(200)

    assert overview.locator("dialog").count() == 0


SWITCHED_OFF = """(() => {
  const parse = JSON.parse;
  JSON.parse = (text, reviver) => {
    const value = parse(text, reviver);
    return value?.urls && value.pages ? { ...value, keys: false } : value;
  };
})()"""


def test_who_switched_keys_off_has_none_but_still_finds_by_the_button(open_page: Any) -> None:
    overview = open_page(keep=False)
    overview.add_init_script(SWITCHED_OFF)
    overview.reload()
    overview.wait_for_selector("html[data-conn=live]", timeout=PATIENCE_MS)

    overview.keyboard.press("/")
    overview.wait_for_timeout(300)

    assert overview.locator("dialog").count() == 0
    overview.locator("#find").click()
    expect(overview.get_by_role("combobox")).to_be_focused()
