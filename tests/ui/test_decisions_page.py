"""The page of decisions in a browser: filters in the address, a drawer with an address, a preview that is one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.ui import chains
from tests.ui.looks import tried
from tests.ui.test_why_page import sound_and_fitting


@pytest.mark.parametrize(("width", "scheme"), tried([(390, "dark"), (390, "light"), (1440, "dark"), (1440, "light")]))
def test_list_and_drawer_are_readable_for_everyone_and_fit(open_chains: Any, width: int, scheme: str) -> None:
    page = open_chains(f"/decisions/?decision={chains.decision_id('trimmed')}&now=1", width=width, scheme=scheme)

    expect(page.locator("[data-drawer]")).to_be_visible()
    sound_and_fitting(page)


def test_the_equation_adds_up_for_a_symbol(open_chains: Any) -> None:
    page = open_chains("/decisions/?symbol=DDDUSDT&day=all")

    numbers = {name: int(page.locator(f"[data-count={name}]").inner_text()) for name in
               ("signals", "approved", "trimmed", "denied", "expired", "undecided")}  # fmt: skip
    assert numbers.pop("signals") == sum(numbers.values()) == 4
    expect(page.locator("[data-equation=holds]")).to_have_count(1)


def test_a_chosen_filter_stands_in_the_address_and_back_takes_it_away(open_chains: Any) -> None:
    page = open_chains("/decisions/?day=all")
    before = page.locator("[data-row]").count()

    page.select_option("select[name=outcome]", "TRIMMED")

    expect(page.locator("[data-row]")).to_have_count(1)
    assert "outcome=TRIMMED" in page.url and "layer=" not in page.url
    page.go_back()
    expect(page.locator("[data-row]")).to_have_count(before)


def test_a_row_opens_its_drawer_under_an_address_of_its_own_and_closes_it_again(open_chains: Any) -> None:
    page = open_chains("/decisions/?day=all&symbol=CCCUSDT")

    page.locator(f"[data-row='{chains.decision_id('denied')}'] a.plain").click()

    drawer = page.locator(f"[data-drawer='{chains.decision_id('denied')}']")
    expect(drawer).to_contain_text("Denied")
    expect(drawer.locator("[data-layer]")).to_have_count(5)
    assert f"decision={chains.decision_id('denied')}" in page.url and "symbol=CCCUSDT" in page.url
    drawer.get_by_label("Close").click()
    expect(page.locator("[data-drawer]")).to_have_count(0)
    assert "symbol=CCCUSDT" in page.url


def test_what_would_be_decided_now_is_said_to_be_a_preview(open_chains: Any) -> None:
    page = open_chains(f"/decisions/?day=all&decision={chains.decision_id('bought')}")
    rows = page.locator("[data-row]").count()
    expect(page.locator("[data-preview]")).to_have_count(0)

    page.get_by_text("CCC now: what would be decided?").click()

    expect(page.locator("[data-preview]")).to_contain_text("Preview: nothing is decided, nothing is sent")
    expect(page.locator("[data-row]")).to_have_count(rows)


def test_a_chain_is_one_click_away_from_its_row(open_chains: Any) -> None:
    page = open_chains("/decisions/?day=all&symbol=CCCUSDT")

    page.locator(f"[data-row='{chains.decision_id('trimmed')}'] a.why").click()

    expect(page.locator(f"[data-decision='{chains.decision_id('trimmed')}']")).to_have_count(1)


def test_a_filter_that_leaves_nothing_says_so_and_shows_the_way_out(open_chains: Any) -> None:
    page = open_chains("/decisions/?day=all&symbol=NONEUSDT")

    expect(page.locator("main")).to_contain_text("No decision is like that.")
    page.get_by_text("All decisions of all days").click()
    expect(page.locator("[data-row]").first).to_be_visible()
